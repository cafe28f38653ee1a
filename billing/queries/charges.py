"""Charge requests as pages show them, to staff and to customers. In the portal the scope shows only what was sent, of tickets they see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.queries import display_names
from billing.allocation import granted_minutes
from billing.facts import Kind, month_after, month_of
from billing.models import ChargeRequest, ContractMonth, Decision
from billing.outcomes import MARKS, outcome, people_in, period, rate_of
from billing.shown import Work, facts_shown, hash_of, listed_work
from billing.stories import known_of
from contracts.models import Contract
from helpdesk.lib import money
from helpdesk.lib.addresses import address
from helpdesk.lib.keyset import Order, Page, page
from helpdesk.lib.minutes import spell
from helpdesk.lib.moments import month_name
from helpdesk.lib.prepared import Prepared, Question
from sla.queries.policies import rules
from tickets.models import Ticket, number_of

State = ChargeRequest.State
OPEN = (State.WISHED, State.WAITING)
NEWEST = Order("drafted_at")
FEW = 5


@dataclass(frozen=True)
class ChargeView:
    """A request in words. `most`: what it can cost at most; `outcome`: what became of it, or nothing; `asked_by`: who asked, or who wished."""

    pk: int
    url: str
    kind: str
    kind_label: str
    state: str
    state_label: str
    tone: str
    icon: str
    reason: str
    time: str
    rate: str
    most: str
    period: str
    answer_by: datetime
    used: str
    outcome: str
    asked_by: str
    remark: str
    ticket_url: str
    ticket_number: str
    ticket_subject: str
    contract_number: str
    is_open: bool
    is_wish: bool


def _decision_of(request: ChargeRequest) -> Decision | None:
    """Its answer, which was selected along."""
    return getattr(request, "decision", None)


def views(requests: Sequence[ChargeRequest], *, for_staff: bool) -> list[ChargeView]:
    """In words; one query for all names. `requests`: with their contracts, tickets and decisions."""
    decisions = {request.pk: decision for request in requests if (decision := _decision_of(request)) is not None}
    names = display_names(people_in(list(requests), decisions)) if requests else {}
    return [_view(request, decisions.get(request.pk), names, for_staff=for_staff) for request in requests]


def _view(request: ChargeRequest, decision: Decision | None, names: Mapping[int, str], *, for_staff: bool) -> ChargeView:
    tone, icon = MARKS[request.state]
    currency = request.contract.currency
    page_name, ticket_page = ("console:charge", "console:ticket") if for_staff else ("portal:approval", "portal:ticket")
    asker = request.drafted_by_id or request.wished_by_id
    return ChargeView(
        pk=request.pk,
        url=address(page_name, request.pk),
        kind=request.kind,
        kind_label=request.get_kind_display(),
        state=request.state,
        state_label=str(State(request.state).label),
        tone=tone,
        icon=icon,
        reason=request.reason,
        time=spell(request.minutes if request.accepted_minutes is None else request.accepted_minutes),
        rate=money.shown(request.rate_cents, currency),
        most=money.shown(request.most_cents, currency),
        period=period(request),
        answer_by=request.answer_by,
        used=spell(request.used_minutes) if request.accepted_at is not None else "",
        outcome=outcome(request, decision, names),
        asked_by=names.get(asker, _("A former colleague")) if asker else _("The system"),
        remark=request.remark,
        ticket_url=address(ticket_page, request.ticket_id),
        ticket_number=number_of(request.ticket_id),
        ticket_subject=request.ticket.subject,
        contract_number=request.contract.number,
        is_open=request.over_at is None,
        is_wish=request.state == State.WISHED,
    )


def _whole(rows: "QuerySet[ChargeRequest]") -> "QuerySet[ChargeRequest]":
    return rows.select_related("contract", "ticket", "decision")


@dataclass(frozen=True)
class Billed:
    """A ticket's requests, newest first. `is_always_covered`: help outside business hours is promised already."""

    charges: Sequence[ChargeView]
    is_always_covered: bool


def billed(ticket: Ticket, *, for_staff: bool) -> Billed:
    """By one query for most tickets; two more for those that have requests."""
    return billed_by(_marks(ticket.pk), ticket, for_staff=for_staff)


def marks_question(ticket: Ticket) -> Question:
    """What `billed_by` begins with, for a page that asks for more in the same round trip."""
    return _marks.question(ticket.pk)


