"""What a tool saw, in one form for all tools."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class Unreadable(ValueError):
    """A delivery that can't be taken; the text is the sentence for its sender."""


@dataclass(frozen=True)
class Observation:
    """An alert that lasts or that ended. `mark`: what its sender tells starts apart by; empty where it does not say.

    `started_at`, `ended_at`: None where the sender does not say.
    """

    fingerprint: str
    mark: str
    lasts: bool
    title: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    log: str = ""

    def evidence(self) -> dict[str, Any]:
        """What stands on the ticket besides title and instants; what is empty is left out."""
        found: dict[str, Any] = {"labels": dict(self.labels), "texts": dict(self.texts), "url": self.url, "log": self.log}
        return {name: value for name, value in found.items() if value}
