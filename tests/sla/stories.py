"""Stories for tests of clocks: the calendar and the standard policy as shipped, and facts by local wall time."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import count
from zoneinfo import ZoneInfo

from sla.calendar import Calendar
from sla.clocks import Clock, Fold, replay
from sla.coverage import History
from sla.facts import Answered, Covered, Fact, Moved, Opened, Phase, Qualified, Ruled
from sla.rules import VALUES, Row, Rules, Step, Target, Told, Value

BRASILIA = ZoneInfo("America/Sao_Paulo")
WEEK = {day: [("09:00", "18:00")] for day in range(5)}
SHIPPED = History([(None, Calendar("America/Sao_Paulo", WEEK, holidays=[date(2026, 11, 2), date(2026, 11, 20)]))])

CRITICAL, HIGH, MEDIUM, LOW = (("technical", severity) for severity in ("critical", "high", "medium", "low"))
FUNCTIONAL, UPDATE = ("functional", "medium"), ("update_service", "medium")
STEPS = (
    Step(50, frozenset({Told.ASSIGNEE})),
    Step(80, frozenset({Told.ASSIGNEE, Told.LEAD})),
    Step(100, frozenset({Told.LEAD, Told.ACCOUNT_MANAGER})),
)


def row(first: int, update: int, resolution: int | None, *, always: bool = False) -> Row:
    """Targets in minutes."""
    minutes = {Target.FIRST_RESPONSE: first, Target.NEXT_UPDATE: update, Target.RESOLUTION: resolution}
    return Row(always, {target: value * 60 for target, value in minutes.items() if value is not None})


def _standard(value: Value) -> Row:
    match value:
        case ("technical", "critical"):
            return row(30, 60, 240, always=True)
        case ("technical", "high"):
            return row(120, 240, 540)
        case ("technical", "medium"):
            return row(240, 540, 1620)
        case ("technical", _):
            return row(540, 1620, 5400)
        case ("functional", _):
            return row(240, 540, None)
    return row(540, 1620, None)


STANDARD = Rules({value: _standard(value) for value in VALUES}, STEPS)


def times(factor: float, rules: Rules = STANDARD) -> Rules:
    """Another version, in which every target is so many times as long, in whole minutes."""
    rows = {
        value: Row(row.always, {target: max(60, round(seconds * factor / 60) * 60) for target, seconds in row.seconds.items()})
        for value, row in rules.rows.items()
    }
    return Rules(rows, rules.steps)


def at(text: str, zone: ZoneInfo = BRASILIA) -> datetime:
    """`"21 Nov 23:50"` of 2026, or with a year, in local time."""
    day = text if text.split()[2].isdecimal() else " ".join([*text.split()[:2], "2026", *text.split()[2:]])
    pattern = "%d %b %Y %H:%M:%S" if day.count(":") == 2 else "%d %b %Y %H:%M"
    return datetime.strptime(day, pattern).replace(tzinfo=zone)


class Story:
    """Facts in the order they are told; each method tells one."""

    def __init__(self, opened: str, value: Value, *, rules: Rules = STANDARD, calendar: History = SHIPPED) -> None:
        self.numbers = count(2)
        self.facts: list[Fact] = [Opened(at=at(opened), number=1, value=value, rules=rules, calendar=calendar)]

    def _tell(self, kind: type[Fact], when: str, **values: object) -> "Story":
        self.facts.append(kind(at=at(when), number=next(self.numbers), **values))
        return self

    def answered(self, when: str) -> "Story":
        return self._tell(Answered, when)

    def moved(self, when: str, phase: Phase, *, by_staff: bool = True) -> "Story":
        return self._tell(Moved, when, phase=phase, by_staff=by_staff)

    def waiting(self, when: str) -> "Story":
        return self.moved(when, Phase.WAITING_CUSTOMER)

    def waiting_approval(self, when: str) -> "Story":
        return self.moved(when, Phase.WAITING_APPROVAL)

    def goes_on(self, when: str) -> "Story":
        return self.moved(when, Phase.WORKING, by_staff=False)

    def resolved(self, when: str, *, by_staff: bool = True) -> "Story":
        return self.moved(when, Phase.RESOLVED, by_staff=by_staff)

    def declared(self, when: str, value: Value) -> "Story":
        return self._tell(Qualified, when, value=value, verdict=False)

    def verified(self, when: str, value: Value, *, restores: int | None = None) -> "Story":
        return self._tell(Qualified, when, value=value, verdict=True, restores=restores)

    def ruled(self, when: str, rules: Rules, calendar: History = SHIPPED) -> "Story":
        return self._tell(Ruled, when, rules=rules, calendar=calendar)

    def helped(self, when: str, start: str, until: str) -> "Story":
        return self._tell(Covered, when, key="help", start=at(start), until=at(until))

    def fold(self, until: str | None = None) -> Fold:
        return replay(self.facts, at(until) if until else None)


def last(fold: Fold, target: Target) -> Clock:
    return [clock for clock in fold.clocks if clock.target == target][-1]


def due(fold: Fold, target: Target) -> datetime | None:
    return last(fold, target).due_at


def breaches(fold: Fold) -> Sequence[tuple[Target, datetime, str, datetime | None]]:
    """Every miss, by its due instant: what, due, why, annulled when."""
    rows = [(c.target, b.due_at, str(b.cause), b.annulled_at) for c in fold.clocks for b in c.breaches]
    return sorted(rows, key=lambda row: (row[1], row[0]))
