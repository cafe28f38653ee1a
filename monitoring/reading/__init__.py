"""What a tool sent, as observations: strings to clean values, without Django's models. Nothing in it is trusted (SEC-3)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitoring.reading import alertmanager, events, zabbix
from monitoring.reading.facts import Observation, Unreadable
from monitoring.reading.strict import LONGEST_TITLE, decoded, parsed

Reader = Callable[[Any, datetime, ZoneInfo], list[Observation]]
READERS: dict[str, Reader] = {"alertmanager": alertmanager.read, "zabbix": zabbix.read, "events": events.read}


def read(source: str, text: str, received_at: datetime, zone: ZoneInfo) -> list[Observation]:
    """What a delivery tells, in its order. `zone`: of instants that name none. Raises Unreadable with a sentence for its sender."""
    return READERS[source](parsed(text), received_at, zone)


__all__ = ["LONGEST_TITLE", "READERS", "Observation", "Unreadable", "decoded", "read"]
