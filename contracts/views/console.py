"""The staff's pages about customers, their contracts and environments."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from accounts.models import Customer
from contracts import commands, permissions, queries
from contracts.forms import AmendmentForm, ContractEditForm, EnvironmentForm, SignatureForm, StandingForm
from contracts.models import Contract, ContractProduct, Environment
from helpdesk.lib.refusals import Refusal
from helpdesk.lib.words import clean_words

# Where the form explains a refusal; the others belong to no field.
FIELD_OF: dict[type[Refusal], str] = {
    commands.NumberTaken: "number",
    commands.BeforeFirstDay: "from_date",
    commands.DatesReversed: "last_date",
    commands.FeeWithoutMinutes: "package_minutes",
}


def customers(request: DeskRequest) -> HttpResponse:
    words = clean_words(request.GET.get("q", ""), longest=120)
    rows, has_more = queries.customers_page(words, _row_id(request.GET.get("after", "")), timezone.now())
    context = {"rows": rows, "has_more": has_more, "words": words}
    return render(request, "console/customers.html", context)


def _row_id(text: str) -> int | None:
    """A row's id as an address carries it; None for what can't be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _customer(pk: int) -> Customer:
    found = Customer.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _contract(request: DeskRequest, pk: int) -> Contract:
    if not permissions.may_keep_contracts(request.access):
        raise PermissionDenied
    found = Contract.objects.select_related("customer", "calendar", "account_manager", "deputy").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def contract(request: DeskRequest, pk: int) -> HttpResponse:
    """Terms, amendments, standings; and the form to suspend, resume or end it for those who keep contracts."""
    return _contract_page(request, pk, None)


def _contract_page(request: DeskRequest, pk: int, form: StandingForm | None) -> HttpResponse:
    now = timezone.now()
    card = queries.contract_page(pk, now)
    if card is None:
        raise Http404
    context = {
        "card": card,
        "for_customer": card.contract.customer,
        "may_keep": permissions.may_keep_contracts(request.access),
        "standing_form": form or StandingForm(initial={"from_date": card.contract.today(now)}),
    }
    return render(request, "console/contract.html", context, status=422 if form else 200)


def contract_new(request: DeskRequest, customer_id: int) -> HttpResponse:
    customer = _customer(customer_id)
    if not permissions.may_keep_contracts(request.access):
        raise PermissionDenied
    form = SignatureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            contract = commands.sign_contract(
                actor=request.access.person,
                customer=customer,
                number=data["number"],
                signed_date=data["signed_date"],
                first_date=data["first_date"],
                calendar=data["calendar"],
                account_manager=data["account_manager"],
                deputy=data["deputy"],
                currency=data["currency"],
                products=data["products"],
                terms=form.terms(),
                now=timezone.now(),
            )
        except Refusal as refusal:
            form.add_error(FIELD_OF.get(type(refusal)), str(refusal))
        else:
            messages.success(request, _("Contract %(number)s is registered.") % {"number": contract})
            return redirect("console:contract", contract.pk)
    return render(request, "console/contract_form.html", {"form": form, "for_customer": customer}, status=422 if form.errors else 200)


def contract_edit(request: DeskRequest, pk: int) -> HttpResponse:
    contract = _contract(request, pk)
    products = ContractProduct.objects.filter(contract=contract).values_list("product_id", flat=True)
    form = ContractEditForm(
        request.POST or None,
        initial={"account_manager": contract.account_manager_id, "deputy": contract.deputy_id, "products": list(products)},
    )
    if request.method == "POST" and form.is_valid():
        commands.change_contract(actor=request.access.person, contract=contract, now=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("console:contract", contract.pk)
    context = {"form": form, "contract": contract, "for_customer": contract.customer}
    return render(request, "console/contract_form.html", context, status=422 if form.errors else 200)


def amend(request: DeskRequest, pk: int) -> HttpResponse:
    contract = _contract(request, pk)
    now = timezone.now()
    form = AmendmentForm(request.POST or None, contract=contract, today=contract.today(now))
    if request.method == "POST" and form.is_valid():
        from_date = form.cleaned_data["from_date"]
        try:
            commands.amend(actor=request.access.person, contract=contract, from_date=from_date, changes=form.changes(), now=now)
        except Refusal as refusal:
            form.add_error(FIELD_OF.get(type(refusal)), str(refusal))
        else:
            messages.success(request, _("Amendment registered."))
            return redirect("console:contract", contract.pk)
    context = {"form": form, "contract": contract, "for_customer": contract.customer, "is_amendment": True}
    return render(request, "console/contract_form.html", context, status=422 if form.errors else 200)


@require_POST
def standing(request: DeskRequest, pk: int) -> HttpResponse:
    contract = _contract(request, pk)
    form = StandingForm(request.POST)
    if form.is_valid():
        try:
            commands.set_standing(actor=request.access.person, contract=contract, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("console:contract", contract.pk)
    return _contract_page(request, pk, form)


def environment_new(request: DeskRequest, customer_id: int) -> HttpResponse:
    return _environment_form(request, _customer(customer_id), None)


def environment_edit(request: DeskRequest, pk: int) -> HttpResponse:
    environment = Environment.objects.select_related("customer").filter(pk=pk).first()
    if environment is None:
        raise Http404
    return _environment_form(request, environment.customer, environment)


def _environment_form(request: DeskRequest, customer: Customer, environment: Environment | None) -> HttpResponse:
    if not permissions.may_keep_environments(request.access):
        raise PermissionDenied
    form = EnvironmentForm(request.POST or None, customer=customer, initial=_environment_values(environment))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            commands.keep_environment(
                actor=request.access.person,
                customer=customer,
                environment=environment,
                name=data["name"],
                kind=data["kind"],
                contract=data["contract"],
                notes=data["notes"],
                installed=form.installed(),
                contacts=data["contacts"],
                now=timezone.now(),
            )
        except Refusal as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("console:customer", customer.pk)
    context = {"form": form, "for_customer": customer, "environment": environment}
    return render(request, "console/environment_form.html", context, status=422 if form.errors else 200)


def _environment_values(environment: Environment | None) -> dict[str, object]:
    if environment is None:
        return {}
    versions = {f"version_{i.product_id}": i.version_id for i in environment.installations.all()}
    return versions | {
        "name": environment.name,
        "kind": environment.kind,
        "contract": environment.contract_id,
        "notes": environment.notes,
        "contacts": list(environment.contacts.values_list("person_id", flat=True)),
    }


@require_POST
def environment_retire(request: DeskRequest, pk: int) -> HttpResponse:
    if not permissions.may_keep_environments(request.access):
        raise PermissionDenied
    environment = Environment.objects.filter(pk=pk).first()
    if environment is None:
        raise Http404
    commands.retire_environment(actor=request.access.person, environment=environment, now=timezone.now())
    messages.success(request, _("%(name)s is retired.") % {"name": environment})
    return redirect("console:customer", environment.customer_id)
