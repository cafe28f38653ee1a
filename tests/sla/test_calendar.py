"""SLA-3, SLA-12: business time by example, local instants as they read on the wall."""

import zoneinfo
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo
from zoneinfo._zoneinfo import ZoneInfo as ReadableZone  # in Python, so that its table of changes can be read

import pytest

from sla.calendar import STEP, Calendar, OutOfReach

MINUTE, HOUR, DAY = 60, 3600, 86400
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
OFFICE = {day: [("09:00", "18:00")] for day in range(5)}
ROUND_THE_WEEK = {day: [("00:00", "24:00")] for day in range(7)}
# As shipped, as far as the examples go: 2 and 20 November 2026 are holidays.
SHIPPED = Calendar("America/Sao_Paulo", OFFICE, holidays=[date(2026, 11, 2), date(2026, 11, 20)])


def local(text, tz=SAO_PAULO, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=tz, fold=fold).astimezone(UTC)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def in_utc(**rules):
    return Calendar("UTC", **rules)


# Worked examples


def test_t2_a_holiday_and_a_weekend_are_passed_over():
    opened = local("2026-11-19T17:30")

    assert SHIPPED.add(opened, 4 * HOUR) == local("2026-11-23T12:30")
    assert SHIPPED.add(opened, 27 * HOUR) == local("2026-11-25T17:30")


def test_t3_time_used_up_at_closing_is_due_at_closing():
    assert SHIPPED.add(local("2026-11-21T10:00"), 9 * HOUR) == local("2026-11-23T18:00")


def test_t1_and_t11_round_the_clock_is_plain_addition_whatever_the_clocks_do():
    always = Calendar("America/Sao_Paulo", always=True)

    assert always.add(local("2026-11-21T23:50"), 30 * MINUTE) == local("2026-11-22T00:20")
    assert always.add(local("2026-11-21T23:50"), 4 * HOUR) == local("2026-11-22T03:50")
    assert always.add(local("2018-11-03T23:30"), 30 * MINUTE) == local("2018-11-04T01:00")
    assert always.add(local("2018-11-03T23:30"), 4 * HOUR) == local("2018-11-04T04:30")


def test_t4_what_is_left_after_a_pause_runs_on():
    used = SHIPPED.elapsed(local("2026-11-23T09:00"), local("2026-11-23T11:00"))

    assert used == 2 * HOUR
    assert SHIPPED.add(local("2026-11-24T10:00"), 9 * HOUR - used) == local("2026-11-24T17:00")


def test_t6_t7_and_t14_due_instants_in_business_hours():
    assert SHIPPED.add(local("2026-11-23T09:00"), 27 * HOUR) == local("2026-11-25T18:00")
    assert SHIPPED.add(local("2026-11-23T22:00"), 9 * HOUR) == local("2026-11-24T18:00")
    assert SHIPPED.add(local("2026-11-23T10:00"), 9 * HOUR) == local("2026-11-24T10:00")


def test_t8_ninety_hours_are_ten_working_days():
    assert SHIPPED.add(local("2026-11-23T09:00"), 90 * HOUR) == local("2026-12-04T18:00")


# Adding, subtracting, elapsed


@pytest.mark.parametrize(
    ("start", "seconds", "due"),
    [
        ("2026-11-24T16:00", 2 * HOUR, "2026-11-24T18:00"),
        ("2026-11-24T16:00", 2 * HOUR + 1, "2026-11-25T09:00:01"),
        ("2026-11-24T16:00", 0, "2026-11-24T16:00"),
        ("2026-11-24T20:00", 0, "2026-11-24T20:00"),
        ("2026-11-24T18:00", 1, "2026-11-25T09:00:01"),
        ("2026-11-24T08:59:59", 1, "2026-11-24T09:00:01"),
        ("2026-11-24T09:00", 9 * HOUR, "2026-11-24T18:00"),
        ("2026-11-24T16:00", -7 * HOUR, "2026-11-24T09:00"),
        ("2026-11-24T16:00", -8 * HOUR, "2026-11-23T17:00"),
    ],
)
def test_adding(start, seconds, due):
    assert SHIPPED.add(local(start), seconds) == local(due)


