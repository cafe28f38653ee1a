"""What the hours of a contract are a function of, as plain values (BIL-8). No Django.

Instants have a time zone; days and months are local, in the zone of the contract's calendar; a month is its first day. Amounts of
work are whole minutes, money is whole cents of the contract's currency, rates are cents per hour.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from sla.coverage import History
from sla.rules import TYPES


def month_of(day: date) -> date:
    return day.replace(day=1)


def month_after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


# The contract


class State(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True)
class Standing:
    """From a day on the contract is in this state."""

    from_date: date
    state: State


class Kind(StrEnum):
    """What a charge request asks to charge for, and which rate of the contract it quotes."""

    FUNCTIONAL_EXCESS = "functional_excess"
    OFF_HOURS = "off_hours"
    UPDATE_SERVICE = "update_service"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the contract agrees from a day on, whole: what an amendment leaves alone is repeated."""

    from_date: date
    last_date: date
    allowance_minutes: int
    package_minutes: int
    package_fee_cents: int
    functional_rate_cents: int
    off_hours_rate_cents: int
    update_rate_cents: int
    increment_minutes: int

    def __post_init__(self) -> None:
        if self.increment_minutes < 1:
            raise ValueError(f"A billing increment of {self.increment_minutes} minutes rounds nothing; it must be 1 at least.")


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One contract: its hours, its dates, what it agrees by day. ValueError unless the terms are there, in order of their days.

    zone      of all its days and months.
    calendar  its business hours, all versions.
    terms     the first rule before their own day too, as signed.
    """

    zone: tzinfo
    calendar: History
    first_date: date
    terms: Sequence[Terms]
    standings: Sequence[Standing] = ()

    def __post_init__(self) -> None:
        days = self._days
        if not days or days != sorted(set(days)):
            raise ValueError("A contract has terms, in the order of the days from which they rule, one for each day.")

    @cached_property
    def _days(self) -> list[date]:
        return [terms.from_date for terms in self.terms]

    def terms_on(self, day: date) -> Terms:
        """What rules on a day. On the first of a month: what grants that month's minutes and sets its fee (CON-2)."""
        return self.terms[max(0, bisect_right(self._days, day) - 1)]

    def rate_on(self, day: date, kind: Kind) -> int:
        """What an hour of such work done on a day costs, unless an approval keeps another rate (CON-2)."""
        terms = self.terms_on(day)
        rates = {
            Kind.FUNCTIONAL_EXCESS: terms.functional_rate_cents,
            Kind.OFF_HOURS: terms.off_hours_rate_cents,
            Kind.UPDATE_SERVICE: terms.update_rate_cents,
        }
        return rates[kind]

    def state_on(self, day: date) -> State:
        """What is ended stays ended; of standings from one day the last counts; without any it is active."""
        until = [standing for standing in self.standings if standing.from_date <= day]
        if any(standing.state == State.ENDED for standing in until):
            return State.ENDED
        until.sort(key=lambda standing: standing.from_date)
        return until[-1].state if until else State.ACTIVE

    def is_in_force_on(self, day: date) -> bool:
        """CON-2: active on the day and within its dates."""
        return self.first_date <= day <= self.terms_on(day).last_date and self.state_on(day) == State.ACTIVE

    def is_in_force_in(self, month: date) -> bool:
        """Whether any day of a month is in force."""
        return any(self.is_in_force_on(month.replace(day=day)) for day in range(1, (month_after(month) - month).days + 1))


# Tickets


