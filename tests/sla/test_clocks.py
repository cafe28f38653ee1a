"""The worked examples of clocks, by replay and one fact at a time, and rules that they leave open."""

from dataclasses import replace

import pytest

from sla.calendar import Calendar
from sla.clocks import Fold, Outcome
from sla.coverage import History
from sla.facts import Phase
from sla.keeping import clock_columns
from sla.rules import Target
from sla.stories import switched
from tests.sla.stories import CRITICAL, FUNCTIONAL, HIGH, LOW, MEDIUM, SHIPPED, STANDARD, Story, at, breaches, due, last, times

FIRST, UPDATE, RESOLUTION = Target.FIRST_RESPONSE, Target.NEXT_UPDATE, Target.RESOLUTION


def test_a_critical_ticket_is_covered_on_saturday_night() -> None:  # T1
    fold = Story("21 Nov 23:50", CRITICAL).fold()

    assert (due(fold, FIRST), due(fold, RESOLUTION)) == (at("22 Nov 00:20"), at("22 Nov 03:50"))


def test_a_medium_ticket_waits_out_a_holiday_and_a_weekend() -> None:  # T2
    fold = Story("19 Nov 17:30", MEDIUM).fold()

    assert (due(fold, FIRST), due(fold, RESOLUTION)) == (at("23 Nov 12:30"), at("25 Nov 17:30"))


def test_a_target_used_up_at_closing_is_due_at_closing() -> None:  # T3
    fold = Story("21 Nov 10:00", LOW).fold()

    assert due(fold, FIRST) == at("23 Nov 18:00")


def test_waiting_for_the_customer_pauses_the_resolution() -> None:  # T4
    story = Story("23 Nov 09:00", HIGH).waiting("23 Nov 11:00")

    paused = due(story.fold(), RESOLUTION)
    story.goes_on("24 Nov 10:00")

    assert (paused, due(story.fold(), RESOLUTION)) == (None, at("24 Nov 17:00"))


def test_a_verdict_that_lowers_annuls_the_misses() -> None:  # T5
    fold = Story("27 Nov 20:00", CRITICAL).verified("30 Nov 09:10", HIGH).fold()

    assert (due(fold, FIRST), due(fold, RESOLUTION)) == (at("30 Nov 11:00"), at("30 Nov 18:00"))
    assert breaches(fold) == [
        (FIRST, at("27 Nov 20:30"), "late_work", at("30 Nov 09:10")),
        (RESOLUTION, at("28 Nov 00:00"), "late_work", at("30 Nov 09:10")),
    ]


def test_a_second_miss_is_a_second_row() -> None:  # T5
    fold = Story("27 Nov 20:00", CRITICAL).verified("30 Nov 09:10", HIGH).fold(until="30 Nov 11:01")

    assert breaches(fold)[2:] == [(FIRST, at("30 Nov 11:00"), "late_work", None)]


def test_a_raise_never_lets_the_customer_wait_longer() -> None:  # T6
    fold = Story("23 Nov 09:00", MEDIUM).declared("23 Nov 12:50", CRITICAL).fold()

    assert (due(fold, FIRST), due(fold, RESOLUTION)) == (at("23 Nov 13:00"), at("23 Nov 16:50"))


@pytest.mark.parametrize("declares_first", [False, True])
def test_a_paused_clock_decides_when_it_resumes(declares_first: bool) -> None:  # T7
    story = Story("23 Nov 09:00", MEDIUM).answered("23 Nov 10:30").waiting("23 Nov 11:00")
    if declares_first:
        story.declared("24 Nov 02:00", CRITICAL).goes_on("24 Nov 02:00")
    else:
        story.goes_on("24 Nov 02:00").declared("24 Nov 02:00", CRITICAL)

    fold = story.fold()

    assert (due(fold, RESOLUTION), due(fold, UPDATE)) == (at("24 Nov 06:00"), at("24 Nov 03:00"))