@pytest.mark.parametrize(
    ("start", "seconds", "begun"),
    [
        ("2026-11-24T18:00", 9 * HOUR, "2026-11-24T09:00"),
        ("2026-11-24T18:00", 9 * HOUR + 1, "2026-11-23T17:59:59"),
        ("2026-11-24T20:00", HOUR, "2026-11-24T17:00"),
        ("2026-11-24T20:00", 0, "2026-11-24T20:00"),
        ("2026-11-23T09:00", 1, "2026-11-19T17:59:59"),  # over the weekend and the holiday
        ("2026-11-24T16:00", -3 * HOUR, "2026-11-25T10:00"),
    ],
)
def test_subtracting_mirrors_adding(start, seconds, begun):
    assert SHIPPED.subtract(local(start), seconds) == local(begun)


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        ("2026-11-24T16:00", "2026-11-25T10:00", 3 * HOUR),
        ("2026-11-25T10:00", "2026-11-24T16:00", -3 * HOUR),
        ("2026-11-24T18:00", "2026-11-25T09:00", 0),
        ("2026-11-20T00:00", "2026-11-23T09:00", 0),
        ("2026-11-24T10:00", "2026-11-24T10:00", 0),
        ("2026-01-01T00:00", "2027-01-01T00:00", (261 - 2) * 9 * HOUR),
    ],
)
def test_elapsed(start, end, seconds):
    assert SHIPPED.elapsed(local(start), local(end)) == seconds


def test_fractions_of_a_second_are_kept_exactly():
    start = local("2026-11-24T17:59:59.250000")

    assert SHIPPED.add(start, 0.75) == local("2026-11-24T18:00")
    assert SHIPPED.add(start, 0.750001) == local("2026-11-25T09:00:00.000001")
    assert SHIPPED.add(start, Decimal("1.1")) == local("2026-11-25T09:00:00.350000")
    assert SHIPPED.add(start, Fraction(3, 2)) == local("2026-11-25T09:00:00.750000")
    assert SHIPPED.elapsed(start, local("2026-11-25T09:00:00.000001")) == 0.750001
    assert SHIPPED.elapsed(local("2026-11-25T09:00:00.000001"), start) == -0.750001
    assert SHIPPED.subtract(local("2026-11-25T09:00:00.000001"), 0.750001) == start
    assert SHIPPED.add(local("2026-11-24T10:00"), 0.000249) == local("2026-11-24T10:00:00.000249")  # times a million: 248.99…


def test_whole_seconds_are_integers():
    assert [type(SHIPPED.elapsed(local("2026-11-24T16:00"), local(end))) for end in ("2026-11-25T10:00", "2026-11-24T16:00")] == [int, int]


def test_answers_are_in_utc_whatever_zone_was_asked_in():
    tokyo = datetime(2026, 11, 25, 4, 0, tzinfo=timezone(timedelta(hours=9)))  # 16:00 of the 24th in São Paulo

    due = SHIPPED.add(tokyo, 3 * HOUR)

    assert (due, due.tzinfo) == (local("2026-11-25T10:00"), UTC)
    assert [moment.tzinfo for moment in SHIPPED.windows(tokyo, 1)[0]] == [UTC, UTC]


@pytest.mark.parametrize("always", [False, True])
def test_an_instant_without_a_zone_is_refused(always):
    naive, aware = datetime(2026, 11, 24, 16), local("2026-11-24T16:00")  # noqa: DTZ001 - the mistake
    calendar = Calendar("UTC", OFFICE, always=always)

    for question in (
        lambda: calendar.add(naive, 1),
        lambda: calendar.subtract(naive, 1),
        lambda: calendar.elapsed(naive, aware),
        lambda: calendar.elapsed(aware, naive),
        lambda: calendar.is_open(naive),
        lambda: calendar.windows(naive, 1),
    ):
        with pytest.raises(ValueError, match="no time zone"):
            question()


# Windows


