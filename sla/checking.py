"""What a calendar must not say. Each fault is refused with a sentence; what is harmless is let through."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from math import ceil
from zoneinfo import available_timezones

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from helpdesk.lib.minutes import spell
from helpdesk.lib.refusals import Refusal
from sla.content import DAY_MINUTES, Content, Windows, has_open_minute, minutes_a_week, overlapping, spans
from sla.models import MOST_MINUTES

LONGEST_NAME = 80
WINDOWS_A_DAY = 12
BREAKS = 500
FIRST_YEAR, LAST_YEAR = 2000, 2100
OPEN_WITHIN_DAYS = 366
# Days of their own and breaks end with LAST_YEAR; then the usual week counts alone, for three centuries more. So whatever a policy
# promises is due at some instant, and nobody's ticket or answer fails because there is none.
WITHIN_YEARS = 10
LEAST_A_WEEK = ceil(MOST_MINUTES / (WITHIN_YEARS * 52))


class UnknownZone(Refusal):
    sentence = _("“%(zone)s” is not a time zone. Use a name such as America/Sao_Paulo.")


class NoTime(Refusal):
    sentence = _("“%(time)s” is not a time of the day. Write it like 09:00.")


class DayRefused(Refusal):
    """About one day's windows. `day`: as people call it, said before the sentence; empty where a label says it already."""

    def __str__(self) -> str:
        day = self.facts["day"]
        return f"{day}: {self.sentence}" if day else str(self.sentence)


class TooManyWindows(DayRefused):
    sentence = _("A day has twelve windows at most.")


class WindowsOverlap(DayRefused):
    sentence = _("Two windows overlap. Let one end before the next begins.")


class WindowsOverlapOvernight(Refusal):
    sentence = _("%(day)s: the hours go on past midnight and overlap with those of the day after.")


class DateTwice(Refusal):
    sentence = _("%(day)s is closed and has other hours at once. Choose one.")


class DateTooFar(Refusal):
    sentence = _("%(day)s is too far away. Calendars go from 2000 to 2100.")


class BreakReversed(Refusal):
    sentence = _("A break must end after it begins.")


class TooManyBreaks(Refusal):
    sentence = _("A calendar has five hundred breaks at most.")


class NameTooLong(Refusal):
    sentence = _("A day's name has eighty characters at most.")


class NeverOpen(Refusal):
    sentence = _("With this the calendar would be closed for a whole year. Leave some hours.")


class TooFewHours(Refusal):
    sentence = _("With so few usual hours a promise could take more than %(years)s years. Leave at least %(hours)s a week.")

    def __init__(self) -> None:
        super().__init__(years=WITHIN_YEARS, hours=spell(LEAST_A_WEEK))


def check_zone(zone: str) -> None:
    """Raises UnknownZone."""
    if zone not in available_timezones():
        raise UnknownZone(zone=zone)


def check(content: Content, today: date) -> None:
    """Refuse what contradicts itself, a calendar by which no time would pass for a year, from `today` or from a break on, and one by
    which the longest promise would take decades.

    Two breaks that overlap are harmless: what is closed is closed. Raises the refusals of this module.
    """
    _check_dates([*content.dates, *content.holidays, *(day for one in content.breaks for day in (one.start.date(), one.end.date()))])
    for day in content.dates.keys() & content.holidays.keys():
        raise DateTwice(day=_shown(day))
    _check_names(content)
    _check_windows(content)
    _check_breaks(content)
    begins = {today, *(one.start.date() + timedelta(days=1) for one in content.breaks if one.end.date() > today)}
    if not all(has_open_minute(content, max(day, today), OPEN_WITHIN_DAYS) for day in begins):
        raise NeverOpen
    if minutes_a_week(content) < LEAST_A_WEEK:
        raise TooFewHours


def _check_dates(days: Iterable[date]) -> None:
    for day in days:
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise DateTooFar(day=day.isoformat())


def _check_names(content: Content) -> None:
    names = [*content.holidays.values(), *(hours.name for hours in content.dates.values()), *(one.name for one in content.breaks)]
    if any(len(text) > LONGEST_NAME for name in names for text in name.values()):
        raise NameTooLong


def _check_windows(content: Content) -> None:
    week = content.week
    for weekday, windows in enumerate(week):
        check_day(windows, str(WEEKDAYS[weekday]))
    for weekday, windows in enumerate(week):
        _check_night(windows, week[(weekday + 1) % 7], str(WEEKDAYS[weekday]))
    for day, hours in content.dates.items():
        check_day(hours.windows, _shown(day))
    for day in {day + timedelta(days=offset) for day in content.dates for offset in (-1, 0)}:
        _check_night(content.windows_of(day), content.windows_of(day + timedelta(days=1)), _shown(day))


def check_day(windows: Windows, day: str) -> None:
    """Refuse one day's windows. `day`: as people call it. Raises NoTime, TooManyWindows, WindowsOverlap."""
    if len(windows) > WINDOWS_A_DAY:
        raise TooManyWindows(day=day)
    try:
        found = spans(windows)
    except ValueError as error:
        raise NoTime(time=str(error)) from error
    if overlapping(found):
        raise WindowsOverlap(day=day)


def _check_night(windows: Windows, of_next_day: Windows, day: str) -> None:
    later = [(start + DAY_MINUTES, end + DAY_MINUTES) for start, end in spans(of_next_day)]
    if overlapping([*spans(windows), *later]):
        raise WindowsOverlapOvernight(day=day)


def _check_breaks(content: Content) -> None:
    if len(content.breaks) > BREAKS:
        raise TooManyBreaks
    if any(one.end <= one.start for one in content.breaks):
        raise BreakReversed


def _shown(day: date | datetime) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
