"""What one version of a calendar says, as plain values: usual hours, special days, breaks, and proposals. No Django.

Everything is local to the calendar's zone, which the calendar keeps and no version changes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

# ("09:00", "18:00"); "24:00" may end one. An end at or before its start lies on the next day.
Window = tuple[str, str]
Windows = tuple[Window, ...]
# What a day is called, by language; what people type is under "", for every language.
Names = Mapping[str, str]
Span = tuple[int, int]  # minutes after a day's midnight; beyond 1440: on the next day

DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class OtherHours:
    """The hours of one date, in the place of its weekday's."""

    windows: Windows
    name: Names


@dataclass(frozen=True)
class Break:
    """Closed from `start` until `end`, naive local times, whatever the hours say."""

    start: datetime
    end: datetime
    name: Names

    def closes(self, day: date) -> bool:
        """Whether the date is closed by it from midnight to midnight."""
        return self.start <= _midnight(day) and _midnight(day + timedelta(days=1)) <= self.end


@dataclass(frozen=True)
class Proposal:
    """An optional day, which closes nothing until somebody switches it on. `start`, `end`: what it would close of the day."""

    day: date
    name: Names
    start: str = "00:00"
    end: str = "24:00"

    @property
    def is_whole_day(self) -> bool:
        return (self.start, self.end) == ("00:00", "24:00")

    def as_break(self) -> Break:
        """What switching on a part of a day adds."""
        return Break(_at(self.day, self.start), _at(self.day, self.end), self.name)


@dataclass(frozen=True)
class Content:
    """A version whole. `week`: seven days from Monday; a date is in `dates` or in `holidays`, never in both."""

    week: tuple[Windows, ...]
    dates: Mapping[date, OtherHours] = field(default_factory=dict)
    holidays: Mapping[date, Names] = field(default_factory=dict)
    breaks: tuple[Break, ...] = ()
    proposals: tuple[Proposal, ...] = ()

    def windows_of(self, day: date) -> Windows:
        """The windows that begin on a date, before holidays and breaks close their time."""
        return self.dates[day].windows if day in self.dates else self.week[day.weekday()]

    def name_of(self, day: date) -> Names:
        """What a closed date or one with other hours is called; empty for other dates, and where nobody said."""
        if day in self.holidays:
            return self.holidays[day]
        return self.dates[day].name if day in self.dates else {}

    def breaks_of(self, day: date) -> list[Break]:
        """The breaks that touch a date."""
        begins, ends = _midnight(day), _midnight(day) + timedelta(days=1)
        return [one for one in self.breaks if one.start < ends and begins < one.end]

    def has_switched_on(self, proposal: Proposal) -> bool:
        if proposal.is_whole_day:
            return proposal.day in self.holidays
        wanted = proposal.as_break()
        return any((one.start, one.end) == (wanted.start, wanted.end) for one in self.breaks)


class Kind(StrEnum):
    """What a date is, next to the usual hours of its weekday."""

    OPEN = "open"
    OFF = "off"  # no hours on this weekday
    CLOSED = "closed"
    SHORT = "short"
    OTHER = "other"
    EXTRA = "extra"


def kind_of(content: Content, day: date) -> Kind:
    """How a date differs from its weekday: an extra day is one that is usually closed."""
    usual, hours = _minutes(content.week[day.weekday()]), open_minutes(content, day)
    if day in content.holidays:
        return Kind.CLOSED
    if not hours:
        return Kind.CLOSED if usual else Kind.OFF
    if not usual:
        return Kind.EXTRA
    if hours < usual:
        return Kind.SHORT
    return Kind.OTHER if day in content.dates else Kind.OPEN


def is_special(content: Content, day: date) -> bool:
    """Whether there is something to say of a date beyond its weekday's hours."""
    return day in content.holidays or day in content.dates or kind_of(content, day) not in {Kind.OPEN, Kind.OFF}


def open_minutes(content: Content, day: date) -> int:
    """Open minutes of the windows that begin on a date, as the clock on the wall counts them.

    A holiday is closed from midnight to midnight: it cuts the night before it, and leaves what its own night has after it.
    """
    midnight = _midnight(day)
    closed = [(_minutes_after(midnight, one.start), _minutes_after(midnight, one.end)) for one in content.breaks]
    closed += [(after * DAY_MINUTES, (after + 1) * DAY_MINUTES) for after in (0, 1) if day + timedelta(days=after) in content.holidays]
    closed = merged(closed)
    return sum(
        end - start - sum(max(0, min(end, until) - max(start, since)) for since, until in closed)
        for start, end in merged(spans(content.windows_of(day)))
    )


def has_open_minute(content: Content, first: date, days: int) -> bool:
    """Whether any of so many days from `first` on is open for a minute."""
    return any(open_minutes(content, first + timedelta(days=offset)) for offset in range(days))


