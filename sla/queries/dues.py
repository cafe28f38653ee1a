"""Clocks as pages list them: one query for a promise or for a whole list of promises, in the reader's scope."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from helpdesk.lib.dues import Due
from helpdesk.lib.prepared import Prepared, Question, among
from sla import words
from sla.clocks import Outcome
from sla.facts import Phase
from sla.models import Clock
from sla.rules import Target

COLUMNS = (
    *("pk", "promise_id", "target", "begun", "round", "started_at", "type", "severity", "seconds", "always"),
    *("due_at", "missed_at", "warns_at", "outcome", "stopped_at", "used_seconds", "promise__phase", "promise__calendar__name"),
)
MISSES = ("breaches__due_at", "breaches__cause", "breaches__annulment__at")
UPDATES_SHOWN = 10


@dataclass(frozen=True)
class Miss:
    """A due instant that went by; `annulled_at`: when a verdict made it disappear."""

    due_at: datetime
    cause: str
    annulled_at: datetime | None


@dataclass(frozen=True)
class ClockLine:
    """A clock's row with its misses. Instants in UTC, seconds of coverage; `due_at` is None while it is paused."""

    promise_id: int
    target: Target
    begun: int
    round: int
    started_at: datetime
    type: str
    severity: str
    seconds: int
    always: bool
    due_at: datetime | None
    missed_at: datetime | None
    warns_at: datetime | None
    outcome: str | None
    stopped_at: datetime | None
    used_seconds: float
    phase: Phase
    calendar: str
    misses: tuple[Miss, ...] = ()

    @property
    def is_running(self) -> bool:
        return self.outcome is None

    @property
    def label(self) -> str:
        return str(words.TARGETS[self.target])

    @property
    def terms(self) -> str:
        """ "4 h, business hours (Sao Paulo)", "30 min, 24x7"."""
        return words.terms(self.seconds, always=self.always, calendar=self.calendar)

    def due(self, *, for_staff: bool = True) -> Due:
        """As a chip shows it to this reader."""
        return Due(
            label=self.label,
            terms=self.terms,
            due_at=self.due_at,
            warns_at=self.warns_at,
            waits_for=words.waits_for(self.phase, for_staff=for_staff) if self.is_running and self.due_at is None else "",
            missed_at=self.missed_at,
            met_at=self.stopped_at if self.outcome == Outcome.MET else None,
            is_cancelled=self.outcome == Outcome.CANCELLED,
            used_minutes=int(self.used_seconds // 60),
        )


def clocks_question(promise_id: int) -> Question:
    """Every clock of a promise by its beginning, with all misses, to be asked together with others; `clock_lines` reads the answer."""
    return _of_promise.question(promise_id)


def clock_lines(rows: Iterable[Any]) -> list[ClockLine]:
    return [_line(list(of_clock)) for _pk, of_clock in groupby(rows, key=attrgetter("pk"))]


class _OfTarget(Protocol):
    @property
    def target(self) -> Target: ...

    @property
    def is_running(self) -> bool: ...


C = TypeVar("C", bound=_OfTarget)


def latest(clocks: Sequence[C]) -> list[C]:
    """What a page shows at first, in the same order: of the answers that were given, which may be hundreds, only the last few."""
    given = [clock for clock in clocks if clock.target == Target.NEXT_UPDATE and not clock.is_running]
    older = {id(clock) for clock in given[:-UPDATES_SHOWN]}
    return [clock for clock in clocks if id(clock) not in older]


def nearest(lines: Iterable[ClockLine]) -> ClockLine | None:
    """What a ticket's chip is about: of the running clocks the one due first, paused ones last; without any, the last that was kept."""
    found = list(lines)
    running = [line for line in found if line.is_running]
    if running:
        return min(running, key=lambda line: (line.due_at is None, line.due_at or line.started_at))
    met = [line for line in found if line.outcome == Outcome.MET and line.stopped_at is not None]
    return max(met, key=lambda line: (line.stopped_at, line.target == Target.RESOLUTION), default=None)


def nearest_dues(promise_ids: Sequence[int], *, for_staff: bool = True) -> dict[int, Due]:
    """For rows of a list: the nearest running clock of each promise that has one, by one query."""
    if not promise_ids:
        return {}
    labels, terms = {target: str(word) for target, word in words.TARGETS.items()}, cache(words.terms)  # few, and the same in many rows
    return {
        row.promise_id: Due(
            label=labels[row.target],
            terms=terms(row.seconds, always=row.always, calendar=row.promise__calendar__name),
            due_at=row.due_at,
            warns_at=row.warns_at,
            waits_for=words.waits_for(row.promise__phase, for_staff=for_staff) if row.due_at is None else "",
            missed_at=row.missed_at,
        )
        for row in _nearest(list(promise_ids))
    }


def _line(rows: Sequence[Any]) -> ClockLine:
    """One clock of as many rows as it has misses, or one."""
    first = rows[0]._asdict()
    line = ClockLine(
        target=Target(first["target"]),
        phase=Phase(first["promise__phase"]),
        calendar=first["promise__calendar__name"],
        **{name: first[name] for name in COLUMNS if name not in {"pk", "target", "promise__phase", "promise__calendar__name"}},
    )
    misses = [tuple(row._asdict()[name] for name in MISSES) for row in rows] if MISSES[0] in first else []
    return replace(line, misses=tuple(Miss(*miss) for miss in misses if miss[0] is not None))


_of_promise = Prepared(
    lambda promise: (
        Clock.objects.filter(promise=promise)
        .order_by("started_at", "begun", "pk", "breaches__number")
        .values_list(*COLUMNS, *MISSES, named=True)
    )
)
_nearest = Prepared(
    lambda promises: (
        Clock.objects.running()
        .filter(among("promise_id", promises))
        .order_by("promise_id", "due_at", "started_at")  # what is paused comes last
        .distinct("promise_id")
        .values_list(
            *("promise_id", "target", "seconds", "always", "due_at", "warns_at", "missed_at"),
            *("promise__phase", "promise__calendar__name"),
            named=True,
        )
    )
)
