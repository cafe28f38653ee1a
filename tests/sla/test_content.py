"""What a version of a calendar says of a date; edits; what is refused."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib.refusals import Refusal
from sla import checking, edits
from sla.checking import check
from sla.content import (
    Break,
    Content,
    Kind,
    OtherHours,
    Proposal,
    clock,
    from_json,
    half_day,
    is_special,
    kind_of,
    minute,
    open_minutes,
    to_json,
)
from sla.edits import AddBreak, Close, DropBreak, MakeUsual, SetHours, SetWeek, switch_on
from sla.models import MOST_MINUTES
from sla.queries.calendars import compiled
from sla.shipped import WEEK, Follows, first_content

MONDAY, SATURDAY = date(2026, 11, 23), date(2026, 11, 28)
USUAL = Content(week=WEEK)
NINE_TO_NOON = (("09:00", "12:00"),)


def at(hour, minute=0, day=MONDAY):
    return datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - a local time


def week_of(*windows):
    return (tuple(windows),) * 7


@pytest.mark.parametrize(
    ("edit", "day", "kind", "minutes"),
    [
        (MakeUsual(MONDAY), MONDAY, Kind.OPEN, 540),
        (MakeUsual(SATURDAY), SATURDAY, Kind.OFF, 0),
        (Close(MONDAY, {}), MONDAY, Kind.CLOSED, 0),
        (Close(SATURDAY, {}), SATURDAY, Kind.CLOSED, 0),
        (SetHours(MONDAY, NINE_TO_NOON, {}), MONDAY, Kind.SHORT, 180),
        (SetHours(MONDAY, (), {}), MONDAY, Kind.CLOSED, 0),
        (SetHours(MONDAY, (("08:00", "20:00"),), {}), MONDAY, Kind.OTHER, 720),
        (SetHours(SATURDAY, NINE_TO_NOON, {}), SATURDAY, Kind.EXTRA, 180),
        (AddBreak(Break(at(12), at(13), {})), MONDAY, Kind.SHORT, 480),
        (AddBreak(Break(at(0), at(0, day=MONDAY + timedelta(days=1)), {})), MONDAY, Kind.CLOSED, 0),
        (AddBreak(Break(at(19), at(20), {})), MONDAY, Kind.OPEN, 540),
    ],
)
def test_what_a_day_is(edit, day, kind, minutes):
    content = edit.on(USUAL)

    assert (kind_of(content, day), open_minutes(content, day)) == (kind, minutes)
    assert is_special(content, day) == (kind not in {Kind.OPEN, Kind.OFF})


def test_breaks_that_overlap_close_their_time_once():
    content = edits.apply(USUAL, [AddBreak(Break(at(12), at(14), {})), AddBreak(Break(at(13), at(15), {}))])

    check(content, MONDAY)
    assert open_minutes(content, MONDAY) == 540 - 180
    assert compiled("UTC", content).elapsed(at(0).replace(tzinfo=UTC), at(23).replace(tzinfo=UTC)) == 360 * 60


def test_a_night_belongs_to_the_day_it_begins_on():
    content = Content(week=((("22:00", "06:00"),), *((),) * 6))

    assert (open_minutes(content, MONDAY), open_minutes(content, MONDAY + timedelta(days=1))) == (480, 0)
    assert open_minutes(AddBreak(Break(at(3, day=date(2026, 11, 24)), at(4, day=date(2026, 11, 24)), {})).on(content), MONDAY) == 420


def test_half_a_day_is_until_noon_or_from_noon():
    windows = (("08:00", "11:30"), ("13:00", "17:00"))

    assert half_day((("09:00", "18:00"),), morning=True) == NINE_TO_NOON
    assert half_day((("09:00", "18:00"),), morning=False) == (("12:00", "18:00"),)
    assert (half_day(windows, morning=True), half_day(windows, morning=False)) == (windows[:1], windows[1:])
    assert half_day((("14:00", "18:00"),), morning=True) == ()
    assert half_day((("20:00", "02:00"),), morning=False) == (("20:00", "02:00"),)


@pytest.mark.parametrize("text", ["9:00", "09:0", "24:01", "25:00", "09:60", "0900", "", "ab:cd", "-1:00", "٠٩:٠٠"])
def test_what_is_no_time_of_a_day(text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$|invalid literal"):
        minute(text)


@given(st.integers(0, 1440))
def test_a_minute_reads_as_it_is_written(minutes):
    assert minute(clock(minutes)) == minutes


# --- Edits ------------------------------------------------------------------------------------------------------------
def test_the_last_edit_of_a_date_counts_alone():
    content = edits.apply(USUAL, [Close(MONDAY, {"": "A"}), SetHours(MONDAY, NINE_TO_NOON, {"": "B"})])
    closed_again = Close(MONDAY, {"": "C"}).on(content)

    assert (content.holidays, content.dates) == ({}, {MONDAY: OtherHours(NINE_TO_NOON, {"": "B"})})
    assert (closed_again.holidays, closed_again.dates) == ({MONDAY: {"": "C"}}, {})
    assert MakeUsual(MONDAY).on(closed_again) == USUAL


def test_the_same_break_twice_is_one():
    one = Break(at(12), at(13), {"": "Lunch"})
    twice = edits.apply(USUAL, [AddBreak(one), AddBreak(replace(one, name={"": "Party"}))])

    assert twice.breaks == (replace(one, name={"": "Party"}),)
    assert DropBreak(one).on(twice) == USUAL


def test_a_proposal_is_switched_on_whole_or_in_part():
    whole, part = Proposal(MONDAY, {"": "A"}), Proposal(SATURDAY, {"": "B"}, "14:00", "24:00")
    content = edits.apply(replace(USUAL, proposals=(whole, part)), [switch_on(whole), switch_on(part)])

    assert content.holidays == {MONDAY: {"": "A"}}
    assert content.breaks == (Break(at(14, day=SATURDAY), at(0, day=date(2026, 11, 29)), {"": "B"}),)
    assert [content.has_switched_on(one) for one in (whole, part)] == [True, True]


EVERY_EDIT = [
    SetWeek(week_of(("00:00", "24:00"))),
    SetHours(MONDAY, NINE_TO_NOON, {"": "x"}),
    Close(MONDAY, {"en": "x", "pt-br": "y"}),
    MakeUsual(MONDAY),
    AddBreak(Break(at(12), at(13), {})),
    DropBreak(Break(at(12), at(13), {})),
]


@pytest.mark.parametrize("edit", EVERY_EDIT)
def test_an_edit_survives_a_session(edit):
    assert edits.from_json(json.loads(json.dumps(edits.to_json(edit)))) == edit


def test_content_survives_the_database():
    content = edits.apply(first_content(Follows.FLORIANOPOLIS, MONDAY), EVERY_EDIT)

    assert from_json(json.loads(json.dumps(to_json(content)))) == content


# --- Refusals ---------------------------------------------------------------------------------------------------------
REFUSED = {
    "a time that is none": (replace(USUAL, week=week_of(("09:00", "25:00"))), checking.NoTime),
    "a window from 24:00": (replace(USUAL, week=week_of(("24:00", "09:00"))), checking.NoTime),
    "windows that overlap": (replace(USUAL, week=week_of(("09:00", "12:00"), ("11:59", "18:00"))), checking.WindowsOverlap),
    "a window twice": (SetHours(MONDAY, NINE_TO_NOON * 2, {}).on(USUAL), checking.WindowsOverlap),
    "too many windows": (SetHours(MONDAY, NINE_TO_NOON * 13, {}).on(USUAL), checking.TooManyWindows),
    "a night that overlaps": (replace(USUAL, week=week_of(("18:00", "02:00"), ("22:00", "23:00"))), checking.WindowsOverlap),
    "a night into the next day": (replace(USUAL, week=week_of(("09:00", "09:30"), ("22:00", "09:01"))), checking.WindowsOverlapOvernight),
    "a date's night into the next": (SetHours(MONDAY, (("20:00", "09:01"),), {}).on(USUAL), checking.WindowsOverlapOvernight),
    "a date closed and open": (
        replace(USUAL, holidays={MONDAY: {}}, dates={MONDAY: OtherHours(NINE_TO_NOON, {})}),
        checking.DateTwice,
    ),
    "a break that ends before it begins": (replace(USUAL, breaks=(Break(at(13), at(12), {}),)), checking.BreakReversed),
    "a break of no time": (replace(USUAL, breaks=(Break(at(13), at(13), {}),)), checking.BreakReversed),
    "too many breaks": (
        replace(USUAL, breaks=tuple(Break(at(12) + timedelta(days=n), at(13) + timedelta(days=n), {}) for n in range(501))),
        checking.TooManyBreaks,
    ),
    "the year 2101": (Close(date(2101, 1, 1), {}).on(USUAL), checking.DateTooFar),
    "the year 1999": (replace(USUAL, breaks=(Break(datetime(1999, 1, 1), at(12), {}),)), checking.DateTooFar),  # noqa: DTZ001
    "a name without end": (Close(MONDAY, {"": "x" * 81}).on(USUAL), checking.NameTooLong),
    "no hours": (Content(week=((),) * 7), checking.NeverOpen),
    "a break over everything": (replace(USUAL, breaks=(Break(at(0), at(0, day=date(2028, 1, 1)), {}),)), checking.NeverOpen),
    "a break of years to come": (replace(USUAL, breaks=(Break(at(13), at(13, day=date(2046, 11, 23)), {}),)), checking.NeverOpen),
    "breaks that make years": (
        replace(USUAL, breaks=tuple(Break(at(0, day=date(year, 1, 1)), at(0, day=date(year + 1, 1, 1)), {}) for year in (2030, 2031))),
        checking.NeverOpen,
    ),
    "hours on one day of the year": (SetHours(MONDAY, NINE_TO_NOON, {}).on(Content(week=((),) * 7)), checking.TooFewHours),
    "a week a minute too short": (Content(week=((("09:00", clock(540 + checking.LEAST_A_WEEK - 1)),), *((),) * 6)), checking.TooFewHours),
    "hours only long ago": (SetHours(date(2025, 1, 1), NINE_TO_NOON, {}).on(Content(week=((),) * 7)), checking.NeverOpen),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_contradicts_itself_is_refused_with_a_sentence(what):
    content, refusal = REFUSED[what]

    with pytest.raises(refusal) as refused:
        check(content, MONDAY)

    assert str(refused.value).endswith(".")
    assert "%(" not in str(refused.value)


ALLOWED = {
    "as shipped": first_content(Follows.FLORIANOPOLIS, MONDAY),
    "round the clock": replace(USUAL, week=week_of(("00:00", "24:00"))),
    "round the clock, the other way": replace(USUAL, week=week_of(("00:00", "00:00"))),
    "from morning to morning": replace(USUAL, week=week_of(("09:00", "09:00"))),
    "nights": replace(USUAL, week=week_of(("22:00", "06:00"))),
    "windows that meet": replace(USUAL, week=week_of(("09:00", "12:00"), ("12:00", "18:00"))),
    "windows in disorder": replace(USUAL, week=week_of(("13:00", "18:00"), ("09:00", "12:00"))),
    "one long evening a week": Content(week=((("18:00", "22:10"),), *((),) * 6)),
    "a break within a holiday": replace(USUAL, holidays={MONDAY: {}}, breaks=(Break(at(12), at(13), {}),)),
}


@pytest.mark.parametrize("what", ALLOWED)
def test_what_is_allowed_counts_the_minutes_that_it_shows(what):
    content, first = ALLOWED[what], datetime(2026, 11, 23, tzinfo=UTC)

    check(content, MONDAY)

    shown = sum(open_minutes(content, MONDAY + timedelta(days=offset)) for offset in range(366))
    assert compiled("UTC", content).elapsed(first, first + timedelta(days=366)) == shown * 60


FIRST, LAST = MONDAY, MONDAY + timedelta(days=20)
times = st.integers(0, 1439).map(clock)
windows = st.lists(st.tuples(times, st.integers(0, 1440).map(clock)), max_size=3).map(tuple)
some_days = st.dates(FIRST, LAST - timedelta(days=2))
moments = st.datetimes(at(0), at(23, day=LAST)).map(lambda moment: moment.replace(second=0, microsecond=0))
breaks = st.lists(st.tuples(moments, moments).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: Break(*pair, {})), max_size=3)


@given(st.lists(windows, min_size=7, max_size=7).map(tuple), st.dictionaries(some_days, windows, max_size=4), st.sets(some_days), breaks)
def test_whatever_is_not_refused_counts_the_minutes_that_it_shows(week, dates, holidays, breaks):
    hours = {day: OtherHours(of, {}) for day, of in dates.items()}
    # No night reaches into the days that are counted, and none out of them.
    edges = dict.fromkeys((FIRST - timedelta(days=1), LAST - timedelta(days=1)), OtherHours((), {}))
    content = Content(week=week, dates=hours | edges, holidays={day: {} for day in holidays - hours.keys()}, breaks=tuple(breaks))
    try:
        check(content, FIRST)
    except Refusal:
        return

    shown = sum(open_minutes(content, FIRST + timedelta(days=offset)) for offset in range(20))
    start, end = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (FIRST, LAST))
    assert compiled("UTC", content).elapsed(start, end) == shown * 60


def test_a_holiday_cuts_the_night_before_it_and_leaves_its_own_after_it():
    nights = Content(week=week_of(("22:00", "06:00")), holidays={MONDAY: {}})

    assert [open_minutes(nights, MONDAY + timedelta(days=offset)) for offset in (-1, 0, 1)] == [120, 360, 480]
    assert kind_of(nights, MONDAY) == Kind.CLOSED


@pytest.mark.parametrize(("year", "due_in"), [(2026, 2109), (2100, 2110)])
def test_by_every_calendar_that_is_let_through_the_longest_promise_is_due_at_some_instant(year, due_in):
    """The least week that there may be, and decades in which it opens for one of them a year."""
    least = Content(week=((("09:00", clock(540 + checking.LEAST_A_WEEK)),), *((),) * 6))
    closed = [Break(at(0, day=date(year, 12, 8)), at(0, day=date(year + 1, 12, 1)), {}) for year in range(2026, 2100)]
    content = replace(least, breaks=tuple(closed))
    checking.check(content, MONDAY)

    due = compiled("America/Sao_Paulo", content).add(datetime(year, 12, 31, tzinfo=UTC), MOST_MINUTES * 60)

    assert due.year == due_in
