"""How the time of one clock is counted: where it runs, pauses and begins again, and what a requalification does to it (SLA-5 to SLA-8).

Pure; no Django. A *course* is the state of one clock. Requalification asks what the clock would be due had another value been there
from the beginning: the same story, followed with other *entries*.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sla import calendar
from sla.coverage import Coverage
from sla.facts import Answered, CalendarChanged, Covered, Fact, Moved, Opened, Phase, Qualified, Ruled, Scene, Uncovered, Window
from sla.rules import Row, Rules, Target, Value, rank

ALWAYS = calendar.Calendar("UTC", always=True)
OVER = {Phase.RESOLVED, Phase.CLOSED}


@dataclass(frozen=True)
class Entry:
    """What counts from one fact on: a qualification, by a policy version. `number`: of the fact; `index`: among those told."""

    index: int
    number: int
    at: datetime
    value: Value
    rules: Rules
    by_verdict: bool = False

    @property
    def row(self) -> Row:
        return self.rules.rows[self.value]


class Pace(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class Choice(StrEnum):
    """Which of three instants a requalification took (SLA-6)."""

    REPLAYED = "replayed"  # R: as if the new value had been there from the beginning of the one it replaces
    KEPT = "kept"  # O: the instant it had
    FULL = "full"  # F: the new target whole, from when staff could know


@dataclass(frozen=True)
class Decision:
    """What a requalification did to a clock: the instants it chose from. `by_verdict`, `verdict_at`: whether and when staff said so."""

    taken_at: datetime
    by: int  # the number of the fact whose value counts since
    said_at: datetime
    by_verdict: bool
    choice: Choice
    replayed: datetime | None
    kept: datetime | None
    full: datetime | None
    raised: bool = False  # it is due when it is because a raise moved that earlier, this one or one before

    @property
    def moves_on(self) -> bool:
        """Whether the clock is due later than it was."""
        return self.choice == Choice.REPLAYED and self.replayed is not None and self.kept is not None and self.replayed > self.kept


@dataclass(frozen=True)
class Counted:
    """Time that was counted: so many seconds of coverage from one instant to another."""

    start: datetime
    end: datetime
    seconds: float
    always: bool


@dataclass(frozen=True)
class Course:
    """One clock's time. `left`: seconds of coverage still to go at `anchor`; `always`: the coverage by which `due` was computed.

    `due` is None while it is paused. `overdue`: the due instant that had gone by when it was paused; it stays the due instant.
    `counted`: what adds up to `due`; `used`: seconds of coverage that the clock ran in all, whatever was decided meanwhile.
    """

    pace: Pace
    entry: int  # the number of the entry it runs under, or was paused under
    anchor: datetime
    left: float
    always: bool
    due: datetime | None = None
    overdue: datetime | None = None
    counted: tuple[Counted, ...] = ()
    used: float = 0
    decided: Decision | None = None


@dataclass(frozen=True)
class Chain:
    """A clock from its first start on, through the rounds of a resolution. `index`: the fact that started it."""

    target: Target
    index: int


@dataclass(frozen=True)
class Known:
    """Open time as it is known since one fact: with off-hours help for promises of answers, without for the resolution."""

    plain: Coverage
    helped: Coverage

    def of(self, target: Target) -> Coverage:
        return self.plain if target == Target.RESOLUTION else self.helped


def pauses(target: Target, value: Value, phase: Phase) -> bool:
    """Whether a clock stands still (SLA-5)."""
    if target == Target.FIRST_RESPONSE:
        return False
    return phase == Phase.WAITING_CUSTOMER or (phase == Phase.WAITING_APPROVAL and value[0] != "technical")


@dataclass
class Track:
    """The facts told so far with what each left behind, and what counted when."""

    facts: list[Fact] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    dropped: list[Entry] = field(default_factory=list)  # what a restoration took out of the story; clocks that it ended ran under them
    _memory: dict[tuple[Chain, int, Value, int, int], Course | None] = field(default_factory=dict)

    @classmethod
    def continued(cls, scene: Scene, entry: Entry) -> "Track":
        track = cls(scenes=[scene], entries=[replace(entry, index=0)])
        track.facts.append(Fact(at=scene.at, number=0))
        track.known.append(_known(scene))
        return track

    def add(self, fact: Fact) -> None:
        before = self.scenes[-1] if self.scenes else None
        self.facts.append(fact)
        scene = _scene_after(before, fact)
        self.scenes.append(scene)
        same = before is not None and before.calendar is scene.calendar and before.windows is scene.windows
        self.known.append(self.known[-1] if same and not isinstance(fact, CalendarChanged) else _known(scene))
        match fact:
            case Opened(value=value, rules=rules):
                self._enter(fact, value, rules, by_verdict=False)
            case Qualified(value=value, verdict=verdict):
                self._enter(fact, value, self.entries[-1].rules, by_verdict=verdict)
            case Ruled(rules=rules):
                self._enter(fact, self.entries[-1].value, rules, by_verdict=False)

    def _enter(self, fact: Fact, value: Value, rules: Rules, *, by_verdict: bool) -> None:
        self.entries.append(Entry(len(self.facts) - 1, fact.number, fact.at, value, rules, by_verdict))

    @property
    def has_reopened(self) -> bool:
        """Whether the last fact began a new round."""
        return len(self.scenes) > 1 and self.scenes[-1].round > self.scenes[-2].round

    def entry_of(self, course: Course) -> Entry:
        return next(entry for entry in (*reversed(self.entries), *self.dropped) if entry.number == course.entry)

    def coverage(self, target: Target, always: bool) -> Coverage | calendar.Calendar:
        """As it is known now."""
        return ALWAYS if always else self.known[-1].of(target)

    def begun(self, target: Target) -> tuple[Chain, Course]:
        """A clock that the last fact starts."""
        chain = Chain(target, len(self.facts) - 1)
        return chain, self._begin(chain, tuple(self.entries))

    def followed(self, course: Course, chain: Chain) -> Course | None:
        """The course after the last fact; None when what counts now promises no such thing any more."""
        return self._follow(course, chain, len(self.facts) - 1, tuple(self.entries))

    def stopped(self, course: Course, target: Target) -> Course:
        """The course at the last fact, which stopped it; its due instant stays to be seen."""
        return self._stop(course, target, len(self.facts) - 1)

    def _at(self, index: int) -> datetime:
        return self.scenes[index].at

    def _coverage(self, target: Target, always: bool, index: int) -> Coverage | calendar.Calendar:
        return ALWAYS if always else self.known[index].of(target)

    def _begin(self, chain: Chain, entries: tuple[Entry, ...]) -> Course:
        entry = _valid(entries, chain.index)
        course = Course(Pace.PAUSED, entry.number, self._at(chain.index), entry.row.seconds[chain.target], always=entry.row.always)
        return self._going(course, chain, chain.index, entry)

    def _going(self, course: Course, chain: Chain, index: int, entry: Entry) -> Course:
        """A paused course, running unless something pauses it still."""
        if pauses(chain.target, entry.value, self.scenes[index].phase):
            return course
        return self._resume(course, chain.target, index)

    def _follow(self, course: Course, chain: Chain, index: int, entries: tuple[Entry, ...]) -> Course | None:
        scene, entry = self.scenes[index], _valid(entries, index)
        if course.pace == Pace.STOPPED and scene.phase in OVER:
            return course  # what counts meanwhile concerns it when it goes on
        if chain.target not in entry.row.seconds:
            return None
        if course.pace == Pace.STOPPED:
            course = self._going(self._restart(course, chain.target, index, entries), chain, index, entry)
        elif scene.phase in OVER:
            return self._stop(course, chain.target, index)
        elif course.pace == Pace.PAUSED:
            course = self._going(course, chain, index, entry)
        else:
            course = self._anchor(course, chain.target, index)
            if pauses(chain.target, entry.value, scene.phase):
                return self._pause(course, chain.target, index)
        if course.pace == Pace.RUNNING and course.entry != entry.number:
            return self._decide(course, chain, index, entries, entry)
        return course

    def _count(self, course: Course, target: Target, index: int) -> Course:
        """Count what has gone by since the anchor."""
        at = self._at(index)
        seconds = self._coverage(target, course.always, index).elapsed(course.anchor, at)
        leg = Counted(course.anchor, at, seconds, course.always)
        legs = (*course.counted, leg) if at > course.anchor else course.counted
        left, used = round(course.left - seconds, 6), round(course.used + seconds, 6)
        return replace(course, anchor=at, left=left, used=used, counted=legs)

    def _anchor(self, course: Course, target: Target, index: int) -> Course:
        """Count anew from here where open time is another from now on. A due instant that has gone by stays.

        After other rules always: of time before them the calendar that they brought knows nothing.
        """
        changed = index > 0 and self.known[index] is not self.known[index - 1]
        if course.always or not changed or course.due is None:
            return course
        counted, is_ruled = self._count(course, target, index), isinstance(self.facts[index], Ruled)
        if course.due < self._at(index):
            return counted if is_ruled else course
        due = self._coverage(target, course.always, index).add(counted.anchor, counted.left)
        return course if due == course.due and not is_ruled else replace(counted, due=due)

    def _pause(self, course: Course, target: Target, index: int) -> Course:
        overdue = course.due if course.due is not None and course.due < self._at(index) else None
        return replace(self._count(course, target, index), pace=Pace.PAUSED, due=None, overdue=overdue)

    def _resume(self, course: Course, target: Target, index: int) -> Course:
        at = self._at(index)
        due = course.overdue or self._coverage(target, course.always, index).add(at, max(course.left, 0))
        return replace(course, pace=Pace.RUNNING, anchor=at, due=due, overdue=None)

    def _stop(self, course: Course, target: Target, index: int) -> Course:
        if course.pace == Pace.RUNNING:
            course = self._count(course, target, index)
        return replace(course, pace=Pace.STOPPED)

    def _restart(self, course: Course, target: Target, index: int, entries: tuple[Entry, ...]) -> Course:
        """A new round goes on with what was left, but at least half the target (SLA-8); paused until told to go."""
        row = next(entry for entry in entries if entry.number == course.entry).row
        half = row.seconds[target] / 2
        left, always = (course.left, course.always) if course.left >= half else (half, row.always)
        return Course(Pace.PAUSED, course.entry, self._at(index), left, always=always)

    def _decide(self, course: Course, chain: Chain, index: int, entries: tuple[Entry, ...], entry: Entry) -> Course:
        """One value in the place of another, at the last fact: looser as replayed, tighter the earlier of kept and full (SLA-6)."""
        at, place = self._at(index), _place(entries, course.entry)
        replayed = self._imagined(chain, entries, place, entry, index)
        assert replayed is not None, "what counts now promises it, and so it did from the place on"
        assert replayed.due is not None, "it pauses where the other does"
        assert course.due is not None, "it runs"
        target = entry.row.seconds[chain.target]
        full = self._coverage(chain.target, entry.row.always, index).add(at, target)
        decision = Decision(at, entry.number, entry.at, False, Choice.REPLAYED, replayed.due, course.due, full)
        verdict = self._verdict(course, chain, index, entries, entry)
        if verdict is not None:
            decision = replace(decision, said_at=verdict.at, by_verdict=True)
        if replayed.due >= course.due:
            return replace(replayed, entry=entry.number, decided=replace(decision, raised=_is_raised(replayed)))
        if full >= course.due:
            decision = replace(decision, choice=Choice.KEPT, raised=_is_raised(course))
            return replace(course, entry=entry.number, decided=decision)
        decision = replace(decision, choice=Choice.FULL, raised=rank(entry.value) > rank(entries[place].value))
        used = self._count(course, chain.target, index).used
        return Course(Pace.RUNNING, entry.number, at, target, always=entry.row.always, due=full, used=used, decided=decision)

    def _verdict(self, course: Course, chain: Chain, index: int, entries: tuple[Entry, ...], entry: Entry) -> Entry | None:
        """The verdict by which `entry` counts in the place of the course's.

        Other rules may have come after it during a pause: then only one that by itself would have moved the due instant on.
        """
        place, said = _place(entries, course.entry), entry
        for before in reversed(entries[place + 1 : _place(entries, entry.number)]):
            if before.value != said.value:
                break
            said = before
        if said is entry or not said.by_verdict:
            return said if said.by_verdict else None
        alone = self._imagined(chain, entries, place, said, index)
        moves_on = alone is not None and alone.due is not None and course.due is not None and alone.due > course.due
        return said if moves_on else None

    def _imagined(self, chain: Chain, entries: tuple[Entry, ...], place: int, entry: Entry, until: int) -> Course | None:
        """The course until a fact, had `entry`'s value been in the place of another, from that one's beginning."""
        key = (chain, place, entry.value, id(entry.rules), until)
        if key not in self._memory:
            instead = replace(entries[place], value=entry.value, rules=entry.rules)
            imagined = (*entries[:place], instead)
            course: Course | None = self._begin(chain, imagined)
            for index in range(chain.index + 1, until + 1):
                if course is not None:
                    course = self._follow(course, chain, index, imagined)
            self._memory[key] = course
        return self._memory[key]


def _valid(entries: tuple[Entry, ...], index: int) -> Entry:
    """What counts at a fact."""
    return next(entry for entry in reversed(entries) if entry.index <= index)


def _is_raised(course: Course) -> bool:
    """Whether its due instant is that of a raise."""
    return course.decided is not None and course.decided.raised


def _place(entries: tuple[Entry, ...], number: int) -> int:
    return next(place for place, entry in enumerate(entries) if entry.number == number)


def _scene_after(before: Scene | None, fact: Fact) -> Scene:
    match fact:
        case Opened(calendar=history):
            return Scene(fact.at, Phase.WORKING, history)
        case _ if before is None:
            raise ValueError("A story begins with its opening.")
    match fact:
        case Moved(phase=phase) if before.phase in OVER and phase not in OVER:
            return replace(before, at=fact.at, phase=phase, round=before.round + 1, updates=True)
        case Moved(phase=phase) if phase in OVER and before.phase not in OVER:
            return replace(before, at=fact.at, phase=phase, ended_by=fact.number)
        case Moved(phase=phase):
            return replace(before, at=fact.at, phase=phase)
        case Answered():
            return replace(before, at=fact.at, updates=True)
        case Ruled(calendar=history):
            return replace(before, at=fact.at, calendar=history)
        case Covered(key=key, start=start, until=until):
            window = Window(key, max(start, fact.at), until)
            return replace(before, at=fact.at, windows={**before.windows, key: window})
        case Uncovered(key=key) if key in before.windows:
            window = before.windows[key]
            ended = replace(window, until=max(window.start, min(window.until, fact.at)))
            return replace(before, at=fact.at, windows={**before.windows, key: ended})
        case _:
            return replace(before, at=fact.at)


def _known(scene: Scene) -> Known:
    plain = scene.calendar.known_at(scene.at)
    windows = [(window.start, window.until) for window in scene.windows.values() if window.start < window.until]
    return Known(plain, plain.with_extra(windows) if windows else plain)
