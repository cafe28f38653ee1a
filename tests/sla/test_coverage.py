"""SLA-3, SLA-7: which calendar counts when, by example and against a sum over its pieces."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.calendar import Calendar, OutOfReach
from sla.coverage import ALWAYS, Coverage, History
from tests.sla.test_calendar_properties import exact, walked, walked_back_to, walked_to, walked_windows

MINUTE, HOUR = 60, 3600
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
OFFICE = {day: [("09:00", "18:00")] for day in range(5)}
LONGER = {day: [("08:00", "20:00")] for day in range(5)}
SHIPPED = Calendar("America/Sao_Paulo", OFFICE, holidays=["2026-11-02", "2026-11-20"])


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=SAO_PAULO).astimezone(UTC)


def changed_at(text, week=LONGER):
    """Shipped until then, other hours from then on."""
    return [(None, SHIPPED), (local(text), Calendar("America/Sao_Paulo", week))]


def test_one_calendar_answers_for_itself():
    coverage = Coverage([(None, SHIPPED)])
    opened = local("2026-11-19T17:30")

    assert coverage.add(opened, 4 * HOUR) == local("2026-11-23T12:30")
    assert coverage.subtract(local("2026-11-23T12:30"), 4 * HOUR) == opened
    assert coverage.elapsed(opened, local("2026-11-23T12:30")) == 4 * HOUR
    assert [coverage.is_open(at) for at in (opened, local("2026-11-20T10:00"))] == [True, False]
    assert coverage.windows(opened, 2) == SHIPPED.windows(opened, 2)
    assert list(coverage.intervals(opened, local("2026-11-24T00:00"))) == list(SHIPPED.intervals(opened, local("2026-11-24T00:00")))


def test_round_the_clock():
    assert Coverage.always().add(local("2018-11-03T23:30"), 4 * HOUR) == local("2018-11-04T04:30")


def test_a_version_counts_from_its_instant_on():
    coverage = Coverage(changed_at("2026-11-24T12:00"))

    assert coverage.elapsed(local("2026-11-24T08:00"), local("2026-11-24T19:00")) == 10 * HOUR  # from 09:00
    assert coverage.add(local("2026-11-24T08:00"), 11 * HOUR) == local("2026-11-24T20:00")
    assert coverage.subtract(local("2026-11-24T20:00"), 11 * HOUR) == local("2026-11-24T09:00")
    assert coverage.elapsed(local("2026-11-24T19:00"), local("2026-11-24T08:00")) == -10 * HOUR
    assert coverage.add(local("2026-11-24T20:00"), -11 * HOUR) == local("2026-11-24T09:00")


def test_windows_over_the_border_of_versions_are_one():
    coverage = Coverage(changed_at("2026-11-24T12:00"))

    assert coverage.windows(local("2026-11-23T10:00"), 3) == [
        (local("2026-11-23T10:00"), local("2026-11-23T18:00")),
        (local("2026-11-24T09:00"), local("2026-11-24T20:00")),
        (local("2026-11-25T08:00"), local("2026-11-25T20:00")),
    ]
    assert [before for _, _, before in coverage.intervals(local("2026-11-23T10:00"), local("2026-11-25T09:00"))] == [
        0,
        8 * HOUR * 1_000_000,
        19 * HOUR * 1_000_000,
    ]


def test_a_version_that_closes_cuts_a_window():
    coverage = Coverage(changed_at("2026-11-24T12:00", week={0: [("09:00", "10:00")]}))

    assert coverage.windows(local("2026-11-24T10:00"), 2) == [
        (local("2026-11-24T10:00"), local("2026-11-24T12:00")),
        (local("2026-11-30T09:00"), local("2026-11-30T10:00")),
    ]
    assert coverage.add(local("2026-11-24T10:00"), 2 * HOUR) == local("2026-11-24T12:00")
    assert not coverage.is_open(local("2026-11-24T12:00"))


def test_t10_help_outside_the_hours_runs_round_the_clock_inside_its_window():
    accepted, until = local("2026-11-28T11:00"), local("2026-11-28T15:00")
    with_help = Coverage([(None, SHIPPED)]).with_extra([(accepted, until)])

    assert SHIPPED.elapsed(local("2026-11-27T17:30"), accepted) == 30 * MINUTE
    assert with_help.add(local("2026-11-27T17:30"), 4 * HOUR) == local("2026-11-28T14:30")
    assert with_help.add(local("2026-11-28T11:20"), 9 * HOUR) == local("2026-11-30T14:20")
    assert SHIPPED.add(local("2026-11-27T17:30"), 27 * HOUR) == local("2026-12-02T17:30")


def test_help_that_overlaps_the_hours_or_other_help_counts_once():
    coverage = Coverage(
        [(None, SHIPPED)],
        [
            (local("2026-11-24T17:00"), local("2026-11-24T20:00")),
            (local("2026-11-24T19:00"), local("2026-11-24T22:00")),
            (local("2026-11-24T22:00"), local("2026-11-24T23:00")),
        ],
    )

    assert coverage.windows(local("2026-11-24T00:00"), 2) == [
        (local("2026-11-24T09:00"), local("2026-11-24T23:00")),
        (local("2026-11-25T09:00"), local("2026-11-25T18:00")),
    ]
    assert coverage.elapsed(local("2026-11-24T00:00"), local("2026-11-25T00:00")) == 14 * HOUR


def test_fractions_stay_exact_over_borders():
    coverage = Coverage([(None, SHIPPED)], [(local("2026-11-24T18:00:00.1"), local("2026-11-24T18:00:00.3"))])

    assert coverage.elapsed(local("2026-11-24T17:59:59.9"), local("2026-11-25T09:00:00.1")) == 0.4
    assert coverage.add(local("2026-11-24T17:59:59.9"), 0.3) == local("2026-11-24T18:00:00.3")
    assert coverage.subtract(local("2026-11-25T09:00"), 0.2) == local("2026-11-24T18:00:00.1")


def test_versions_that_never_open_again_say_so():
    coverage = Coverage([(None, SHIPPED), (local("2026-11-24T12:00"), Calendar("UTC"))])

    assert coverage.add(local("2026-11-24T11:00"), HOUR) == local("2026-11-24T12:00")
    assert coverage.windows(local("2026-11-24T11:00"), 5) == [(local("2026-11-24T11:00"), local("2026-11-24T12:00"))]
    with pytest.raises(OutOfReach):
        coverage.add(local("2026-11-24T11:00"), HOUR + 1)


def test_only_versions_that_rule_by_then_are_known():
    history = History([*changed_at("2026-11-24T12:00"), (local("2026-12-01T00:00"), ALWAYS)])
    opened = local("2026-11-24T10:00")

    due = [history.known_at(local(at)).add(opened, 20 * HOUR) for at in ("2026-11-24T11:59:59", "2026-11-24T12:00", "2026-12-01T00:00")]

    assert due == [local("2026-11-26T12:00"), local("2026-11-25T18:00"), local("2026-11-25T18:00")]
    assert history.known_at(local("1990-01-01T00:00")).add(opened, 20 * HOUR) == due[0]


def test_a_history_of_one_version_needs_no_instant():
    history = History([(None, SHIPPED)])

    assert history.known_at(local("2026-11-24T10:00")).add(local("2026-11-24T16:00"), 3 * HOUR) == local("2026-11-25T10:00")


@pytest.mark.parametrize(
    ("versions", "extra", "sentence"),
    [
        ([], [], "first version"),
        ([(local("2026-11-24T12:00"), SHIPPED)], [], "first version"),
        ([(None, SHIPPED), (None, SHIPPED)], [], "in the order"),
        ([*changed_at("2026-11-24T12:00"), (local("2026-11-24T12:00"), SHIPPED)], [], "in the order"),
        ([*changed_at("2026-11-24T12:00"), (local("2026-11-23T12:00"), SHIPPED)], [], "in the order"),
        ([(None, SHIPPED), (datetime(2026, 11, 24), SHIPPED)], [], "no time zone"),  # noqa: DTZ001 - the mistake
        ([(None, SHIPPED)], [(local("2026-11-24T12:00"), local("2026-11-24T12:00"))], "not after it begins"),
    ],
)
def test_what_is_malformed_is_refused_with_a_sentence(versions, extra, sentence):
    with pytest.raises(ValueError, match=sentence):
        Coverage(versions, extra)


# Against a sum over its pieces, which looks at the clock every quarter of an hour

MIDDLE = datetime(2018, 11, 4, 12, tzinfo=UTC)  # the clocks of São Paulo changed on this day
quarters = st.integers(-600, 600).map(lambda count: MIDDLE + count * timedelta(minutes=15))
WEEKS = (OFFICE, LONGER, {5: [("22:00", "06:00")], 6: [("00:00", "24:00")]}, {day: [("20:00", "04:00")] for day in range(7)}, {})
CALENDARS = (ALWAYS, *(Calendar("America/Sao_Paulo", week, holidays=["2018-11-02", "2018-11-05"]) for week in WEEKS))


@st.composite
def histories(draw):
    instants = sorted(draw(st.sets(quarters, max_size=4)))
    return [(since, draw(st.sampled_from(CALENDARS))) for since in (None, *instants)]


extras = st.lists(
    st.tuples(quarters, st.integers(1, 100)).map(lambda window: (window[0], window[0] + window[1] * timedelta(minutes=15))), max_size=3
)


def seen(versions, extra):
    """Whether it is open, by looking through the versions one by one."""

    def is_open(at):
        ruling = [calendar for since, calendar in versions if since is None or since <= at][-1]
        return any(since <= at < until for since, until in extra) or ruling.is_open(at)

    return is_open


@settings(max_examples=150)
@given(histories(), extras, st.tuples(quarters, quarters).map(sorted), st.integers(0, 200))
def test_every_answer_is_the_walkers(versions, extra, span, count):
    coverage, is_open = Coverage(versions, extra), seen(versions, extra)
    (start, end), amount = span, count * timedelta(minutes=7, microseconds=1)

    assert coverage.elapsed(start, end) == exact(walked(is_open, start, end))
    assert coverage.is_open(start) == is_open(start)
    assert [(begin, min(until, end)) for begin, until in coverage.windows(start, 300) if begin < end] == walked_windows(is_open, start, end)
    if amount <= walked(is_open, start, end):
        assert coverage.add(start, exact(amount)) == walked_to(is_open, start, amount, end)
        assert coverage.subtract(end, exact(amount)) == walked_back_to(is_open, end, amount, start)


@settings(max_examples=100)
@given(histories(), st.lists(quarters, min_size=4, max_size=4).map(sorted))
def test_what_comes_later_never_changes_the_past(versions, instants):
    start, end, known, later = instants
    history = History(versions)

    assert history.known_at(known).elapsed(start, end) == history.known_at(later).elapsed(start, end)
    assert history.known_at(end).elapsed(start, end) == history.known_at(later).elapsed(start, end)
