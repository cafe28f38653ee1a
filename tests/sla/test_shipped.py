"""The calendar as shipped (SLA-3), year by year."""

from datetime import date, timedelta

import pytest

from sla.shipped import YEARS_AHEAD, Follows, days, first_content

# Easter Sundays, from the Astronomical Society's table and not computed by what is tested.
EASTER = {
    2014: (4, 20), 2015: (4, 5), 2016: (3, 27), 2017: (4, 16), 2018: (4, 1), 2019: (4, 21), 2020: (4, 12), 2021: (4, 4),
    2022: (4, 17), 2023: (4, 9), 2024: (3, 31), 2025: (4, 20), 2026: (4, 5), 2027: (3, 28), 2028: (4, 16), 2029: (4, 1),
    2030: (4, 21), 2031: (4, 13), 2032: (3, 28), 2033: (4, 17), 2034: (4, 9), 2035: (3, 25), 2036: (4, 13), 2037: (4, 5),
}  # fmt: skip
FIXED = {(1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (12, 25)}
CARNIVAL_MONDAY, CARNIVAL_TUESDAY, ASH_WEDNESDAY, GOOD_FRIDAY, CORPUS_CHRISTI = -48, -47, -46, -2, 60


def after_easter(year, *offsets):
    return {date(year, *EASTER[year]) + timedelta(days=offset) for offset in offsets}


def sunday_from(day):
    return day + timedelta(days=(6 - day.weekday()) % 7)


@pytest.mark.parametrize("year", EASTER)
def test_the_closed_days_of_a_year(year):
    closed, _proposals = days(Follows.FLORIANOPOLIS, [year])

    expected = {date(year, *day) for day in FIXED | {(3, 23)} | ({(11, 20)} if year >= 2024 else set())}
    assert set(closed) == expected | after_easter(year, CARNIVAL_MONDAY, CARNIVAL_TUESDAY, GOOD_FRIDAY, CORPUS_CHRISTI)


@pytest.mark.parametrize("year", EASTER)
def test_the_optional_days_of_a_year_are_proposals(year):
    _closed, proposals = days(Follows.FLORIANOPOLIS, [year])

    expected = {date(year, 10, 28), date(year, 12, 24), date(year, 12, 31)} | after_easter(year, ASH_WEDNESDAY)
    state_days = {sunday_from(date(year, 8, 11)), sunday_from(date(year, 11, 25))}  # the state's law moves them to Sundays
    assert {one.day for one in proposals} == expected | state_days


def test_a_calendar_of_brazil_alone_has_neither_city_nor_state():
    closed, proposals = days(Follows.BRAZIL, [2026])

    assert date(2026, 3, 23) not in closed
    assert {one.day for one in proposals} == {date(2026, 2, 18), date(2026, 10, 28), date(2026, 12, 24), date(2026, 12, 31)}


def test_every_day_has_a_name_in_both_languages():
    closed, proposals = days(Follows.FLORIANOPOLIS, EASTER)

    assert {frozenset(name) for name in [*closed.values(), *(one.name for one in proposals)]} == {frozenset({"pt-br", "en"})}
    assert closed[date(2026, 11, 2)] == {"pt-br": "Finados", "en": "All Souls' Day"}
    assert closed[date(2026, 2, 17)]["pt-br"] == "Carnaval"
    # Twice on one date: closed once, with both names.
    assert closed[date(2035, 3, 23)]["pt-br"] == "Sexta-feira Santa; Aniversário de Florianópolis"


def test_a_proposal_closes_what_is_usually_free():
    _closed, proposals = days(Follows.FLORIANOPOLIS, [2026])

    assert {one.day.isoformat(): (one.start, one.end) for one in proposals} == {
        "2026-02-18": ("00:00", "14:00"),
        "2026-08-16": ("00:00", "24:00"),
        "2026-10-28": ("00:00", "24:00"),
        "2026-11-29": ("00:00", "24:00"),
        "2026-12-24": ("14:00", "24:00"),
        "2026-12-31": ("14:00", "24:00"),
    }


def test_a_new_calendar_knows_2014_to_ten_years_ahead():
    content = first_content(Follows.FLORIANOPOLIS, date(2026, 11, 23))

    assert {day.year for day in content.holidays} == set(range(2014, 2026 + YEARS_AHEAD + 1))
    assert content.week == ((("09:00", "18:00"),),) * 5 + ((),) * 2
    assert {date(2026, 11, 2), date(2026, 11, 20)} <= set(content.holidays)
    assert (content.dates, content.breaks) == ({}, ())
    assert not any(content.has_switched_on(one) for one in content.proposals)


def test_what_follows_nothing_has_only_its_week():
    content = first_content(Follows.NOTHING, date(2026, 11, 23))

    assert (content.holidays, content.proposals) == ({}, ())
