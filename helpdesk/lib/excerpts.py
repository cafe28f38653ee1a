"""A piece of a text with the words that were looked for, marked. What people wrote stays text: all of it is escaped here."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from html import escape
from itertools import chain

from django.utils.safestring import SafeString

# Words with what may stand inside one: 7.2.1, soft-switch, 10.1.2.3, ada@acme.example.
COMPOUND = re.compile(r"\w+(?:[-.@:/_]\w+)*")
_WORD = re.compile(r"[^\W_]+")
# What shows nothing, or turns the direction in which the rest of the line is read.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
# A word that no letter or digit stands before. It is looked for by its letters first: a text is gone through at once, not by each place.
_BEGINS = r"{word}(?<![^\W_]{word})"
_WIDTH = 220
_LEAD = 60
_MOST_MARKS = 400
_MOST_CANDIDATES = 2_000  # a text full of made-up words must not become as many questions

Span = tuple[int, int]
Find = Callable[[str], list[Span]]


def plain(text: str, longest: int) -> str:
    """At most `longest` of a text as one line, without characters that show nothing or turn the direction of reading."""
    line = " ".join(text[:longest].split())
    return line if line.isprintable() else _INVISIBLE.sub("", line)


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
    pieces = dict.fromkeys(chain.from_iterable(map(str.split, texts)))  # texts repeat most of them
    for compound in dict.fromkeys(chain.from_iterable(map(COMPOUND.findall, pieces))):
        parts = [part for part in _WORD.findall(compound) if beginning(part) in beginnings]
        if parts:
            found |= dict.fromkeys([*parts, compound])
        if len(found) >= _MOST_CANDIDATES:
            break
    return list(found)


def words_finder(words: Collection[str]) -> Find:
    """Finds where exactly these words stand, each whole; of a compound its parts, or else the whole of it."""
    alone = {word for word in words if _WORD.fullmatch(word)}
    wanted = alone | {word for word in words if alone.isdisjoint(_WORD.findall(word))}
    return _finder(rf"(?:{_any_of(wanted, _BEGINS)})(?![^\W_])" if wanted else "")


def identifiers_finder(values: Collection[str]) -> Find:
    """Finds where one of these identifiers stands, whatever its capitals."""
    return _finder(rf"(?<![^\W_])(?i:{_any_of(values)})" if values else "")


def _any_of(words: Iterable[str], template: str = "{word}") -> str:
    """A pattern that takes the longest of the words that stand at a place; `template`: the pattern of each."""
    return "|".join(template.format(word=re.escape(word)) for word in sorted(words, key=len, reverse=True))


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
        pieces += [escape(text[at:start]), "<mark>", escape(text[start:end]), "</mark>"]
        at = end
    return SafeString("".join([*pieces, escape(text[at:])]))


def excerpt(text: str, find: Find) -> SafeString:
    """About two lines of a text, from where most of what `find` finds stands together; its beginning when nothing does."""
    spans = find(text)
    start, end = _window(text, spans)
    inside = [(a - start, b - start) for a, b in spans if a >= start and b <= end]
    shown = marked(text[start:end], inside)
    return SafeString(("… " if start else "") + shown + (" …" if end < len(text) else ""))


def _window(text: str, spans: list[Span]) -> Span:
    if not spans:
        return 0, _cut(text, _WIDTH)
    best = max(spans, key=lambda span: (_count_together(text, spans, span[0]), -span[0])) if len(spans) > 1 else spans[0]
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
