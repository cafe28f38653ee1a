"""Statements: closed ones as they were closed, open months as they stand, and a month of all contracts at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from billing.drafting import Draft, draft, parts_in
from billing.facts import month_after
from billing.models import ChargeRequest, Correction, Entry, Review, Slice, Statement, WorkLog
from billing.printed import Cover, Printed, Work, printed
from billing.queries.readiness import LineKey, Need, Readiness, Said, amounts, readiness, readiness_of
from billing.statements import Account
from billing.stories import story_of
from contracts.models import Contract, Terms
from tickets.models import Ticket

CONTRACTS_A_PAGE = 50
STATEMENTS_A_PAGE = 50


# --- Closed ones -------------------------------------------------------------------------------------------------------
def closed_statement(pk: int) -> Printed | None:
    """A closed statement as the present scope shows it; None when it shows none."""
    statement = Statement.objects.select_related("contract__customer").filter(pk=pk).first()
    return _printed(statement) if statement is not None else None


def statement_of(contract: Contract, month: date) -> Printed | None:
    """A contract's month if it is closed."""
    statement = Statement.objects.select_related("contract__customer", "closed_by").filter(contract=contract, month=month).first()
    return _printed(statement) if statement is not None else None


def drafted(made: Draft) -> Printed:
    """An open month's statement as its readers would see it."""
    return printed(made.statement, made.lines, _numbers(made.statement), _tickets_of_changes(made.statement))


def _printed(statement: Statement) -> Printed:
    lines = statement.lines.select_related("ticket").order_by("position")
    return printed(statement, lines, _numbers(statement), _tickets_of_changes(statement))


def _numbers(statement: Statement) -> dict[date, str]:
    months = [date.fromisoformat(one["of_month"]) for one in statement.agreed["corrections"]]
    if not months:
        return {}
    return dict(Statement.objects.filter(contract=statement.contract_id, month__in=months).values_list("month", "number"))


def _tickets_of_changes(statement: Statement) -> dict[int, str]:
    ids = {row["after"][2] for one in statement.agreed["corrections"] for row in one["rows"]}
    return {ticket.pk: ticket.number for ticket in Ticket.objects.filter(pk__in=ids)} if ids else {}


@dataclass(frozen=True)
class Statements:
    """A page of closed statements, newest month first; `before`: the last row's id, where there are more."""

    rows: Sequence[Statement]
    before: int | None


def statements_page(before: int | None) -> Statements:
    """What the scope shows, for the customer's list."""
    found = Statement.objects.select_related("contract").order_by("-closed_at", "-pk")
    last = Statement.objects.filter(pk=before).first() if before is not None else None
    if last is not None:
        found = found.filter(Q(closed_at__lt=last.closed_at) | Q(closed_at=last.closed_at, pk__lt=last.pk))
    rows = list(found[: STATEMENTS_A_PAGE + 1])
    shown = rows[:STATEMENTS_A_PAGE]
    return Statements(shown, shown[-1].pk if len(rows) > STATEMENTS_A_PAGE else None)


# --- A month of all contracts --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class MonthRow:
    """`total_cents`: as it was closed, or as it stands; `fee_cents`: of the package, in it."""

    contract: Contract
    state: Readiness
    statement: Statement | None
    total_cents: int
    fee_cents: int

    @property
    def is_nothing(self) -> bool:
        """Without work, fee and correction there is nothing to close."""
        return self.statement is None and not (self.state.has_work or self.fee_cents or self.state.owed_cents)

    @property
    def is_ready(self) -> bool:
        return self.state.is_ready and not self.is_nothing

    @property
    def to_review(self) -> int:
        return self.state.count(Need.TO_REVIEW)

    @property
    def unauthorised(self) -> int:
        return self.state.count(Need.UNAUTHORISED)

    @property
    def returned(self) -> int:
        return self.state.count(Need.RETURNED)