def test_a_restored_value_counts_as_if_it_had_never_been_lowered() -> None:  # T8
    story = Story("23 Nov 09:00", HIGH).answered("23 Nov 09:30").verified("23 Nov 10:00", LOW)

    lowered = due(story.fold(), RESOLUTION)
    fold = story.verified("25 Nov 10:00", HIGH, restores=3).fold()

    assert (lowered, due(fold, RESOLUTION)) == (at("4 Dec 18:00"), at("23 Nov 18:00"))
    assert (RESOLUTION, at("23 Nov 18:00"), "late_verification", None) in breaches(fold)


def test_a_miss_that_only_the_dropped_lowering_annulled_keeps_its_cause_and_its_steps() -> None:
    story = Story("23 Nov 09:00", HIGH).verified("23 Nov 11:30", LOW).verified("23 Nov 13:00", HIGH, restores=2)

    fold = story.fold(until="23 Nov 15:00")

    clock = last(fold, FIRST)
    assert [(b.due_at, str(b.cause), b.noticed_at, b.annulled_at) for b in clock.breaches] == [
        (at("23 Nov 11:00"), "late_work", at("23 Nov 11:00"), at("23 Nov 11:30")),
        (at("23 Nov 11:00"), "late_work", at("23 Nov 13:00"), None),
    ]
    fired = [(f.percent, f.at) for f in clock.firings]
    assert fired == [(50, at("23 Nov 10:00")), (80, at("23 Nov 10:36")), (100, at("23 Nov 11:00"))]


def test_steps_that_a_lowering_put_off_fire_when_it_drops_out_and_those_before_it_not_again() -> None:
    story = Story("23 Nov 09:00", HIGH).verified("23 Nov 10:10", LOW).verified("23 Nov 11:30", HIGH, restores=2)

    fold = story.fold(until="23 Nov 12:00")

    fired = [(f.percent, f.at) for f in last(fold, FIRST).firings]
    assert fired == [(50, at("23 Nov 10:00")), (80, at("23 Nov 11:30")), (100, at("23 Nov 11:30"))]
    assert (FIRST, at("23 Nov 11:00"), "late_verification", None) in breaches(fold)


def test_reopening_begins_a_round_with_half_the_target_at_least() -> None:  # T9
    fold = Story("23 Nov 10:00", CRITICAL).resolved("23 Nov 15:00").goes_on("23 Nov 16:00").fold()

    assert (due(fold, UPDATE), due(fold, RESOLUTION)) == (at("23 Nov 17:00"), at("23 Nov 18:00"))
    assert [c.round for c in fold.clocks if c.target == RESOLUTION] == [1, 2]
    assert (RESOLUTION, at("23 Nov 14:00"), "late_work", None) in breaches(fold)


def test_off_hours_help_covers_answers_and_not_the_resolution() -> None:  # T10
    story = Story("27 Nov 17:30", MEDIUM).helped("28 Nov 11:00", "28 Nov 10:00", "28 Nov 15:00")

    first = due(story.fold(), FIRST)
    fold = story.answered("28 Nov 11:20").fold()

    assert (first, due(fold, UPDATE), due(fold, RESOLUTION)) == (at("28 Nov 14:30"), at("30 Nov 14:20"), at("2 Dec 17:30"))


def test_a_night_without_midnight_is_counted_as_it_was() -> None:  # T11
    fold = Story("3 Nov 2018 23:30", CRITICAL).fold()

    assert (due(fold, FIRST), due(fold, RESOLUTION)) == (at("4 Nov 2018 01:00"), at("4 Nov 2018 04:30"))


def test_a_value_without_resolution_while_it_was_resolved_does_not_matter_once_it_is_reopened() -> None:
    story = Story("23 Nov 09:00", LOW).resolved("23 Nov 10:00").declared("23 Nov 10:10", FUNCTIONAL).declared("23 Nov 10:20", LOW)

    fold = story.goes_on("23 Nov 11:00").declared("23 Nov 11:00", MEDIUM).fold()

    assert due(fold, RESOLUTION) == at("26 Nov 11:00")  # 27 h from the reopening


