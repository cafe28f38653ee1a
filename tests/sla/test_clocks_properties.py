"""Random stories: told one at a time from what was kept they come to the same as replayed, and promises hold what the rules say."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sla.calendar import Calendar
from sla.clocks import Clock, Fold, Outcome, StoryNeeded, replay
from sla.coverage import History
from sla.facts import Answered, Covered, Fact, Moved, Opened, Passed, Phase, Qualified, Ruled, Uncovered
from sla.rules import VALUES, Row, Rules, Value, rank
from sla.stories import switched, with_calendars
from tests.sla.stories import BRASILIA, SHIPPED, STANDARD, WEEK, times

MONDAY = datetime(2026, 11, 23, tzinfo=BRASILIA)
LONGER = Calendar("America/Sao_Paulo", WEEK | {5: [("08:00", "12:00")]})
SHORTER = Calendar("America/Sao_Paulo", {day: [("10:00", "12:00"), ("13:00", "17:00")] for day in range(5)})

EARLIER = History([(None, Calendar("America/Sao_Paulo", {day: [("08:00", "18:00")] for day in range(5)}))])
AWAY = History([(None, Calendar("Asia/Tokyo", WEEK)), (MONDAY + timedelta(days=2), SHORTER), (MONDAY + timedelta(days=4), LONGER)])
KINDS = ("answered", "moved", "moved", "declared", "verified", "restored", "covered", "uncovered")

instants = st.integers(0, 6 * 24 * 12).map(lambda fives: MONDAY + timedelta(minutes=5 * fives))
values = st.sampled_from(VALUES)
phases = st.sampled_from([Phase.WORKING, Phase.WORKING, Phase.WAITING_CUSTOMER, Phase.WAITING_APPROVAL, Phase.RESOLVED])


@dataclass(frozen=True, kw_only=True)
class Switched(Ruled):
    """`onto`: the calendar that rules from here on, as it is found by whoever goes on from what was kept."""

    onto: History


@st.composite
def stories(draw: Any, kinds: tuple[str, ...] = KINDS) -> list[Fact]:
    """Facts as a ticket's story may have them, in order; the calendar may get other hours in the middle."""
    moments = sorted(draw(st.lists(instants, min_size=1, max_size=14)))
    changes = {
        draw(st.sampled_from(moments)): other for other in draw(st.lists(st.sampled_from([LONGER, SHORTER]), max_size=2, unique=True))
    }
    calendar = History([*SHIPPED.versions, *((at, changes[at]) for at in sorted(changes) if at > moments[0])])
    facts: list[Fact] = [Opened(at=moments[0], number=1, value=draw(values), rules=STANDARD, calendar=calendar)]
    for number, at in enumerate(moments[1:], start=2):
        facts.append(_fact(draw, at, number, facts, kinds))
    return with_calendars(facts, moments[-1])


def _fact(draw: Any, at: datetime, number: int, before: list[Fact], kinds: tuple[str, ...]) -> Fact:
    lowerings = [n for n, old, new in _changes(before) if rank(new) < rank(old)]
    kind = draw(st.sampled_from(kinds))
    match kind:
        case "answered":
            return Answered(at=at, number=number)
        case "moved":
            return Moved(at=at, number=number, phase=draw(phases), by_staff=draw(st.booleans()))
        case "ruled":
            ruling = next(fact for fact in reversed(before) if isinstance(fact, Opened | Ruled))
            onto = draw(st.sampled_from([EARLIER, AWAY]))
            rules = draw(st.sampled_from([ruling.rules, times(0.5), times(2)]))
            return Switched(at=at, number=number, rules=rules, calendar=switched(ruling.calendar, onto, at), onto=onto)
        case "covered":
            return Covered(at=at, number=number, key=f"help {number}", start=draw(instants), until=draw(instants) + timedelta(hours=4))
        case "uncovered" if helps := [fact.key for fact in before if isinstance(fact, Covered)]:
            return Uncovered(at=at, number=number, key=draw(st.sampled_from(helps)))
        case "restored" if lowerings:
            lowering = lowerings[-1]
            value = next(old for n, old, _new in _changes(before) if n == lowering)
            return Qualified(at=at, number=number, value=value, verdict=True, restores=lowering)
    value = draw(values)
    if value == _value(before):
        return Passed(at=at, number=number)
    return Qualified(at=at, number=number, value=value, verdict=kind != "declared")


