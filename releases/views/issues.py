"""Known issues and the tickets that are about them; licences of a contract. For staff."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import DeskRequest
from contracts.models import Contract
from helpdesk.lib.addresses import row_id
from helpdesk.lib.refusals import Refusal
from releases import commands, permissions
from releases.forms import IssueForm, LicenceForm, TicketIssueForm
from releases.models import KnownIssue, Licence
from releases.queries import desk as queries
from releases.views.sending import send
from tickets.views.console import found_ticket, needs


def known_issues(request: DeskRequest) -> HttpResponse:
    product = row_id(request.GET.get("product", ""))
    rows = queries.issues_page(product=product, before=row_id(request.GET.get("before", "")))
    context = {
        "rows": rows[: queries.PAGE],
        "next_cursor": rows[queries.PAGE - 1].issue.pk if len(rows) > queries.PAGE else "",
        "products": queries.product_choices(),
        "product": product,
        "may_publish": permissions.may_publish(request.access),
    }
    return render(request, "console/known_issues.html", context)


@needs(permissions.may_publish)
def known_issue_new(request: DeskRequest) -> HttpResponse:
    form = IssueForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        product = form.cleaned_data["product"]
        kept = commands.keep_issue(actor=request.access.person, issue=None, product=product, words=form.words(), now=timezone.now())
        messages.success(request, _("%(issue)s is noted.") % {"issue": kept.reference})
        return redirect("console:known_issue", kept.pk)
    return render(request, "console/known_issue.html", {"form": form, "may_publish": True}, status=422 if form.errors else 200)


def known_issue(request: DeskRequest, pk: int) -> HttpResponse:
    """Its words, which release managers change, and the tickets about it."""
    found = KnownIssue.objects.select_related("product").filter(pk=pk).first()
    if found is None:
        raise Http404
    may_publish = permissions.may_publish(request.access)
    if request.method == "POST":
        return _change_issue(request, found)
    form = IssueForm(instance=found) if may_publish else None
    return _issue_page(request, found, form)


@needs(permissions.may_publish)
def _change_issue(request: DeskRequest, issue: KnownIssue) -> HttpResponse:
    form = IssueForm(request.POST, instance=issue)
    if not form.is_valid():
        return _issue_page(request, issue, form)
    commands.keep_issue(actor=request.access.person, issue=issue, product=issue.product, words=form.words(), now=timezone.now())
    messages.success(request, _("Saved."))
    return redirect("console:known_issue", issue.pk)


def _issue_page(request: DeskRequest, issue: KnownIssue, form: IssueForm | None) -> HttpResponse:
    context = {"issue": issue, "form": form, "links": queries.tickets_of(issue), "may_publish": form is not None}
    return render(request, "console/known_issue.html", context, status=422 if form is not None and form.errors else 200)


# --- Of a ticket ------------------------------------------------------------------------------------------------------
def ticket_issues(request: DeskRequest, number: int) -> HttpResponse:
    """What a ticket is about, and the form to say so."""
    ticket, may_link = found_ticket(number), permissions.may_link_issues(request.access)
    if request.method == "POST":
        return _link(request, number)
    form = TicketIssueForm(ticket=ticket) if may_link else None
    return render(request, "console/ticket_issues.html", {"ticket": ticket, "links": queries.issues_of(ticket), "form": form})


@needs(permissions.may_link_issues)
def _link(request: DeskRequest, number: int) -> HttpResponse:
    ticket = found_ticket(number)
    form = TicketIssueForm(request.POST, ticket=ticket)
    if form.is_valid():
        try:
            commands.link_issue(actor=request.access.person, ticket=ticket, issue=form.cleaned_data["issue"], now=timezone.now())
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Linked. The ticket is told when a release fixes it."))
            return redirect("console:ticket", ticket.pk)
    return render(request, "console/ticket_issues.html", {"ticket": ticket, "links": queries.issues_of(ticket), "form": form}, status=422)


@require_POST
@needs(permissions.may_link_issues)
def ticket_issue_remove(request: DeskRequest, number: int) -> HttpResponse:
    ticket = found_ticket(number)
    issue = KnownIssue.objects.filter(pk=row_id(request.POST.get("issue", "")) or 0).first()
    if issue is None:
        raise Http404
    commands.unlink_issue(actor=request.access.person, ticket=ticket, issue=issue, now=timezone.now())
    return redirect("console:ticket_issues", ticket.pk)


# --- Licences ---------------------------------------------------------------------------------------------------------
def licences(request: DeskRequest, pk: int) -> HttpResponse:
    """Licences of a contract by product, and the form to issue one."""
    contract = Contract.objects.select_related("customer").filter(pk=pk).first()
    if contract is None:
        raise Http404
    if request.method == "POST":
        return _issue_licence(request, contract)
    return _licences_page(request, contract, LicenceForm(contract=contract))


@needs(permissions.may_issue_licences)
def _issue_licence(request: DeskRequest, contract: Contract) -> HttpResponse:
    form = LicenceForm(request.POST, request.FILES, contract=contract)
    if form.is_valid():
        data = form.cleaned_data
        try:
            commands.issue_licence(
                actor=request.access.person,
                contract=contract,
                product=data["product"],
                name=data["file"].name,
                content=data["file"],
                size=data["file"].size,
                expires_date=data["expires_date"],
                note=data["note"],
                now=timezone.now(),
            )
        except Refusal as refusal:
            form.add_error("file", str(refusal))
        else:
            messages.success(request, _("Issued. The customer finds it under “My products”."))
            return redirect("console:licences", contract.pk)
    return _licences_page(request, contract, form)


def _licences_page(request: DeskRequest, contract: Contract, form: LicenceForm) -> HttpResponse:
    context = {
        "contract": contract,
        "for_customer": contract.customer,
        "licences": queries.licences_of(contract),
        "form": form if permissions.may_issue_licences(request.access) else None,
    }
    return render(request, "console/licences.html", context, status=422 if form.errors else 200)


@require_safe
def licence(request: DeskRequest, pk: int) -> HttpResponseBase:
    found = Licence.objects.filter(pk=pk).first()
    if found is None or not commands.is_whole(found):
        raise Http404
    return send(request, found)