def test_a_reopened_functional_ticket_has_an_update_and_no_resolution() -> None:  # T12
    fold = Story("23 Nov 09:00", FUNCTIONAL).resolved("23 Nov 10:00").goes_on("23 Nov 11:00").fold()

    assert [(clock.target, clock.due_at) for clock in fold.running] == [(UPDATE, at("24 Nov 11:00"))]


def test_a_verdict_counts_from_when_the_value_it_replaces_began() -> None:  # T14
    story = Story("23 Nov 09:00", MEDIUM).answered("23 Nov 09:30")
    seen = [due(story.fold(), RESOLUTION)]

    seen.append(due(story.declared("23 Nov 22:00", CRITICAL).fold(), RESOLUTION))
    seen.append(due(story.verified("23 Nov 22:10", HIGH).fold(), RESOLUTION))

    assert seen == [at("25 Nov 18:00"), at("24 Nov 02:00"), at("24 Nov 18:00")]


def test_what_the_customer_solves_itself_is_neither_met_nor_missed() -> None:
    fold = Story("23 Nov 09:00", HIGH).resolved("23 Nov 10:00", by_staff=False).fold()

    assert [(clock.target, clock.outcome) for clock in fold.clocks] == [(FIRST, Outcome.CANCELLED), (RESOLUTION, Outcome.CANCELLED)]


def test_what_happens_at_the_due_instant_is_in_time() -> None:
    fold = Story("23 Nov 09:00", HIGH).answered("23 Nov 11:00").fold(until="23 Nov 11:30")

    assert breaches(fold) == []


def test_an_answer_after_the_due_instant_meets_what_was_missed() -> None:
    fold = Story("23 Nov 09:00", HIGH).answered("23 Nov 11:01").fold()

    assert breaches(fold) == [(FIRST, at("23 Nov 11:00"), "late_work", None)]
    assert last(fold, FIRST).outcome == Outcome.MET


def test_waiting_for_approval_pauses_functional_tickets_alone() -> None:
    dues = [
        due(Story("23 Nov 09:00", value).answered("23 Nov 10:00").waiting_approval("23 Nov 11:00").fold(), UPDATE)
        for value in (FUNCTIONAL, HIGH)
    ]

    assert dues == [None, at("23 Nov 14:00")]


def test_a_customers_own_lowering_leaves_the_miss() -> None:
    fold = Story("27 Nov 20:00", CRITICAL).declared("30 Nov 09:10", HIGH).fold()

    assert breaches(fold)[0] == (FIRST, at("27 Nov 20:30"), "late_work", None)


def test_a_verdict_that_raises_again_leaves_the_misses() -> None:
    fold = Story("27 Nov 20:00", CRITICAL).declared("28 Nov 10:00", HIGH).verified("28 Nov 11:00", CRITICAL).fold()

    assert due(fold, FIRST) == at("28 Nov 11:30")
    assert breaches(fold) == [(FIRST, at("27 Nov 20:30"), "late_work", None), (RESOLUTION, at("28 Nov 00:00"), "late_work", None)]


def test_a_verdict_that_keeps_the_due_instant_leaves_the_miss() -> None:
    fold = Story("27 Nov 20:00", CRITICAL).declared("30 Nov 09:10", HIGH).verified("30 Nov 10:50", CRITICAL).fold()

    assert due(fold, FIRST) == at("30 Nov 11:00")
    assert breaches(fold)[0] == (FIRST, at("27 Nov 20:30"), "late_work", None)


def test_a_verdict_that_lowers_further_annuls_what_the_customers_own_lowering_left() -> None:
    fold = Story("27 Nov 20:00", CRITICAL).declared("30 Nov 09:10", HIGH).verified("30 Nov 10:50", MEDIUM).fold()

    assert due(fold, FIRST) == at("30 Nov 13:00")
    assert breaches(fold)[0] == (FIRST, at("27 Nov 20:30"), "late_work", at("30 Nov 10:50"))