def test_windows_begin_at_the_start_when_it_is_open():
    assert SHIPPED.windows(local("2026-11-19T10:30"), 3) == [
        (local("2026-11-19T10:30"), local("2026-11-19T18:00")),
        (local("2026-11-23T09:00"), local("2026-11-23T18:00")),
        (local("2026-11-24T09:00"), local("2026-11-24T18:00")),
    ]
    assert SHIPPED.windows(local("2026-11-19T18:00"), 1) == [(local("2026-11-23T09:00"), local("2026-11-23T18:00"))]
    assert SHIPPED.windows(local("2026-11-19T10:30"), 0) == []


def test_a_window_is_half_open():
    assert [SHIPPED.is_open(local(f"2026-11-24T{time}")) for time in ("08:59:59.999999", "09:00", "17:59:59.999999", "18:00")] == [
        False,
        True,
        True,
        False,
    ]


def test_windows_that_touch_are_one():
    calendar = in_utc(week={0: [("13:00", "24:00"), ("09:00", "13:00")], 1: [("00:00", "06:00")]})

    assert calendar.windows(utc("2026-11-22T00:00"), 2) == [
        (utc("2026-11-23T09:00"), utc("2026-11-24T06:00")),
        (utc("2026-11-30T09:00"), utc("2026-12-01T06:00")),
    ]


def test_a_window_over_the_new_year_is_one_wherever_compiling_stopped():
    calendar = in_utc(week={3: [("20:00", "08:00")]})  # 31 December 2026 is a Thursday
    window = (utc("2026-12-31T20:00"), utc("2027-01-01T08:00"))

    assert calendar.windows(utc("2026-12-30T00:00"), 1) == [window]
    assert in_utc(week={3: [("20:00", "08:00")]}).add(utc("2027-01-01T07:00"), HOUR) == window[1]
    assert in_utc(week={3: [("20:00", "08:00")]}).subtract(utc("2027-01-01T07:00"), 11 * HOUR) == window[0]


def test_what_is_due_a_microsecond_after_the_years_compiled_is_due_in_the_next():
    calendar = in_utc(week={3: [("20:00", "24:00")]})

    assert calendar.add(utc("2026-12-31T23:00"), 3600.000001) == utc("2027-01-07T20:00:00.000001")


def test_several_windows_a_day():
    calendar = in_utc(week={0: [("08:00", "12:00"), ("13:30", "17:30")]})

    assert calendar.add(utc("2026-11-23T11:00"), 2 * HOUR) == utc("2026-11-23T14:30")
    assert calendar.elapsed(utc("2026-11-23T00:00"), utc("2026-11-24T00:00")) == 8 * HOUR


def test_a_calendar_that_never_closes_has_one_window():
    forever = [(utc("2026-11-23T10:00"), datetime.max.replace(tzinfo=UTC))]

    assert in_utc(always=True).windows(utc("2026-11-23T10:00"), 3) == forever
    assert in_utc(week=ROUND_THE_WEEK).windows(utc("2026-11-23T10:00"), 3) == forever
    assert in_utc(week={day: [("07:00", "07:00")] for day in range(7)}).windows(utc("2026-11-23T10:00"), 3) == forever


def test_always_is_open_whatever_else_is_said():
    calendar = Calendar("America/Sao_Paulo", OFFICE, holidays=["2026-11-20"], always=True)

    assert calendar.is_open(local("2026-11-20T03:00"))
    assert calendar.elapsed(local("2026-11-21T00:00"), local("2026-11-20T00:00")) == -DAY
    assert calendar.subtract(local("2026-11-21T00:00"), 0.5) == local("2026-11-20T23:59:59.5")
    assert list(calendar.intervals(utc("1970-01-01T00:00"), utc("1970-01-01T00:01"))) == [(0, 60_000_000, 0)]


def test_intervals_say_the_open_time_before_them_in_microseconds():
    calendar = in_utc(week={3: [("00:00", "01:00"), ("02:00", "04:00")]})  # 1 January 1970 was a Thursday
    second = 1_000_000

    assert list(calendar.intervals(utc("1970-01-01T00:30"), utc("1970-01-01T03:00"))) == [
        (1800 * second, 3600 * second, 0),
        (7200 * second, 10800 * second, 1800 * second),
    ]
    assert list(calendar.intervals(utc("1970-01-01T03:00"), utc("1970-01-01T00:30"))) == []


