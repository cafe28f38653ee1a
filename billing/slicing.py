"""Where a log is cut, and what each part of it may be taken from (BIL-1, BIL-2, BIL-3, BIL-6, BIL-9). No Django.

Inside, as in sla.calendar, an instant is the number of microseconds since 1970 in UTC.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple

from billing.facts import Agreement, Approval, Closing, Kind, Qualification, Source, month_of
from sla.calendar import DAY, FIRST_OF_ALL, LAST_OF_ALL, SECOND, instant, microseconds, offsets_of_year
from sla.coverage import Coverage
from sla.rules import TYPES

MINUTE = 60 * SECOND

# What minutes may be taken from: a month, which is its first day, by its allowance and then its package; or an approval, by its id.
Well = date | int
Wells = tuple[Well, ...]  # in the order of BIL-3 and BIL-6
Interval = tuple[int, int]


class Work(NamedTuple):
    """What a log says at some time of its life."""

    log: int
    ticket: int
    start: int
    end: int


class Part(NamedTuple):
    """A piece of work in which one price holds. `otherwise`: what its minutes are that no well has room for."""

    day: date
    start: int
    end: int
    worked: int
    type: str
    is_in_hours: bool
    wells: Wells
    otherwise: Source


class Day(NamedTuple):
    """What the contract says of one local day, or of a piece of it in which no clock is changed.

    hours  its business hours.
    """

    since: int
    until: int
    day: date
    month: date
    increment: int
    is_in_force: bool
    hours: Sequence[Interval]


class Covering(NamedTuple):
    """When an approval covers work: from its acceptance, inside its window, until it ends. `listed` logs before it too."""

    approval: int
    kind: Kind
    accepted: int
    since: int
    until: int
    listed: frozenset[int]

    def covers(self, at: int, log: int) -> bool:
        return self.since <= at < self.until or (at < self.accepted and log in self.listed)


def by_acceptance(approvals: Iterable[Approval]) -> list[Approval]:
    """The oldest first."""
    return sorted(approvals, key=lambda approval: (approval.accepted_at, approval.id))


def cancelled_at(approval: Approval, qualifications: Sequence[Qualification]) -> datetime | None:
    """The first verdict after acceptance by which the ticket no longer needs it; it does not revive (BIL-9)."""
    verdicts = (q.at for q in qualifications if q.verdict and q.at > approval.accepted_at and not approval.suits(q))
    return min(verdicts, default=None)


class Slicer:
    """Cuts the work of one contract. Each ticket's qualifications are in order, and so are approvals: see by_acceptance()."""

    def __init__(
        self,
        agreement: Agreement,
        tickets: Mapping[int, Sequence[Qualification]],
        approvals: Iterable[Approval],
        closings: Iterable[Closing],
    ) -> None:
        self._agreement, self._tickets = agreement, tickets
        self._calendar = Coverage(agreement.calendar.versions)
        self._closed = {closing.month: closing.at for closing in closings}
        self._since = {ticket: [microseconds(q.at) for q in told] for ticket, told in tickets.items()}
        self._coverings: defaultdict[int, list[Covering]] = defaultdict(list)
        for approval in approvals:
            self._coverings[approval.ticket].append(_covering(approval, tickets.get(approval.ticket, ())))
        self._edges = {ticket: self._edges_of(ticket) for ticket in tickets}
        self._days: list[Day] = []  # those that were asked for, in order
        self._first: list[int] = []  # where each begins

    def parts(self, work: Work, known_at: datetime) -> list[Part]:
        """A log's parts in order of time, by the verdicts given until `known_at`. Neighbours differ in what they cost, or in their day."""
        start, end = work.start, work.end
        edges, day = self._edges[work.ticket], self._day(start)
        is_open = _is_open_all_along(start, end, day.hours) if not edges and end <= day.until else None
        if is_open is not None:  # as most logs are
            return [self._part(work, start, end, day, is_open, known_at)]
        days = self._days_of(start, end)
        hours = _in_hours(start, end, days)
        cuts = {start, end}
        cuts.update(edge for edge in edges if start < edge < end)
        cuts.update(day.since for day in days[1:])
        cuts.update(*hours)
        parts: list[Part] = []
        for since, until in pairwise(sorted(cuts)):
            day = next(day for day in days if since < day.until)
            is_in_hours = any(opening <= since < closing for opening, closing in hours)
            _join(parts, self._part(work, since, until, day, is_in_hours, known_at))
        return parts

    def increment_on(self, day: date) -> int:
        return self._agreement.terms_on(day).increment_minutes

    def _part(self, work: Work, since: int, until: int, day: Day, is_open: bool, known_at: datetime) -> Part:
        # A minute belongs to the part in which it begins; the last of a log is a whole one, however short.
        worked = -((work.start - until) // MINUTE) + ((work.start - since) // MINUTE)
        counts = self._qualification(work.ticket, since, day.month, known_at)
        is_in_hours = is_open or counts.always
        wells, otherwise = self._wells(work, since, day, counts.type, is_in_hours)
        return Part(day.day, since, until, worked, counts.type, is_in_hours, wells, otherwise)

    def _qualification(self, ticket: int, at: int, month: date, known_at: datetime) -> Qualification:
        """What counts for work at an instant: what the ticket was then, or a later verdict that is better for the customer (BIL-9).

        A verdict given when the work's month was closed leaves it alone.
        """
        told = self._tickets[ticket]
        if len(told) == 1:
            return told[0]
        place = max(0, bisect_right(self._since[ticket], at) - 1)
        closed_at = self._closed.get(month)
        verdicts = [q for q in told[place + 1 :] if q.verdict and q.at <= known_at and (closed_at is None or q.at < closed_at)]
        return max(told[place], *verdicts, key=_favour) if verdicts else told[place]

    def _wells(self, work: Work, at: int, day: Day, type: str, is_in_hours: bool) -> tuple[Wells, Source]:
        """What work at an instant may be taken from, and what it is when that has no room."""
        if type == "technical" and is_in_hours:
            return (), Source.INCLUDED
        coverings = [c for c in self._coverings.get(work.ticket, ()) if _fits(c.kind, type, is_in_hours) and c.covers(at, work.log)]
        wells: Wells = tuple([covering.approval for covering in coverings])
        if type == "technical":
            is_in_window = any(covering.since <= at < covering.until for covering in coverings)
            return wells, Source.UNAUTHORISED if is_in_window else Source.COURTESY
        if type == "functional" and is_in_hours and day.is_in_force:
            wells = (day.month, *wells)
        return wells, Source.UNAUTHORISED

    def _days_of(self, start: int, end: int) -> list[Day]:
        """The local days of [start, end), whatever clocks do meanwhile."""
        days = [self._day(start)]
        while days[-1].until < end:
            days.append(self._day(days[-1].until))
        return days

    def _day(self, at: int) -> Day:
        place = bisect_right(self._first, at)
        if not place or self._days[place - 1].until <= at:
            day = self._read(at)
            self._days.insert(place, day)
            self._first.insert(place, day.since)
            return day
        return self._days[place - 1]

    def _read(self, at: int) -> Day:
        spans = offsets_of_year(self._agreement.zone, instant(at).year)
        first, last, offset = next(span for span in spans if at < span[1])
        midnight = (at + offset) // DAY * DAY
        day = instant(midnight).date()
        since, until = max(first, midnight - offset), min(last, midnight + DAY - offset)
        hours = [(opening, closing) for opening, closing, _ in self._calendar.intervals(instant(since), instant(until))]
        return Day(since, until, day, month_of(day), self.increment_on(day), self._agreement.is_in_force_on(day), hours)

    def _edges_of(self, ticket: int) -> list[int]:
        """Instants at which what work on a ticket costs may change."""
        edges = set(self._since[ticket][1:])
        for covering in self._coverings.get(ticket, ()):
            edges.update((covering.since, covering.until, covering.accepted))
        return sorted(edges)


def _covering(approval: Approval, qualifications: Sequence[Qualification]) -> Covering:
    accepted = microseconds(approval.accepted_at)
    ends = (approval.work_until, approval.ended_at, cancelled_at(approval, qualifications))
    since = max(accepted, FIRST_OF_ALL if approval.work_from is None else microseconds(approval.work_from))
    until = min((microseconds(end) for end in ends if end is not None), default=LAST_OF_ALL)
    return Covering(approval.id, approval.kind, accepted, since, until, approval.listed)


def _fits(kind: Kind, type: str, is_in_hours: bool) -> bool:
    """Functional excess covers business hours, off-hours help all but those, update service any hour (BIL-6)."""
    match kind:
        case Kind.FUNCTIONAL_EXCESS:
            return type == "functional" and is_in_hours
        case Kind.UPDATE_SERVICE:
            return type == "update_service"
    return not is_in_hours


def _in_hours(start: int, end: int, days: Sequence[Day]) -> list[Interval]:
    """When a log counts as in hours: in business hours, and when begun in them, up to an increment past each closing (BIL-3)."""
    is_begun_in_hours = any(opening <= start < closing for opening, closing in days[0].hours)
    return [
        (max(opening, start), min(closing + (day.increment * MINUTE if is_begun_in_hours else 0), end))
        for day in days
        for opening, closing in day.hours
        if opening < end and start < closing
    ]


def _is_open_all_along(start: int, end: int, hours: Iterable[Interval]) -> bool | None:
    """Whether a piece of a day lies in its business hours; None: in part."""
    for opening, closing in hours:
        if start < closing and opening < end:
            return True if opening <= start and end <= closing else None
    return False


def _favour(qualification: Qualification) -> tuple[int, bool]:
    """The greater, the better for the customer: update service, functional, technical, technical covered 24x7 (BIL-9)."""
    return TYPES.index(qualification.type), qualification.always


def _join(parts: list[Part], part: Part) -> None:
    """Adds a part, to the one before where nothing tells them apart. One in which no minute begins is nothing."""
    if not part.worked:
        return
    if parts:
        before = parts[-1]
        same = part._replace(start=before.start, end=before.end, worked=before.worked) == before
        if same:
            parts[-1] = before._replace(end=part.end, worked=before.worked + part.worked)
            return
    parts.append(part)
