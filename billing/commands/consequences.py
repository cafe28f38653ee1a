"""What follows from a contract's hours being another: done in the same transaction, after they were written.

Called by the reckoning, which the other commands call: so none of those is imported here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from accounts import audit
from accounts.tenancy import acting_for
from billing import corrections, telling
from billing.allocation import Hours
from billing.commands.charging import AUDITED, change, go_on, suits
from billing.facts import Kind, Qualification
from billing.models import ChargeRequest, ListedLog
from billing.outcomes import rate_of
from billing.request_letters import News, approvers, drafter, leads, managers, tell_customer, tell_staff, workers
from billing.shown import Work, open_work
from billing.stories import Known, qualifications_of
from contracts.models import Contract
from tickets.commands import uncover
from tickets.models import Ticket, Type

if TYPE_CHECKING:
    from billing.reckoning import Book

State = ChargeRequest.State
NEAR_MINUTES = 15  # of what is left: from here on it is time to ask (BIL-6)
PROPOSED_MINUTES = 60  # beyond what is not covered yet
TIME_TO_ANSWER = timedelta(days=7)
OPEN = (State.WISHED, State.DRAFT, State.TO_RELEASE, State.WAITING)

CANCELLED = News(
    "cancelled",
    gettext_noop(
        "The charge request on %(number)s is no longer needed: the ticket's qualification changed. Nothing more is charged by it."
    ),
)
DRAFTED = News(
    "drafted",
    gettext_noop(
        "The hours that %(number)s may use are nearly used up. A charge request is drafted: look at it and send it, or withdraw it."
    ),
)


def follow(book: "Book", *, now: datetime) -> None:
    """Keep what closed months owe; tell of what came to light; end what is needless or used up; draft a request where one will be needed soon."""
    assert book.known is not None, "it was reckoned"
    _keep_corrections(book, book.known)
    telling.tell_unauthorised(book.contract, book.before, book.after, now=now)
    telling.tell_thresholds(book.contract, book.after, now=now)
    worked = _newly_worked(book)
    if book.known.is_asked or any(one.left_minutes <= NEAR_MINUTES for one in worked):
        with acting_for(book.contract.customer_id):
            _follow_requests(book, worked, now)


def _keep_corrections(book: "Book", known: Known) -> None:
    """Money follows from the whole story, so it is asked for only where a closed month is concerned."""
    if not book.months.isdisjoint(closing.month for closing in known.closings):
        corrections.keep(book.contract, book.account())


def _follow_requests(book: "Book", worked: Sequence["_Worked"], now: datetime) -> None:
    requests = list(
        ChargeRequest.objects.filter(contract=book.contract, over_at=None).select_related("ticket__promise", "hold").order_by("pk")
    )
    for request in requests:
        request.contract = book.contract
    _cancel_needless(book, requests, now)
    _end_help_used_up(book, requests, now)
    _draft_where_time_comes(book, requests, worked, now)


# --- Verdicts ---------------------------------------------------------------------------------------------------------
def _cancel_needless(book: "Book", requests: Iterable[ChargeRequest], now: datetime) -> None:
    """BIL-9. What was accepted is cancelled as the hours say; what is still to be answered, by the first verdict since it was asked for."""
    told = qualifications_of({request.ticket_id for request in requests if request.state in OPEN})
    for request in requests:
        at = _needless_since(request, book.hours, told)
        if at is not None:
            _cancel(request, at, now)


def _needless_since(request: ChargeRequest, hours: Hours | None, told: Mapping[int, list[Qualification]]) -> datetime | None:
    if request.state in OPEN:
        verdicts = (q.at for q in told.get(request.ticket_id, ()) if q.verdict and q.at > request.drafted_at and not suits(request.kind, q))
        return min(verdicts, default=None)
    served = hours.approvals.get(request.pk) if hours is not None else None
    return served.cancelled_at if served is not None else None


def _cancel(request: ChargeRequest, at: datetime, now: datetime) -> None:
    """`at`: the verdict, from which on it counts for nothing."""
    was_draft, was_seen = request.state == State.DRAFT, request.state in {State.WISHED, State.WAITING, State.ACCEPTED}
    change(request, "cancel_charge", actor=None, now=now, state=State.CANCELLED, over_at=at, remark="")
    go_on(request, actor=None, by_staff=True, now=now)
    if request.kind == Kind.OFF_HOURS and request.accepted_at is not None:
        uncover(ticket=request.ticket, actor=None, by_staff=True, key=request.cover_key, now=now)
    if was_seen:
        tell_customer(request, CANCELLED, approvers(request), actor=None, now=now)
    readers = drafter(request) if was_draft else [*workers(request), *managers(request)]
    tell_staff(request, CANCELLED, readers, actor=None, now=now)


# --- Ceilings ---------------------------------------------------------------------------------------------------------
def _end_help_used_up(book: "Book", requests: Iterable[ChargeRequest], now: datetime) -> None:
    """The entry that reaches the ceiling ends coverage at its own instant, never backwards (SLA-7)."""
    for request in requests:
        served = book.hours.approvals.get(request.pk) if book.hours is not None else None
        if request.kind == Kind.OFF_HOURS and request.state == State.ACCEPTED and served is not None and not served.left_minutes:
            uncover(ticket=request.ticket, actor=None, by_staff=True, key=request.cover_key, now=now)


# --- Drafts of the system ---------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Worked:
    """A ticket on which functional work was entered, and what it may still use in the last month of that before somebody has to agree."""

    ticket: int
    left_minutes: int


def _draft_where_time_comes(book: "Book", requests: Iterable[ChargeRequest], worked: Iterable[_Worked], now: datetime) -> None:
    asked = [request for request in requests if request.kind == Kind.FUNCTIONAL_EXCESS and request.state in OPEN]
    for one in worked:
        of_ticket = [request for request in asked if request.ticket_id == one.ticket]
        for request in of_ticket:
            _list_what_came(request, now)
        if not of_ticket and one.left_minutes <= NEAR_MINUTES:
            _draft(book.contract, one.ticket, now)


def _newly_worked(book: "Book") -> list[_Worked]:
    """By ticket: functional work in business hours that this reckoning wrote otherwise than it was kept."""
    assert book.hours is not None, "it was reckoned"
    months: dict[int, date] = {}
    for (log, month), pieces in book.after.pieces.items():
        is_new = book.before.pieces.get((log, month)) != pieces
        if is_new and any(piece.type == "functional" and piece.is_in_hours for piece in pieces):
            ticket = book.hours.slices[log][0].ticket
            months[ticket] = max(month, months.get(ticket, month))
    return [_Worked(ticket, _left(book.hours, ticket, month)) for ticket, month in months.items()]


def _left(hours: Hours, ticket: int, in_month: date) -> int:
    month = hours.month(in_month)
    approved = (
        served.left_minutes
        for served in hours.approvals.values()
        if served.approval.ticket == ticket
        and served.approval.kind == Kind.FUNCTIONAL_EXCESS
        and served.approval.ended_at is None
        and served.cancelled_at is None
    )
    return month.allowance_left_minutes + month.package_left_minutes + sum(approved)


def _list_what_came(request: ChargeRequest, now: datetime) -> None:
    """While nobody has touched a draft of the system, it lists all work that nobody agreed to: what isn't listed is never charged (BIL-5)."""
    if request.state != State.DRAFT or request.drafted_by_id is not None or request.wished_by_id is not None:
        return
    work = open_work(request.ticket)
    known = set(request.listed.values_list("log_id", flat=True))
    fresh = [one.log for one in work if one.log not in known]
    if fresh:
        ListedLog.objects.bulk_create(ListedLog(customer_id=request.customer_id, request=request, log_id=log) for log in fresh)
        change(request, "change_charge", actor=None, now=now, minutes=_proposed(work))


