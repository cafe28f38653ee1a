"""Business time, exactly (SLA-3, SLA-12): when a calendar is open, what is due after so much of it, how much has passed. No Django.

Inside, an instant is the number of microseconds since 1970 in UTC, and an amount of open time is microseconds too: integers, so that
nothing is ever rounded. A calendar says its hours in local time. They are compiled, a few years at a time as questions come, into
sorted intervals of UTC with the open time before each, so that every question is one or two binary searches.

An instant is open when the clock on the wall reads a time that is open. All the rest follows: an hour that a change of the clocks
skips holds no open time, one that happens twice counts twice, and a midnight that does not exist needs no care.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, islice, pairwise
from operator import sub
from threading import Lock
from typing import NamedTuple
from zoneinfo import ZoneInfo

Amount = int | float | Decimal | Fraction
Window = tuple[str, str]  # ("09:00", "18:00")

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Two turns of the Gregorian calendar. Whoever asks further has made a mistake, and must not fill the memory by it.
FIRST_YEAR, LAST_YEAR = 1600, 2399
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Windows of a day, in microseconds from its midnight. Those that end on the next day end after DAY.
_Day = tuple[tuple[int, int], ...]
# Beginnings and ends, both ascending, no interval touching the next.
_Intervals = tuple[list[int], list[int]]

_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
# No zone has ever changed its offset twice within three days, so that looking every second day finds every change (the tests look).
STEP = timedelta(days=2)
_MICROSECOND = timedelta(microseconds=1)


class OutOfReach(OverflowError):
    """There is no such instant: the calendar does not open for so long again, or the years 1600 to 2399 are left."""


def microseconds(instant: datetime) -> int:
    """Since 1970 in UTC. ValueError for an instant without a time zone."""
    try:
        since = instant - EPOCH
    except TypeError:
        raise ValueError(f"{instant!r} is no instant: it has no time zone.") from None
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def instant(since_1970: int) -> datetime:
    """The instant so many microseconds after 1970, in UTC."""
    return EPOCH + timedelta(0, 0, since_1970)


FIRST, END = (microseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in (FIRST_YEAR, LAST_YEAR + 1))
FIRST_OF_ALL, LAST_OF_ALL = microseconds(datetime.min.replace(tzinfo=UTC)), microseconds(datetime.max.replace(tzinfo=UTC))


def amount_of(seconds: Amount) -> int:
    """Seconds as whole microseconds, to the nearest."""
    return round(seconds * SECOND)


def seconds_of(amount: int) -> float:
    """Microseconds as seconds: an integer when they are whole, so that nothing is lost."""
    return amount / SECOND if amount % SECOND else amount // SECOND


class _Compiled(NamedTuple):
    """Open intervals of all time from `first` to `end`, with what binary searches need. Never changed, only replaced by a longer one."""

    first: int
    end: int
    starts: list[int]
    ends: list[int]
    totals: list[int]  # open time before each interval, counted from an origin of the calendar's own; one more for `end`
    shifts: list[int]  # totals less starts: instant plus shift is the open time before an instant inside the interval


class Calendar:
    """When somebody is at work, by local rules of one zone. Never changes: another version is another Calendar.

    tz       the zone of everything local: an IANA name or a tzinfo.
    week     for each day, 0 (Monday) to 6, its windows ("09:00", "18:00"): half open, "24:00" allowed as an end. A window whose end is
             not after its beginning ends on the next day, and belongs to the day on which it begins. A day left out is closed.
    dates    windows of single dates in place of those of their weekday; none closes the date. What is entered for a date is meant,
             so it also replaces a holiday on that date.
    holidays local dates that are closed from midnight to midnight. A window of the evening before ends at that midnight; one that
             begins on the holiday counts from the midnight after it.
    breaks   pairs [from, to) of naive local times, closed whatever else is said.
    always   open at every instant, whatever else is given: 24x7.

    Dates may be ISO strings. Malformed, overlapping and reversed values are refused with a ValueError. Windows of neighbouring dates
    may overlap, their time counts once. Answers are in UTC (there, unlike in a zone where an hour happens twice, Python's == is sure).
    Questions beyond the years 1600 to 2399 raise OutOfReach, except of calendars that never close.
    """

    def __init__(
        self,
        tz: str | tzinfo,
        week: Mapping[int, Sequence[Window]] | None = None,
        dates: Mapping[date | str, Sequence[Window]] | None = None,
        holidays: Iterable[date | str] | None = None,
        breaks: Iterable[tuple[datetime | str, datetime | str]] | None = None,
        always: bool = False,
    ) -> None:
        self.tz = _zone(tz)
        self._week = _parse_week(week or {})
        self._dates = {_day_number(day): _parse_day(windows, str(day)) for day, windows in (dates or {}).items()}
        closed = [(day * DAY, day * DAY + DAY) for day in map(_day_number, holidays or ()) if day not in self._dates]
        self._closed = _merged(sorted(closed + [_parse_break(begin, end) for begin, end in breaks or ()]))
        self.always = always or (not self._dates and not self._closed[0] and _never_closes(self._week))
        self._extending = Lock()
        self._compiled = _Compiled(FIRST, FIRST, [], [], [0], [])  # holds no instant: the first question replaces it

    def add(self, start: datetime, seconds: Amount) -> datetime:
        """The first instant at which so many open seconds have passed since `start`; with none to pass, `start` itself.

        In a calendar 09:00-18:00, 4 h from 16:00 is 11:00 on the next day, 2 h from 16:00 is 18:00 (SLA-12), not 09:00.
        A negative amount is subtracted. OutOfReach when the calendar doesn't open for so long before the year 2400.
        """
        # Conversions are written out here and in elapsed(): calls would cost a fifth of the whole.
        amount = seconds * 1_000_000 if type(seconds) is int else amount_of(seconds)
        return EPOCH + timedelta(0, 0, self.forward(microseconds(start), amount))

    def subtract(self, start: datetime, seconds: Amount) -> datetime:
        """The last instant from which so many open seconds pass until `start`: the mirror of `add`, so that 9 h before 18:00 is 09:00."""
        return instant(self.forward(microseconds(start), -amount_of(seconds)))

    def elapsed(self, start: datetime, end: datetime) -> float:
        """Open seconds from `start` to `end`, an integer when they are whole; when `end` is earlier, minus those from it to `start`."""
        amount = self.between(microseconds(start), microseconds(end))
        return amount / 1_000_000 if amount % 1_000_000 else amount // 1_000_000

    def is_open(self, at: datetime) -> bool:
        """Whether time counts from this instant on: true at the opening, false at the closing."""
        return self.opens_at(microseconds(at))

    def windows(self, start: datetime, count: int) -> list[tuple[datetime, datetime]]:
        """The next open intervals, as long as possible, the first from `start` on if that is open.

        Fewer than `count` when the calendar doesn't open as often before the year 2400; one that never closes has one window, which
        ends with the year 9999.
        """
        return [(instant(begin), instant(end)) for begin, end in islice(self.open_from(microseconds(start)), count)]

    def intervals(self, start: datetime, end: datetime) -> Iterator[tuple[int, int, int]]:
        """Open intervals of [start, end) as (from, to, open time before), in microseconds since 1970, for updates of many rows in SQL.

        The open time is counted from `start`. What falls due after an amount `a` of it lies in the one row where
        before < a <= before + to - from, at from + a - before.
        """
        before = 0
        for opening, closing in self.open_between(microseconds(start), microseconds(end)):
            yield opening, closing, before
            before += closing - opening

    # The same in microseconds, for sums over several calendars.

    def forward(self, at: int, amount: int) -> int:
        """`add`, or `subtract` for a negative amount."""
        if self.always or amount <= 0:
            return self._plain_or_backward(at, amount)
        first, end, starts, ends, totals, shifts = self._compiled
        if not first <= at < end:
            first, end, starts, ends, totals, shifts = self._including(at, at)
        place = bisect_right(starts, at) - 1
        if place < 0:
            target = totals[0] + amount
        else:
            closing = ends[place]
            target = shifts[place] + (at if at < closing else closing) + amount
        while target > totals[-1]:
            first, end, starts, ends, totals, shifts = self._longer(end, at + amount, +1)
        return target - shifts[bisect_left(totals, target) - 1]

    def _plain_or_backward(self, at: int, amount: int) -> int:
        if self.always or not amount:
            if FIRST_OF_ALL <= at + amount <= LAST_OF_ALL:
                return at + amount
            raise OutOfReach("There is no instant before the year 1 or after the year 9999.")
        return self._backward(at, -amount)

    def _backward(self, at: int, amount: int) -> int:
        compiled = self._including(at, at)
        target = compiled.totals[0] + _open_before(compiled, at) - amount
        while target < compiled.totals[0]:
            compiled = self._longer(compiled.first, at - amount, -1)
        return target - compiled.shifts[bisect_right(compiled.totals, target) - 1]

    def between(self, start: int, end: int) -> int:
        """`elapsed`."""
        if self.always:
            return end - start
        if end < start:
            return -self.between(end, start)
        first, beyond, starts, ends, totals, shifts = self._compiled
        if not (first <= start and end < beyond):
            first, beyond, starts, ends, totals, shifts = self._including(start, end)
        place = bisect_right(starts, end) - 1
        if place < 0:
            return 0
        closing = ends[place]
        total = shifts[place] + (end if end < closing else closing)
        place = bisect_right(starts, start) - 1
        if place < 0:
            return total - totals[0]
        closing = ends[place]
        return total - shifts[place] - (start if start < closing else closing)

    def opens_at(self, at: int) -> bool:
        """`is_open`."""
        if self.always:
            return True
        compiled = self._including(at, at)
        place = bisect_right(compiled.starts, at) - 1
        return place >= 0 and at < compiled.ends[place]

    def open_from(self, at: int) -> Iterator[tuple[int, int]]:
        """`windows`, all of them, as far as time is in reach."""
        if self.always:
            yield at, LAST_OF_ALL
            return
        compiled = self._including(at, at)
        while True:
            for place in range(bisect_right(compiled.ends, at), len(compiled.ends)):
                closing = compiled.ends[place]
                if closing == compiled.end < END:
                    break  # it may go on in the years to come
                yield max(at, compiled.starts[place]), closing
                at = closing
            if compiled.end == END:
                return
            compiled = self._longer(compiled.end, compiled.end, +1)

    def open_between(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Open intervals of [start, end), cut to it."""
        if end <= start:
            return
        if self.always:
            yield start, end
            return
        compiled = self._including(start, end)
        for place in range(bisect_right(compiled.ends, start), bisect_left(compiled.starts, end)):
            yield max(start, compiled.starts[place]), min(end, compiled.ends[place])

    # Compiling

    def _including(self, start: int, end: int) -> _Compiled:
        """What is compiled, made longer by whole years until it holds both instants and all between."""
        compiled = self._compiled
        if compiled.first <= start and end < compiled.end:
            return compiled
        if start < FIRST or end >= END:
            raise OutOfReach(f"Business time is known for the years {FIRST_YEAR} to {LAST_YEAR}.")
        with self._extending:
            compiled = self._compiled
            first, beyond = _year_of(start), _year_of(end) + 1
            if compiled.first < compiled.end:
                first, beyond = min(first, _year_of(compiled.first)), max(beyond, _year_of(compiled.end - 1) + 1)
            self._compiled = compiled = self._compile(compiled, _new_year(first), _new_year(beyond))
        return compiled

    def _longer(self, edge: int, asked: int, direction: int) -> _Compiled:
        """What is compiled, twice as long towards past or future, as `edge` is too near. OutOfReach when it can't be, or won't help."""
        compiled = self._compiled
        if edge in (FIRST, END) or not FIRST <= asked < END:
            raise OutOfReach(f"The calendar is not open for so long between the years {FIRST_YEAR} and {LAST_YEAR}.")
        length = max(1, (compiled.end - compiled.first) // (365 * DAY))
        if direction > 0:
            last = min(LAST_YEAR, _year_of(edge) + length - 1)
            return self._including(edge - 1, _new_year(last + 1) - 1)
        return self._including(_new_year(max(FIRST_YEAR, _year_of(edge) - length)), edge)

    def _compile(self, known: _Compiled, first: int, end: int) -> _Compiled:
        """Adds what lies before and after. Totals keep their origin, so that open times read before stay comparable."""
        if known.first == known.end:
            known = known._replace(first=first, end=first)
        earlier = self._open_intervals(first, known.first)
        later = self._open_intervals(known.end, end)
        starts, ends = _joined(_joined(earlier, (known.starts, known.ends)), later)
        origin = known.totals[0] - (sum(earlier[1]) - sum(earlier[0]))
        totals = list(accumulate(map(sub, ends, starts), initial=origin))
        return _Compiled(first, end, starts, ends, totals, list(map(sub, totals, starts)))

    def _open_intervals(self, first: int, end: int) -> _Intervals:
        """Open intervals of UTC between two new years: local time, moved by each offset for as long as that was in force."""
        intervals: _Intervals = ([], [])
        if first == end:
            return intervals
        local_starts, local_ends = self._local_intervals(first - DAY, end + DAY)
        if not local_starts:
            return intervals  # decades without an open minute cost next to nothing
        for since, until, offset in _offsets(self.tz, _year_of(first), _year_of(end)):
            low = bisect_right(local_ends, since + offset)
            high = bisect_left(local_starts, until + offset)
            if low < high:
                starts = [start - offset for start in local_starts[low:high]]
                ends = [closing - offset for closing in local_ends[low:high]]
                starts[0], ends[-1] = max(starts[0], since), min(ends[-1], until)
                intervals = _joined(intervals, (starts, ends))
        return intervals

    def _local_intervals(self, first: int, end: int) -> _Intervals:
        """Open time on the wall's clock, as if it were UTC. Begins a day early, for windows that end on the next."""
        starts: list[int] = []
        ends: list[int] = []
        week, dates, last = self._week, self._dates, first - 2 * DAY
        for day in range(first // DAY - 1, -(-end // DAY)):
            midnight = day * DAY
            for opening, closing in dates[day] if day in dates else week[(day + 3) % 7]:  # 1 January 1970 was a Thursday
                begin, finish = midnight + opening, midnight + closing
                if begin > last:
                    starts.append(begin)
                    ends.append(finish)
                    last = finish
                elif finish > last:
                    ends[-1] = last = finish
        return _without((starts, ends), self._closed)


def _open_before(compiled: _Compiled, at: int) -> int:
    """Open time from the beginning of what is compiled to an instant inside it."""
    place = bisect_right(compiled.starts, at) - 1
    return compiled.shifts[place] + min(at, compiled.ends[place]) - compiled.totals[0] if place >= 0 else 0


# Zones and years


def _zone(tz: str | tzinfo) -> tzinfo:
    if isinstance(tz, tzinfo):
        return tz
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"There is no time zone {tz!r}.") from None


def _new_year(year: int) -> int:
    return (date(year, 1, 1).toordinal() - 719_163) * DAY  # 1 January 1970 is day 719,163


def _year_of(at: int) -> int:
    return date.fromordinal(at // DAY + 719_163).year


def _offsets(tz: tzinfo, first_year: int, end_year: int) -> Iterator[tuple[int, int, int]]:
    """The zone's offsets from UTC in turn, as (from, until, offset), between two new years."""
    for year in range(first_year, end_year):
        yield from offsets_of_year(tz, year)


@lru_cache(maxsize=4096)
def offsets_of_year(tz: tzinfo, year: int) -> tuple[tuple[int, int, int], ...]:
    since = at = instant(_new_year(year))
    end = instant(_new_year(year + 1))
    offset = at.astimezone(tz).utcoffset()
    found = []
    while at < end:
        ahead = at + STEP
        if ahead > end:
            ahead = end
        if ahead.astimezone(tz).utcoffset() != offset:
            ahead = _change(tz, at, ahead)
            found.append((since, ahead, offset))
            since, offset = ahead, ahead.astimezone(tz).utcoffset()
        at = ahead
    if since < end:
        found.append((since, end, offset))
    return tuple((microseconds(since), microseconds(until), offset // _MICROSECOND) for since, until, offset in found if offset is not None)


def _change(tz: tzinfo, before: datetime, after: datetime) -> datetime:
    """The second at which the offset between two instants changes."""
    low, high, offset = 0, (after - before) // timedelta(seconds=1), before.astimezone(tz).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(tz).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)


# Intervals


def _merged(pairs: Iterable[tuple[int, int]]) -> _Intervals:
    """Sorted pairs as intervals that don't touch."""
    starts: list[int] = []
    ends: list[int] = []
    for start, end in pairs:
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return starts, ends


def _joined(earlier: _Intervals, later: _Intervals) -> _Intervals:
    """Both after another; two that touch become one."""
    if earlier[1] and later[0] and earlier[1][-1] == later[0][0]:
        return earlier[0] + later[0][1:], earlier[1][:-1] + later[1]
    return earlier[0] + later[0], earlier[1] + later[1]


def _without(intervals: _Intervals, closed: _Intervals) -> _Intervals:
    """What is left of intervals when what is closed is cut out."""
    if not closed[0]:
        return intervals
    starts: list[int] = []
    ends: list[int] = []
    place, count = 0, len(closed[0])
    for start, end in zip(*intervals, strict=True):
        while place < count and closed[1][place] <= start:
            place += 1
        cut = place
        while cut < count and closed[0][cut] < end:
            if closed[0][cut] > start:
                starts.append(start)
                ends.append(closed[0][cut])
            start = closed[1][cut]
            cut += 1
        if start < end:
            starts.append(start)
            ends.append(end)
    return starts, ends


# What people enter


def _parse_week(week: Mapping[int, Sequence[Window]]) -> tuple[_Day, ...]:
    unknown = [day for day in week if day not in range(7)]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no day of the week: they are 0 (Monday) to 6 (Sunday).")
    return tuple(_parse_day(week.get(day, ()), name) for day, name in enumerate(DAY_NAMES))


def _parse_day(windows: Sequence[Window], name: str) -> _Day:
    """Windows of one day in order. Those that touch are left as they are: compiling merges them."""
    day = sorted(_parse_window(window, name) for window in windows)
    for (_, end), (begin, _) in pairwise(day):
        if begin < end:
            raise ValueError(f"Windows overlap on {name}, from {_clock(begin)} on.")
    return tuple(day)


def _parse_window(window: Window, name: str) -> tuple[int, int]:
    if isinstance(window, str) or len(window) != 2:
        raise ValueError(f"A window on {name} is {window!r}; it must be a beginning and an end.")
    begin, end = (_parse_time(time, name) for time in window)
    if begin == DAY:
        raise ValueError(f"A window on {name} begins at 24:00; it must begin at 00:00 of the next day.")
    return begin, end if end > begin else end + DAY


def _parse_time(text: str, name: str) -> int:
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match:
        hour, minute, second = (int(part or 0) for part in match.groups())
        if (hour < 24 and minute < 60 and second < 60) or (hour, minute, second) == (24, 0, 0):
            return (hour * 3600 + minute * 60 + second) * SECOND
    raise ValueError(f"{text!r} on {name} is no time from 00:00 to 24:00.")


def _clock(time: int) -> str:
    minutes = time % DAY // (60 * SECOND)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _day_number(day: date | str) -> int:
    """Days since 1970."""
    if isinstance(day, str):
        day = date.fromisoformat(day)
    if isinstance(day, datetime) or not isinstance(day, date):
        raise ValueError(f"{day!r} is no date.")
    return day.toordinal() - 719_163


def _parse_break(begin: datetime | str, end: datetime | str) -> tuple[int, int]:
    since, until = _local(begin), _local(end)
    if since >= until:
        raise ValueError(f"A break ends at {end}, not after it begins at {begin}.")
    return since, until


def _local(time: datetime | str) -> int:
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    if not isinstance(time, datetime) or time.tzinfo is not None:
        raise ValueError(f"{time!r} is no local time: a break has no time zone of its own.")
    return microseconds(time.replace(tzinfo=UTC))


def _never_closes(week: Sequence[_Day]) -> bool:
    """Whether a week after itself leaves no gap."""
    pairs = [(day * DAY + begin, day * DAY + end) for day in range(7) for begin, end in week[day]]
    spilled = [(max(0, begin - 7 * DAY), end - 7 * DAY) for begin, end in pairs if end > 7 * DAY]
    starts, ends = _merged(sorted(spilled + pairs))
    return len(starts) == 1 and starts[0] == 0 and ends[0] >= 7 * DAY
