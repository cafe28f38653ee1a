"""Deadlines explained: what they add up from, and what moved them (SLA-13)."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings

from sla.clocks import Outcome
from sla.courses import Choice
from sla.explaining import Basis, By, Closed, Explanation, Kind, Open, Waiting, explain
from sla.facts import Fact, Opened, Phase, Qualified
from sla.rules import Target
from tests.sla.stories import CRITICAL, FUNCTIONAL, HIGH, LOW, MEDIUM, STANDARD, Story, at, times
from tests.sla.test_clocks_properties import stories

FIRST, UPDATE, RESOLUTION = Target.FIRST_RESPONSE, Target.NEXT_UPDATE, Target.RESOLUTION
HOUR = 3600


def explained(story: Story, target: Target, until: str = "30 Dec 12:00") -> Explanation:
    return [one for one in explain(story.facts, at(until)) if one.clock.target == target][-1]


def test_a_holiday_and_a_weekend_lie_between_the_pieces() -> None:  # T2
    found = explained(Story("19 Nov 17:30", MEDIUM), FIRST)

    assert found.pieces == (
        Open(at("19 Nov 17:30"), at("19 Nov 18:00"), By.CALENDAR),
        Closed(at("19 Nov 18:00"), at("23 Nov 09:00")),
        Open(at("23 Nov 09:00"), at("23 Nov 12:30"), By.CALENDAR),
    )
    assert (found.whole, found.basis, found.value) == (4 * HOUR, Basis.TARGET, MEDIUM)


def test_what_is_closed_at_the_opening_is_said_first() -> None:  # T3
    found = explained(Story("21 Nov 10:00", LOW), FIRST)

    assert found.pieces[0] == Closed(at("21 Nov 10:00"), at("23 Nov 09:00"))


def test_a_pause_says_what_it_waits_for() -> None:  # T4
    story = Story("23 Nov 09:00", HIGH).waiting("23 Nov 11:00")
    paused = explained(story, RESOLUTION)
    resumed = explained(story.goes_on("24 Nov 10:00"), RESOLUTION)

    morning = Open(at("23 Nov 09:00"), at("23 Nov 11:00"), By.CALENDAR)
    assert paused.pieces == (morning, Waiting(at("23 Nov 11:00"), None, Phase.WAITING_CUSTOMER))
    assert (paused.whole, paused.remainder) == (9 * HOUR, 7 * HOUR)
    assert resumed.pieces == (
        morning,
        Waiting(at("23 Nov 11:00"), at("24 Nov 10:00"), Phase.WAITING_CUSTOMER),
        Open(at("24 Nov 10:00"), at("24 Nov 17:00"), By.CALENDAR),
    )
    assert [turn.kind for turn in resumed.turns] == [Kind.OPENED, Kind.PAUSED, Kind.RESUMED]


def test_a_kept_instant_adds_up_to_the_target_of_the_value_before() -> None:  # T6
    story = Story("23 Nov 09:00", MEDIUM).declared("23 Nov 12:50", CRITICAL)
    first, resolution = explained(story, FIRST), explained(story, RESOLUTION)

    assert (first.whole, first.basis, first.value) == (4 * HOUR, Basis.KEPT, MEDIUM)
    assert (resolution.whole, resolution.basis, resolution.value) == (4 * HOUR, Basis.TARGET, CRITICAL)
    assert resolution.pieces == (Open(at("23 Nov 12:50"), at("23 Nov 16:50"), By.ALWAYS),)
    decided = [one.turns[-1].decision.choice for one in (first, resolution) if one.turns[-1].decision]
    assert decided == [Choice.KEPT, Choice.FULL]


def test_a_kept_instant_adds_up_to_the_target_of_the_version_before() -> None:
    story = Story("23 Nov 09:00", HIGH).ruled("23 Nov 10:30", times(0.5))
    first, resolution = explained(story, FIRST), explained(story, RESOLUTION)

    assert (first.whole, first.basis, first.value) == (2 * HOUR, Basis.KEPT, HIGH)
    assert (resolution.whole, resolution.basis, resolution.value) == (4.5 * HOUR, Basis.TARGET, HIGH)
    assert [one.turns[-1].kind for one in (first, resolution)] == [Kind.RULED, Kind.RULED]


def test_another_version_that_ruled_during_a_pause_is_said_on_resuming() -> None:
    story = Story("23 Nov 09:00", HIGH).waiting("23 Nov 11:00").ruled("23 Nov 12:00", times(2)).goes_on("24 Nov 10:00")

    turns = explained(story, RESOLUTION).turns

    assert [turn.kind for turn in turns] == [Kind.OPENED, Kind.PAUSED, Kind.RESUMED, Kind.RULED]
    assert turns[-1].due == at("25 Nov 17:00")


def test_what_was_decided_on_resuming_stands_beside_the_resuming() -> None:  # T7
    story = Story("23 Nov 09:00", MEDIUM).answered("23 Nov 10:30").waiting("23 Nov 11:00")
    found = explained(story.goes_on("24 Nov 02:00").declared("24 Nov 02:00", CRITICAL), RESOLUTION)

    assert [(turn.kind, turn.due) for turn in found.turns[2:]] == [
        (Kind.RESUMED, at("26 Nov 16:00")),
        (Kind.REQUALIFIED, at("24 Nov 06:00")),
    ]
    assert found.pieces == (Open(at("24 Nov 02:00"), at("24 Nov 06:00"), By.ALWAYS),)


def test_a_restored_clock_counts_as_if_it_had_never_been_lowered() -> None:  # T8
    story = Story("23 Nov 09:00", HIGH).answered("23 Nov 09:30").verified("23 Nov 10:00", LOW).verified("25 Nov 10:00", HIGH, restores=3)
    found = explained(story, RESOLUTION)

    assert found.pieces == (Open(at("23 Nov 09:00"), at("23 Nov 18:00"), By.CALENDAR),)
    assert [(turn.kind, turn.due) for turn in found.turns] == [
        (Kind.OPENED, at("23 Nov 18:00")),
        (Kind.REQUALIFIED, at("4 Dec 18:00")),
        (Kind.RESTORED, at("23 Nov 18:00")),
    ]


def test_a_reopened_round_has_half_the_target_at_least() -> None:  # T9
    found = explained(Story("23 Nov 10:00", CRITICAL).resolved("23 Nov 15:00").goes_on("23 Nov 16:00"), RESOLUTION)

    assert (found.whole, found.basis, found.value) == (2 * HOUR, Basis.HALF, CRITICAL)
    assert found.pieces == (Open(at("23 Nov 16:00"), at("23 Nov 18:00"), By.ALWAYS),)


def test_a_reopened_round_goes_on_with_what_was_left() -> None:
    found = explained(Story("23 Nov 10:00", CRITICAL).resolved("23 Nov 11:00").goes_on("23 Nov 16:00"), RESOLUTION)

    assert (found.whole, found.basis) == (3 * HOUR, Basis.REST)


def test_off_hours_help_is_told_apart_from_the_calendar() -> None:  # T10
    found = explained(Story("27 Nov 17:30", MEDIUM).helped("28 Nov 11:00", "28 Nov 10:00", "28 Nov 15:00"), FIRST)

    assert found.pieces == (
        Open(at("27 Nov 17:30"), at("27 Nov 18:00"), By.CALENDAR),
        Closed(at("27 Nov 18:00"), at("28 Nov 11:00")),
        Open(at("28 Nov 11:00"), at("28 Nov 14:30"), By.HELP),
    )
    assert [(turn.kind, turn.due) for turn in found.turns] == [(Kind.OPENED, at("30 Nov 12:30")), (Kind.HELPED, at("28 Nov 14:30"))]


def test_a_night_without_midnight_is_one_hour_shorter_on_the_wall() -> None:  # T11
    found = explained(Story("3 Nov 2018 23:30", CRITICAL), FIRST)

    assert [(piece.start, piece.end, piece.seconds) for piece in found.counted] == [(at("3 Nov 2018 23:30"), at("4 Nov 2018 01:00"), 1800)]


def test_a_late_clock_adds_up_to_its_due_instant_and_no_further() -> None:
    story = Story("23 Nov 09:00", HIGH).waiting("23 Nov 18:30").goes_on("25 Nov 10:00")
    found = explained(story, RESOLUTION)

    assert found.pieces == (Open(at("23 Nov 09:00"), at("23 Nov 18:00"), By.CALENDAR),)
    assert (found.whole, found.left_at(at("25 Nov 11:00"))) == (9 * HOUR, 0)


def test_what_is_left_at_an_instant() -> None:
    found = explained(Story("23 Nov 09:00", HIGH), RESOLUTION)

    assert found.left_at(at("23 Nov 11:30")) == 6.5 * HOUR


@settings(max_examples=400)
@given(stories())
def test_the_pieces_of_a_clock_add_up_to_what_was_promised(facts: list[Fact]) -> None:
    values = {fact.value for fact in facts if isinstance(fact, Opened | Qualified)}
    for one in explain(facts, facts[-1].at + timedelta(days=90)):
        clock, course = one.clock, one.clock.course
        assert sum(piece.seconds for piece in one.counted) + one.remainder == one.whole
        if course.due is None:
            continue
        assert one.remainder == 0
        assert one.counted[-1].end == course.due
        assert all(earlier.end <= later.start for earlier, later in pairwise(one.counted))
        assert all(piece.start < piece.end for piece in one.counted)
        if clock.is_running:
            promised = {STANDARD.rows[value].seconds.get(clock.target) for value in values}
            present = STANDARD.rows[next(reversed(one.turns)).value].seconds[clock.target]
            if course.decided is None and (clock.round == 1 or clock.target != RESOLUTION):
                promised = {present}
            if clock.round > 1 and clock.target == RESOLUTION:
                assert min(s for s in promised if s is not None) / 2 <= one.whole <= max(s for s in promised if s is not None)
            else:
                assert one.whole in promised


def test_a_clock_begun_under_what_was_taken_back_is_explained_too() -> None:
    story = Story("23 Nov 09:00", HIGH).verified("23 Nov 10:00", FUNCTIONAL).declared("23 Nov 11:00", MEDIUM)
    found = explain(story.verified("23 Nov 12:00", HIGH, restores=2).facts, at("23 Nov 12:00"))

    resolutions = [(one.clock.started_at, one.clock.outcome, one.clock.due_at) for one in found if one.clock.target == RESOLUTION]
    assert resolutions == [(at("23 Nov 09:00"), None, at("23 Nov 18:00")), (at("23 Nov 11:00"), Outcome.CANCELLED, at("26 Nov 11:00"))]
