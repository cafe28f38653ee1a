"""Help that a company asks for itself: outside business hours on a ticket, and with an update."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from billing import permissions
from billing.commands import decisions, requests, updates
from billing.commands.requests import Asked
from billing.facts import Kind
from billing.forms.charges import HelpForm, UpdateForm
from billing.models import ChargeRequest
from billing.outcomes import rate_of
from billing.shown import facts_shown, hash_of
from billing.views.approvals import answer_of
from contracts.models import Contract, Product
from helpdesk.lib.addresses import address
from helpdesk.lib.money import shown as money_shown
from helpdesk.lib.refusals import Refusal
from tickets.commands import WindowOver, WindowReversed
from tickets.models import Ticket
from tickets.queries.portal import find_ticket
from tickets.views.portal import ticket_new

USUAL_HELP = timedelta(hours=4)
USUAL_MINUTES = 60
FIELD_OF: dict[type[Refusal], str] = {
    WindowReversed: "work_until",
    WindowOver: "work_until",
    requests.WindowTooLong: "work_until",
    requests.OnlyBusinessHours: "work_from",
}


def _ticket(number: int) -> Ticket:
    found = find_ticket(number)
    if found is None:
        raise Http404
    return found


def ticket_help(request: DeskRequest, number: int) -> HttpResponse:
    """Ask for help outside business hours: chosen, then shown with what it costs at most, then sent (SLA-7).

    An approver asks and approves in one act; a member's wish goes to the approvers.
    """
    ticket, now = _ticket(number), timezone.now()
    ticket.contract = Contract.objects.select_related("calendar", "customer").get(pk=ticket.contract_id)
    rate = rate_of(ticket.contract.terms_on(ticket.contract.today(now)), Kind.OFF_HOURS)
    begun = timezone.localtime(now).replace(second=0, microsecond=0)
    usual = {"work_from": begun, "work_until": begun + USUAL_HELP, "minutes": USUAL_MINUTES}
    form = HelpForm(request.POST or None, initial=usual)
    offered: ChargeRequest | None = None
    if request.method == "POST" and form.is_valid():
        asked = form.asked(rate)
        try:
            requests.check_form(asked, now)
            requests.check_help(ticket, asked, now)
            offered = decisions.would_be(ticket, asked, form.key())
            if "again" not in request.POST and form.cleaned_data["shown"] == hash_of(facts_shown(offered, ())):
                return _ask(request, ticket, asked, form)
        except requests.RateMissing:
            form.add_error(None, _("Your contract names no price for help outside business hours. Write that you need it on the ticket."))
        except Refusal as refusal:
            offered = None
            form.add_error(FIELD_OF.get(type(refusal)), str(refusal))
    context = {
        "ticket": ticket,
        "form": form,
        "rate": money_shown(rate, ticket.contract.currency),
        "offered": offered,
        "shown": hash_of(facts_shown(offered, ())) if offered is not None else "",
        "may_decide": permissions.may_decide(request.access),
    }
    return render(request, "portal/ticket_help.html", context, status=422 if form.errors else 200)


def _ask(request: DeskRequest, ticket: Ticket, asked: Asked, form: HelpForm) -> HttpResponse:
    person, key, now = request.access.person, form.key(), timezone.now()
    if permissions.may_decide(request.access):
        decisions.ask_for_help(
            ticket=ticket,
            approver=person,
            asked=asked,
            submission_key=key,
            shown_hash=form.cleaned_data["shown"],
            answer=answer_of(request),
            now=now,
        )
        messages.success(request, _("Agreed. Our staff are told, and answers are promised around the clock in that time."))
    else:
        requests.wish(ticket=ticket, person=person, asked=asked, submission_key=key, now=now)
        messages.success(request, _("Your company's approvers are asked. You hear as soon as one of them decides."))
    return redirect(ticket.portal_url)


@require_POST
def ticket_new_help(request: DeskRequest) -> HttpResponse:
    """File as usual, then go on to asking for help outside business hours on what was filed."""
    answer = ticket_new(request)
    if answer.status_code != 302:
        return answer
    try:
        filed = resolve(answer["Location"].partition("?")[0])
    except Resolver404:
        return answer
    return redirect("portal:ticket_help", filed.kwargs["number"]) if filed.view_name == "portal:ticket" else answer


def help_update(request: DeskRequest, product_id: int) -> HttpResponse:
    """Help with an update of an environment in which the product runs (REL-5). `?version=`: to which."""
    product = Product.objects.filter(pk=product_id, contractproduct__isnull=False).first()
    if product is None:
        raise Http404
    form = UpdateForm(request.POST or None, product_id=product_id, initial={"version": request.GET.get("version")})
    if request.method == "POST" and form.is_valid():
        try:
            made = updates.request_update(person=request.access.person, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error("wanted_at" if isinstance(refusal, updates.TooSoon | requests.TooFarAway) else None, str(refusal))
        else:
            return redirect(f"{address('portal:ticket', made.ticket_id)}?filed=1")
    return render(request, "portal/help_update.html", {"form": form, "product": product}, status=422 if form.errors else 200)
