"""What a contract's work is taken from: the allowance, the package, approvals, or nothing (BIL-1 to BIL-9). Pure; no Django.

Three steps. Entries and verdicts are told in their order to the days of the tickets: they cut logs into parts (billing.slicing), round
them, and give each minute its turn (billing.turns). Then wells serve minutes by turn: each month's allowance and package, then the
approvals, the oldest acceptance first; all minutes know the same order of wells, so that serving well by well is serving one by one.
Last, what logs were served is written down.

To see how a log would be split before it is saved (BIL-7), allocate the story with its entry added.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from operator import attrgetter, itemgetter

from billing.facts import (
    Agreement,
    Allocation,
    Approval,
    Corrected,
    Deleted,
    Entry,
    Logged,
    Qualification,
    Slice,
    Source,
    Story,
)
from billing.slicing import Part, Slicer, Well, Work, by_acceptance, cancelled_at
from billing.turns import Claim, TicketDay
from sla.calendar import instant, microseconds


@dataclass(frozen=True)
class MonthHours:
    """Functional minutes of one month. Granted are 0 when no day of it is in force."""

    month: date
    allowance_minutes: int
    allowance_used_minutes: int
    package_minutes: int
    package_used_minutes: int

    @property
    def allowance_left_minutes(self) -> int:
        return self.allowance_minutes - self.allowance_used_minutes

    @property
    def package_left_minutes(self) -> int:
        return self.package_minutes - self.package_used_minutes


@dataclass(frozen=True)
class ApprovalHours:
    """What an approval has served. `cancelled_at`: the verdict by which it is no longer needed (BIL-9)."""

    approval: Approval
    used_minutes: int
    cancelled_at: datetime | None

    @property
    def left_minutes(self) -> int:
        """0: used up, by which off-hours help ends (SLA-7)."""
        return self.approval.ceiling_minutes - self.used_minutes


class Hours:
    """A contract's hours, as a story tells them.

    slices     by log, in order of entry, each log's in order of time. Logs that are no more are left out.
    approvals  by id.
    """

    def __init__(
        self,
        agreement: Agreement,
        slices: Mapping[int, Sequence[Slice]],
        months: Mapping[date, MonthHours],
        approvals: Mapping[int, ApprovalHours],
    ) -> None:
        self.slices, self.approvals = slices, approvals
        self._agreement, self._months = agreement, months

    def month(self, month: date) -> MonthHours:
        """What a month grants and what of it is used; `month` is its first day."""
        if month in self._months:
            return self._months[month]
        allowance, package = granted_minutes(self._agreement, month)
        return MonthHours(month, allowance, 0, package, 0)

    def of_log(self, log: int) -> list[Allocation]:
        """What a log is taken from as a whole, in the order of its parts; empty when nothing of it is chargeable."""
        return summed(allocation for slice in self.slices[log] for allocation in slice.allocations)


def allocate(story: Story) -> Hours:
    """The contract's hours. ValueError for an entry about a log that isn't there or is already, on no ticket, or without duration."""
    approvals = by_acceptance(story.approvals)
    tickets = {ticket: sorted(told, key=attrgetter("at")) for ticket, told in story.tickets.items()}
    book = _Book(Slicer(story.agreement, tickets, approvals, story.closings), tickets)
    for place, event in enumerate(_events(story.entries, tickets)):
        book.tell(place, event)
    return _serve(story.agreement, book, approvals, tickets)


def granted_minutes(agreement: Agreement, month: date) -> tuple[int, int]:
    """A month's allowance and package: by the terms on its first day, in full if a day of it is in force (CON-2)."""
    if not agreement.is_in_force_in(month):
        return 0, 0
    terms = agreement.terms_on(month)
    return terms.allowance_minutes, terms.package_minutes


def summed(allocations: Iterable[Allocation]) -> list[Allocation]:
    """One for each source and approval, in the order in which they come first."""
    minutes: dict[tuple[Source, int | None], int] = {}
    for allocation in allocations:
        key = (allocation.source, allocation.approval)
        minutes[key] = minutes.get(key, 0) + allocation.minutes
    return [Allocation(source, count, approval) for (source, approval), count in minutes.items()]


# The story


@dataclass(frozen=True)
class _Verdict:
    at: datetime
    ticket: int


def _events(entries: Iterable[Entry], tickets: Mapping[int, Sequence[Qualification]]) -> Iterator[Entry | _Verdict]:
    """Entries by number, and each verdict before the first of them that is not before it."""
    verdicts = [_Verdict(told.at, ticket) for ticket, all_told in tickets.items() for told in all_told[1:] if told.verdict]
    verdicts.sort(key=attrgetter("at"), reverse=True)
    for entry in sorted(entries, key=attrgetter("number")):
        while verdicts and verdicts[-1].at <= entry.at:
            yield verdicts.pop()
        yield entry
    yield from reversed(verdicts)


