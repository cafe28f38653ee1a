"""What a changed policy means on the clock: the same ticket opened at telling instants, by the version before and by the new one. No Django."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sla.rules import Row, Rules, Target, Value

# The instant at which so many seconds of a calendar's open time are used up, begun at an instant; None if it never is.
Adds = Callable[[datetime, int], datetime | None]

FRIDAY, SATURDAY = 4, 5
# Before closing, so that a target goes on into the next week; and when nobody is there.
FRIDAY_EVENING, SATURDAY_NIGHT = time(17, 30), time(23, 0)


@dataclass(frozen=True)
class Example:
    """When a target of a qualification is due, begun at each of the openings: (before, after), None where nothing is promised."""

    value: Value
    target: Target
    due: tuple[tuple[datetime | None, datetime | None], ...]


def openings(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime, datetime]:
    """Now, the next Friday at 17:30, and the next Saturday at 23:00, on the zone's clocks."""
    return now, _next(now, zone, FRIDAY, FRIDAY_EVENING), _next(now, zone, SATURDAY, SATURDAY_NIGHT)


def _next(now: datetime, zone: ZoneInfo, weekday: int, at: time) -> datetime:
    today = now.astimezone(zone).date()
    day = today + timedelta(days=(weekday - today.weekday()) % 7)
    found = datetime.combine(day, at, zone)
    return found if found > now else datetime.combine(day + timedelta(days=7), at, zone)


def examples(before: Rules, after: Rules, values: Iterable[Value], starts: Iterable[datetime], adds: Adds) -> list[Example]:
    """The targets of `values` whose seconds or coverage differ, counted from each start."""
    found = []
    for value in values:
        old, new = before.rows[value], after.rows[value]
        for target in Target:
            if _promise(old, target) != _promise(new, target):
                due = tuple((_due(old, target, start, adds), _due(new, target, start, adds)) for start in starts)
                found.append(Example(value, target, due))
    return found


def _promise(row: Row, target: Target) -> tuple[bool, int] | None:
    return (row.always, row.seconds[target]) if target in row.seconds else None


def _due(row: Row, target: Target, start: datetime, adds: Adds) -> datetime | None:
    if target not in row.seconds:
        return None
    return start + timedelta(seconds=row.seconds[target]) if row.always else adds(start, row.seconds[target])