def test_a_verdict_that_takes_a_promise_away_annuls_its_miss() -> None:
    fold = Story("23 Nov 10:00", CRITICAL).verified("23 Nov 15:00", FUNCTIONAL).fold()

    assert last(fold, RESOLUTION).outcome == Outcome.CANCELLED
    assert (RESOLUTION, at("23 Nov 14:00"), "late_work", at("23 Nov 15:00")) in breaches(fold)


def test_what_ran_under_a_value_that_was_dropped_can_still_be_kept() -> None:
    story = Story("23 Nov 09:00", HIGH).verified("23 Nov 10:00", FUNCTIONAL).declared("23 Nov 11:00", MEDIUM)
    fold = story.verified("23 Nov 12:00", HIGH, restores=2).fold()

    rows = [clock_columns(clock, fold, at("23 Nov 12:00")) for clock in fold.clocks]

    assert [(row["target"], row["begun"], row["severity"]) for row in rows if row["target"] == RESOLUTION] == [
        (RESOLUTION, 1, "high"),
        (RESOLUTION, 3, "medium"),
    ]


def test_a_raise_that_is_missed_is_a_requalification() -> None:
    fold = Story("23 Nov 09:00", MEDIUM).declared("23 Nov 10:00", CRITICAL).fold(until="23 Nov 11:00")

    assert breaches(fold) == [(FIRST, at("23 Nov 10:30"), "requalification", None)]


def test_a_second_raise_that_keeps_what_the_first_moved_is_missed_as_a_requalification() -> None:
    fold = Story("23 Nov 09:00", MEDIUM).declared("23 Nov 09:30", HIGH).declared("23 Nov 11:10", CRITICAL).fold(until="23 Nov 12:00")

    assert breaches(fold) == [(FIRST, at("23 Nov 11:30"), "requalification", None)]


def test_a_raise_that_a_verdict_takes_half_back_is_missed_as_a_requalification() -> None:
    fold = Story("23 Nov 09:00", MEDIUM).declared("23 Nov 09:30", CRITICAL).verified("23 Nov 09:50", HIGH).fold(until="23 Nov 12:00")

    assert breaches(fold) == [(FIRST, at("23 Nov 11:30"), "requalification", None)]


def test_a_raise_that_a_verdict_takes_back_whole_is_missed_as_late_work() -> None:
    fold = Story("23 Nov 09:00", MEDIUM).declared("23 Nov 09:30", CRITICAL).verified("23 Nov 09:50", MEDIUM).fold(until="23 Nov 14:00")

    assert breaches(fold) == [(FIRST, at("23 Nov 13:00"), "late_work", None)]


def test_a_verdict_during_a_pause_annuls_the_miss_though_other_promises_rule_before_it_ends() -> None:
    story = Story("23 Nov 09:00", HIGH).answered("23 Nov 09:30").waiting("24 Nov 12:00").verified("24 Nov 13:00", MEDIUM)

    fold = story.ruled("24 Nov 14:00", times(1.5)).goes_on("24 Nov 15:00").fold()

    assert [miss for miss in breaches(fold) if miss[0] == RESOLUTION] == [
        (RESOLUTION, at("23 Nov 18:00"), "late_work", at("24 Nov 15:00")),
    ]


def test_other_promises_annul_no_miss_that_a_verdict_during_a_pause_left() -> None:
    story = Story("23 Nov 09:00", HIGH).answered("23 Nov 09:30").waiting("24 Nov 12:00").verified("24 Nov 13:00", CRITICAL)

    fold = story.ruled("24 Nov 14:00", times(20)).goes_on("24 Nov 15:00").fold()

    assert due(fold, RESOLUTION) > at("24 Nov 15:00")
    assert [miss for miss in breaches(fold) if miss[0] == RESOLUTION] == [(RESOLUTION, at("23 Nov 18:00"), "late_work", None)]


