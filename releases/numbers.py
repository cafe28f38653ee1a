"""Numbers of versions: which is one, and which of two is newer."""

import re

LONGEST = 40
_NUMBER = re.compile(r"\d{1,6}(?:\.\d{1,6}){0,4}(?:-[0-9A-Za-z]{1,12}(?:\.[0-9A-Za-z]{1,12}){0,3})?", re.ASCII)
Key = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


def is_number(text: str) -> bool:
    """Whether it can be a version: 8.2, 8.2.1 or 9.0-rc.1; not v8, latest or 8..2."""
    return len(text) <= LONGEST and bool(_NUMBER.fullmatch(text))


def key(number: str) -> Key:
    """By which versions sort, older first: 8.2 is 8.2.0, 8.10 comes after 8.9, and 9.0-rc.1 before 9.0.

    What is no version sorts before all that are: the catalogue may hold names of old.
    """
    if not is_number(number):
        return (-1,), False, ((False, 0, number),)
    plain, _dash, early = number.partition("-")
    figures = [int(part) for part in plain.split(".")]
    while len(figures) > 1 and figures[-1] == 0:
        figures.pop()
    return tuple(figures), not early, tuple(_part(part) for part in early.split(".")) if early else ()


def _part(text: str) -> tuple[bool, int, str]:
    return (False, int(text), "") if text.isdecimal() else (True, 0, text.lower())


def is_newer(number: str, than: str) -> bool:
    return key(number) > key(than)
