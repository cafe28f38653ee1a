"""The smallest parts of a page, as tags: icon, chips, avatar, instant. A list has hundreds, and an included template costs ten times as much.

Both template engines use them: Django's for pages, Jinja2's for long lists (see `helpdesk/listing.py`).
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from html import escape as escape_text
from operator import attrgetter
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dateformat import format as format_slowly
from django.utils.dates import MONTHS, MONTHS_3, WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import get_format
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from helpdesk.lib.dues import Due, State
from helpdesk.lib.moments import zone_at, zone_name

register = template.Library()

CONTRACT_MARKS = {
    "in_force": ("tone-ok", "check"),
    "not_begun": ("tone-info", "clock"),
    "suspended": ("tone-warn", "pause"),
    "expired": ("tone-warn", "alert"),
}
TYPE_ICONS = {"technical": "wrench", "functional": "help"}


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon of the sprite; `extra`: more classes. Always beside a word, so it is hidden from screen readers."""
    return _icon(str(name), str(extra))


@lru_cache(maxsize=256)
def _icon(name: str, extra: str) -> SafeString:
    classes = f"icon {escape(extra)}" if extra else "icon"
    return SafeString(
        f'<svg class="{classes}" aria-hidden="true" focusable="false"><use href="{escape(static("icons.svg"))}#{escape(name)}"></use></svg>'
    )


@register.simple_tag
def chip(text: object, tone: str = "", icon: str = "", title: str = "") -> SafeString:
    """A small label. `tone`: accent, info, ok, warn, danger, note; default neutral."""
    return _chip(f"tone-{tone}" if tone else "", icon, str(text), title)


@register.simple_tag
def severity_chip(severity: str, label: object) -> SafeString:
    """`severity`: critical, high, medium, low; `label`: the word in the reader's language."""
    return _known_chip(f"severity-{severity}", f"severity-{severity}", str(label))


@register.simple_tag
def state_chip(state: str, label: object) -> SafeString:
    """`state`: new, checking, open, waiting_customer, waiting_approval, waiting_third_party, resolved, closed; `label`: words for this reader."""
    return _known_chip(f"state-{state}", f"state-{state}", str(label))


@register.simple_tag
def type_chip(type: str, label: object) -> SafeString:
    """`type`: technical, functional, update_service."""
    return _known_chip("", TYPE_ICONS.get(type, "package"), str(label))


@register.simple_tag
def contract_chip(state: str, label: object) -> SafeString:
    """What a contract is today. `state`: in_force, not_begun, expired, suspended, ended; `label`: the word in the reader's language."""
    return _known_chip(*CONTRACT_MARKS.get(state, ("", "x")), str(label))


@lru_cache(maxsize=256)
def _known_chip(classes: str, icon_name: str, text: str) -> SafeString:
    """One of the few that lists are full of: made once in each language."""
    return _chip(classes, icon_name, text)


def _chip(classes: str, icon_name: str, text: str, title: str = "") -> SafeString:
    shown_title = f' title="{escape(title)}"' if title else ""
    shown_icon = _icon(icon_name, "") if icon_name else ""
    return SafeString(
        f'<span class="chip{" " + escape(classes) if classes else ""}"{shown_title}>{shown_icon}<span class="chip-text">{escape(text)}</span></span>'
    )


@register.simple_tag
def avatar(name: str, kind: str = "", small: bool = False) -> SafeString:
    """A person's initials, beside their name. `kind`: staff or note; default customer."""
    return _avatar(str(name), str(kind), bool(small))


@lru_cache(maxsize=1024)
def _avatar(name: str, kind: str, small: bool) -> SafeString:
    classes = (f" avatar-{escape(kind)}" if kind else "") + (" avatar-small" if small else "")
    return SafeString(f'<span class="avatar{classes}" aria-hidden="true">{escape(initials(name))}</span>')


@register.filter
def initials(name: str) -> str:
    """First letters of the first and the last word of a name."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


# --- Instants -------------------------------------------------------------------------------------------------------
@register.simple_tag
def instant(at: datetime | None) -> SafeString:
    """An instant as people read it: absolute in their zone, with the zone's name in the title; a script adds "3 min ago"."""
    if at is None:
        return SafeString("")
    return _writer(get_language() or "en", timezone.get_current_timezone())(at)


@register.simple_tag
def dated(at: datetime) -> SafeString:
    """An instant of a plan, with its weekday and without how far away it is: "Mon 23 Nov 2026, 09:00"."""
    zone = timezone.get_current_timezone()
    local = at.astimezone(zone)
    short, long = _formatters(get_language() or "en")
    title = f"{long(local)} {zone_name(zone, local.utcoffset())}"
    shown = f"{WEEKDAYS_ABBR[local.weekday()]} {short(local)}"
    return SafeString(
        f'<time class="instant" datetime="{local.isoformat(timespec="seconds")}" title="{escape(title)}">{escape(shown)}</time>'
    )


@register.simple_tag
def zone_of(at: datetime) -> str:
    """The reader's zone at that instant, as the title of an instant says it: "Sao Paulo, UTC−3"."""
    return zone_at(at)


