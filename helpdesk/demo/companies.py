"""What a demo customer is made of; the customers themselves are in `customers_*.py`. Days are counted from today."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from helpdesk.demo.provider import BRASILIA, STANDARD

Day = int | date


def on(day: Day, today: date) -> date:
    """An offset in days from today, or the date itself."""
    return day if isinstance(day, date) else today + timedelta(days=day)


@dataclass(frozen=True)
class PersonFacts:
    """`address` without a domain gets the company's."""

    address: str
    name: str
    role: str = "member"
    language: str = "pt-br"
    left: int | None = None  # day on which the membership ended


@dataclass(frozen=True)
class ContractFacts:
    """`rates`: functional excess, off-hours, update service, in cents an hour; `package`: minutes and monthly fee."""

    number: str
    signed: Day
    first: Day
    last: Day
    products: tuple[str, ...]
    manager: str
    deputy: str | None = None
    policy: str = STANDARD
    calendar: str = BRASILIA
    currency: str = "BRL"
    allowance: int = 120
    package: tuple[int, int] = (0, 0)
    rates: tuple[int, int, int] = (18000, 27000, 22000)
    increment: int = 15
    amendments: tuple[tuple[Day, Mapping[str, Any]], ...] = ()
    standings: tuple[tuple[str, Day, str], ...] = ()


@dataclass(frozen=True)
class EnvironmentFacts:
    """`installed`: product to version; `contacts` by address."""

    name: str
    kind: str
    contract: str | None
    installed: Mapping[str, str]
    contacts: tuple[str, ...] = ()
    notes: str = ""


@dataclass(frozen=True)
class Company:
    """`weight`: its share of the tickets, filed from day `since` to day `until`; `ends`: its numbering plan and clients."""

    key: str
    name: str
    domain: str
    people: tuple[PersonFacts, ...]
    contracts: tuple[ContractFacts, ...]
    environments: tuple[EnvironmentFacts, ...]
    weight: int
    language: str = "pt-br"
    time_zone: str = "America/Sao_Paulo"
    since: int = -365
    until: int = 0
    trunks: tuple[str, ...] = ("OPER-01",)
    cities: tuple[str, ...] = ("Florianópolis",)
    numbers: str = "(48) 5550-{:04d}"
    peers: tuple[str, ...] = field(default=("cliente-014", "cliente-207", "cliente-333"))

    def address_of(self, person: PersonFacts) -> str:
        return person.address if "@" in person.address else f"{person.address}@{self.domain}"
