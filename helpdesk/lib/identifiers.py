"""Identifiers of calls (SIP Call-IDs, UUIDs, long hexadecimal tokens) in what people write, attach and look for.

Bytes are only ever searched, from front to back: nothing is decoded, unpacked or parsed, so what a file pretends to be does not
matter. Every pattern is bounded, and a byte is looked at a constant number of times.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST = 256
# What may begin at the end of one piece and end in the next: a label, the separators after it, and an identifier.
OVERLAP = LONGEST + 64
SHORTEST_LOCAL_PART = 8  # of a Call-ID before its @, to be worth being looked for by itself

_NO_VALUE = rb"\x00-\x20\x7f-\xff\"'<>,;&|\\"
# Possessive: what is too long would otherwise be tried with every shorter length, and all that after every split of the separators.
_VALUE = rb"([^" + _NO_VALUE + rb"]{3,256}+)(?![^" + _NO_VALUE + rb"])"
_LABELLED = re.compile(rb"(?<![A-Za-z0-9])call[-_ ]?id[\s:=>\"'<(\[\\]{1,6}+" + _VALUE, re.IGNORECASE)
_COMPACT = re.compile(rb"^i[ \t]{0,3}:[ \t]{0,3}" + _VALUE, re.IGNORECASE | re.MULTILINE)
# Not after a colon: what follows "sip:" and "mailto:" is somebody's address.
_ADDRESS = re.compile(
    rb"(?<![A-Za-z0-9._%*+~!:/@-])([A-Za-z0-9._%*+~!-]{4,160})@(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9][A-Za-z0-9.-]{0,90})(?![A-Za-z0-9@])"
)
_UUID = re.compile(rb"(?<![A-Za-z0-9-])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![A-Za-z0-9@-])")
_HEXADECIMAL = re.compile(rb"(?<![A-Za-z0-9._%*+~!@-])(?=[0-9]*[A-Fa-f])(?=[A-Fa-f]*[0-9])[0-9A-Fa-f]{16,64}(?![A-Za-z0-9._%*+~!@-])")

_PASTED_LABEL = re.compile(r"^\s*(?:(?:x-)?call[-_ ]?id[\s:=]\s*|i\s*:\s*)", re.IGNORECASE)
_WRAPPING = " \t\r\n\"'`<>(),;“”‘’«»"


def found_in(text: str, *, most: int) -> list[str]:
    """Identifiers in a text, each once, in the order of their kinds; at most `most`."""
    return found_in_pieces([text.encode("utf-8", "ignore")], most=most)


def found_in_pieces(pieces: Iterable[bytes], *, most: int, labelled_only: bool = False) -> list[str]:
    """Identifiers in bytes that come in pieces, each once; at most `most`, and none longer than LONGEST.

    `labelled_only`: those after `Call-ID:` or `i:` alone, for what is mostly not text.
    """
    found: dict[str, None] = {}
    before = b""
    for piece, is_last in _with_last(pieces):
        window = before + piece
        for start, end, value in _matches(window, labelled_only):
            # One that touches an edge may be a part of itself; the window before or after has it whole.
            if (start or not before) and (is_last or end < len(window)):
                found.setdefault(value)
                if len(found) >= most:
                    return list(found)
        before = window[-OVERLAP:]
    return list(found)


def _with_last(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    waiting = None
    for piece in pieces:
        if waiting is not None:
            yield waiting, False
        waiting = piece
    if waiting is not None:
        yield waiting, True


def _matches(window: bytes, labelled_only: bool) -> Iterator[tuple[int, int, str]]:
    """Start, end and value of each, in one pass per pattern."""
    for match in _LABELLED.finditer(window):
        value = _trimmed(match[1])
        if re.search(rb"[0-9@]", value) and len(value) >= 3:
            yield match.start(), match.end(), value.decode("ascii")
    for match in _COMPACT.finditer(window):
        value = _trimmed(match[1])
        if re.search(rb"[0-9]", value) and (b"@" in value or len(value) >= 16):
            yield match.start(), match.end(), value.decode("ascii")
    if labelled_only:
        return
    for match in _ADDRESS.finditer(window):
        if _is_made_up(match[1], match[2]):
            yield match.start(), match.end(), match[0].rstrip(b".-").decode("ascii")
    for pattern in (_UUID, _HEXADECIMAL):
        for match in pattern.finditer(window):
            yield match.start(), match.end(), match[0].decode("ascii")


def _trimmed(value: bytes) -> bytes:
    """Without the punctuation of the sentence around it; the bracket of an IPv6 address stays."""
    value = value.rstrip(b".:!?)}=")
    return value if b"[" in value else value.rstrip(b"])}.")


def _is_made_up(local: bytes, host: bytes) -> bool:
    """Whether a machine made this address, so that it is a call's and not a person's."""
    digits = sum(character in b"0123456789" for character in local)
    if digits == len(local):
        return digits >= 16  # shorter ones are telephone numbers
    if re.fullmatch(rb"[0-9.]+|\[.*\]", host):
        return digits > 0
    return digits >= 5 and len(local) >= 10


def sought(words: str) -> str:
    """The identifier that somebody looks for, or nothing when these are words.

    It may come as it was copied: after `Call-ID:`, in quotes or in angle brackets.
    """
    plain = _PASTED_LABEL.sub("", words)
    value = plain.strip(_WRAPPING).rstrip(".")
    if not 3 <= len(value) <= LONGEST or re.search(r"\s", value):
        return ""
    local, at, host = value.partition("@")
    if plain != words or (at and local and host):
        return value
    is_mixed = len(value) >= 6 and re.search(r"\d", value) and re.search(r"[A-Za-z-]", value)
    return value if is_mixed or (len(value) >= 12 and value.isdecimal()) else ""


def folded(value: str) -> str:
    """As identifiers are compared when capitals don't count."""
    return value.lower()


@dataclass(frozen=True)
class Alike:
    """Known identifiers for one that is looked for. `values`: the best of them; `others`: the rest; `is_exact`: the best are the very same."""

    values: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    is_exact: bool = False

    @property
    def all(self) -> tuple[str, ...]:
        return self.values + self.others


def alike(value: str, known: Iterable[str]) -> Alike:
    """The best are those that are the same to the letter (RFC 3261; to a value without an @: the same before it).

    Then come those that differ in capitals, then the others, which have the same part before the @ or begin the same.
    """
    ranks: dict[int, list[str]] = {}
    for candidate in known:
        compared = candidate if "@" in value else candidate.partition("@")[0]
        rank = 0 if compared == value else 1 if folded(compared) == folded(value) else 2
        ranks.setdefault(rank, []).append(candidate)
    first, *rest = [tuple(ranks[rank]) for rank in sorted(ranks)] or [()]
    return Alike(first, tuple(other for rank in rest for other in rank), is_exact=0 in ranks)
