"""Values of a delivery, checked one by one; each fault is a sentence for whoever set the tool up."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from helpdesk.lib.words import clean_words
from monitoring.reading.facts import Unreadable

DEEPEST = 12
MOST_LABELS, LONGEST_NAME, LONGEST_VALUE = 64, 128, 1024
LONGEST_TITLE, LONGEST_TEXT, LONGEST_URL, LONGEST_LOG = 200, 4000, 1000, 10_000
# Clocks of other machines go wrong by minutes; more than that is a mistake of the sender's, and its times would spoil the history.
SKEW = timedelta(minutes=10)
OLDEST = timedelta(days=400)
ENDS_A_LINK = re.compile(r"[\s<>\"\\]")
FRACTION = re.compile(r"(\.\d{6})\d+")  # Go writes nanoseconds


NO_JSON = "This is not JSON in UTF-8."


def decoded(body: bytes) -> str:
    """Raises Unreadable for what is no text."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(NO_JSON) from None


def parsed(text: str) -> Any:
    """The JSON value. Raises Unreadable for what is none, or is nested deeper than any alert."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise Unreadable(f"This JSON is nested deeper than {DEEPEST} levels.") from None
    except ValueError:
        raise Unreadable(NO_JSON) from None
    _refuse_depth(value)
    return value


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError


def _refuse_depth(value: Any) -> None:
    level = [value]
    for _depth in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise Unreadable(f"This JSON is nested deeper than {DEEPEST} levels.")


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"{what} is not a JSON object.")
    return value


def text(value: Any, what: str, longest: int) -> str:
    """Cut to `longest`; nothing for None. Numbers and truth values as they are written."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise Unreadable(f"{what} is not a text.")
    return clean_words(str(value), longest)


def line(text: str) -> str:
    """The first line of what is clean already, as long as a title may be."""
    return (text.splitlines() or [""])[0][:LONGEST_TITLE]


def labels(value: Any, what: str = "labels") -> dict[str, str]:
    """Names and values that identify an alert: cutting one would make another alert of it, so too long ones are refused."""
    found = mapping({} if value is None else value, what)
    if len(found) > MOST_LABELS:
        raise Unreadable(f"{what}: more than {MOST_LABELS} labels.")
    if any(len(name) > LONGEST_NAME for name in found):
        raise Unreadable(f"{what}: a label's name is longer than {LONGEST_NAME} characters.")
    clean: dict[str, str] = {}
    for name, one in found.items():
        shown = clean_words(name, LONGEST_NAME)
        clean[shown] = text(one, f"{what}.{shown}", LONGEST_VALUE + 1)
        if len(clean[shown]) > LONGEST_VALUE:
            raise Unreadable(f"{what}.{shown} is longer than {LONGEST_VALUE} characters.")
    return clean


def texts(value: Any, what: str) -> dict[str, str]:
    """Words that explain an alert; long ones are cut, and there may be as many as there may be labels."""
    found = mapping({} if value is None else value, what)
    clean = {clean_words(name, LONGEST_NAME): text(one, f"{what}.{name[:LONGEST_NAME]}", LONGEST_TEXT) for name, one in found.items()}
    return dict(list(clean.items())[:MOST_LABELS])


def link(value: Any, what: str) -> str:
    """An address that a person may follow: http or https, or nothing. We never ask it."""
    given = text(value, what, LONGEST_URL)
    try:
        parts = urlsplit(given)
    except ValueError:
        return ""
    return given if parts.scheme in {"http", "https"} and parts.hostname and not ENDS_A_LINK.search(given) else ""


def instant(value: Any, what: str, received_at: datetime, zone: ZoneInfo) -> datetime | None:
    """As `told`; a minute ahead of our clock is now."""
    found = told(value, what, received_at, zone)
    return min(found, received_at) if found else None


def told(value: Any, what: str, received_at: datetime, zone: ZoneInfo) -> datetime | None:
    """An instant as ISO 8601 text or seconds since 1970, the same however often it is told; None where there is none.

    Raises Unreadable for what is no time, lies minutes ahead, or more than a year back.
    """
    if value is None or value == "":
        return None
    found = _seconds(value) or _iso(value, zone)
    if found is None:
        raise Unreadable(f"{what} is not a time such as 2026-11-23T09:30:00-03:00.")
    if found.year <= 1:  # Go's zero time
        return None
    if found > received_at + SKEW:
        raise Unreadable(f"{what} lies in the future; check the sender's clock and its time zone.")
    if found < received_at - OLDEST:
        raise Unreadable(f"{what} lies more than {OLDEST.days} days back.")
    return found


def _seconds(value: Any) -> datetime | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**11:
        return None
    return datetime.fromtimestamp(value, UTC)


def _iso(value: Any, zone: ZoneInfo) -> datetime | None:
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(FRACTION.sub(r"\1", value))
        return found if found.year <= 1 else (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def in_order(started_at: datetime | None, ended_at: datetime | None, what: str) -> None:
    """Raises Unreadable when the end lies before the start."""
    if started_at is not None and ended_at is not None and ended_at < started_at:
        raise Unreadable(f"{what} ended before it started.")


def fingerprint(*parts: object) -> str:
    """What stands for these values: the same for the same ones, whatever the order of a mapping's."""
    plain = [sorted(part.items()) if isinstance(part, Mapping) else part for part in parts]
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:32]
