"""Plain JSON, for whatever has no form of its own: one event, or a list of them."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitoring.reading import strict
from monitoring.reading.facts import Observation, Unreadable

MOST_EVENTS = 500


def read(payload: Any, received_at: datetime, zone: ZoneInfo) -> list[Observation]:
    """Raises Unreadable."""
    given = payload if isinstance(payload, list) else [payload]
    if not given or len(given) > MOST_EVENTS:
        raise Unreadable(f"A delivery holds one to {MOST_EVENTS} events.")
    return [_event(strict.mapping(one, f"Event {place}"), f"Event {place}", received_at, zone) for place, one in enumerate(given, 1)]


def _event(given: dict[str, Any], what: str, received_at: datetime, zone: ZoneInfo) -> Observation:
    status = given.get("status", "firing")
    if status not in ("firing", "resolved"):
        raise Unreadable(f"{what}: status is neither firing nor resolved.")
    title = strict.text(given.get("title"), f"{what}: title", strict.LONGEST_TITLE)
    key = strict.text(given.get("key"), f"{what}: key", strict.LONGEST_VALUE)
    if not title and not (key and status == "resolved"):
        raise Unreadable(f"{what}: title is missing.")
    labels = strict.labels(given.get("labels"), f"{what}: labels")
    severity = strict.text(given.get("severity"), f"{what}: severity", strict.LONGEST_VALUE)
    told = strict.told(given.get("started_at"), f"{what}: started_at", received_at, zone)
    ended_at = strict.instant(given.get("ended_at"), f"{what}: ended_at", received_at, zone) if status == "resolved" else None
    started_at = min(told, received_at) if told else None
    strict.in_order(started_at, ended_at, what)
    words = strict.text(given.get("text"), f"{what}: text", strict.LONGEST_TEXT)
    return Observation(
        fingerprint=strict.fingerprint("key", key) if key else strict.fingerprint(title, labels),
        mark=told.isoformat() if told else "",  # a clock that is ahead must not make another start of it each time
        lasts=status == "firing",
        title=strict.line(title or key),
        started_at=started_at,
        ended_at=ended_at,
        labels=labels | ({"severity": severity} if severity else {}),
        texts=({"text": words} if words else {}) | strict.texts(given.get("values"), f"{what}: values"),
        url=strict.link(given.get("url"), f"{what}: url"),
        log=strict.text(given.get("log"), f"{what}: log", strict.LONGEST_LOG),
    )
