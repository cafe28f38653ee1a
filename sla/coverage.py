"""Which calendar counts when: the versions of a business calendar, and help outside its hours (SLA-3, SLA-7). No Django.

A version rules from its instant on; what was before is counted by the version then in force, so that the past never changes. At any
instant only the versions that rule by then are known: what is due is computed by the last of them, until another comes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice, pairwise

from sla.calendar import (
    FIRST_OF_ALL,
    Amount,
    Calendar,
    amount_of,
    instant,
    microseconds,
    seconds_of,
)

Version = tuple[datetime | None, Calendar]  # the instant from which it rules; None for the first

ALWAYS = Calendar("UTC", always=True)


class Coverage:
    """Open time as it is known at one instant. Answers what a Calendar does, in the same words. Never changes.

    versions  calendars in order, each with the instant from which it rules, until the next one's; the first has None: it always did.
    extra     windows [from, until) in which it is open whatever the calendars say.
    """

    def __init__(self, versions: Sequence[Version], extra: Iterable[tuple[datetime, datetime]] = ()) -> None:
        self._versions = tuple(versions)
        self._extra = tuple(extra)
        # One calendar more than borders: each counts from the border before it until the one after it.
        self._borders, self._calendars = _cut(_ruling(versions), [_window(window) for window in self._extra])
        self._only = self._calendars[0] if not self._borders else None

    @classmethod
    def always(cls) -> "Coverage":
        """24x7."""
        return cls([(None, ALWAYS)])

    def with_extra(self, windows: Iterable[tuple[datetime, datetime]]) -> "Coverage":
        """The same, open in these windows [from, until) too: off-hours help (SLA-7)."""
        return Coverage(self._versions, (*self._extra, *windows))

    def add(self, start: datetime, seconds: Amount) -> datetime:
        """The first instant at which so many open seconds have passed since `start`, in UTC. OutOfReach when there is none."""
        if self._only is not None:
            return self._only.add(start, seconds)
        return instant(self._forward(microseconds(start), amount_of(seconds)))

    def subtract(self, start: datetime, seconds: Amount) -> datetime:
        """The last instant from which so many open seconds pass until `start`, in UTC. OutOfReach when there is none."""
        if self._only is not None:
            return self._only.subtract(start, seconds)
        return instant(self._forward(microseconds(start), -amount_of(seconds)))

    def elapsed(self, start: datetime, end: datetime) -> float:
        """Open seconds from `start` to `end`, an integer when they are whole; when `end` is earlier, minus those from it to `start`."""
        if self._only is not None:
            return self._only.elapsed(start, end)
        return seconds_of(self._between(microseconds(start), microseconds(end)))

    def is_open(self, at: datetime) -> bool:
        """Whether time counts from this instant on."""
        since = microseconds(at)
        return self._calendars[bisect_right(self._borders, since)].opens_at(since)

    def windows(self, start: datetime, count: int) -> list[tuple[datetime, datetime]]:
        """The next open intervals, as long as possible whichever calendar rules, the first from `start` on if that is open.

        Fewer than `count` when it doesn't open as often in the years that calendars reach.
        """
        if self._only is not None:
            return self._only.windows(start, count)
        return [(instant(begin), instant(end)) for begin, end in islice(self._open_from(microseconds(start)), count)]

    def intervals(self, start: datetime, end: datetime) -> Iterator[tuple[int, int, int]]:
        """Open intervals of [start, end) as (from, to, open time before), in microseconds since 1970: see Calendar.intervals()."""
        before = 0
        for begin, finish in _merged(self._open_between(microseconds(start), microseconds(end))):
            yield begin, finish, before
            before += finish - begin

    def _forward(self, at: int, amount: int) -> int:
        if amount <= 0:
            return self._backward(at, -amount)
        place = bisect_right(self._borders, at)
        for calendar, border in zip(self._calendars[place:], self._borders[place:], strict=False):
            open_before = calendar.between(at, border)
            if amount <= open_before:
                return calendar.forward(at, amount)
            amount -= open_before
            at = border
        return self._calendars[-1].forward(at, amount)

    def _backward(self, at: int, amount: int) -> int:
        for place in range(bisect_left(self._borders, at), 0, -1):
            calendar, border = self._calendars[place], self._borders[place - 1]
            open_since = calendar.between(border, at)
            if amount <= open_since:
                return calendar.forward(at, -amount)
            amount -= open_since
            at = border
        return self._calendars[0].forward(at, -amount)

    def _between(self, start: int, end: int) -> int:
        if end < start:
            return -self._between(end, start)
        return sum(calendar.between(since, until) for calendar, since, until in self._pieces(start, end))

    def _pieces(self, start: int, end: int) -> Iterator[tuple[Calendar, int, int]]:
        """The calendars that rule between two instants, each with its part of the time."""
        first, beyond = bisect_right(self._borders, start), bisect_left(self._borders, end)
        edges = [start, *self._borders[first:beyond], end]
        for calendar, (since, until) in zip(self._calendars[first:], pairwise(edges), strict=False):
            yield calendar, since, until

    def _open_between(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        for calendar, since, until in self._pieces(start, end):
            yield from calendar.open_between(since, until)

    def _open_from(self, at: int) -> Iterator[tuple[int, int]]:
        last = max(at, self._borders[-1])
        return _merged(chain(self._open_between(at, last), self._calendars[-1].open_from(last)))


class History:
    """All versions of one business calendar, in the order in which they rule; the first has None: it always did.

    Instants of one clock's story each have their coverage: the one known at that instant.
    """

    def __init__(self, versions: Sequence[Version]) -> None:
        self._versions = tuple(versions)
        self._since = [since for since, _ in _ruling(versions)[1:]]
        self._coverages = [Coverage(self._versions[:known]) for known in range(1, len(self._versions) + 1)]

    @property
    def versions(self) -> Sequence[Version]:
        return self._versions

    @property
    def changed_at(self) -> datetime | None:
        """From when on the newest version rules; None when there never was another. Nothing is told of a promise that was earlier."""
        return self._versions[-1][0]

    def known_at(self, at: datetime) -> Coverage:
        """By the versions that rule at this instant or did before: those to come are not known."""
        if not self._since:
            return self._coverages[0]
        return self._coverages[bisect_right(self._since, microseconds(at))]


def _ruling(versions: Sequence[Version]) -> list[tuple[int, Calendar]]:
    """Versions with their instants in microseconds. ValueError unless the first has none and the others ascend."""
    if not versions or versions[0][0] is not None:
        raise ValueError("The first version of a calendar rules from the beginning: its instant is None.")
    instants = [(microseconds(since), calendar) for since, calendar in versions[1:] if since is not None]
    if len(instants) < len(versions) - 1 or any(later <= earlier for (earlier, _), (later, _) in pairwise(instants)):
        raise ValueError("Versions of a calendar must be in the order of the instants from which they rule, no two from the same.")
    return [(FIRST_OF_ALL, versions[0][1]), *instants]


def _window(window: tuple[datetime, datetime]) -> tuple[int, int]:
    since, until = map(microseconds, window)
    if since >= until:
        raise ValueError(f"A window ends at {window[1]}, not after it begins at {window[0]}.")
    return since, until


def _cut(ruling: Sequence[tuple[int, Calendar]], extra: Sequence[tuple[int, int]]) -> tuple[list[int], list[Calendar]]:
    """Extra windows put over the versions: the borders at which another calendar begins to count, and the calendars around them."""
    instants = [since for since, _ in ruling]
    borders: list[int] = []
    calendars = [ruling[0][1]]
    for border in sorted({*instants[1:], *(edge for window in extra for edge in window)}):
        open_anyway = any(since <= border < until for since, until in extra)
        calendar = ALWAYS if open_anyway else ruling[bisect_right(instants, border) - 1][1]
        if calendar is not calendars[-1]:
            borders.append(border)
            calendars.append(calendar)
    return borders, calendars


def _merged(intervals: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Intervals in order, those that touch made one."""
    begin = end = None
    for since, until in intervals:
        if since == end:
            end = until
            continue
        if begin is not None and end is not None:
            yield begin, end
        begin, end = since, until
    if begin is not None and end is not None:
        yield begin, end
