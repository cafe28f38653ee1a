"""What the demo has made so far, and the order in which it makes it: everything happens at its instant, oldest first."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from accounts.models import Customer, Person, StaffMember, Team
from contracts.models import Contract, Environment, Product, Version
from releases.models import Artifact, Licence
from sla.models import Calendar, Policy
from tickets.models import File, Hold, Ticket


@dataclass
class World:
    """Rows by the names that the data use: staff by the local part of their address, other people by the whole."""

    today: datetime  # its midnight
    calendars: dict[str, Calendar] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    staff: dict[str, StaffMember] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    versions: dict[tuple[str, str], Version] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    environments: dict[tuple[str, str], Environment] = field(default_factory=dict)
    tickets: dict[tuple[int, int], Ticket] = field(default_factory=dict)
    holds: dict[int, Hold] = field(default_factory=dict)
    files: list[File | Artifact | Licence] = field(default_factory=list)
    busy: dict[int, datetime] = field(default_factory=dict)  # until when staff were at their last answer


class Timeline:
    """Deeds with their instants; those of the same instant keep the order in which they were noted."""

    def __init__(self) -> None:
        self._deeds: list[tuple[datetime, int, Callable[[datetime], object]]] = []

    def at(self, instant: datetime, deed: Callable[[datetime], object]) -> None:
        self._deeds.append((instant, len(self._deeds), deed))

    def play(self, until: datetime, between: Callable[[datetime], None]) -> None:
        """Do everything until then. `between` hears of each instant before anything is done at it, and of the end."""
        for instant, _order, deed in sorted(self._deeds, key=lambda deed: deed[:2]):
            if instant <= until:
                between(instant)
                deed(instant)
        between(until)
