"""The staff's pages about charge requests: drafting, what the customer will see, and every step until it is over."""

from collections.abc import Sequence

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from billing import permissions
from billing.commands import decisions, requests
from billing.forms.charges import ChargeForm, RemarkForm, as_written, new_charge
from billing.models import ChargeRequest
from billing.outcomes import rate_of
from billing.queries import charges as queries
from billing.shown import Work, open_work
from contracts.models import Contract
from helpdesk.lib import money
from helpdesk.lib.acts import act
from helpdesk.lib.addresses import address
from helpdesk.lib.refusals import Refusal
from notifications.fate import told_about
from tickets.commands import WindowOver, WindowReversed
from tickets.models import Ticket
from tickets.views.console import found_ticket, needs

State = ChargeRequest.State
# Where the form explains a refusal; the others belong to no field.
FIELD_OF: dict[type[Refusal], str] = {
    requests.KindDoesNotFit: "kind",
    requests.AnswerTooSoon: "answer_by",
    requests.AnswerAfterWork: "answer_by",
    requests.WindowTooLong: "work_until",
    requests.OnlyBusinessHours: "work_from",
    WindowReversed: "work_until",
    WindowOver: "work_until",
}


def _found(pk: int) -> ChargeRequest:
    found = queries.find_charge(pk)
    if found is None:
        raise Http404
    return found


def _contract(ticket: Ticket) -> Contract:
    return Contract.objects.select_related("calendar", "customer").get(pk=ticket.contract_id)


@needs(permissions.may_draft_request)
def charge_new(request: DeskRequest, number: int) -> HttpResponse:
    """A new draft on a ticket, with all work listed that nobody agreed to yet."""
    ticket, now = found_ticket(number), timezone.now()
    contract, work = _contract(ticket), open_work(ticket)
    begun = new_charge(ticket, contract.terms_on(contract.today(now)), work, now)
    form = ChargeForm(request.POST or None, ticket=ticket, work=work, initial=begun)
    if request.method == "POST" and form.is_valid():
        try:
            made = requests.draft(
                ticket=ticket,
                actor=request.access.person,
                asked=form.asked(),
                submission_key=form.cleaned_data["submission_key"],
                now=now,
            )
        except Refusal as refusal:
            form.add_error(FIELD_OF.get(type(refusal)), str(refusal))
        else:
            return redirect("console:charge", made.pk)
    return _form_page(request, form, ticket, contract, None)


@needs(permissions.may_draft_request)
def charge_edit(request: DeskRequest, pk: int) -> HttpResponse:
    found, now = _found(pk), timezone.now()
    if found.state != State.DRAFT:
        return redirect("console:charge", pk)
    ticket, contract = found_ticket(found.ticket_id), found.contract
    listed = queries.shown(found, now, for_staff=True).work
    work = _with_open(ticket, listed)
    form = ChargeForm(request.POST or None, ticket=ticket, work=work, initial=as_written(found, [one.log for one in listed]))
    if request.method == "POST" and form.is_valid():
        try:
            requests.revise(request=found, actor=request.access.person, asked=form.asked(), now=now)
        except Refusal as refusal:
            form.add_error(FIELD_OF.get(type(refusal)), str(refusal))
        else:
            return redirect("console:charge", pk)
    return _form_page(request, form, ticket, contract, found)


def _with_open(ticket: Ticket, listed: Sequence[Work]) -> list[Work]:
    """What is listed, and what else nobody agreed to, by time."""
    by_log = {one.log: one for one in [*listed, *open_work(ticket)]}
    return sorted(by_log.values(), key=lambda one: (one.began_at, one.log))


def _form_page(request: DeskRequest, form: ChargeForm, ticket: Ticket, contract: Contract, charge: ChargeRequest | None) -> HttpResponse:
    terms = contract.terms_on(contract.today(timezone.now()))
    context = {
        "form": form,
        "ticket": ticket,
        "contract": contract,
        "charge": charge,
        "rates": [(kind.label, rate_of(terms, kind)) for kind in ChargeRequest.Kind],
    }
    return render(request, "console/charge_form.html", context, status=422 if form.errors else 200)


def charge(request: DeskRequest, pk: int) -> HttpResponse:
    """All of one request: what the customer sees of it, what can be done with it now, and who was told."""
    return _charge_page(request, _found(pk), RemarkForm())


def _charge_page(request: DeskRequest, found: ChargeRequest, form: RemarkForm) -> HttpResponse:
    access, now = request.access, timezone.now()
    shown = queries.shown(found, now, for_staff=True)
    may_draft, may_release = permissions.may_draft_request(access), permissions.may_release(access)
    context = {
        "shown": shown,
        "charge": shown.view,
        "form": form,
        "told": told_about(ChargeRequest._meta.db_table, [found.pk]).get(found.pk),
        "may_edit": may_draft and found.state == State.DRAFT,
        "may_release": may_release and found.state == State.TO_RELEASE,
        "may_withdraw": may_draft and found.state in {State.DRAFT, State.TO_RELEASE, State.WAITING},
        "may_end": may_release and found.state == State.ACCEPTED,
        "has_own_price": found.state == State.DRAFT and found.rate_cents != _contracts_rate(found),
        "contracts_price": _("The contract's is %(rate)s an hour.")
        % {"rate": money.shown(_contracts_rate(found), found.contract.currency)},
    }
    return render(request, "console/charge.html", context, status=422 if form.errors else 200)


def _contracts_rate(found: ChargeRequest) -> int:
    return rate_of(found.contract.terms_on(found.contract.today(timezone.now())), found.kind)


def _remark(request: DeskRequest) -> str:
    form = RemarkForm(request.POST)
    return form.cleaned_data["remark"] if form.is_valid() else ""


@require_POST
@needs(permissions.may_draft_request)
def charge_send(request: DeskRequest, pk: int) -> HttpResponse:
    found = _found(pk)
    return act(
        request,
        lambda: requests.send(request=found, actor=request.access.person, now=timezone.now()),
        _("Sent. Whoever decides next is told by mail."),
        address("console:charge", found.pk),
    )


@require_POST
@needs(permissions.may_release)
def charge_release(request: DeskRequest, pk: int) -> HttpResponse:
    found = _found(pk)
    return act(
        request,
        lambda: requests.release(request=found, actor=request.access.person, now=timezone.now()),
        _("Released: the approvers are asked."),
        address("console:charge", found.pk),
    )


@require_POST
@needs(permissions.may_release)
def charge_return(request: DeskRequest, pk: int) -> HttpResponse:
    found, remark = _found(pk), _remark(request)
    return act(
        request,
        lambda: requests.give_back(request=found, actor=request.access.person, remark=remark, now=timezone.now()),
        _("Given back; whoever drafted it is told."),
        address("console:charge", found.pk),
    )


@require_POST
@needs(permissions.may_draft_request)
def charge_withdraw(request: DeskRequest, pk: int) -> HttpResponse:
    found, remark = _found(pk), _remark(request)
    return act(
        request,
        lambda: requests.withdraw(request=found, actor=request.access.person, remark=remark, now=timezone.now()),
        _("Withdrawn."),
        address("console:charge", found.pk),
    )


@require_POST
@needs(permissions.may_release)
def charge_end(request: DeskRequest, pk: int) -> HttpResponse:
    found, remark = _found(pk), _remark(request)
    return act(
        request,
        lambda: decisions.end(request=found, actor=request.access.person, by_staff=True, remark=remark, now=timezone.now()),
        _("Ended for what comes. What was done stays approved."),
        address("console:charge", found.pk),
    )