# Nights and dates, then holidays, then what closes them all


def test_a_window_that_ends_before_it_begins_ends_on_the_next_day():
    calendar = in_utc(week={4: [("22:00", "06:00")]})

    assert calendar.windows(utc("2026-11-23T00:00"), 1) == [(utc("2026-11-27T22:00"), utc("2026-11-28T06:00"))]
    assert calendar.add(utc("2026-11-27T23:00"), 3 * HOUR) == utc("2026-11-28T02:00")
    assert calendar.elapsed(utc("2026-11-28T05:00"), utc("2026-11-28T12:00")) == HOUR


def test_nights_that_reach_into_the_next_days_hours_count_once():
    calendar = in_utc(week={0: [("22:00", "10:00")], 1: [("09:00", "18:00")]})

    assert calendar.windows(utc("2026-11-23T00:00"), 1) == [(utc("2026-11-23T22:00"), utc("2026-11-24T18:00"))]


def test_a_night_before_a_holiday_ends_at_its_midnight():
    calendar = in_utc(week={3: [("22:00", "06:00")]}, holidays=[date(2026, 11, 20)])

    assert calendar.windows(utc("2026-11-19T00:00"), 1) == [(utc("2026-11-19T22:00"), utc("2026-11-20T00:00"))]


def test_a_night_that_begins_on_a_holiday_counts_from_the_midnight_after_it():
    calendar = in_utc(week={4: [("22:00", "06:00")]}, holidays=[date(2026, 11, 20)])

    assert calendar.windows(utc("2026-11-19T00:00"), 1) == [(utc("2026-11-21T00:00"), utc("2026-11-21T06:00"))]


def test_other_hours_on_a_date_replace_those_of_its_weekday():
    half_day = in_utc(week=OFFICE, dates={date(2026, 12, 24): [("09:00", "12:00")]})
    extra_day = in_utc(week=OFFICE, dates={"2026-11-28": [("10:00", "11:00"), ("12:00", "13:00")]})
    day_off = in_utc(week=OFFICE, dates={date(2026, 11, 24): []})

    assert half_day.add(utc("2026-12-24T11:00"), 2 * HOUR) == utc("2026-12-25T10:00")
    assert extra_day.add(utc("2026-11-27T17:30"), 2 * HOUR) == utc("2026-11-28T12:30")
    assert day_off.add(utc("2026-11-23T17:30"), HOUR) == utc("2026-11-25T09:30")


def test_a_date_that_is_closed_keeps_the_night_before_it():
    calendar = in_utc(week={0: [("22:00", "06:00")], 1: [("22:00", "06:00")]}, dates={date(2026, 11, 24): []})

    assert calendar.windows(utc("2026-11-23T00:00"), 2) == [
        (utc("2026-11-23T22:00"), utc("2026-11-24T06:00")),
        (utc("2026-11-30T22:00"), utc("2026-12-01T06:00")),
    ]


def test_hours_entered_for_a_date_replace_a_holiday_on_it():
    calendar = in_utc(week=OFFICE, dates={date(2026, 12, 25): [("09:00", "12:00")]}, holidays=["2026-12-25"])

    assert calendar.windows(utc("2026-12-25T00:00"), 1) == [(utc("2026-12-25T09:00"), utc("2026-12-25T12:00"))]


def test_breaks_close_whatever_else_is_said():
    calendar = in_utc(
        week={0: [("09:00", "18:00")], 1: [("22:00", "06:00")]},
        dates={date(2026, 11, 28): [("09:00", "12:00")]},
        breaks=[
            (datetime(2026, 11, 23, 12), datetime(2026, 11, 23, 13)),  # noqa: DTZ001 - local time
            ("2026-11-23T12:30", "2026-11-23T13:30"),
            ("2026-11-24T23:30", "2026-11-25T00:30"),
            ("2026-11-28T11:00", "2026-11-28T15:00"),
        ],
    )

    assert calendar.windows(utc("2026-11-23T00:00"), 5) == [
        (utc("2026-11-23T09:00"), utc("2026-11-23T12:00")),
        (utc("2026-11-23T13:30"), utc("2026-11-23T18:00")),
        (utc("2026-11-24T22:00"), utc("2026-11-24T23:30")),
        (utc("2026-11-25T00:30"), utc("2026-11-25T06:00")),
        (utc("2026-11-28T09:00"), utc("2026-11-28T11:00")),
    ]