@dataclass(frozen=True, kw_only=True)
class Qualification:
    """What a ticket is from an instant on, as far as prices go. ValueError for a type that there isn't.

    always   its row is covered 24x7: of the standard policy, technical critical.
    verdict  staff said so; else it is declared.
    """

    at: datetime
    type: str
    always: bool = False
    verdict: bool = False

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ValueError(f"{self.type!r} is no type of ticket.")


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A charge request that an approver accepted (BIL-6). ValueError for off-hours help without its window.

    ceiling_minutes  the most that is charged, at `rate_cents` an hour whatever the contract's rates do later.
    work_from, work_until  the window of off-hours help; of the other kinds, until when work may be done. None: open.
    listed           logs of earlier work that it covers too.
    ended_at         work from then on is not covered; what was done before stays so, whenever it is entered.
    """

    id: int
    ticket: int
    kind: Kind
    ceiling_minutes: int
    rate_cents: int
    accepted_at: datetime
    work_from: datetime | None = None
    work_until: datetime | None = None
    listed: frozenset[int] = frozenset()
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.kind == Kind.OFF_HOURS and (self.work_from is None or self.work_until is None):
            raise ValueError(f"Approval {self.id} of off-hours help has no window.")

    @property
    def most_cents(self) -> int:
        """What was shown as the most it can cost."""
        return cost_cents(self.ceiling_minutes, self.rate_cents)

    def suits(self, qualification: Qualification) -> bool:
        """Whether a ticket that is this needs it: if not, a verdict cancels it (BIL-9)."""
        match self.kind:
            case Kind.FUNCTIONAL_EXCESS:
                return qualification.type == "functional"
            case Kind.UPDATE_SERVICE:
                return qualification.type == "update_service"
        return not qualification.always


def cost_cents(minutes: int, rate_cents: int) -> int:
    """Half a cent up: 25 minutes at 250.00 an hour are 104.17."""
    return (2 * minutes * rate_cents + 60) // 120


# Work logs, in the order in which they came and changed


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something entered about a log. `number`: given under the contract's lock, by which entries are taken; `at`: when it was entered."""

    at: datetime
    number: int
    log: int


@dataclass(frozen=True, kw_only=True)
class Logged(Entry):
    """Staff spent [start, end) on a ticket; or a log came with a ticket that was moved to this contract."""

    ticket: int
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class Corrected(Entry):
    """A log is now this: other times, or another ticket of the contract."""

    ticket: int
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class Deleted(Entry):
    """A log is no more, or has left with its ticket to another contract."""


# Statements


@dataclass(frozen=True, kw_only=True)
class Review:
    """The account manager lets a line cost no more than so many minutes: 0 writes it off. It says nothing of what was used (BIL-10)."""

    month: date
    log: int
    approval: int
    most_minutes: int


@dataclass(frozen=True, kw_only=True)
class Closing:
    """A month's statement, closed. `billed_cents`: by month, what it billed for it: its own, fee included, and those it corrected."""

    month: date
    at: datetime
    billed_cents: Mapping[date, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Story:
    """All that a contract's hours follow from, in any order.

    tickets  by id, what each was from when on; never empty, and of one instant in the order told.
    """

    agreement: Agreement
    tickets: Mapping[int, Sequence[Qualification]]
    entries: Iterable[Entry] = ()
    approvals: Iterable[Approval] = ()
    reviews: Iterable[Review] = ()
    closings: Iterable[Closing] = ()


# What comes out

MINUTE = timedelta(minutes=1)


def worked_minutes(start: datetime, end: datetime) -> int:
    """Whole minutes, the last rounded up (BIL-1)."""
    return -((start - end) // MINUTE)


class Source(StrEnum):
    """What a chargeable minute is taken from; of the last three nothing is."""

    ALLOWANCE = "allowance"
    PACKAGE = "package"
    APPROVAL = "approval"
    INCLUDED = "included"
    COURTESY = "courtesy"
    UNAUTHORISED = "unauthorised"


class Allocation(NamedTuple):
    """So many chargeable minutes from one source; `approval`: which, of that source."""

    source: Source
    minutes: int
    approval: int | None = None


class Slice(NamedTuple):
    """A part of a log in which one price holds, of one local day (BIL-1). Instants in UTC.

    is_in_hours         in business hours, or up to an increment past closing, or covered 24x7.
    worked_minutes      a minute belongs to the part in which it begins.
    chargeable_minutes  more by padding, or less by what earlier logs of the ticket's day were charged as padding (BIL-4).
    """

    log: int
    ticket: int
    start: datetime
    end: datetime
    day: date
    type: str
    is_in_hours: bool
    worked_minutes: int
    chargeable_minutes: int
    allocations: tuple[Allocation, ...]
