"""Zabbix: the JSON that the media type of our documents sends, made of Zabbix's own macros.

Zabbix leaves a macro that has no value as it was written, or writes *UNKNOWN*: both are nothing.
"""

import json
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitoring.reading import strict
from monitoring.reading.facts import Observation, Unreadable

NOTHING = re.compile(r"\{[A-Z0-9.$#_]+\}|\*UNKNOWN\*")
PROBLEM, RECOVERY = "1", "0"


def read(payload: Any, received_at: datetime, zone: ZoneInfo) -> list[Observation]:
    """One problem or its recovery. Raises Unreadable."""
    given = {name: value for name, value in strict.mapping(payload, "The delivery").items() if not _is_nothing(value)}
    value, number = (strict.text(given.get(name), name, 40) for name in ("event_value", "event_id"))
    if value not in {PROBLEM, RECOVERY}:
        raise Unreadable("event_value is neither 1 (a problem) nor 0 (its recovery); use the media type from our documents.")
    if not number:
        raise Unreadable("event_id is missing.")
    zone = _zone(given, zone)
    started_at = _instant(given, "event_timestamp", ("event_date", "event_time"), received_at, zone)
    names = ("event_recovery_date", "event_recovery_time")
    ended_at = _instant(given, "event_recovery_timestamp", names, received_at, zone) if value == RECOVERY else None
    strict.in_order(started_at, ended_at, "The event")
    labels = _labels(given)
    name = strict.text(given.get("event_name") or given.get("trigger_name"), "event_name", strict.LONGEST_TITLE)
    # One trigger may have several problems at a time, each an event of its own.
    return [
        Observation(
            fingerprint=strict.fingerprint(labels.get("host", ""), strict.text(given.get("trigger_id"), "trigger_id", 64) or name),
            mark=f"event {number}",
            lasts=value == PROBLEM,
            title=strict.line(name) or "Problem",
            started_at=started_at,
            ended_at=ended_at,
            labels=labels,
            texts={
                label: found
                for label, key in (("operational data", "event_opdata"), ("message", "alert_message"))
                if (found := strict.text(given.get(key), key, strict.LONGEST_TEXT))
            },
            url=strict.link(given.get("event_url") or given.get("trigger_url"), "event_url"),
        )
    ]


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and (not value.strip() or NOTHING.fullmatch(value.strip()) is not None))


def _zone(given: dict[str, Any], usual: ZoneInfo) -> ZoneInfo:
    name = strict.text(given.get("time_zone"), "time_zone", 64)
    try:
        return ZoneInfo(name) if name else usual
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unreadable("time_zone is not a name such as America/Sao_Paulo.") from None


def _instant(given: dict[str, Any], seconds: str, parts: tuple[str, str], received_at: datetime, zone: ZoneInfo) -> datetime | None:
    """Zabbix writes days as 2026.11.23."""
    if seconds in given:
        return strict.instant(given[seconds], seconds, received_at, zone)
    day, time = (strict.text(given.get(part), part, 20) for part in parts)
    if not day or not time:
        return None
    return strict.instant(f"{day.replace('.', '-')}T{time}", " and ".join(parts), received_at, zone)


def _labels(given: dict[str, Any]) -> dict[str, str]:
    named = {"host": "host_name", "address": "host_ip", "severity": "event_severity", "trigger": "trigger_id"}
    plain = {label: given.get(key) for label, key in named.items() if given.get(key) is not None}
    return strict.labels(_tags(given.get("event_tags")) | plain)


def _tags(value: Any) -> dict[str, Any]:
    """{EVENT.TAGSJSON}: a list of tag and value, as text; several values of one tag are joined."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Unreadable("event_tags is not JSON; use {EVENT.TAGSJSON}.") from None
    found: dict[str, Any] = {}
    for one in value if isinstance(value, list) else []:
        tag = strict.mapping(one, "event_tags")
        name = strict.text(tag.get("tag"), "event_tags.tag", strict.LONGEST_NAME + 1)
        found[name] = ", ".join(filter(None, [found.get(name), strict.text(tag.get("value"), "event_tags.value", strict.LONGEST_VALUE)]))
    return found