# Clocks that change, and zones


def test_the_midnight_that_did_not_exist_shortens_the_day():
    calendar = Calendar("America/Sao_Paulo", ROUND_THE_WEEK, holidays=["2018-11-05"])

    assert calendar.elapsed(local("2018-11-03T23:00"), local("2018-11-05T00:00")) == 24 * HOUR
    assert Calendar("America/Sao_Paulo", {6: [("00:00", "02:00")]}).windows(local("2018-11-03T12:00"), 1) == [
        (utc("2018-11-04T03:00"), utc("2018-11-04T04:00"))  # from 01:00, at once after 23:59:59, to 02:00
    ]


def test_the_hour_that_came_twice_counts_twice():
    evenings = Calendar("America/Sao_Paulo", {5: [("22:00", "24:00")]})  # 17 February 2018 is a Saturday

    assert evenings.windows(local("2018-02-17T12:00"), 1) == [(utc("2018-02-18T00:00"), utc("2018-02-18T03:00"))]
    assert evenings.add(local("2018-02-17T22:00"), 2.5 * HOUR) == local("2018-02-17T23:30", fold=1)
    assert evenings.elapsed(local("2018-02-17T23:30"), local("2018-02-17T23:30", fold=1)) == HOUR


def test_closing_inside_the_hour_that_comes_twice_closes_twice():
    calendar = Calendar("America/New_York", {6: [("00:00", "01:30")]})

    assert calendar.windows(utc("2026-11-01T00:00"), 2) == [
        (utc("2026-11-01T04:00"), utc("2026-11-01T05:30")),
        (utc("2026-11-01T06:00"), utc("2026-11-01T06:30")),
    ]


def test_the_hour_that_is_skipped_does_not_exist():
    calendar = Calendar("America/New_York", {6: [("02:00", "03:00"), ("05:00", "06:00")]})  # skipped on 8 March 2026

    assert calendar.windows(utc("2026-03-07T12:00"), 1) == [(utc("2026-03-08T09:00"), utc("2026-03-08T10:00"))]
    assert Calendar("America/New_York", {5: [("22:00", "06:00")]}).add(utc("2026-03-08T03:00"), 7 * HOUR) == utc("2026-03-08T10:00")


def test_a_break_and_a_holiday_are_local_too():
    calendar = Calendar("America/New_York", ROUND_THE_WEEK, holidays=["2026-11-01"], breaks=[("2026-03-08T00:00", "2026-03-08T06:00")])

    assert calendar.elapsed(utc("2026-10-31T00:00"), utc("2026-11-03T00:00")) == 3 * DAY - 25 * HOUR
    assert calendar.elapsed(utc("2026-03-08T00:00"), utc("2026-03-09T00:00")) == DAY - 5 * HOUR


@pytest.mark.parametrize(
    ("tz", "week", "start", "window"),
    [
        ("Asia/Kathmandu", {0: [("09:00", "18:00")]}, "2026-11-23T00:00", ("2026-11-23T03:15", "2026-11-23T12:15")),
        ("Australia/Lord_Howe", {6: [("01:00", "03:00")]}, "2026-04-04T00:00", ("2026-04-04T14:00", "2026-04-04T16:30")),
        ("Australia/Lord_Howe", {6: [("01:00", "03:00")]}, "2026-10-03T00:00", ("2026-10-03T14:30", "2026-10-03T16:00")),
        ("Pacific/Apia", {3: [("22:00", "24:00")], 4: [("00:00", "24:00")], 5: [("00:00", "02:00")]}, "2011-12-30T00:00",
         ("2011-12-30T08:00", "2011-12-30T12:00")),  # Friday the 30th did not exist
        ("America/Sao_Paulo", {0: [("09:00", "18:00")]}, "1900-01-01T00:00", ("1900-01-01T12:06:28", "1900-01-01T21:06:28")),
        ("Europe/Lisbon", {6: [("22:00", "24:00")], 0: [("00:00", "02:00")]}, "1911-12-31T12:00",
         ("1911-12-31T22:36:45", "1912-01-01T02:00")),  # its offset changed with the year, in UTC
        ("Europe/Berlin", {0: [("09:00", "18:00")]}, "2090-07-03T00:00", ("2090-07-03T07:00", "2090-07-03T16:00")),
    ],
)  # fmt: skip
def test_odd_offsets(tz, week, start, window):
    assert Calendar(tz, week).windows(utc(start), 1) == [tuple(map(utc, window))]


