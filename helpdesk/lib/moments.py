"""Instants as they stand in a sentence, on the reader's clock: near ones by the day's name, those of a letter with date and zone."""

from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from django.utils import timezone
from django.utils.dates import MONTHS, MONTHS_3, WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import time_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

DAYS_BY_NAME = 6  # the seventh would have today's name


def by_the_clock(at: datetime, now: datetime) -> str:
    """As `spoken`, but on the same day the time alone: "03:42"."""
    local = timezone.localtime(at)
    return _time(local) if local.date() == timezone.localdate(now) else spoken(at, now)


def spoken(at: datetime, now: datetime) -> str:
    """ "today 14:20", "tomorrow 09:00", "Monday 13:00" within six days, else "Mon 30 Nov 13:00", in the current zone."""
    local = timezone.localtime(at)
    days = (local.date() - timezone.localdate(now)).days
    if days == 0:
        return _("today %(time)s") % {"time": _time(local)}
    if days == 1:
        return _("tomorrow %(time)s") % {"time": _time(local)}
    if 1 < days <= DAYS_BY_NAME:
        return _("%(weekday)s %(time)s") % {"weekday": _within(str(WEEKDAYS[local.weekday()])), "time": _time(local)}
    return dated(at)


def dated(at: datetime) -> str:
    """ "Mon 30 Nov 13:00" in the current zone: what stays true when it is read later."""
    return _dated(timezone.localtime(at).replace(second=0, microsecond=0, tzinfo=None), get_language() or "en")


@lru_cache(maxsize=4096)
def _dated(local: datetime, _language: str) -> str:
    """Of a minute on the reader's clock, without its zone: by that, the same minute of another zone would be taken for it."""
    return _("%(weekday)s %(day)s %(month)s %(time)s") % {
        "weekday": _within(str(WEEKDAYS_ABBR[local.weekday()])),
        "day": local.day,
        "month": _within(str(MONTHS_3[local.month])),
        "time": _time(local),
    }


def zoned(at: datetime) -> str:
    """ "Mon 30 Nov 13:00 (Sao Paulo, UTC−3)"."""
    return _("%(instant)s (%(zone)s)") % {"instant": dated(at), "zone": zone_at(at)}


def month_name(day: date) -> str:
    """ "November" as it stands in a sentence."""
    return _within(str(MONTHS[day.month]))


def zone_at(at: datetime) -> str:
    """The current zone at that instant: "Sao Paulo, UTC−3"."""
    zone = timezone.get_current_timezone()
    return zone_name(zone, at.astimezone(zone).utcoffset())


def zone_name(zone: tzinfo, offset: timedelta | None) -> str:
    """ "Sao Paulo, UTC−3": the zone's city and its distance from UTC at an instant."""
    return _zone_name(str(zone), int(offset.total_seconds()) if offset else 0, get_language() or "en")


@lru_cache(maxsize=512)
def _zone_name(zone: str, offset_seconds: int, _language: str) -> str:
    city = _(zone.rsplit("/", 1)[-1].replace("_", " "))
    return _("%(city)s, UTC%(hours)s") % {"city": city, "hours": _offset(offset_seconds)}


def _offset(seconds: int) -> str:
    """ "−3", "+5:30"."""
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'−' if seconds < 0 else '+'}{hours}" + (f":{minutes:02d}" if minutes else "")


def _time(local: datetime) -> str:
    return _time_of_day(local.time().replace(second=0, microsecond=0), get_language() or "en")


@lru_cache(maxsize=4096)
def _time_of_day(at: time, _language: str) -> str:
    return time_format(at)


def _within(name: str) -> str:
    """The name of a day or a month within a sentence: English writes it with a capital, Portuguese doesn't."""
    return name.capitalize() if (get_language() or "en").startswith("en") else name.lower()
