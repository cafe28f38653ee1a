"""The smallest parts of a page, as tags: icon, chips, avatar, instant. A list has hundreds, and an included template costs ten times as much.

Both template engines use them: Django's for pages, Jinja2's for long lists (see `helpdesk/listing.py`).
"""

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from functools import lru_cache, partial

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dateformat import format as format_slowly
from django.utils.dates import MONTHS, MONTHS_3, WEEKDAYS
from django.utils.formats import get_format
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

register = template.Library()

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
    zone = timezone.get_current_timezone()
    local = at.astimezone(zone)
    short, long = _formatters(get_language() or "en")
    title = f"{long(local)} {zone_name(local, zone)}"
    shown = short(local)
    return SafeString(
        f'<time class="instant" datetime="{local.isoformat(timespec="seconds")}" title="{escape(title)}" data-relative>{escape(shown)}</time>'
    )


def zone_name(local: datetime, zone: tzinfo) -> str:
    """ "Sao Paulo, UTC−3": the zone's city and its distance from UTC at that instant."""
    offset = local.utcoffset()
    return _zone_name(str(zone), int(offset.total_seconds()) if offset else 0, get_language() or "en")


@lru_cache(maxsize=512)
def _zone_name(zone: str, offset_seconds: int, _language: str) -> str:
    city = _(zone.rsplit("/", 1)[-1].replace("_", " "))
    return _("%(city)s, UTC%(hours)s") % {"city": city, "hours": f"{offset_seconds // 3600:+d}".replace("-", "−")}


Formatter = Callable[[datetime], str]

# Letters of Django's date formats, for the formats that instants are shown in.
LETTERS: dict[str, Formatter] = {
    "d": lambda at: f"{at.day:02d}",
    "j": lambda at: str(at.day),
    "m": lambda at: f"{at.month:02d}",
    "Y": lambda at: str(at.year),
    "H": lambda at: f"{at.hour:02d}",
    "i": lambda at: f"{at.minute:02d}",
}


@lru_cache(maxsize=16)
def _formatters(language: str) -> tuple[Formatter, Formatter]:
    """The short and the long format of a language, taken apart once: Django's own reads the format letter by letter each time."""
    months, months_3 = [str(MONTHS[n]) for n in range(1, 13)], [str(MONTHS_3[n]).title() for n in range(1, 13)]
    days = [str(WEEKDAYS[n]) for n in range(7)]
    letters = LETTERS | {
        "F": lambda at: months[at.month - 1],
        "M": lambda at: months_3[at.month - 1],
        "l": lambda at: days[at.weekday()],
    }
    return (
        _compiled(str(get_format("SHORT_DATETIME_FORMAT", language)), letters),
        _compiled(str(get_format("DATETIME_FORMAT", language)), letters),
    )


def _compiled(pattern: str, letters: Mapping[str, Formatter]) -> Formatter:
    """One function for a format. A letter that is not known here leaves the whole format to Django."""
    if any((letter.isalpha() or letter == "\\") and letter not in letters for letter in pattern):
        return lambda at: format_slowly(at, pattern)
    parts = [letters.get(letter, partial(_mark, letter)) for letter in pattern]
    return lambda at: "".join([part(at) for part in parts])


def _mark(letter: str, _at: datetime) -> str:
    return letter