def test_a_zone_may_be_given_by_name_or_as_such():
    week = {0: [("09:00", "18:00")]}
    zones = ("America/Sao_Paulo", SAO_PAULO, timezone(timedelta(hours=-3)))

    assert [Calendar(tz, week).add(utc("2026-11-23T00:00"), HOUR) for tz in zones] == [utc("2026-11-23T13:00")] * 3


def test_no_zone_changes_its_offset_twice_in_one_step():
    """Calendars look for changes in steps. Were two to fall into one, they would see neither."""
    closest = timedelta.max
    for name in zoneinfo.available_timezones():
        zone = ReadableZone(name)
        offsets = [zone._tti_before.utcoff, *(info.utcoff for info in zone._ttinfos)]
        changes = [at for at, before, after in zip(zone._trans_utc, offsets, offsets[1:], strict=False) if before != after]
        closest = min([closest, *(timedelta(seconds=later - earlier) for earlier, later in pairwise(changes))])

    assert STEP < closest < timedelta(days=30)


# Far away, and never


def test_years_are_compiled_as_far_as_questions_reach():
    calendar = in_utc(week=OFFICE)

    assert calendar.add(utc("2026-11-23T09:00"), 45 * HOUR * 100) == utc("2028-10-20T18:00")
    assert calendar.subtract(utc("2028-10-20T18:00"), 45 * HOUR * 100) == utc("2026-11-23T09:00")
    assert calendar.elapsed(utc("1700-01-04T00:00"), utc("2100-01-04T00:00")) == 20_871 * 45 * HOUR  # 146,097 days
    assert not calendar.is_open(utc("1600-01-01T00:00"))


def test_decades_without_an_open_minute():
    calendar = in_utc(week=OFFICE, breaks=[("2026-01-01T00:00", "2090-01-01T00:00")])

    assert calendar.add(utc("2026-11-23T09:00"), HOUR) == utc("2090-01-02T10:00")
    assert calendar.subtract(utc("2089-11-23T09:00"), HOUR) == utc("2025-12-31T17:00")
    assert calendar.elapsed(utc("2026-01-01T00:00"), utc("2090-01-01T00:00")) == 0
    assert calendar.windows(utc("2026-01-01T00:00"), 1) == [(utc("2090-01-02T09:00"), utc("2090-01-02T18:00"))]


def test_a_calendar_that_never_opens_says_so():
    for calendar in (in_utc(), in_utc(week={0: []}), in_utc(week=ROUND_THE_WEEK, breaks=[("1000-01-01T00:00", "9000-01-01T00:00")])):
        with pytest.raises(OutOfReach, match="not open for so long"):
            calendar.add(utc("2026-11-23T09:00"), 1)
        with pytest.raises(OutOfReach, match="not open for so long"):
            calendar.subtract(utc("2026-11-23T09:00"), 1)
        assert calendar.add(utc("2026-11-23T09:00"), 0) == utc("2026-11-23T09:00")
        assert calendar.elapsed(utc("2026-11-23T09:00"), utc("2027-11-23T09:00")) == 0
        assert calendar.windows(utc("2026-11-23T09:00"), 3) == []
        assert not calendar.is_open(utc("2026-11-23T09:00"))


def test_a_calendar_that_opens_once_more():
    calendar = in_utc(dates={date(2026, 11, 23): [("09:00", "10:00")]})

    assert calendar.add(utc("2020-01-01T00:00"), HOUR) == utc("2026-11-23T10:00")
    assert calendar.windows(utc("2020-01-01T00:00"), 3) == [(utc("2026-11-23T09:00"), utc("2026-11-23T10:00"))]
    with pytest.raises(OutOfReach):
        calendar.add(utc("2020-01-01T00:00"), HOUR + 1)