def _proposed(work: Iterable[Work]) -> int:
    return sum(one.open_minutes for one in work) + PROPOSED_MINUTES


def _draft(contract: Contract, ticket_id: int, now: datetime) -> None:
    """One that staff look at, change and send; in the customer's language, since its reason is read there."""
    ticket = Ticket.objects.select_related("promise").get(pk=ticket_id)
    if ticket.type != Type.FUNCTIONAL:  # its work was functional when it was done
        return
    work = open_work(ticket)
    with translation.override(contract.customer.language):
        reason = gettext(
            "The hours that your contract includes this month are nearly used up. To go on with this ticket we need your approval."
        )
    row = ChargeRequest.objects.create(
        customer_id=ticket.customer_id,
        contract=contract,
        ticket=ticket,
        kind=Kind.FUNCTIONAL_EXCESS,
        state=State.DRAFT,
        reason=reason,
        minutes=_proposed(work),
        rate_cents=max(1, rate_of(contract.terms_on(contract.today(now)), Kind.FUNCTIONAL_EXCESS)),
        answer_by=now + TIME_TO_ANSWER,
        drafted_at=now,
    )
    ListedLog.objects.bulk_create(ListedLog(customer_id=row.customer_id, request=row, log_id=one.log) for one in work)
    audit.record(actor=None, customer_id=row.customer_id, verb="draft_charge", target=row, after=audit.facts(row, *AUDITED), now=now)
    tell_staff(row, DRAFTED, [*workers(row), *leads(row)], actor=None, now=now)
