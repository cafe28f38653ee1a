"""What a choice means for the contract's hours, before it is made: on the filing page, of an amendment, of a suspension."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from accounts.models import Customer
from billing.queries.effects import effects_of
from billing.queries.filing import filing_hours
from contracts import commands
from contracts.forms import AmendmentForm, StandingForm
from contracts.models import Contract
from contracts.permissions import may_keep_contracts
from contracts.queries import contract_card
from contracts.views.console import FIELD_OF
from helpdesk.lib.refusals import Refusal
from tickets.permissions import may_file_for_customers


# --- Filing -------------------------------------------------------------------------------------------------------------
def portal_filing(request: DeskRequest) -> HttpResponse:
    """What each type would mean for the hours now, for the contract that the choices on the filing page lead to."""
    return _filing(request, request.access.customer)


def console_filing(request: DeskRequest, customer_id: int) -> HttpResponse:
    if not may_file_for_customers(request.access):
        raise PermissionDenied
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Http404
    return _filing(request, customer)


def _filing(request: DeskRequest, customer: Customer) -> HttpResponse:
    meanings = filing_hours(request.GET, customer, timezone.now())
    if not meanings:
        return HttpResponse(status=204)
    return render(request, "ui/filing_hours.html", {"meanings": meanings, "url": request.path})


# --- Contracts ----------------------------------------------------------------------------------------------------------
@require_POST
def amendment(request: DeskRequest, pk: int) -> HttpResponse:
    """What an amendment would change and move; the form again for a mistake, or when that is asked for."""
    contract, now = _contract(request, pk), timezone.now()
    form = AmendmentForm(request.POST, contract=contract, today=contract.today(now))
    context: dict[str, Any] = {"form": form, "contract": contract, "for_customer": contract.customer, "is_amendment": True}
    if "back" not in request.POST and form.is_valid():
        try:
            effects = effects_of(
                contract,
                lambda: commands.amend(
                    actor=request.access.person,
                    contract=contract,
                    from_date=form.cleaned_data["from_date"],
                    changes=form.changes(),
                    now=now,
                ),
                now,
            )
        except Refusal as refusal:
            form.add_error(FIELD_OF.get(type(refusal)), str(refusal))
        else:
            context |= {"effects": effects, "written": _written(request), "changed": _changed(form)}
            return render(request, "console/contract_amend_preview.html", context)
    return render(request, "console/contract_form.html", context, status=422 if form.errors else 200)


@require_POST
def standing(request: DeskRequest, pk: int) -> HttpResponse:
    """The same for suspending, resuming and ending, whose day may lie in the past."""
    contract, now = _contract(request, pk), timezone.now()
    form = StandingForm(request.POST)
    context: dict[str, Any] = {"contract": contract, "for_customer": contract.customer, "form": form}
    if "back" not in request.POST and form.is_valid():
        data = form.cleaned_data
        try:
            effects = effects_of(
                contract, lambda: commands.set_standing(actor=request.access.person, contract=contract, now=now, **data), now
            )
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            state = dict(form.fields["state"].choices)[data["state"]]  # type: ignore[attr-defined]
            context |= {"effects": effects, "written": _written(request), "state": state}
            return render(request, "console/contract_standing_preview.html", context)
    context |= {"card": contract_card(contract, now), "may_keep": True, "standing_form": form}
    return render(request, "console/contract.html", context, status=422 if form.errors else 200)


def _contract(request: DeskRequest, pk: int) -> Contract:
    if not may_keep_contracts(request.access):
        raise PermissionDenied
    rows = Contract.objects.select_related("customer", "calendar", "account_manager", "deputy")
    found = rows.prefetch_related("terms__policy", "standings", "products").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _written(request: DeskRequest) -> list[tuple[str, str]]:
    """What was sent, to be sent again when it is confirmed."""
    return [(name, value) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken" for value in values]


def _changed(form: AmendmentForm) -> list[dict[str, object]]:
    """The values that the amendment names, before and after, as the form shows them."""
    ruling = form.shown.agreed()
    names = [name for name in form.changes() if name in ruling]
    return [
        {
            "label": form.fields[name].label,
            "before": _shown(form.fields[name], ruling[name]),
            "after": _shown(form.fields[name], form.cleaned_data[name]),
        }
        for name in names
    ]


def _shown(field: forms.Field, value: Any) -> object:
    if isinstance(field, forms.ModelChoiceField):
        found = field.queryset.filter(pk=getattr(value, "pk", value)).first() if field.queryset is not None else None
        return str(found or "")
    return field.prepare_value(value)
