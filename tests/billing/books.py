"""Contracts for tests of hours and money: those of the worked examples, told by local wall time of 2026."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from billing.allocation import Hours, allocate
from billing.facts import (
    Agreement,
    Approval,
    Closing,
    Corrected,
    Deleted,
    Entry,
    Kind,
    Logged,
    Qualification,
    Review,
    Standing,
    State,
    Story,
    Terms,
)
from billing.statements import Account, Statement
from tests.sla.stories import BRASILIA, SHIPPED, at

OCTOBER, NOVEMBER, DECEMBER, JANUARY = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)
SIGNED = Terms(
    from_date=date(2026, 1, 1),
    last_date=date(2027, 12, 31),
    allowance_minutes=120,
    package_minutes=0,
    package_fee_cents=0,
    functional_rate_cents=240_00,
    off_hours_rate_cents=360_00,
    update_rate_cents=300_00,
    increment_minutes=15,
)
RATES = {Kind.FUNCTIONAL_EXCESS: 240_00, Kind.OFF_HOURS: 360_00, Kind.UPDATE_SERVICE: 300_00}


class Book:
    """A contract, its tickets and logs by name. What is told without an instant of its own is entered after all that was."""

    def __init__(self, **terms: int) -> None:
        self.terms = [replace(SIGNED, **terms)]
        self.standings: list[Standing] = []
        self.tickets: dict[int, list[Qualification]] = {}
        self.entries: list[Entry] = []
        self.approvals: list[Approval] = []
        self.reviews: list[Review] = []
        self.closings: list[Closing] = []
        self._names: dict[str, int] = {}
        self._on: dict[str, str] = {}
        self._told_at = at("1 Jan 00:00")

    def amended(self, from_date: date, **terms: int) -> "Book":
        self.terms.append(replace(self.terms[-1], from_date=from_date, **terms))
        return self

    def suspended(self, from_date: date, state: State = State.SUSPENDED) -> "Book":
        self.standings.append(Standing(from_date, state))
        return self

    def ticket(self, name: str, type: str = "functional", *, always: bool = False) -> "Book":
        self.tickets[self.id(name)] = [Qualification(at=at("1 Jan 00:00"), type=type, always=always)]
        return self

    def declared(self, name: str, type: str, when: str, *, always: bool = False) -> "Book":
        return self._qualified(name, Qualification(at=at(when), type=type, always=always))

    def verdict(self, name: str, type: str, when: str, *, always: bool = False) -> "Book":
        return self._qualified(name, Qualification(at=at(when), type=type, always=always, verdict=True))

    def log(self, name: str, ticket: str, start: str, end: str, *, entered: str | None = None) -> "Book":
        """`end` may be a time of the same day."""
        if self.id(ticket) not in self.tickets:
            self.ticket(ticket)
        since, until = _span(start, end)
        self._on[name] = ticket
        told_at = self._tell(entered, until)
        self.entries.append(Logged(at=told_at, number=len(self.entries), log=self.id(name), ticket=self.id(ticket), start=since, end=until))
        return self

    def correct(self, name: str, start: str, end: str, *, ticket: str | None = None, entered: str | None = None) -> "Book":
        since, until = _span(start, end)
        self._on[name] = ticket or self._on[name]
        if self.id(self._on[name]) not in self.tickets:
            self.ticket(self._on[name])
        told_at, on = self._tell(entered, until), self.id(self._on[name])
        self.entries.append(Corrected(at=told_at, number=len(self.entries), log=self.id(name), ticket=on, start=since, end=until))
        return self

    def delete(self, name: str, *, entered: str | None = None) -> "Book":
        self.entries.append(Deleted(at=self._tell(entered, self._told_at), number=len(self.entries), log=self.id(name)))
        return self

    def approve(
        self,
        name: str,
        ticket: str,
        minutes: int,
        when: str,
        *,
        kind: Kind = Kind.FUNCTIONAL_EXCESS,
        rate: int | None = None,
        window: tuple[str, str] | None = None,
        listed: Sequence[str] = (),
        ended: str | None = None,
    ) -> "Book":
        approval = Approval(
            id=self.id(name),
            ticket=self.id(ticket),
            kind=kind,
            ceiling_minutes=minutes,
            rate_cents=RATES[kind] if rate is None else rate,
            accepted_at=at(when),
            work_from=at(window[0]) if window else None,
            work_until=at(window[1]) if window else None,
            listed=frozenset(map(self.id, listed)),
            ended_at=at(ended) if ended else None,
        )
        self.approvals.append(approval)
        return self

    def review(self, month: date, log: str, approval: str, most_minutes: int) -> "Book":
        self.reviews.append(Review(month=month, log=self.id(log), approval=self.id(approval), most_minutes=most_minutes))
        return self

    def close(self, month: date, when: str) -> "Book":
        self.closings.append(self.statement(month).closed(at(when)))
        return self

    # What came out

    @property
    def story(self) -> Story:
        agreement = Agreement(
            zone=BRASILIA, calendar=SHIPPED, first_date=date(2026, 1, 1), terms=tuple(self.terms), standings=tuple(self.standings)
        )
        return Story(
            agreement=agreement,
            tickets=self.tickets,
            entries=self.entries,
            approvals=self.approvals,
            reviews=self.reviews,
            closings=self.closings,
        )

    @property
    def hours(self) -> Hours:
        return allocate(self.story)

    def statement(self, month: date) -> Statement:
        return Account(self.story).statement(month)

    def taken(self, log: str) -> dict[str, int]:
        """A log's chargeable minutes by source, an approval by its name."""
        names = {number: name for name, number in self._names.items()}
        return {
            names[allocation.approval] if allocation.approval is not None else str(allocation.source): allocation.minutes
            for allocation in self.hours.of_log(self.id(log))
        }

    def chargeable(self, log: str) -> int:
        return sum(self.taken(log).values())

    def cents(self, log: str, month: date = NOVEMBER) -> int:
        return sum(line.amount_cents for line in Account(self.story).lines(month) if line.log == self.id(log))

    def left(self, approval: str) -> int:
        return self.hours.approvals[self.id(approval)].left_minutes

    def cancelled_at(self, approval: str) -> datetime | None:
        return self.hours.approvals[self.id(approval)].cancelled_at

    def corrections(self, month: date) -> list[tuple[date, int]]:
        return [(correction.of_month, correction.amount_cents) for correction in self.statement(month).corrections]

    def id(self, name: str) -> int:
        return self._names.setdefault(name, len(self._names) + 1)

    def _qualified(self, name: str, qualification: Qualification) -> "Book":
        self.tickets[self.id(name)].append(qualification)
        return self

    def _tell(self, entered: str | None, not_before: datetime) -> datetime:
        self._told_at = at(entered) if entered else max(not_before, self._told_at) + timedelta(seconds=1)
        return self._told_at


def used_up() -> Book:
    """November's and no other month's allowance is used up."""
    return Book().log("before", "earlier", "3 Nov 09:00", "11:00")


def _span(start: str, end: str) -> tuple[datetime, datetime]:
    since = at(start)
    if " " in end:
        return since, at(end)
    hour, minute, *second = map(int, end.split(":"))
    return since, since.replace(hour=hour, minute=minute, second=second[0] if second else 0)
