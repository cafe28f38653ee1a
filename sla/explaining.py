"""Why a promise is due when it is: every piece of time that counts towards it, and what moved it (SLA-13). Pure; no Django.

The open pieces add up, to the microsecond, to the seconds that were promised: whoever doubts an instant can add them by hand.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from sla.calendar import instant
from sla.clocks import Clock, Fold, Outcome
from sla.courses import Course, Decision, Entry, Known, Pace, pauses
from sla.coverage import Coverage
from sla.facts import Answered, CalendarChanged, Covered, Fact, Moved, Opened, Phase, Qualified, Uncovered
from sla.rules import Target, Value


class By(StrEnum):
    """Why a piece of time counts."""

    CALENDAR = "calendar"
    ALWAYS = "always"  # covered 24x7
    HELP = "help"  # off-hours help, where the calendar is closed


@dataclass(frozen=True)
class Open:
    """Time that counts, all of it."""

    start: datetime
    end: datetime
    by: By

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True)
class Waiting:
    """A pause, with what it waits for; `end` is None while it lasts."""

    start: datetime
    end: datetime | None
    phase: Phase


@dataclass(frozen=True)
class Closed:
    """The calendar is closed between two open pieces, or before the first."""

    start: datetime
    end: datetime


Piece = Open | Waiting | Closed


class Kind(StrEnum):
    """What happened to a clock."""

    OPENED = "opened"
    ANSWERED = "answered"
    REOPENED = "reopened"
    BEGUN = "begun"  # by a value or a policy that promises it, where none did before
    PAUSED = "paused"
    RESUMED = "resumed"
    REQUALIFIED = "requalified"
    RESTORED = "restored"  # a lowering dropped out of the story
    CALENDAR = "calendar"  # another version of the calendar began to rule
    RULED = "ruled"  # other promises rule
    HELPED = "helped"
    UNHELPED = "unhelped"
    MET = "met"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Turn:
    """One step in a clock's life. `due`: since then; `value`: the qualification it runs under since, `replaced` the one before."""

    at: datetime
    kind: Kind
    phase: Phase  # since then
    due: datetime | None
    value: Value
    replaced: Value | None = None
    decision: Decision | None = None


class Basis(StrEnum):
    """What the seconds are that the pieces add up to."""

    TARGET = "target"  # the target of the qualification it runs under
    KEPT = "kept"  # the target of an earlier one, kept so that the customer never waits longer
    REST = "rest"  # what an earlier round had left
    HALF = "half"  # half the target, since an earlier round had left less


@dataclass(frozen=True)
class Explanation:
    """One clock. `whole`: the seconds of coverage promised; `value`: the qualification whose target that is, or is a part of."""

    clock: Clock
    whole: float
    basis: Basis
    value: Value
    pieces: tuple[Piece, ...]
    turns: tuple[Turn, ...]

    @property
    def counted(self) -> tuple[Open, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Open))

    @property
    def remainder(self) -> float:
        """Seconds of the whole that no piece shows: what is left of a paused clock, else nothing."""
        return round(self.whole - sum(piece.seconds for piece in self.counted), 6)

    def left_at(self, now: datetime) -> float:
        """Seconds of coverage still to go at an instant; 0 from the due instant on."""
        return round(self.whole - sum(max(0, (min(piece.end, now) - piece.start).total_seconds()) for piece in self.counted), 6)


def explain(facts: Iterable[Fact], until: datetime) -> list[Explanation]:
    """Every clock of a story as of `until`, by its beginning. `facts`: with what calendars did meanwhile (`stories.with_calendars`)."""
    fold, turns, entries = Fold(), dict[tuple[Target, int], list[Turn]](), dict[int, Entry]()
    for fact in sorted(facts, key=lambda fact: (fact.at, fact.number)):
        before = {clock.key: (clock.course, clock.outcome) for clock in fold.clocks}
        fold.tell(fact)
        entries |= {entry.number: entry for entry in fold.track.entries}
        for clock in fold.clocks:
            turns.setdefault(clock.key, []).extend(_turns(before.get(clock.key), clock, fact, fold.scene.phase, entries))
    fold.pass_time(until)
    return [_explanation(fold, clock, entries, turns[clock.key]) for clock in fold.clocks]