class _Book:
    """The logs as told so far, and the days of tickets in which they lie."""

    def __init__(self, slicer: Slicer, tickets: Container[int]) -> None:
        self.logs: dict[int, Work] = {}  # in order of entry
        self._slicer, self._tickets = slicer, tickets
        self._days: defaultdict[int, dict[date, TicketDay]] = defaultdict(dict)
        self._told_at = datetime.min.replace(tzinfo=UTC)

    @property
    def days(self) -> Iterator[tuple[int, date, TicketDay]]:
        return ((ticket, day, ticket_day) for ticket, days in self._days.items() for day, ticket_day in days.items())

    def tell(self, place: int, event: Entry | _Verdict) -> None:
        self._told_at = max(self._told_at, event.at)  # what was told stays known, though the clock of who enters next may lag
        match event:
            case Logged():
                if event.log in self.logs:
                    raise ValueError(f"Log {event.log} is entered twice.")
                work = self._work(event)
                self._put(place, work, self._slicer.parts(work, self._told_at))
            case Corrected():
                before, work = self._known(event), self._work(event)
                parts = self._slicer.parts(work, self._told_at)
                self._leave(place, before, {part.day for part in parts} if work.ticket == before.ticket else ())
                self._put(place, work, parts)
            case Deleted():
                self._leave(place, self._known(event), ())
                del self.logs[event.log]
            case _Verdict():
                # Work entered before, if this is better for the customer, is priced by it and takes its place now (BIL-9).
                for log in dict.fromkeys(log for day in self._days[event.ticket].values() for log in day.logs):
                    self._put(place, self.logs[log], self._slicer.parts(self.logs[log], self._told_at))

    def _known(self, entry: Entry) -> Work:
        if entry.log not in self.logs:
            raise ValueError(f"There is no log {entry.log} to change.")
        return self.logs[entry.log]

    def _work(self, entry: Logged | Corrected) -> Work:
        """What the log says from now on."""
        work = self.logs[entry.log] = Work(entry.log, entry.ticket, microseconds(entry.start), microseconds(entry.end))
        if work.start >= work.end:
            raise ValueError(f"Log {entry.log} ends at {entry.end}, not after it begins at {entry.start}.")
        if entry.ticket not in self._tickets:
            raise ValueError(f"There is no ticket {entry.ticket} for log {entry.log}.")
        return work

    def _put(self, place: int, work: Work, parts: Iterable[Part]) -> None:
        """Each day of its ticket in which a log lies is told its parts there."""
        days = self._days[work.ticket]
        for day, of_day in groupby(parts, attrgetter("day")):
            if day not in days:
                days[day] = TicketDay(self._slicer.increment_on(day))
            days[day].put(place, work.log, list(of_day))

    def _leave(self, place: int, work: Work, stays: Container[date]) -> None:
        """A log lies no more in the days of its ticket, but in those in which it stays."""
        for day, ticket_day in self._days[work.ticket].items():
            if day not in stays and work.log in ticket_day.logs:
                ticket_day.put(place, work.log, ())


# Serving


class _Share:
    """Minutes of a part with the same turns: how many still wait, and what the part's minutes were served."""

    __slots__ = ("served", "waiting")

    def __init__(self, minutes: int, served: list[Allocation]) -> None:
        self.waiting, self.served = minutes, served


# Who waits at a well: (place, day, which of the day's minutes come first, share).
_Waiting = list[tuple[int, date, int, _Share]]


def _serve(agreement: Agreement, book: _Book, approvals: Sequence[Approval], tickets: Mapping[int, Sequence[Qualification]]) -> Hours:
    wells = defaultdict[Well, _Waiting](list)
    claims: list[tuple[int, Claim, list[Allocation]]] = []
    for ticket, day, ticket_day in book.days:
        for claim in ticket_day.claims():
            served: list[Allocation] = []
            claims.append((ticket, claim, served))
            for minutes, turns in claim.runs:
                share = _Share(minutes, served)
                for well, (place, first) in zip(claim.part.wells, turns, strict=True):
                    wells[well].append((place, day, first, share))
    months = {}
    for month in [well for well in wells if isinstance(well, date)]:
        allowance, package = granted_minutes(agreement, month)
        used = _draw(wells[month], allowance, Source.ALLOWANCE), _draw(wells[month], package, Source.PACKAGE)
        months[month] = MonthHours(month, allowance, used[0], package, used[1])
    hours = {
        approval.id: ApprovalHours(
            approval,
            _draw(wells[approval.id], approval.ceiling_minutes, Source.APPROVAL, approval.id),
            cancelled_at(approval, tickets.get(approval.ticket, ())),
        )
        for approval in approvals
    }
    return Hours(agreement, _written(book, claims), months, hours)


def _draw(waiting: _Waiting, room: int, source: Source, approval: int | None = None) -> int:
    """Serve by place until there is no room left; returns the minutes served."""
    left = room
    waiting.sort(key=itemgetter(0, 1, 2))
    for _, _, _, share in waiting:
        if not left:
            break
        minutes = min(share.waiting, left)
        if minutes:
            share.served.append(Allocation(source, minutes, approval))
            share.waiting -= minutes
            left -= minutes
    return room - left


def _written(book: _Book, claims: Iterable[tuple[int, Claim, list[Allocation]]]) -> dict[int, list[Slice]]:
    slices: dict[int, list[Slice]] = {log: [] for log in book.logs}
    for ticket, (log, part, minutes, _), served in claims:
        rest = minutes - sum([allocation.minutes for allocation in served])
        if rest:
            served.append(Allocation(part.otherwise, rest))
        allocations = tuple(served if len(served) < 2 else summed(served))
        start, end = instant(part.start), instant(part.end)
        slices[log].append(Slice(log, ticket, start, end, part.day, part.type, part.is_in_hours, part.worked, minutes, allocations))
    for of_log in slices.values():
        if len(of_log) > 1:
            of_log.sort(key=attrgetter("start"))
    return slices