def billed_by(marks: Sequence[Any], ticket: Ticket, *, for_staff: bool) -> Billed:
    """Two queries where the ticket has requests, none where it has not."""
    version_id, type, severity, has_any = marks[0]
    rows = list(_whole(ChargeRequest.objects.filter(ticket=ticket)).order_by("-drafted_at", "-pk")) if has_any else []
    return Billed(views(rows, for_staff=for_staff), version_id is not None and rules(version_id).rows[type, severity].always)


_marks: "Prepared[tuple[int | None, str, str, bool]]" = Prepared(
    lambda ticket: Ticket.objects.filter(pk=ticket).values_list(
        "promise__version_id", "type", "severity", Exists(ChargeRequest.objects.filter(ticket=OuterRef("pk")))
    )
)


# --- Portal -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Approvals:
    """What the company's approvers have to answer, the soonest first, and what was answered or came to nothing, newest first."""

    waiting: Sequence[ChargeView]
    settled: Sequence[ChargeView]
    next_cursor: str


def approvals_page(cursor: str) -> Approvals:
    """What waits is on the first page alone."""
    found: Page[Any] = page(_whole(ChargeRequest.objects.exclude(state__in=OPEN)), NEWEST, cursor)
    waiting = [] if cursor else list(_open())
    shown = views([*waiting, *found.rows], for_staff=False)
    return Approvals(shown[: len(waiting)], shown[len(waiting) :], found.next_cursor)


def _open() -> "QuerySet[ChargeRequest]":
    return _whole(ChargeRequest.objects.filter(state__in=OPEN, over_at=None)).order_by("answer_by", "pk")


def waiting_for_approvers() -> list[ChargeView]:
    """The first few of them, for the home page; two queries where there are any."""
    return views(list(_open()[:FEW]), for_staff=False)


# Whether any waits at all, to be asked with what else a page shows: rarely one does, and reading it whole takes longer than the rest.
any_open: Prepared[int] = Prepared(lambda: _open().order_by().select_related(None).values_list("pk", flat=True)[:1])


def find_charge(pk: int) -> ChargeRequest | None:
    """With what it belongs to; None for what the scope does not show."""
    return _whole(ChargeRequest.objects.filter(pk=pk)).select_related("contract__calendar", "contract__customer", "decision").first()


@dataclass(frozen=True)
class Shown:
    """A request whole, as its page shows it. `hash`: of all that it says; `hints`: what else helps to decide."""

    view: ChargeView
    work: Sequence[Work]
    hash: str
    hints: Sequence[str]
    answered_from: str


def shown(request: ChargeRequest, now: datetime, *, for_staff: bool) -> Shown:
    """What an approver reads before they decide. A wish costs what the contract says today."""
    if request.state == State.WISHED:
        request.rate_cents = rate_of(request.contract.terms_on(request.contract.today(now)), request.kind)
    work = listed_work([request]).get(request.pk, [])
    decision = _decision_of(request)
    return Shown(
        view=views([request], for_staff=for_staff)[0],
        work=work,
        hash=hash_of(facts_shown(request, work)),
        hints=hints(request, now),
        answered_from=decision.address or "" if decision is not None else "",
    )


# --- What is left -----------------------------------------------------------------------------------------------------
def hints(request: ChargeRequest, now: datetime) -> list[str]:
    """What of the included hours is left, and that they are used first (BIL-3)."""
    if request.kind != Kind.FUNCTIONAL_EXCESS:
        return []
    contract = request.contract
    this = month_of(contract.today(now))
    told = []
    left, granted = month_left(contract, this)
    if granted:
        words = {"month": month_name(this), "left": spell(left), "granted": spell(granted)}
        told.append(
            _("Of %(month)s's included %(granted)s, %(left)s are left; they are used first.") % words
            if left
            else _("%(month)s's included %(granted)s are used up.") % words
        )
    following = month_after(this)
    if _reaches(request, following) and month_left(contract, following)[1]:
        told.append(_("What is done in %(month)s uses %(month)s's included hours first.") % {"month": month_name(following)})
    return told


def _reaches(request: ChargeRequest, month: date) -> bool:
    """Whether work may be done in that month."""
    zone = ZoneInfo(request.contract.calendar.time_zone)
    return request.work_until is None or request.work_until.astimezone(zone).date() >= month


def month_left(contract: Contract, month: date) -> tuple[int, int]:
    """Functional minutes of a month that are left, and how many it grants, package included. `contract`: with its calendar."""
    row = ContractMonth.objects.filter(contract=contract, month=month).first()
    if row is not None:
        granted = row.allowance_minutes + row.package_minutes
        return granted - row.allowance_used_minutes - row.package_used_minutes, granted
    granted = sum(granted_minutes(known_of(contract).agreement, month))
    return granted, granted
