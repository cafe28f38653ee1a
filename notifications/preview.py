"""A letter as a page of ours may show it: mail programs want their looks on the elements, which our content policy forbids."""

import base64
import hashlib
import re
from dataclasses import dataclass

_TAG = re.compile(r"<[a-z][^<>]*>")
_LOOKS = re.compile(r' style="([^"]*)"')


@dataclass(frozen=True)
class Preview:
    """`style_hash`: what the content policy allows, and nothing else of style."""

    html: str
    style_hash: str


def preview(letter: str) -> Preview:
    """The same letter with each element's looks moved into its one style sheet, which is known by its hash.

    Only tags are looked into: what people wrote has its `<` and, in attributes, its quotes escaped, so it can't bring looks along.
    """
    looks: list[str] = []

    def move(tag: re.Match[str]) -> str:
        return _LOOKS.sub(lambda found: f' data-look="{_number(looks, found[1])}"', tag[0])

    head, opening, rest = letter.partition("<style>")
    sheet, closing, body = rest.partition("</style>")
    body = _TAG.sub(move, body)
    sheet += "".join(f'\n    [data-look="{number}"] {{ {look} }}' for number, look in enumerate(looks))
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return Preview(head + opening + sheet + closing + body, f"'sha256-{digest}'")


def _number(looks: list[str], look: str) -> int:
    if look not in looks:
        looks.append(look)
    return looks.index(look)
