"""How the tour reads a page, and waits for what other processes do."""

import json
import re
import time
import urllib.parse
from collections.abc import Callable, Sequence
from typing import TypeVar

from tooling.tour_web import Failed, Page, Visitor, expect

Found = TypeVar("Found")
SETTLING_SECONDS = 30
PASSWORD = "demo-pulse-2026"  # noqa: S105 - printed at every start of the demo


def tell(story: Sequence[tuple[str, Callable[[], str]]]) -> int:
    """Goes through a story: each step's sentence, and what was observed. 0 when all held, 1 at the first that did not."""
    begun = time.monotonic()
    for number, (sentence, step) in enumerate(story, start=1):
        print(f"{number:2}. {sentence} … ", end="", flush=True)
        try:
            print(step(), flush=True)
        except Failed as failure:
            print(f"no.\n\nThe tour failed at step {number}, “{sentence}”: {failure}.", flush=True)
            return 1
    print(f"\nAll {len(story)} steps held, in {time.monotonic() - begun:.1f} s.", flush=True)
    return 0


def sign_in(visitor: Visitor, address: str, password: str = PASSWORD) -> Page:
    page = visitor.get("/account/login/")
    form = page.form("login", "password")
    return visitor.send(page, form, form.filled(login=address, password=password))


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
