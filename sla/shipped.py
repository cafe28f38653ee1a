"""The calendar as shipped (SLA-3): its usual week, and the days of Brazil by year. No Django.

The days come from the library `holidays`, always in a named language; Florianópolis' own day, which it lacks, by hand.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from holidays import OPTIONAL, PUBLIC
from holidays.countries.brazil import Brazil

from sla.content import Content, Names, Proposal, Windows

NAME, ZONE = "Business hours, Brasília", "America/Sao_Paulo"
FIRST_YEAR = 2014
YEARS_AHEAD = 10
HOURS: Windows = (("09:00", "18:00"),)
WEEK: tuple[Windows, ...] = (HOURS,) * 5 + ((),) * 2

LANGUAGES = {"pt-br": "pt_BR", "en": "en_US"}  # ours, and the library's
STATE = "SC"
# Optional days that close all the same. By their names in Portuguese: the library has one for Carnival's Monday and Tuesday.
CLOSED_ANYWAY = {"Carnaval", "Corpus Christi"}
# Optional days that the provider's country keeps in part: what they would close. The others would close whole.
IN_PART = {"Quarta-feira de Cinzas": ("00:00", "14:00"), "Véspera de Natal": ("14:00", "24:00"), "Véspera de Ano-Novo": ("14:00", "24:00")}
ANNIVERSARY = {"pt-br": "Aniversário de Florianópolis", "en": "Anniversary of Florianópolis"}
JOINT = "; "  # between the names of days that fall on the same date, as the library has it


class Follows(StrEnum):
    """Whose holidays a calendar has, and gets for the years to come."""

    NOTHING = ""
    BRAZIL = "br"
    FLORIANOPOLIS = "br_florianopolis"


def last_year(today: date) -> int:
    """The year until which holidays ought to be known."""
    return today.year + YEARS_AHEAD


def first_content(follows: Follows, today: date) -> Content:
    """What a new calendar says: the usual week, and the days it follows from 2014 to ten years ahead."""
    holidays, proposals = days(follows, range(FIRST_YEAR, last_year(today) + 1))
    return Content(week=WEEK, holidays=holidays, proposals=proposals)


def days(follows: Follows, years: Iterable[int]) -> tuple[dict[date, Names], tuple[Proposal, ...]]:
    """Closed days, and optional ones as proposals, of the years, by date. Nothing for calendars that follow nothing."""
    years = list(years)
    if follows == Follows.NOTHING or not years:
        return {}, ()
    state = STATE if follows == Follows.FLORIANOPOLIS else None
    national = Brazil(years=years, categories=(PUBLIC,), language=LANGUAGES["pt-br"])
    all_days = _named(years, state)
    closed = {day: name for day, name in all_days.items() if day in national or CLOSED_ANYWAY & set(name["pt-br"].split(JOINT))}
    if follows == Follows.FLORIANOPOLIS:
        for year in years:
            _add(closed, date(year, 3, 23), ANNIVERSARY)
    optional = {day: name for day, name in all_days.items() if day not in closed}
    return dict(sorted(closed.items())), tuple(_proposal(day, name) for day, name in sorted(optional.items()))


def _named(years: list[int], state: str | None) -> dict[date, Names]:
    """Every public and optional day, with its name in both languages."""
    by_language = {
        ours: Brazil(years=years, categories=(PUBLIC, OPTIONAL), subdiv=state, language=theirs) for ours, theirs in LANGUAGES.items()
    }
    return {day: {language: found[day] for language, found in by_language.items()} for day in by_language["pt-br"]}


def _add(closed: dict[date, Names], day: date, name: Names) -> None:
    """Close a day that may be closed already: Good Friday of 2035 is the 23rd of March."""
    known = closed.get(day)
    closed[day] = {language: JOINT.join([known[language], name[language]]) for language in name} if known else dict(name)


def _proposal(day: date, name: Names) -> Proposal:
    for known, (start, end) in IN_PART.items():
        if known in name["pt-br"].split(JOINT):
            return Proposal(day, name, start, end)
    return Proposal(day, name)
