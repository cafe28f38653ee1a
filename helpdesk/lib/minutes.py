"""Minutes as people say them, and as they write them."""

import re
from fractions import Fraction

from django.utils.translation import gettext as _

# 540; 30 min; 1 h; 1 h 30; 1h30min; 1,5 h; 9:00. In both languages, since people paste.
MINUTE_WORDS = r"(?:m|mins?|minutes?|minutos?|')"
HOUR_WORDS = r"(?:h|hs|hrs?|hours?|horas?)"
PATTERNS = (
    re.compile(rf"(?P<minutes>\d+)\s*{MINUTE_WORDS}?\.?"),
    re.compile(rf"(?P<hours>\d+(?:[.,]\d+)?)\s*{HOUR_WORDS}\.?"),
    re.compile(rf"(?P<hours>\d+)\s*{HOUR_WORDS}\.?\s*(?:and\s|e\s)?\s*(?P<minutes>[0-5]?\d)\s*{MINUTE_WORDS}?\.?"),
    re.compile(r"(?P<hours>\d+):(?P<minutes>[0-5]\d)"),
)
LONGEST = 40


def spell(minutes: int) -> str:
    """120 is "2 h", 90 is "1 h 30", 45 is "45 min"."""
    whole, rest = divmod(minutes, 60)
    if not whole:
        return _("%(minutes)s min") % {"minutes": rest}
    if not rest:
        return _("%(hours)s h") % {"hours": whole}
    return _("%(hours)s h %(minutes)s") % {"hours": whole, "minutes": f"{rest:02d}"}


def spell_long(minutes: int) -> str:
    """The same by the clock on the wall, from a day on in days: 6915 is "4 d 19 h"."""
    days, rest = divmod(minutes, 24 * 60)
    if not days:
        return spell(rest)
    if rest < 60:
        return _("%(days)s d") % {"days": days}
    return _("%(days)s d %(hours)s h") % {"days": days, "hours": rest // 60}


def parse(text: str) -> int:
    """Whole minutes of what somebody wrote; a number alone is minutes. Raises ValueError for anything else, days included."""
    text = text.strip().lower()
    found = next((match for pattern in PATTERNS if (match := pattern.fullmatch(text))), None) if len(text) <= LONGEST else None
    if found is None or not text.isascii():
        raise ValueError(text)
    parts = found.groupdict()
    minutes = Fraction((parts.get("hours") or "0").replace(",", ".")) * 60 + int(parts.get("minutes") or 0)
    if minutes.denominator != 1:
        raise ValueError(text)
    return int(minutes)
