"""The same ticket by two versions: when its promises are due, from instants that tell."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from sla.calendar import Calendar
from sla.examples import Example, examples, openings
from sla.rules import Row, Rules, Target
from sla.standard import STANDARD

BRASILIA = ZoneInfo("America/Sao_Paulo")
HOURS = Calendar("America/Sao_Paulo", week={day: [("09:00", "18:00")] for day in range(5)})
HIGH, QUESTION = ("technical", "high"), ("functional", "high")
FIRST, NEXT, SOLVED = Target


def at(text):
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=BRASILIA)


@pytest.mark.parametrize(
    ("now", "friday", "saturday"),
    [
        ("11-23T09:00", "11-27T17:30", "11-28T23:00"),
        ("11-27T17:29", "11-27T17:30", "11-28T23:00"),
        ("11-27T17:30", "12-04T17:30", "11-28T23:00"),
        ("11-28T23:30", "12-04T17:30", "12-05T23:00"),
    ],
)
def test_examples_begin_now_on_friday_evening_and_on_saturday_night(now, friday, saturday):
    assert openings(at(now), BRASILIA) == (at(now), at(friday), at(saturday))


def changed(value, row):
    return Rules({**STANDARD.rows, value: row}, STANDARD.steps)


STARTS = [at("11-23T10:00"), at("11-27T17:30"), at("11-28T23:00")]


def test_a_sooner_answer_is_due_sooner_from_each_beginning():
    after = changed(HIGH, Row(False, {**STANDARD.rows[HIGH].seconds, FIRST: 3600}))

    found = examples(STANDARD, after, [HIGH, QUESTION], STARTS, HOURS.add)

    due = (
        (at("11-23T12:00"), at("11-23T11:00")),
        (at("11-30T10:30"), at("11-30T09:30")),
        (at("11-30T11:00"), at("11-30T10:00")),
    )
    assert found == [Example(HIGH, FIRST, due)]


def test_coverage_around_the_clock_moves_every_promise_of_its_row():
    after = changed(HIGH, Row(True, STANDARD.rows[HIGH].seconds))

    found = examples(STANDARD, after, [HIGH], STARTS[2:], HOURS.add)

    assert found == [
        Example(HIGH, FIRST, ((at("11-30T11:00"), at("11-29T01:00")),)),
        Example(HIGH, NEXT, ((at("11-30T13:00"), at("11-29T03:00")),)),
        Example(HIGH, SOLVED, ((at("11-30T18:00"), at("11-29T08:00")),)),
    ]


def test_a_promise_that_is_new_or_left_out_is_due_on_one_side_only():
    after = changed(QUESTION, Row(False, {FIRST: 14400, SOLVED: 14400}))

    found = examples(STANDARD, after, [QUESTION], STARTS[:1], HOURS.add)

    assert found == [
        Example(QUESTION, NEXT, ((at("11-24T10:00"), None),)),
        Example(QUESTION, SOLVED, ((None, at("11-23T14:00")),)),
    ]
