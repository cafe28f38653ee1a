"""A watched environment for the benchmark, made by the commands; its many heartbeats are copies, made by SQL as the owner."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.tenancy import acting_for, as_provider
from benchmarks._clocks import owner, town
from benchmarks._floor import TABLE
from contracts import commands as contracts
from contracts.models import Environment
from monitoring import commands, texts
from monitoring.commands.intake import A_SECOND
from monitoring.models import Episode, Heartbeat
from tickets.models import Ticket

BARE = """
    INSERT INTO monitoring_signal (
        customer_id, environment_id, credential_id, authorisation_id, source, ping, body, size, received_at, worked_at, attempts
    ) SELECT customer_id, environment_id, credential_id, authorisation_id, source, ping, body, size, received_at, now(), 0
    FROM monitoring_signal WHERE id = %s
"""


@dataclass
class Site:
    environment: Environment
    token: str
    body: bytes
    first: int  # a signal's id, of which bare insertions make copies
    tick: float = 0.0

    @classmethod
    def made(cls) -> "Site":
        now, admin = datetime.now(UTC), town().engineer
        customer = town().contract.customer
        of_it: Any = {"actor": admin, "now": now}
        environment = contracts.keep_environment(
            customer=customer,
            environment=None,
            name="Main site",
            kind="production",
            contract=town().contract,
            notes="",
            installed={},
            contacts=[],
            **of_it,
        )
        commands.authorise(customer=customer, environments=[environment], text_version=texts.CURRENT, **of_it)
        _credential, token = commands.make_credential(environment=environment, source="alertmanager", name="Bench", **of_it)
        alert = {
            "status": "firing",
            "labels": {"alertname": "DiskFull", "instance": "a:9100", "severity": "high", "job": "node"},
            "annotations": {"summary": "The disk of a is full"},
            "startsAt": (now - timedelta(minutes=5)).isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus:9090/graph",
            "fingerprint": "c0ffee",
        }
        body = json.dumps({"version": "4", "receiver": "helpdesk", "alerts": [alert]}).encode()
        site = cls(environment, token, body, 0)
        site.first = site.accept()
        site.work()
        with owner() as cursor:
            cursor.execute(TABLE)
            cursor.execute("TRUNCATE floor_row")
        return site

    def floor_cookies(self) -> dict[str, str]:
        client = Client()
        client.force_login(town().engineer, backend=settings.AUTHENTICATION_BACKENDS[0])
        return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}

    def accept(self) -> int:
        """As fast as its pace lets it be sent, by ticks that are made up."""
        self.tick += 1 / A_SECOND
        return commands.accept(source="alertmanager", token=self.token, body=self.body, now=datetime.now(UTC), tick=self.tick)

    def insert_bare(self) -> None:
        """The same row once more, in the scope of its customer, and nothing else."""
        with acting_for(self.environment.customer_id), connection.cursor() as cursor:
            cursor.execute(BARE, [self.first])

    def work(self) -> int:
        return commands.work_signals(now=datetime.now(UTC))

    def fill_heartbeats(self, count: int) -> None:
        """So many in all, each of which is in time for a day."""
        with as_provider():
            there = Heartbeat.objects.count()
        with owner() as cursor:
            cursor.execute(
                """
                INSERT INTO monitoring_heartbeat (customer_id, environment_id, slug, name, period_seconds, grace_seconds, state, last_at, due_at,
                    created_at)
                SELECT %(customer)s, %(environment)s, 'beat-' || n, 'Beat ' || n, 300, 60, 'up', now(), now() + interval '1 day' + n * interval '1 ms',
                    now()
                FROM generate_series(%(there)s + 1, %(count)s) n
                """,
                {"customer": self.environment.customer_id, "environment": self.environment.pk, "there": there, "count": count},
            )
            cursor.execute("ANALYZE monitoring_heartbeat")

    def sweep_heartbeats(self) -> int:
        return commands.notice_late(now=datetime.now(UTC))

    def ask_nothing(self) -> None:
        """The scope of the sweep, and one question that costs nothing."""
        with as_provider(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    def check(self) -> None:
        """All duplicates are one ticket, and the sweep asks the index alone."""
        with as_provider(), connection.cursor() as cursor:
            assert Ticket.objects.filter(channel="monitoring").count() == 1, "one alert is one ticket"
            assert Episode.objects.count() == 1
            asked, parameters = Heartbeat.objects.filter(due_at__lte=datetime.now(UTC)).order_by("due_at")[:500].query.sql_with_params()
            cursor.execute(f"EXPLAIN {asked}", parameters)
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "heartbeat_by_due" in plan, plan
        assert "Seq Scan" not in plan, plan
