"""How the tour reads a page, and waits for what other processes do."""

import json
import re
import time
import urllib.parse
from collections.abc import Callable
from typing import TypeVar

from tooling.tour_web import Failed, Page, expect

Found = TypeVar("Found")
SETTLING_SECONDS = 30


def wait_for(look: Callable[[], Found | None], otherwise: str) -> tuple[Found, float]:
    """What it found in the end, and the seconds it took. Raises Failed after SETTLING_SECONDS."""
    begun = time.monotonic()
    while time.monotonic() - begun < SETTLING_SECONDS:
        found = look()
        if found is not None:
            return found, time.monotonic() - begun
        time.sleep(0.3)
    raise Failed(f"{otherwise} after {SETTLING_SECONDS} s")


def complaint(page: Page) -> str:
    """The first sentence about what is wrong with a form. Raises Failed when there is none."""
    summary, beside = page.marked(".form-errors"), page.marked(".field-error")
    expect(summary or beside, f"{page.path} ({page.status}) does not say what is wrong")
    return beside[0] if beside else summary[0].rpartition(". ")[2] or summary[0]


def why(page: Page) -> str:
    """For a refusal that was not expected: what the page says about it, else its title."""
    return (page.marked(".field-error") or page.marked(".form-errors") or page.marked("<h1>") or ["nothing"])[0]


def title(page: Page) -> str:
    return f"“{page.marked('<h1>')[0]}”" if page.marked("<h1>") else "no title"


def is_one(address: str) -> bool:
    """Whether it leads to one ticket or one mail: its last part is a number."""
    return address.strip("/").rpartition("/")[2].isdecimal()


def json_number(page: Page, name: str) -> str:
    return str(json.loads(page.body)[name])


def without(page: Page, words: str) -> bytes:
    """A page without what differs each time: the words that were asked for, in its text and addresses, and the forms' tokens."""
    same = re.sub(rb'(name="csrfmiddlewaretoken" value=")[^"]*', rb"\1", page.body)
    return same.replace(urllib.parse.quote(words).encode(), b"").replace(words.encode(), b"")