@lru_cache(maxsize=256)
def _writer(language: str, zone: tzinfo) -> Callable[[datetime], SafeString]:
    """What writes an instant for readers of one language and zone: nothing but the instant is left to ask."""
    short, _long = _formatters(language)
    full = _full_writer(language, zone)

    def write(at: datetime) -> SafeString:
        local = at.astimezone(zone)
        return SafeString(
            f'<time class="instant" datetime="{local.isoformat(timespec="seconds")}" title="{full(local)}" data-relative>{short(local)}</time>'
        )

    return write


@lru_cache(maxsize=256)
def _full_writer(language: str, zone: tzinfo) -> Callable[[datetime], str]:
    """The same for the long form of an instant that is local already, with the zone's name, as markup."""
    _short, long = _formatters(language)
    places: dict[timedelta | None, str] = {}

    def write(local: datetime) -> str:
        offset = local.utcoffset()
        place = places.get(offset) or places.setdefault(offset, escape(zone_name(zone, offset)))
        return f"{long(local)} {place}"

    return write


def day(at: date) -> SafeString:
    """A day in the reader's form."""
    return SafeString(_day(get_language() or "en")(at))


@lru_cache(maxsize=16)
def _day(language: str) -> "Formatter":
    return _compiled(str(get_format("DATE_FORMAT", language)))


Formatter = Callable[[Any], str]  # of an instant, or of a day

# Letters of Django's date formats, for the formats that instants are shown in: how each is written, and what of an instant it is.
LETTERS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "d": ("%02d", attrgetter("day")),
    "j": ("%d", attrgetter("day")),
    "m": ("%02d", attrgetter("month")),
    "Y": ("%d", attrgetter("year")),
    "H": ("%02d", attrgetter("hour")),
    "i": ("%02d", attrgetter("minute")),
}


def _letters() -> dict[str, tuple[str, Callable[[Any], object]]]:
    """The same with those that stand for names, in the reader's language."""
    months, months_3 = {n: escape(str(MONTHS[n])) for n in MONTHS}, {n: escape(str(MONTHS_3[n]).title()) for n in MONTHS_3}
    days = {n: escape(str(WEEKDAYS[n])) for n in WEEKDAYS}
    return LETTERS | {
        "F": ("%s", lambda at: months[at.month]),
        "M": ("%s", lambda at: months_3[at.month]),
        "l": ("%s", lambda at: days[at.weekday()]),
    }


@lru_cache(maxsize=16)
def _formatters(language: str) -> tuple[Formatter, Formatter]:
    """The short and the long format of a language, taken apart once: Django's own reads the format letter by letter each time."""
    return _compiled(str(get_format("SHORT_DATETIME_FORMAT", language))), _compiled(str(get_format("DATETIME_FORMAT", language)))


def _compiled(pattern: str) -> Formatter:
    """What writes an instant by a format, as markup. A letter that is not known here leaves the whole format to Django."""
    letters = _letters()
    if any((letter.isalpha() or letter in "\\%") and letter not in letters for letter in pattern):
        return lambda at: escape(format_slowly(at, pattern))
    written = "".join(letters[letter][0] if letter in letters else escape(letter) for letter in pattern)
    parts = [letters[letter][1] for letter in pattern if letter in letters]
    return lambda at: written % tuple([part(at) for part in parts])


# --- Promises -------------------------------------------------------------------------------------------------------
DUE_ICONS = {State.LATE: "alert", State.MISSED: "alert", State.PAUSED: "pause", State.MET: "check", State.CANCELLED: "x"}


TICKING = frozenset({State.LEFT, State.SOON, State.LATE})


@register.simple_tag
def due_chip(due: Due | None, now: datetime) -> SafeString:
    """What is left of a promise; nothing for None. A script lets it tick from the server's `now`; all it knows are instants."""
    if due is None:
        return SafeString("")
    return _due_writer(get_language() or "en", timezone.get_current_timezone())(due, now)


@lru_cache(maxsize=256)
def _due_writer(language: str, zone: tzinfo) -> Callable[[Due, datetime], SafeString]:
    """What writes chips of promises for readers of one language and zone."""
    full = _full_writer(language, zone)

    def title(due: Due) -> str:
        """ "First response: Tuesday, 24 November 2026, 14:30 Sao Paulo, UTC−3 · 4 h, business hours", as markup."""
        at = due.missed_at if due.met_at and due.missed_at else due.due_at
        what, terms = escape_text(due.label), f" · {escape_text(due.terms)}" if due.terms else ""
        if at is None:  # a narrow column may cut what it waits for
            return f"{what}: {escape_text(due.waits_for)}{terms}" if due.waits_for else f"{what}{terms}"
        return f"{what}: {full(at.astimezone(zone))}{terms}"

    def write(due: Due, now: datetime) -> SafeString:
        state = due.state(now)
        shown_icon = _icon(DUE_ICONS.get(state, "clock"), "")
        data = _ticks(due, now) if state in TICKING else ""
        return SafeString(
            f'<span class="chip due-{state}" title="{title(due)}"{data}>{shown_icon}'
            f'<span class="chip-text">{escape_text(due.text(now))}</span></span>'
        )

    return write


def _ticks(due: Due, now: datetime) -> str:
    """The instants that the script asks for."""
    assert due.due_at is not None, "it runs"
    warns = f' data-warns="{due.warns_at.isoformat(timespec="seconds")}"' if due.warns_at is not None else ""
    return f' data-due="{due.due_at.isoformat(timespec="seconds")}"{warns} data-now="{now.isoformat(timespec="seconds")}"'