# --- What happened to it ----------------------------------------------------------------------------------------------
def _turns(
    before: tuple[Course, Outcome | None] | None, clock: Clock, fact: Fact, phase: Phase, entries: Mapping[int, Entry]
) -> Iterator[Turn]:
    """What one fact did to a clock."""
    course, value = clock.course, entries[clock.course.entry].value
    if before is None:
        yield Turn(fact.at, _beginner(fact), phase, course.due, value)
        return
    earlier, outcome = before
    if outcome != clock.outcome and clock.outcome is not None:
        yield Turn(fact.at, Kind.MET if clock.outcome == Outcome.MET else Kind.CANCELLED, phase, course.due, value)
    elif isinstance(fact, Qualified) and fact.restores is not None:
        if (earlier.due, earlier.entry, outcome) != (course.due, course.entry, clock.outcome):
            yield Turn(fact.at, Kind.RESTORED, phase, course.due, value, entries[earlier.entry].value)
    else:
        yield from _course_turns(earlier, course, fact, phase, entries)


def _course_turns(earlier: Course, course: Course, fact: Fact, phase: Phase, entries: Mapping[int, Entry]) -> Iterator[Turn]:
    value, decision = entries[course.entry].value, course.decided
    is_decided = decision is not None and decision is not earlier.decided
    if (earlier.pace, course.pace) == (Pace.RUNNING, Pace.PAUSED):
        yield Turn(fact.at, Kind.PAUSED, phase, None, value)
    if (earlier.pace, course.pace) == (Pace.PAUSED, Pace.RUNNING):
        due = decision.kept if decision and is_decided else course.due
        yield Turn(fact.at, Kind.RESUMED, phase, due, entries[earlier.entry].value)
    if is_decided:
        kind = Kind.RULED if _are_others_rules(entries[earlier.entry], entries[course.entry]) else Kind.REQUALIFIED
        yield Turn(fact.at, kind, phase, course.due, value, entries[earlier.entry].value, decision)
    elif earlier.pace == course.pace == Pace.RUNNING and earlier.due != course.due:
        yield Turn(fact.at, _mover(fact), phase, course.due, value)


def _are_others_rules(before: Entry, after: Entry) -> bool:
    """Whether another version promises otherwise for the same value; a paused clock learns of it when it goes on."""
    return before.value == after.value and before.rules != after.rules


def _beginner(fact: Fact) -> Kind:
    match fact:
        case Opened():
            return Kind.OPENED
        case Answered():
            return Kind.ANSWERED
        case Moved():
            return Kind.REOPENED
    return Kind.BEGUN


def _mover(fact: Fact) -> Kind:
    match fact:
        case CalendarChanged():
            return Kind.CALENDAR
        case Covered():
            return Kind.HELPED
        case Uncovered():
            return Kind.UNHELPED
    return Kind.RULED


# --- What it adds up from ---------------------------------------------------------------------------------------------
def _explanation(fold: Fold, clock: Clock, entries: Mapping[int, Entry], turns: Sequence[Turn]) -> Explanation:
    course = clock.course
    whole = round(sum(leg.seconds for leg in course.counted) + course.left, 6)
    basis, value = _basis(clock, whole, entries)
    return Explanation(clock, whole, basis, value, tuple(_pieces(fold, clock, entries[course.entry].value)), tuple(turns))


def _basis(clock: Clock, whole: float, entries: Mapping[int, Entry]) -> tuple[Basis, Value]:
    """Whose target, or which part of it, the seconds are."""
    present = entries[clock.course.entry]
    values = [present, *(entry for _number, entry in sorted(entries.items(), reverse=True))]
    if clock.round > 1 and clock.target == Target.RESOLUTION:
        part = Basis.TARGET if present.row.seconds[clock.target] == whole else Basis.REST
        halved = next((entry for entry in values if entry.row.seconds.get(clock.target, 0) / 2 == whole), None)
        return (Basis.HALF, halved.value) if halved else (part, present.value)
    found = next((entry for entry in values if entry.row.seconds.get(clock.target) == whole), present)
    return (Basis.TARGET if found is present else Basis.KEPT), found.value