def _value(facts: list[Fact]) -> Value:
    return next(fact.value for fact in reversed(facts) if isinstance(fact, Opened | Qualified))


def _changes(facts: list[Fact]) -> list[tuple[int, Value, Value]]:
    """Changes since the last restoration: one inside what dropped out can't be restored again."""
    valued = [fact for fact in facts if isinstance(fact, Opened | Qualified)]
    cut = max((place for place, fact in enumerate(valued) if isinstance(fact, Qualified) and fact.restores), default=0)
    return [(new.number, old.value, new.value) for old, new in pairwise(valued[cut:])]


def _one_at_a_time(facts: list[Fact]) -> tuple[dict[Any, Clock], Fold]:
    """As commands do: what was kept goes on, and a fact that looks back replays the story until then."""
    fold, kept = Fold(), dict[Any, Clock]()
    for count, fact in enumerate(facts):
        try:
            if count:
                scene = replace(fold.scene, calendar=_found(facts[:count]))
                fold = Fold.continued(scene=scene, entry=fold.entry, clocks=[_as_kept(c) for c in fold.running])
            fold.tell(fact)
        except StoryNeeded:
            fold = replay(facts[: count + 1])
        kept |= {clock.key: clock for clock in fold.clocks}
    return kept, fold


def _found(facts: list[Fact]) -> History:
    """The calendar that rules, which knows nothing of those that ruled before."""
    last = next(fact for fact in reversed(facts) if isinstance(fact, Opened | Switched))
    return last.onto if isinstance(last, Switched) else last.calendar


def _as_kept(clock: Clock) -> Clock:
    """Without what is not kept."""
    return replace(clock, course=replace(clock.course, counted=()), breaches=list(clock.breaches), firings=list(clock.firings))


@settings(max_examples=300)
@given(stories() | stories(kinds=(*KINDS, "ruled", "ruled")))
def test_told_one_at_a_time_a_story_comes_to_what_its_replay_does(facts: list[Fact]) -> None:
    whole = replay(facts)
    replayed = {clock.key: _as_kept(clock) for clock in whole.clocks}

    kept, fold = _one_at_a_time(facts)

    told = {key: _as_kept(clock) for key, clock in kept.items()}
    assert {k: replace(c, chain=replayed[k].chain) for k, c in told.items()} == replayed
    assert _ahead(fold) == _ahead(whole)


def _ahead(fold: Fold) -> dict[Any, Any]:
    """When there is something to notice of what runs, and when three quarters of it are used up."""
    return {clock.key: (fold.next_instant(clock), fold.share_instant(clock, 0.75)) for clock in fold.running}


@settings(max_examples=200)
@given(stories())
def test_a_change_of_value_never_lets_the_customer_wait_longer_than_a_full_target(facts: list[Fact]) -> None:
    for count, fact in enumerate(facts):
        if not isinstance(fact, Qualified) or fact.restores is not None:
            continue
        before = {clock.key: clock.due_at for clock in replay(facts[:count]).running}
        fold = replay(facts[: count + 1])
        for clock in fold.running:
            was, now = before.get(clock.key), clock.due_at
            if was is not None and now is not None and clock.target in fold.entry.row.seconds:
                coverage = fold.track.coverage(clock.target, always=fold.entry.row.always)
                full = coverage.add(fact.at, fold.entry.row.seconds[clock.target])
                decided = clock.course.decided
                assert decided is not None
                assert decided.replayed is not None
                assert now == (decided.replayed if decided.replayed >= was else min(was, full))


