"""Clocks as a fold over a story: what was promised, by when, what stopped it, and why (SLA-4 to SLA-10). Pure; no Django.

`Fold.tell` takes one fact after the other, by instant, then by number. The same facts give the same clocks, whether they are told
one at a time or all at once (SLA-11).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sla.courses import OVER, Chain, Course, Decision, Entry, Track
from sla.facts import Answered, CalendarChanged, Fact, Moved, Opened, Passed, Phase, Qualified, Ruled, Scene
from sla.rules import Target


class StoryNeeded(Exception):
    """This fact looks back, and the fold was continued from what was kept: replay the story instead."""


class Outcome(StrEnum):
    MET = "met"
    CANCELLED = "cancelled"


class Cause(StrEnum):
    """Why a promise was missed: the first that fits (SLA-10)."""

    LATE_VERIFICATION = "late_verification"
    REQUALIFICATION = "requalification"
    LATE_WORK = "late_work"


@dataclass(frozen=True)
class Breach:
    """A due instant that went by. A verdict that makes it disappear annuls it, beside it (SLA-10)."""

    due_at: datetime
    cause: Cause
    noticed_at: datetime  # the due instant itself, or that of the verdict which restored it too late
    annulled_at: datetime | None = None


@dataclass(frozen=True)
class Firing:
    """A step of escalation. `at`: its own instant, or that of the change after which it lay in the past (SLA-9)."""

    percent: int
    at: datetime


@dataclass
class Clock:
    """One promise running. `begun`: the number of the fact that started it."""

    target: Target
    begun: int
    round: int
    started_at: datetime
    chain: Chain
    course: Course
    outcome: Outcome | None = None
    stopped_at: datetime | None = None
    stopped_by: int | None = None  # the number of the fact
    breaches: list[Breach] = field(default_factory=list)
    firings: list[Firing] = field(default_factory=list)
    reached: int = 0  # the highest step reached as things stand, in percent

    @property
    def key(self) -> tuple[Target, int]:
        """What tells the clocks of one story apart."""
        return self.target, self.begun

    @property
    def is_running(self) -> bool:
        """Neither met nor cancelled; it may be paused, and it may be late."""
        return self.outcome is None

    @property
    def due_at(self) -> datetime | None:
        """None while it is paused, and if it was paused when it was stopped."""
        return self.course.due

    @property
    def breach(self) -> Breach | None:
        """The miss that stands."""
        return next((breach for breach in self.breaches if breach.annulled_at is None), None)


class Fold:
    """What the facts told so far come to: `clocks` by their beginning, `scene`, and the `entry` that counts."""

    def __init__(self) -> None:
        self.clocks: list[Clock] = []
        self.track = Track()
        self.is_whole = True  # told from the opening on; else continued

    @classmethod
    def continued(cls, *, scene: Scene, entry: Entry, clocks: Sequence[Clock]) -> "Fold":
        """Go on from what was kept; `clocks` are those that run. A fact that looks back raises StoryNeeded."""
        fold = cls()
        fold.track = Track.continued(scene, entry)
        fold.clocks, fold.is_whole = list(clocks), False
        return fold

    @property
    def scene(self) -> Scene:
        return self.track.scenes[-1]

    @property
    def entry(self) -> Entry:
        return self.track.entries[-1]

    @property
    def running(self) -> Iterator[Clock]:
        return (clock for clock in self.clocks if clock.is_running)

    def tell(self, fact: Fact) -> None:
        """Fold one more fact. Raises StoryNeeded."""
        if not self.is_whole and self._looks_back(fact):
            raise StoryNeeded
        self.pass_time(fact.at)
        if isinstance(fact, Qualified) and fact.restores is not None:
            self._restore(fact, fact.restores)
            return
        self.track.add(fact)
        self._stop(fact)
        for clock in list(self.running):
            self._follow(clock, fact)
        for target in self._begun_by(fact):
            self._begin(target, fact)

    def pass_time(self, until: datetime) -> None:
        """Notice what fell due before `until`: what happens exactly at an instant is in time."""
        for clock in self.running:
            for percent, at in self._steps(clock):
                if percent > clock.reached and at < until:
                    clock.firings.append(Firing(percent, at))
                    clock.reached = percent
            if clock.due_at is not None and clock.due_at < until and clock.breach is None:
                clock.breaches.append(Breach(clock.due_at, _cause(clock.course.decided, clock.due_at), clock.due_at))

    def next_instant(self, clock: Clock) -> datetime | None:
        """After which instant there is something to notice of this clock, a step or its miss; None: not as things stand."""
        if not clock.is_running or clock.due_at is None:
            return None
        waiting = [at for percent, at in self._steps(clock) if percent > clock.reached]
        return min(waiting, default=clock.due_at if clock.breach is None else None)

    def share_instant(self, clock: Clock, share: float) -> datetime | None:
        """From when on so much of the target is used up, counted back from the due instant; None while it is paused.

        Where that was before it was counted anew, then: calendars that ruled earlier may be forgotten.
        """
        if clock.due_at is None:
            return None
        whole, coverage = self.track.entry_of(clock.course).row.seconds[clock.target], self.track.coverage
        used_up = coverage(clock.target, always=clock.course.always).subtract(clock.due_at, whole * (1 - share))
        return max(used_up, clock.course.anchor)

    def is_covered(self, at: datetime) -> bool:
        """Whether promises of answers run 24x7 at an instant from the last fact on: by what counts, or by off-hours help."""
        if self.scene.phase in OVER:
            return False
        return self.entry.row.always or any(window.start <= at < window.until for window in self.scene.windows.values())

    def next_cover(self, after: datetime) -> datetime | None:
        """When off-hours help begins next."""
        return min((window.start for window in self.scene.windows.values() if after < window.start < window.until), default=None)

    def _looks_back(self, fact: Fact) -> bool:
        """Whether what came before the kept state decides: a requalification, a reopening, a clock that waits for its decision.

        Another version of the calendar too: the time until it came passed by the version before, which nothing that was kept tells.
        """
        waits = any(clock.course.entry != self.entry.number for clock in self.running)
        return waits or isinstance(fact, Opened | Qualified | Ruled | CalendarChanged) or self._reopens(fact)

    def _reopens(self, fact: Fact) -> bool:
        return isinstance(fact, Moved) and self.scene.phase in OVER and fact.phase not in OVER

    def _stop(self, fact: Fact) -> None:
        for clock in list(self.running):
            outcome = _outcome(clock.target, fact)
            if outcome is not None:
                self._end(clock, outcome, fact)

    def _end(self, clock: Clock, outcome: Outcome, fact: Fact) -> None:
        clock.outcome, clock.stopped_at, clock.stopped_by = outcome, fact.at, fact.number
        clock.course = self.track.stopped(clock.course, clock.target)

    def _follow(self, clock: Clock, fact: Fact) -> None:
        """Let a running clock take in what the fact changed."""
        before, course = clock.course, self.track.followed(clock.course, clock.chain)
        if course is None:
            if clock.breach is not None and self.entry.by_verdict:
                self._note_annulled(clock, clock.breach, fact.at)
            self._end(clock, Outcome.CANCELLED, fact)
            return
        clock.course = course
        if course.decided is not before.decided:
            self._annul(clock)
        if (course.due, course.entry, course.always) != (before.due, before.entry, before.always):
            self._rearm(clock, fact.at, moved_later=before.due is None or course.due is None or course.due > before.due)

    def _annul(self, clock: Clock) -> None:
        """A verdict that moves the due instant on makes a miss disappear; a customer's own lowering does not, nor a raise after it."""
        breach, decided = clock.breach, clock.course.decided
        if breach is not None and decided is not None and decided.by_verdict and decided.moves_on:
            self._note_annulled(clock, breach, decided.taken_at)

    def _note_annulled(self, clock: Clock, breach: Breach, at: datetime) -> None:
        clock.breaches[clock.breaches.index(breach)] = replace(breach, annulled_at=at)

    def _steps(self, clock: Clock) -> list[tuple[int, datetime]]:
        """The instants of all steps; none while it is paused. The untouched share is counted back from the due instant.

        The due instant itself is always one, whether or not the policy tells anybody then.
        """
        if clock.due_at is None:
            return []
        entry = self.track.entry_of(clock.course)
        whole, coverage = entry.row.seconds[clock.target], self.track.coverage(clock.target, always=clock.course.always)
        earlier = [step.percent for step in entry.rules.steps if step.percent < 100]
        steps = [(percent, coverage.subtract(clock.due_at, whole * (100 - percent) / 100)) for percent in earlier]
        return [*steps, (100, clock.due_at)]

    def _rearm(self, clock: Clock, now: datetime, *, moved_later: bool = True) -> None:
        """After a change: a step that lies in the past by the new instants fires now unless it had.

        Where the due instant moved later, the steps that it puts ahead are armed again.
        """
        steps = self._steps(clock)
        if steps:
            passed = [percent for percent, at in steps if at < now]
            clock.firings += [Firing(percent, now) for percent in passed if percent > clock.reached]
            clock.reached = max(passed, default=0) if moved_later else max([*passed, clock.reached])

    def _begun_by(self, fact: Fact) -> Iterable[Target]:
        match fact:
            case Opened():
                return (Target.FIRST_RESPONSE, Target.RESOLUTION)
            case Answered() if self.scene.phase not in OVER:
                return (Target.NEXT_UPDATE,)
            case Moved() if self.track.has_reopened:
                return (Target.NEXT_UPDATE, Target.RESOLUTION)
            case Qualified() | Ruled() if self.scene.phase not in OVER:
                return self._new_to_the_row()
        return ()

    def _new_to_the_row(self) -> list[Target]:
        """What is promised now, is still to be done, and has no clock."""
        running = {clock.target for clock in self.running}
        undone = [Target.NEXT_UPDATE if self.scene.updates else Target.FIRST_RESPONSE, Target.RESOLUTION]
        return [target for target in undone if target not in running]

    def _begin(self, target: Target, fact: Fact) -> None:
        if target not in self.entry.row.seconds:
            return
        earlier = self._of_last_round(target) if isinstance(fact, Moved) else None
        if earlier is None:
            chain, course = self.track.begun(target)
        else:
            followed = self.track.followed(earlier.course, earlier.chain)
            assert followed is not None, "what counts now promises it"
            chain, course = earlier.chain, followed
        clock = Clock(target, fact.number, self.scene.round, fact.at, chain, course)
        self.clocks.append(clock)
        self._rearm(clock, fact.at)

    def _of_last_round(self, target: Target) -> Clock | None:
        """The resolution that the last round ended with: the new round goes on with what it left (SLA-8)."""
        if target != Target.RESOLUTION:
            return None
        counts = {entry.number for entry in self.track.entries}  # not what a restoration dropped
        ended = (c for c in reversed(self.clocks) if c.target == target and c.stopped_by == self.scene.ended_by)
        return next((clock for clock in ended if clock.course.entry in counts), None)

    def _restore(self, fact: Qualified, lowering: int) -> None:
        """A lowering drops out of the story, and with it what was decided since; what was met meanwhile stays met."""
        restored = Fold()
        for told in self.track.facts:
            drops = isinstance(told, Qualified) and told.number >= lowering
            restored.tell(Passed(at=told.at, number=told.number) if drops else told)
        restored.tell(Passed(at=fact.at, number=fact.number))
        counts = {entry.number for entry in restored.track.entries}
        dropped = [entry for entry in self.track.entries if entry.number not in counts]
        restored.track.dropped = [*self.track.dropped, *dropped]
        self.track = restored.track
        before = {clock.key: clock for clock in self.clocks}
        self.clocks = [self._merged(before.pop(clock.key, None), clock, fact) for clock in restored.clocks]
        for clock in before.values():  # those that only the lowered row promised
            if clock.is_running:
                self._end(clock, Outcome.CANCELLED, fact)
            self.clocks.append(clock)
        self.clocks.sort(key=lambda clock: (clock.started_at, clock.begun))

    def _merged(self, before: Clock | None, clock: Clock, fact: Qualified) -> Clock:
        """The clock as restored, with what had happened to it: its misses, its steps, and that it was met.

        A miss that only the dropped lowering had annulled stands again for the cause that it had.
        """
        missed, reached = clock.breach, _reached(clock, before.firings if before is not None else ())
        clock.breaches = list(before.breaches) if before is not None else []
        clock.firings, clock.reached = (list(before.firings), max(before.reached, reached)) if before is not None else ([], 0)
        if before is not None and before.outcome == Outcome.MET:
            return clock
        standing = clock.breach
        if standing is not None and missed is None:
            self._note_annulled(clock, standing, fact.at)
        elif standing is None and missed is not None:
            causes = (breach.cause for breach in clock.breaches if breach.due_at == missed.due_at)
            clock.breaches.append(Breach(missed.due_at, next(causes, Cause.LATE_VERIFICATION), fact.at))
        if clock.is_running:
            self._rearm(clock, fact.at)
        return clock