def test_beyond_the_years_of_calendars_the_error_is_clear():
    calendar = Calendar("Pacific/Kiritimati", OFFICE)
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

    for question in (
        lambda: calendar.add(first, 1),
        lambda: calendar.subtract(last, 1),
        lambda: calendar.elapsed(first, last),
        lambda: calendar.is_open(last),
        lambda: calendar.windows(first, 1),
        lambda: list(calendar.intervals(first, last)),
        lambda: in_utc(week=OFFICE).add(utc("2399-12-31T23:00"), DAY),
        lambda: in_utc(week=OFFICE).subtract(utc("1600-01-01T00:00"), DAY),
        lambda: in_utc(week=OFFICE).add(utc("2026-11-23T00:00"), 10**30),
        lambda: Calendar("UTC", always=True).add(last, 1),
        lambda: Calendar("UTC", always=True).add(first, -(10**30)),
    ):
        with pytest.raises(OutOfReach):
            question()
    assert Calendar("UTC", always=True).elapsed(first, last) == 315537897599.999999


def test_threads_that_ask_for_different_years_at_once_get_the_same_answers():
    starts = [utc(f"{year}-03-02T09:00") for year in (2026, 1960, 2075, 1990, 2040, 1931, 2026, 2055)] * 4
    expected = [in_utc(week=OFFICE).add(start, 1000 * HOUR) for start in starts]
    calendar = in_utc(week=OFFICE)

    with ThreadPoolExecutor(8) as threads:
        due = list(threads.map(lambda start: calendar.add(start, 1000 * HOUR), starts))

    assert due == expected


# What is refused


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"week": {0: [("09:00", "25:00")]}}, "'25:00' on Monday is no time"),
        ({"week": {0: [("09:00", "24:01")]}}, "'24:01' on Monday is no time"),
        ({"week": {0: [("09:60", "12:00")]}}, "'09:60' on Monday is no time"),
        ({"week": {0: [("9h", "12:00")]}}, "'9h' on Monday is no time"),
        ({"week": {0: [("", "")]}}, "'' on Monday is no time"),
        ({"week": {0: [(9, 18)]}}, "9 on Monday is no time"),
        ({"week": {0: [()]}}, "must be a beginning and an end"),
        ({"week": {0: ["09:00"]}}, "must be a beginning and an end"),
        ({"week": {0: [("24:00", "02:00")]}}, "begins at 24:00"),
        ({"week": {1: [("09:00", "12:00"), ("11:00", "14:00")]}}, "Windows overlap on Tuesday, from 11:00 on"),
        ({"week": {1: [("22:00", "06:00"), ("23:00", "24:00")]}}, "Windows overlap on Tuesday, from 23:00 on"),
        ({"week": {7: [("09:00", "12:00")]}}, "7 is no day of the week"),
        ({"dates": {date(2026, 1, 1): [("09:00", "12:00"), ("09:00", "12:00")]}}, "Windows overlap on 2026-01-01"),
        ({"dates": {"2026-02-30": []}}, "day is out of range"),
        ({"holidays": [datetime(2026, 1, 1, tzinfo=UTC)]}, "is no date"),
        ({"holidays": [20260101]}, "20260101 is no date"),
        ({"breaks": [("2026-01-01T12:00", "2026-01-01T12:00")]}, "not after it begins"),
        ({"breaks": [("2026-01-01T12:00", "2026-01-01T11:00")]}, "not after it begins"),
        ({"breaks": [(utc("2026-01-01T12:00"), utc("2026-01-01T13:00"))]}, "is no local time"),
        ({"tz": "Mars/Olympus"}, "There is no time zone 'Mars/Olympus'"),
        ({"tz": "../etc"}, "There is no time zone"),
        ({"tz": ""}, "There is no time zone"),
    ],
)
def test_what_is_malformed_is_refused_with_a_sentence(rules, sentence):
    with pytest.raises(ValueError, match=sentence):
        Calendar(**{"tz": "UTC"} | rules)
