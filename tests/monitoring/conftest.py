"""Acme's main site, watched with Ada's permission, and tools that send what they see."""

import itertools
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from accounts.tenancy import as_provider
from contracts.models import Environment
from monitoring import commands
from monitoring.commands import intake
from monitoring.models import Episode, Rejection, Signal, Situation
from notifications.models import Mail
from tests import factories as make
from tests.world import World
from tickets.models import Message, Ticket

NOW = make.NOW
_ticks = itertools.count(step=1000.0)


def at(minutes: float = 0) -> datetime:
    return NOW + timedelta(minutes=minutes)


def stamp(minutes: float = 0) -> str:
    return at(minutes).isoformat().replace("+00:00", "Z")


def alert(name: str = "DiskFull", started: float = 0, ended: float | None = None, **labels: str) -> dict:
    """One alert of Alertmanager's webhook; minutes after NOW."""
    return {
        "status": "firing" if ended is None else "resolved",
        "labels": {"alertname": name, "instance": "a:9100", **labels},
        "annotations": {"summary": f"{name} on a"},
        "startsAt": stamp(started),
        "endsAt": "0001-01-01T00:00:00Z" if ended is None else stamp(ended),
        "generatorURL": "http://prometheus.acme.example:9090/graph?g0.expr=up",
        "fingerprint": f"{name}-{'-'.join(labels.values())}"[:64],
    }


def delivery(*alerts: dict) -> dict:
    return {"version": "4", "status": "firing", "receiver": "helpdesk", "alerts": list(alerts), "truncatedAlerts": 0}


@dataclass
class Site:
    """A watched environment with a token of each kind."""

    world: World
    environment: Environment
    tokens: dict[str, str] = field(default_factory=dict)

    def send(self, payload: object, minutes: float = 0, source: str = "alertmanager", token: str = "") -> int:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return commands.accept(source=source, token=token or self.tokens[source], body=body, now=at(minutes), tick=next(_ticks))

    def alerts(self, *alerts: dict, minutes: float = 0) -> int:
        return self.send(delivery(*alerts), minutes)

    def ping(self, slug: str, kind: str = "success", minutes: float = 0, log: bytes = b"", exit_code: int | None = None) -> int:
        ping = commands.Ping(slug, kind, exit_code)
        return commands.accept(source="heartbeat", token=self.tokens["heartbeat"], body=log, ping=ping, now=at(minutes), tick=next(_ticks))

    def work(self, minutes: float = 0) -> int:
        now = at(minutes)
        worked = commands.work_signals(now=now)
        return worked + commands.notice_late(now=now) + commands.settle_due(now=now) + commands.end_maintenances(now=now)

    def tickets(self) -> list[Ticket]:
        with as_provider():
            rows = Ticket.objects.filter(customer=self.world.acme, channel="monitoring").order_by("pk")
            return list(rows.select_related("product", "version", "environment", "follow_up_of", "promise"))

    def bodies(self, ticket: Ticket) -> list[str]:
        with as_provider():
            return list(Message.objects.filter(ticket=ticket).order_by("pk").values_list("body", flat=True))

    def episodes(self) -> list[Episode]:
        with as_provider():
            return list(Episode.objects.filter(environment=self.environment).order_by("started_at", "pk"))

    def situations(self) -> list[Situation]:
        with as_provider():
            return list(Situation.objects.filter(environment=self.environment).order_by("pk"))

    def signals(self) -> list[Signal]:
        with as_provider():
            return list(Signal.objects.filter(environment=self.environment).order_by("pk"))

    def mails(self) -> int:
        with as_provider():
            return Mail.objects.filter(customer=self.world.acme).count()

    def rejections(self) -> dict[str, int]:
        with as_provider():
            return dict(Rejection.objects.filter(environment=self.environment).values_list("reason", "count"))


@pytest.fixture(autouse=True)
def _fresh_paces(monkeypatch):
    for name in ("pace", "rejections"):
        monkeypatch.setattr(intake, name, intake.Pace(getattr(intake, name).burst))


@pytest.fixture
def site(world) -> Site:
    environment = make.environment(world.acme, contract=world.contract, contacts=(world.alan,), installed={world.softswitch: world.version})
    make.authorisation(world.ada, environment)
    found = Site(world, environment)
    for source in ("alertmanager", "zabbix", "events", "heartbeat"):
        found.tokens[source] = make.credential(world.ada, environment, source)[1]
    return found