def minutes_a_week(content: Content) -> int:
    """Open minutes of the usual week."""
    return sum(map(_minutes, content.week))


def half_day(windows: Windows, *, morning: bool) -> Windows:
    """The hours of a day until noon, or from noon on; empty when there are none."""
    since, until = (0, DAY_MINUTES // 2) if morning else (DAY_MINUTES // 2, 2 * DAY_MINUTES)
    kept = [(max(start, since), min(end, until)) for start, end in spans(windows)]
    return tuple((clock(start), clock(end)) for start, end in kept if start < end)


# --- Times of a day ---------------------------------------------------------------------------------------------------
def spans(windows: Sequence[Window]) -> list[Span]:
    """Windows as minutes after midnight, in their order of beginning. Raises ValueError for what is no time of a day."""
    found = []
    for opens, closes in windows:
        start, end = minute(opens), minute(closes)
        if start == DAY_MINUTES:
            raise ValueError(opens)
        found.append((start, end if end > start else end + DAY_MINUTES))
    return sorted(found)


def minute(text: str) -> int:
    """ "09:30" is 570, "24:00" is 1440. Raises ValueError for anything else."""
    hours, mark, minutes = text.partition(":")
    plain = mark and len(hours) == len(minutes) == 2 and (hours + minutes).isascii() and (hours + minutes).isdigit()
    value = int(hours) * 60 + int(minutes) if plain else -1
    if not 0 <= value <= DAY_MINUTES or int(minutes) > 59:
        raise ValueError(text)
    return value


def clock(minutes: int) -> str:
    """The time of a day so many minutes after its midnight, or after the next: 570 is "09:30", 1440 "24:00", 1500 "01:00"."""
    past = minutes if minutes <= DAY_MINUTES else minutes - DAY_MINUTES
    return f"{past // 60:02d}:{past % 60:02d}"


def merged(found: Sequence[Span]) -> list[Span]:
    """The same minutes as ranges that neither touch nor overlap."""
    whole: list[Span] = []
    for start, end in sorted(found):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole


def overlapping(found: Sequence[Span]) -> bool:
    """Whether two of the ranges share a minute; ends that meet share none."""
    ordered = sorted(found)
    return any(after[0] < before[1] for before, after in pairwise(ordered))


def _minutes(windows: Windows) -> int:
    return sum(end - start for start, end in merged(spans(windows)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _at(day: date, text: str) -> datetime:
    return _midnight(day) + timedelta(minutes=minute(text))


def _minutes_after(midnight: datetime, at: datetime) -> int:
    return int((at - midnight).total_seconds() // 60)


# --- As JSON ----------------------------------------------------------------------------------------------------------
Json = dict[str, Any]  # columns of a version's row


def to_json(content: Content) -> Json:
    """The columns of a version's row."""
    return {
        "week": {str(weekday): _pairs(windows) for weekday, windows in enumerate(content.week)},
        "dates": {day.isoformat(): {"hours": _pairs(of.windows), "name": dict(of.name)} for day, of in sorted(content.dates.items())},
        "holidays": {day.isoformat(): dict(name) for day, name in sorted(content.holidays.items())},
        "breaks": [break_to_json(one) for one in content.breaks],
        "proposals": [{"date": one.day.isoformat(), "name": dict(one.name), "from": one.start, "to": one.end} for one in content.proposals],
    }


def from_json(columns: Mapping[str, Any]) -> Content:
    """What `to_json` wrote."""
    return Content(
        week=tuple(windows_from(columns["week"].get(str(weekday), ())) for weekday in range(7)),
        dates={date.fromisoformat(day): OtherHours(windows_from(of["hours"]), of["name"]) for day, of in columns["dates"].items()},
        holidays={date.fromisoformat(day): name for day, name in columns["holidays"].items()},
        breaks=tuple(break_from_json(one) for one in columns["breaks"]),
        proposals=tuple(Proposal(date.fromisoformat(one["date"]), one["name"], one["from"], one["to"]) for one in columns["proposals"]),
    )


def break_to_json(one: Break) -> Json:
    return {"from": one.start.isoformat(timespec="minutes"), "to": one.end.isoformat(timespec="minutes"), "name": dict(one.name)}


def break_from_json(data: Mapping[str, Any]) -> Break:
    return Break(datetime.fromisoformat(data["from"]), datetime.fromisoformat(data["to"]), data["name"])


def windows_from(pairs: Sequence[Sequence[str]]) -> Windows:
    return tuple((opens, closes) for opens, closes in pairs)


def _pairs(windows: Windows) -> list[list[str]]:
    return [list(window) for window in windows]


def days_of_year(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)