def test_steps_fire_at_their_share_of_the_target() -> None:
    fold = Story("23 Nov 09:00", HIGH).fold(until="23 Nov 12:00")

    assert [(f.percent, f.at) for f in last(fold, FIRST).firings] == [
        (50, at("23 Nov 10:00")),
        (80, at("23 Nov 10:36")),
        (100, at("23 Nov 11:00")),
    ]


def test_a_raise_that_leaves_the_due_instant_arms_no_step_again() -> None:
    fold = Story("23 Nov 09:00", MEDIUM).declared("23 Nov 12:50", CRITICAL).verified("23 Nov 12:52", MEDIUM).fold(until="23 Nov 13:10")

    fired = [(f.percent, f.at) for f in last(fold, FIRST).firings]
    assert fired == [(50, at("23 Nov 11:00")), (80, at("23 Nov 12:12")), (100, at("23 Nov 13:00"))]


def test_a_step_put_into_the_past_fires_at_the_change() -> None:
    fold = Story("23 Nov 09:00", LOW).declared("23 Nov 17:50", MEDIUM).fold()

    assert [(f.percent, f.at) for f in last(fold, FIRST).firings] == [(50, at("23 Nov 13:30")), (80, at("23 Nov 16:12"))]
    assert due(fold, FIRST) == at("23 Nov 18:00")


def test_a_due_instant_put_ahead_arms_its_steps_again() -> None:
    fold = Story("27 Nov 20:00", CRITICAL).verified("30 Nov 09:10", HIGH).fold(until="30 Nov 12:00")

    fired = [(f.percent, f.at) for f in last(fold, FIRST).firings]
    assert fired == [
        (50, at("27 Nov 20:15")),
        (80, at("27 Nov 20:24")),
        (100, at("27 Nov 20:30")),
        (50, at("30 Nov 10:00")),
        (80, at("30 Nov 10:36")),
        (100, at("30 Nov 11:00")),
    ]


def test_told_one_at_a_time_from_what_was_kept_it_is_the_same() -> None:
    story = Story("23 Nov 09:00", HIGH).answered("23 Nov 10:00").waiting("23 Nov 11:00").goes_on("23 Nov 15:00").answered("23 Nov 16:00")
    whole = story.fold()

    fold = Fold()
    fold.tell(story.facts[0])
    for fact in story.facts[1:]:
        fold = Fold.continued(scene=fold.scene, entry=fold.entry, clocks=list(fold.running))
        fold.tell(fact)

    assert [(c.key, c.course) for c in fold.running] == [(c.key, c.course) for c in whole.running]


def test_what_was_before_a_move_is_counted_by_the_calendar_before_it_though_nothing_moved() -> None:
    early = History([(None, Calendar("America/Sao_Paulo", {day: [("08:00", "18:00")] for day in range(5)}))])
    story = Story("23 Nov 07:30", HIGH).ruled("23 Nov 10:00", STANDARD, switched(SHIPPED, early, at("23 Nov 10:00")))
    moved = story.fold()

    at_once = due(moved, RESOLUTION)
    fold = Fold.continued(scene=replace(moved.scene, calendar=early), entry=moved.entry, clocks=list(moved.running))
    for fact in story.waiting("23 Nov 12:00").goes_on("23 Nov 13:00").facts[2:]:
        fold.tell(fact)

    assert at_once == at("23 Nov 18:00")
    assert due(fold, RESOLUTION) == due(story.fold(), RESOLUTION) == at("24 Nov 09:00")


def test_a_ticket_resolved_while_it_waits_was_in_time() -> None:
    fold = Story("23 Nov 09:00", HIGH).waiting("23 Nov 11:00").moved("30 Nov 11:00", Phase.RESOLVED).fold()

    assert (last(fold, RESOLUTION).outcome, last(fold, RESOLUTION).breach) == (Outcome.MET, None)
