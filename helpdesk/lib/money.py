"""Money as people say it and as they write it: whole cents inside, the reader's marks outside."""

import re
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import get_language

SIGNS = {"BRL": "R$", "USD": "US$", "EUR": "€"}
MOST_CENTS = 1_000_000_000
LONGEST = 24


class NoAmount(ValueError):
    """What was written is no amount."""


class TwoReadings(NoAmount):
    """What was written is a thousand times as much in one language as in another: 1.234."""


class TooMuch(NoAmount):
    """More than MOST_CENTS."""


def shown(cents: int, currency: str) -> str:
    """R$ 1.234,56 in Portuguese, R$1,234.56 in English; a minus stands before the sign."""
    space = "" if _is_english() else "\N{NO-BREAK SPACE}"
    amount = number_format(Decimal(abs(cents)) / 100, decimal_pos=2, force_grouping=True)
    return f"{'−' if cents < 0 else ''}{SIGNS.get(currency, currency + space)}{space if currency in SIGNS else ''}{amount}"


def editable(cents: int) -> str:
    """As a form shows it to be changed: 240,00 in Portuguese, 240.00 in English."""
    return number_format(Decimal(cents) / 100, decimal_pos=2)


def parse(text: str) -> int:
    """Cents of an amount as the reader's language writes it, or as any language does where there is only one reading.

    240, 240.5, 240,00, 1,240.50 and 1.240,50 are read everywhere; 1.234 is 123400 in Portuguese and nothing that one could bill in
    English, where it raises TwoReadings, as 1,234 does in Portuguese. Raises NoAmount for anything else, TooMuch.
    """
    text = re.sub(r"[\sR$U€]", "", text)
    if not text.isascii() or len(text) > LONGEST:
        raise NoAmount(text)
    own, other = (",", "."), (".", ",")
    if not _is_english():
        own, other = other, own
    cents = _read(text, *own)
    if cents is None:
        cents = _read(text, *other)
        if cents is not None and re.fullmatch(r"[^.,]*(?:[.,]\d{3})+", text):
            raise TwoReadings(text)
    if cents is None:
        raise NoAmount(text)
    if cents > MOST_CENTS:
        raise TooMuch(text)
    return cents


def _read(text: str, group: str, point: str) -> int | None:
    found = re.fullmatch(rf"(\d{{1,3}}(?:[{group}]\d{{3}})+|\d+)(?:[{point}](\d{{1,2}}))?", text)
    if found is None:
        return None
    whole, cents = found.groups()
    return int(whole.replace(group, "")) * 100 + int((cents or "0").ljust(2, "0"))


def _is_english() -> bool:
    return (get_language() or "en").startswith("en")
