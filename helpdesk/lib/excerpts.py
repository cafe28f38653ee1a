"""A piece of a text with the words that were looked for, marked. What people wrote stays text: all of it is escaped here."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

# Words with what may stand inside one: 7.2.1, soft-switch, 10.1.2.3, ada@acme.example.
COMPOUND = re.compile(r"\w+(?:[-.@:/_]\w+)*")
_WORD = re.compile(r"[^\W_]+")
# What shows nothing, or turns the direction in which the rest of the line is read.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_WIDTH = 220
_LEAD = 60
_MOST_MARKS = 400
_MOST_CANDIDATES = 2_000  # a text full of made-up words must not become as many questions

Span = tuple[int, int]
Find = Callable[[str], list[Span]]


def plain(text: str, longest: int) -> str:
    """At most `longest` of a text as one line, without characters that show nothing or turn the direction of reading."""
    return _INVISIBLE.sub("", " ".join(text[:longest].split()))


def beginning(word: str) -> str:
    """The two letters by which words that may have one stem are told from all others: stemmers only cut endings off."""
    letters = word[:4].casefold()
    if not letters.isascii():
        letters = "".join(c for c in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(c))
    return letters[:2]


def candidates(texts: Iterable[str], words: Iterable[str]) -> list[str]:
    """The different words and compounds in the texts that begin as one of the `words` does: few of all there are."""
    beginnings = {beginning(part) for word in words for part in _WORD.findall(word)}
    found: dict[str, None] = {}
    for compound in dict.fromkeys(compound for text in texts for compound in COMPOUND.findall(text)):
        parts = [part for part in _WORD.findall(compound) if beginning(part) in beginnings]
        found |= dict.fromkeys([*parts, compound] if parts else [])
        if len(found) >= _MOST_CANDIDATES:
            break
    return list(found)


def words_finder(words: Collection[str]) -> Find:
    """Finds where exactly these words stand, each whole; of a compound its parts, or else the whole of it."""
    alone = {word for word in words if _WORD.fullmatch(word)}
    wanted = alone | {word for word in words if alone.isdisjoint(_WORD.findall(word))}
    return _finder(rf"(?<![^\W_])(?:{_any_of(wanted)})(?![^\W_])" if wanted else "")


def identifiers_finder(values: Collection[str]) -> Find:
    """Finds where one of these identifiers stands, whatever its capitals."""
    return _finder(rf"(?<![^\W_])(?i:{_any_of(values)})" if values else "")


def _any_of(words: Iterable[str]) -> str:
    """A pattern that takes the longest of the words that stand at a place."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _finder(pattern: str) -> Find:
    if not pattern:
        return lambda text: []
    compiled = re.compile(pattern)

    def find(text: str) -> list[Span]:
        return [match.span() for match, _number in zip(compiled.finditer(text), range(_MOST_MARKS), strict=False)]

    return find


def marked(text: str, spans: Iterable[Span]) -> SafeString:
    """The whole text, escaped, with these places in <mark>."""
    pieces, at = [], 0
    for start, end in spans:
        pieces += [conditional_escape(text[at:start]), "<mark>", conditional_escape(text[start:end]), "</mark>"]
        at = end
    return mark_safe("".join([*pieces, conditional_escape(text[at:])]))  # noqa: S308 - every piece is escaped


def excerpt(text: str, find: Find) -> SafeString:
    """About two lines of a text, from where most of what `find` finds stands together; its beginning when nothing does."""
    spans = find(text)
    start, end = _window(text, spans)
    inside = [(a - start, b - start) for a, b in spans if a >= start and b <= end]
    shown = marked(text[start:end], inside)
    return mark_safe(("… " if start else "") + shown + (" …" if end < len(text) else ""))  # noqa: S308 - escaped by marked


def _window(text: str, spans: list[Span]) -> Span:
    if not spans:
        return 0, _cut(text, _WIDTH)
    best = max(spans, key=lambda span: (_count_together(text, spans, span[0]), -span[0]))
    start = 0 if best[0] <= _LEAD else text.find(" ", best[0] - _LEAD, best[0]) + 1 or best[0]
    return start, max(_cut(text, start + _WIDTH), best[1])


def _count_together(text: str, spans: list[Span], start: int) -> int:
    """How many different words are marked from here to the end of an excerpt that begins shortly before."""
    return len({text[a:b].casefold() for a, b in spans if start <= a and b <= start + _WIDTH - _LEAD})


def _cut(text: str, end: int) -> int:
    """The end of the last word before this place."""
    if end >= len(text):
        return len(text)
    space = text.rfind(" ", max(0, end - _LEAD), end)
    return space if space > 0 else end