def replay(facts: Iterable[Fact], until: datetime | None = None) -> Fold:
    """The fold of a whole story, as of `until` where that is later than its last fact. Facts in any order."""
    fold = Fold()
    for fact in sorted(facts, key=lambda fact: (fact.at, fact.number)):
        fold.tell(fact)
    if until is not None:
        fold.pass_time(until)
    return fold


def _outcome(target: Target, fact: Fact) -> Outcome | None:
    """What a fact makes of a running clock (SLA-4)."""
    match fact:
        case Answered() if target != Target.RESOLUTION:
            return Outcome.MET
        case Moved(phase=Phase.RESOLVED, by_staff=True):
            return Outcome.MET
        case Moved(phase=Phase.RESOLVED | Phase.CLOSED):
            return Outcome.CANCELLED
    return None


def _reached(clock: Clock, fired: Collection[Firing]) -> int:
    """The highest step that the clock reached as things stand and that is among those that fired, in percent."""
    latest = {firing.percent: firing for firing in clock.firings if firing.percent <= clock.reached}
    return max((percent for percent, firing in latest.items() if firing in fired), default=0)


def _cause(decided: Decision | None, due: datetime) -> Cause:
    if decided is not None and decided.by_verdict and decided.said_at > due:
        return Cause.LATE_VERIFICATION
    if decided is not None and decided.raised:
        return Cause.REQUALIFICATION
    return Cause.LATE_WORK