@dataclass(frozen=True)
class MonthPage:
    """`after`: the last contract shown, where there are more. `totals`: by currency, of the rows shown."""

    rows: Sequence[MonthRow]
    after: int | None
    totals: Mapping[str, int]


def month_page(month: date, *, manager_id: int | None, after: int | None, now: datetime, size: int | None = None) -> MonthPage:
    """Contracts with something in a month, by customer and number. `manager_id`: those that this person answers for."""
    size = size or CONTRACTS_A_PAGE
    rows = _with_something(month).select_related("customer", "calendar", "account_manager").prefetch_related("terms", "standings")
    if manager_id is not None:
        rows = rows.filter(Q(account_manager=manager_id) | Q(deputy=manager_id))
    last = Contract.objects.select_related("customer").filter(pk=after).first() if after is not None else None
    if last is not None:
        name, number = last.customer.name, last.number
        later = Q(customer__name__gt=name) | Q(customer__name=name, number__gt=number)
        rows = rows.filter(later | Q(customer__name=name, number=number, pk__gt=last.pk))
    found = list(rows.order_by("customer__name", "number", "pk")[: size + 1])
    page = found[:size]
    states = readiness(page, month, now)
    closed = {s.contract_id: s for s in Statement.objects.filter(contract__in=page, month=month)}
    cents = amounts(states.values(), month)
    made = [_month_row(contract, states[contract.pk], closed.get(contract.pk), cents[contract.pk]) for contract in page]
    shown = [row for row in made if not row.is_nothing]
    totals: dict[str, int] = {}
    for row in shown:
        totals[row.contract.currency] = totals.get(row.contract.currency, 0) + row.total_cents
    return MonthPage(shown, page[-1].pk if len(found) > size else None, totals)


def _with_something(month: date) -> "QuerySet[Contract]":
    """Contracts that may have a statement of the month: whether a fee is due in it, their terms say."""
    of_contract = {"contract": OuterRef("pk")}
    return Contract.objects.filter(
        Exists(Slice.objects.filter(month=month, **of_contract))
        | Exists(Statement.objects.filter(month=month, **of_contract))
        | Exists(Correction.objects.filter(month=month, **of_contract))
        | Q(first_date__lt=month_after(month)) & Exists(Terms.objects.filter(package_fee_cents__gt=0, **of_contract))
    )


def _month_row(contract: Contract, state: Readiness, statement: Statement | None, cents: int) -> MonthRow:
    fee = fee_cents(contract, state.month)
    total = statement.total_cents if statement is not None else cents + fee + state.owed_cents
    return MonthRow(contract, state, statement, total, fee)


def is_in_force_in(contract: Contract, month: date) -> bool:
    """Whether a day of the month is in force. Reads terms and standings unless prefetched."""
    return any(contract.is_in_force_on(month.replace(day=day)) for day in range(1, (month_after(month) - month).days + 1))


def fee_cents(contract: Contract, month: date) -> int:
    """What the package costs in a month: by the terms of its first day, if any day of it is in force (BIL-10)."""
    fee = contract.terms_on(month).package_fee_cents
    return fee if fee and is_in_force_in(contract, month) else 0


# --- One open month ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class OpenCover:
    """What some of a log's minutes were taken from, and what the account manager may say of it.

    `minutes`: what the line has; `draft`: a request that lists it and is not sent yet.
    """

    cover: Cover
    key: LineKey
    minutes: int
    need: Need | None
    said: Said | None
    by: str
    is_own: bool
    draft: int | None

    @property
    def may_be_charged(self) -> bool:
        return self.key.request is not None

    @property
    def anchor(self) -> str:
        return f"line-{self.key.log}-{self.key.request or 0}"


@dataclass(frozen=True)
class OpenWork:
    work: Work
    covers: Sequence[OpenCover]
    history: Sequence[Entry]
    returned: Said | None

    @property
    def was_changed(self) -> bool:
        return len(self.history) > 1

    @property
    def is_returned(self) -> bool:
        return any(cover.need == Need.RETURNED for cover in self.covers)


