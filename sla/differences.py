"""What differs between two versions of a calendar, and what a day or a week is, in the words of whoever reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.utils import translation
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sla.content import Break, Content, Names, Windows


@dataclass(frozen=True)
class Difference:
    """`before` is empty for what is new, `after` for what is no more. `is_over`: about a day before today, which nothing is counted by."""

    label: str
    before: str
    after: str
    is_over: bool = False


def differences(before: Content, after: Content, today: date) -> list[Difference]:
    """Everything that the later content says otherwise: the week, single days, breaks, proposals."""
    return [
        *_of_week(before, after),
        *_of_days(before, after, today),
        *_of_breaks(before, after, today),
        *_of_proposals(before, after),
    ]


def _of_week(before: Content, after: Content) -> Iterator[Difference]:
    pairs = zip(before.week, after.week, strict=True)
    for (old, new), weekdays in groupby(enumerate(pairs), key=lambda numbered: numbered[1]):
        if old != new:
            yield Difference(_days_in_words([weekday for weekday, _pair in weekdays]), hours_in_words(old), hours_in_words(new))


def _of_days(before: Content, after: Content, today: date) -> Iterator[Difference]:
    for day in sorted({*before.dates, *after.dates, *before.holidays, *after.holidays}):
        old, new = day_in_words(before, day), day_in_words(after, day)
        if old != new:
            yield Difference(day_name(day), old, new, is_over=day < today)


def _of_breaks(before: Content, after: Content, today: date) -> Iterator[Difference]:
    old, new = {_key(one): one for one in before.breaks}, {_key(one): one for one in after.breaks}
    for key in sorted(old.keys() | new.keys()):
        was, becomes = _break_text(old.get(key)), _break_text(new.get(key))
        if was != becomes:
            yield Difference(break_in_words(old.get(key) or new[key]), was, becomes, is_over=key[1].date() < today)


def _of_proposals(before: Content, after: Content) -> Iterator[Difference]:
    more = len(set(map(str, after.proposals)) - set(map(str, before.proposals)))
    if more:
        yield Difference(_("Proposals"), "", ngettext("one more optional day", "%(count)s more optional days", more) % {"count": more})


def _key(one: Break) -> tuple[datetime, datetime]:
    return one.start, one.end


def _break_text(one: Break | None) -> str:
    if one is None:
        return ""
    name = name_in_words(one.name)
    return _("closed: %(name)s") % {"name": name} if name else _("closed")


# --- Words ------------------------------------------------------------------------------------------------------------
def name_in_words(name: Names) -> str:
    """What a day is called, in the language in use if it has a name there, else as it was typed; empty when it has none."""
    language = translation.get_language() or "en"
    return name.get(language) or name.get("") or next(iter(name.values()), "")


def day_in_words(content: Content, day: date) -> str:
    """What a version says of one date apart from its breaks: closed, other hours, or the usual ones."""
    if day in content.holidays:
        name = name_in_words(content.holidays[day])
        return _("closed: %(name)s") % {"name": name} if name else _("closed")
    if day in content.dates:
        hours = content.dates[day]
        name, shown = name_in_words(hours.name), hours_in_words(hours.windows)
        return f"{shown} ({name})" if name else shown
    return _("usual: %(hours)s") % {"hours": hours_in_words(content.week[day.weekday()])}


def hours_in_words(windows: Windows) -> str:
    """ "09:00–12:00, 13:00–18:00", or that it is closed."""
    if not windows:
        return _("closed")
    return ", ".join(_window_in_words(opens, closes) for opens, closes in windows)


def _window_in_words(opens: str, closes: str) -> str:
    if (opens, closes) in {("00:00", "24:00"), ("00:00", "00:00")}:
        return _("all day")
    if closes <= opens:
        return _("%(opens)s–%(closes)s of the next day") % {"opens": opens, "closes": closes}
    return f"{opens}–{closes}"


def break_in_words(one: Break) -> str:
    """When a break is; the date once when it begins and ends on the same."""
    since, until = one.start, one.end
    if since.date() == until.date():
        return f"{day_name(since)}, {since:%H:%M}–{until:%H:%M}"
    if not (until.hour or until.minute) and (until.date() - since.date()).days == 1:
        return f"{day_name(since)}, {since:%H:%M}–24:00"
    return f"{day_name(since)}, {since:%H:%M} – {day_name(until)}, {until:%H:%M}"


def day_name(day: date) -> str:
    """ "Thu, 24 Dec 2026": a date with its weekday."""
    return f"{capfirst(str(WEEKDAYS_ABBR[day.weekday()]))}, {date_format(day, 'SHORT_DATE_FORMAT')}"


def week_in_words(content: Content) -> list[tuple[str, str]]:
    """The usual hours, days that have the same together: ("Monday to Friday", "09:00–18:00")."""
    runs = groupby(range(7), key=lambda weekday: content.week[weekday])
    return [(_days_in_words(list(weekdays)), hours_in_words(windows)) for windows, weekdays in runs]


def _days_in_words(weekdays: list[int]) -> str:
    first, last = capfirst(str(WEEKDAYS[weekdays[0]])), str(WEEKDAYS[weekdays[-1]])
    if len(weekdays) == 1:
        return first
    if len(weekdays) == 2:
        return _("%(first)s and %(last)s") % {"first": first, "last": _weekday_inside(last)}
    return _("%(first)s to %(last)s") % {"first": first, "last": _weekday_inside(last)}


def _weekday_inside(name: str) -> str:
    """A weekday in the middle of a sentence: English keeps its capital, Portuguese has none."""
    return name if (translation.get_language() or "en").startswith("en") else name.lower()
