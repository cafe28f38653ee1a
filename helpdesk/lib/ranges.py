"""Which bytes of a file somebody asks for (RFC 9110, section 14): downloads go on where they broke off."""

import re
from dataclasses import dataclass

# Nothing of it is tried twice: a header of thousands of spaces costs no time.
_ONE = re.compile(r"\s*+bytes\s*+=\s*+(\d{0,18}+)\s*+-\s*+(\d{0,18}+)\s*+", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """Bytes from `start` up to, not including, `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.end - 1}/{size}"


class NotInFile(Exception):
    """It begins behind the last byte."""


def part(header: str, size: int) -> Part | None:
    """The part that a Range header asks for; None: the whole file, which is also the answer to several parts and to what is no range.

    Raises NotInFile.
    """
    found = _ONE.fullmatch(header)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:  # so many from the end
        if int(last) == 0:
            raise NotInFile
        return Part(max(0, size - int(last)), size)
    start, end = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise NotInFile
    return Part(start, end)