@dataclass(frozen=True)
class OpenTicket:
    ticket: Ticket
    works: Sequence[OpenWork]


@dataclass(frozen=True)
class OpenMonth:
    """A month before it is closed: the statement as it would be, its lines with what they need, and what stands in the way."""

    state: Readiness
    shown: Printed
    tickets: Sequence[OpenTicket]
    requests: Mapping[int, ChargeRequest]

    @property
    def to_review(self) -> int:
        return self.state.count(Need.TO_REVIEW)

    @property
    def reviewed(self) -> int:
        return self.state.count(Need.APPROVED, Need.REDUCED, Need.WRITTEN_OFF)

    @property
    def asked(self) -> list[tuple[int, ChargeRequest]]:
        return [(pk, self.requests[pk]) for pk in self.state.asked if pk in self.requests]

    @property
    def unauthorised(self) -> list[tuple[OpenCover, Ticket]]:
        """Lines that nobody approved and nobody is asked about."""
        return [(cover, t.ticket) for t in self.tickets for w in t.works for cover in w.covers if cover.need == Need.UNAUTHORISED]

    @property
    def returned(self) -> list[tuple[OpenWork, Ticket]]:
        return [(work, t.ticket) for t in self.tickets for work in t.works if work.returned or work.is_returned]

    @property
    def is_nothing(self) -> bool:
        return not self.shown.statement.agreed["lines"]


def open_month(contract: Contract, month: date, *, reader_id: int, now: datetime) -> OpenMonth:
    """`contract`: with customer, calendar and account manager. ValueError for a closed month."""
    account = Account(story_of(contract))
    shown = drafted(draft(contract, account, month, now))
    state = readiness_of(contract, month, now)
    lines = _Lines(state, reader_id, account, month)
    tickets = [OpenTicket(group.ticket, [lines.open_work(work) for work in group.works]) for group in shown.tickets]
    asked = ChargeRequest.objects.filter(pk__in=list(state.asked)).select_related("ticket").in_bulk()
    return OpenMonth(state, shown, tickets, asked)


class _Lines:
    """Lines of an open month with their reviews and their logs' histories."""

    def __init__(self, state: Readiness, reader_id: int, account: Account, month: date) -> None:
        self.state, self.needs, self.reader_id = state, state.needs, reader_id
        logs = parts_in(account, month).keys()
        self.agents = dict(WorkLog.objects.filter(pk__in=logs).values_list("pk", "agent_id"))
        self.names = dict(Review.objects.filter(contract=state.contract, month=month).values_list("by_id", F("by__name")).distinct())
        self.history: dict[int, list[Entry]] = {}
        for entry in Entry.objects.filter(contract=state.contract, log__in=logs).select_related("by").order_by("number"):
            self.history.setdefault(entry.log_id, []).append(entry)

    def open_work(self, work: Work) -> OpenWork:
        covers = [self._cover(cover, work.log_id) for cover in work.covers]
        returned = self.state.said.get(LineKey(work.log_id, None)) if self.needs.get(LineKey(work.log_id, None)) == Need.RETURNED else None
        return OpenWork(work, covers, self.history.get(work.log_id, []), returned)

    def _cover(self, cover: Cover, log: int) -> OpenCover:
        key = LineKey(log, cover.request)
        is_line = key.request is not None or cover.is_unauthorised
        said = self.state.said.get(key) if is_line else None
        return OpenCover(
            cover=cover,
            key=key,
            minutes=self.state.minutes.get(key, 0) if is_line else 0,
            need=self.needs.get(key) if is_line else None,
            said=said,
            by=self.names.get(said.by, "") if said else "",
            is_own=self.agents.get(log) == self.reader_id,
            draft=next((pk for pk, logs in self.state.drafted.items() if log in logs), None),
        )