def _pieces(fold: Fold, clock: Clock, value: Value) -> Iterator[Piece]:
    """In order, without gaps."""
    spans, known = _spans(clock.course), _known(fold, clock)
    found: list[Open | Waiting] = []
    if spans and _began_paused(fold, clock, value, spans[0][0]):
        found += _waits(fold, clock.started_at, spans[0][0])
    for place, (start, end, always) in enumerate(spans):
        if place and spans[place - 1][1] < start:
            found += _waits(fold, spans[place - 1][1], start)
        found += [Open(start, end, By.ALWAYS)] if always else _counted(known, clock.target, start, end)
    if clock.course.due is None:
        found += _waits(fold, clock.course.anchor, clock.stopped_at)
    return _without_gaps(_joined(found), spans[0][0] if spans else clock.started_at)


def _joined(pieces: Iterable[Open | Waiting]) -> Iterator[Open | Waiting]:
    """Open pieces that touch, and count by the same, made one: it was counted anew between them, and nothing else."""
    held: Open | Waiting | None = None
    for piece in pieces:
        if isinstance(held, Open) and isinstance(piece, Open) and (held.end, held.by) == (piece.start, piece.by):
            held = Open(held.start, piece.end, held.by)
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held


def _without_gaps(pieces: Iterable[Open | Waiting], at: datetime | None) -> Iterator[Piece]:
    """What is between them is closed."""
    for piece in pieces:
        if at is not None and at < piece.start:
            yield Closed(at, piece.start)
        yield piece
        at = piece.end


def _spans(course: Course) -> list[tuple[datetime, datetime, bool]]:
    """From when until when it ran towards the due instant, in which coverage; what came after that instant counts no more."""
    spans = [(leg.start, leg.end, leg.always) for leg in course.counted]
    due = course.due or course.overdue
    if due is not None:
        spans = [(start, min(end, due), always) for start, end, always in (*spans, (course.anchor, due, course.always)) if start < due]
    return spans


def _known(fold: Fold, clock: Clock) -> Known:
    """Open time as it was known when the due instant was computed for the last time."""
    numbers = [fact.number for fact in fold.track.facts]
    return fold.track.known[numbers.index(clock.stopped_by) if clock.stopped_by in numbers else -1]


def _counted(known: Known, target: Target, start: datetime, end: datetime) -> Iterator[Open]:
    """Open pieces of a span, those of off-hours help told apart from the calendar's."""
    for since, until in _intervals(known.of(target), start, end):
        yield from _told_apart(known, since, until)


def _told_apart(known: Known, start: datetime, end: datetime) -> Iterator[Open]:
    at = start
    for since, until in _intervals(known.plain, start, end):
        if at < since:
            yield Open(at, since, By.HELP)
        yield Open(since, until, By.CALENDAR)
        at = until
    if at < end:
        yield Open(at, end, By.HELP)


def _intervals(coverage: Coverage, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    return ((instant(since), instant(until)) for since, until, _before in coverage.intervals(start, end))


def _began_paused(fold: Fold, clock: Clock, value: Value, first: datetime) -> bool:
    """Whether it waited from its beginning; else what came before the first piece does not count because somebody decided so."""
    phases = {wait.phase for wait in _waits(fold, clock.started_at, first)}
    return bool(phases) and all(pauses(clock.target, value, phase) for phase in phases)


def _waits(fold: Fold, start: datetime, end: datetime | None) -> Iterator[Waiting]:
    """What was waited for from `start` until `end`, None: it still is."""
    scenes = fold.track.scenes
    edges = sorted({start, *(scene.at for scene in scenes if start < scene.at and (end is None or scene.at < end))})
    phases = [(at, next((scene.phase for scene in reversed(scenes) if scene.at <= at), Phase.WORKING)) for at in edges]
    changed = [phases[0], *(later for earlier, later in pairwise(phases) if later[1] != earlier[1])]
    ends = [*(at for at, _phase in changed[1:]), end]
    for (at, phase), until in zip(changed, ends, strict=True):
        if until is None or at < until:
            yield Waiting(at, until, phase)