@settings(max_examples=200)
@given(stories() | stories(kinds=(*KINDS, "ruled")))
def test_what_was_counted_adds_up(facts: list[Fact]) -> None:
    fold = replay(facts)

    for clock in fold.running:
        course = clock.course
        if course.due is not None and course.left > 0 and course.due >= course.anchor:
            coverage = fold.track.coverage(clock.target, always=course.always)
            assert abs(coverage.elapsed(course.anchor, course.due) - course.left) < 1e-6
        for leg in course.counted:
            assert leg.start < leg.end


@settings(max_examples=200)
@given(stories())
def test_at_most_one_miss_of_a_clock_stands_and_stopped_clocks_stay(facts: list[Fact]) -> None:
    outcomes: dict[Any, Outcome] = {}
    for count in range(1, len(facts) + 1):
        for clock in replay(facts[:count]).clocks:
            assert sum(breach.annulled_at is None for breach in clock.breaches) <= 1
            if outcomes.get(clock.key) == Outcome.MET:
                assert clock.outcome == Outcome.MET
            if clock.outcome is not None:
                outcomes[clock.key] = clock.outcome


@settings(max_examples=200)
@given(stories())
def test_only_a_verdict_that_gives_more_time_annuls_a_miss(facts: list[Fact]) -> None:
    for count, fact in enumerate(facts):
        before, fold = replay(facts[:count], fact.at) if count else Fold(), replay(facts[: count + 1])
        due = {clock.key: clock.course.due or clock.course.overdue for clock in before.clocks}
        for key, _missed in _annulled(fold) - _annulled(before):
            clock = next(clock for clock in fold.clocks if clock.key == key)
            decided = clock.course.decided
            took_away = clock.outcome == Outcome.CANCELLED
            if isinstance(fact, Qualified):
                assert fact.verdict
                assert fact.restores is not None or took_away or due[key] is None or clock.due_at > due[key]
            else:  # a verdict during the pause that this ends
                assert decided is not None
                assert decided.by_verdict
                assert decided.moves_on


AROUND_THE_CLOCK = Rules({value: Row(always=True, seconds=row.seconds) for value, row in STANDARD.rows.items()}, STANDARD.steps)
WITHOUT_RESOLUTION = Rules(
    {value: Row(row.always, {t: s for t, s in row.seconds.items() if t != "resolution"}) for value, row in STANDARD.rows.items()},
    STANDARD.steps,
)


@settings(max_examples=300)
@given(stories(), st.sampled_from([times(0.1), times(0.5), times(2), AROUND_THE_CLOCK, WITHOUT_RESOLUTION]), st.booleans())
def test_another_version_makes_nothing_late_and_no_miss_disappear(facts: list[Fact], rules: Rules, goes_on: bool) -> None:
    at = facts[-1].at + timedelta(hours=1)
    calendar = next(fact.calendar for fact in facts if isinstance(fact, Opened))
    ruled = Ruled(at=at, number=100, rules=rules, calendar=calendar)
    after = [Moved(at=at, number=101, phase=Phase.WORKING)] if goes_on else []

    before, moved = replay([*facts, *after], at), replay([*facts, ruled, *after], at)

    assert _misses(moved) == _misses(before)
    assert _annulled(moved) <= _annulled(before)
    assert _kept(moved) == _kept(before)
    for clock in moved.running:
        if clock.due_at is not None and clock.breach is None:
            assert clock.due_at >= at


def _misses(fold: Fold) -> set[Any]:
    return {(clock.key, breach.due_at) for clock in fold.clocks for breach in clock.breaches}


def _annulled(fold: Fold) -> set[Any]:
    return {(clock.key, breach.due_at) for clock in fold.clocks for breach in clock.breaches if breach.annulled_at}


def _kept(fold: Fold) -> set[Any]:
    return {clock.key for clock in fold.clocks if clock.outcome == Outcome.MET and clock.breach is None}
