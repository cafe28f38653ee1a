"""Promises for the tickets of a filled database: their clocks are what a replay of their stories says, as the sweep would have kept them.

Replayed here and written in thousands: the commands, which lock and ask for each ticket, would take an hour.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from io import StringIO
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db.models import Model, Q
from psycopg2.extras import execute_values

from accounts.tenancy import as_provider
from sla import clocks
from sla.clocks import replay
from sla.commands.promises import next_due, opening
from sla.keeping import clock_columns, promise_columns
from sla.models import Breach, Calendar, Clock, Firing, Policy, Promise
from sla.queries.calendars import history
from sla.queries.policies import version_for
from sla.stories import with_calendars
from tickets.models import Event, Ticket
from tickets.promising import KINDS, fact_of
from tickets.qualifying import value_of

BATCH = 5_000
KEPT = (Promise, Clock, Breach, Firing)


def keep_promises(cursor: Any, now: datetime) -> None:
    """Give every ticket its promise, and its clocks until `now`. `cursor`: the owner's, of psycopg2."""
    with as_provider():
        keeper = _Keeper(now)
        for stories in _stories():
            dues = [keeper.keep(ticket, story) for ticket, story in stories]
            for model, rows in keeper.taken():
                _write(cursor, model._meta.db_table, rows)
            _point(cursor, dues)
    for model, number in keeper.numbers.items():
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'), %s)", [max(number, 1)])


def _stories() -> Iterator[list[tuple[Ticket, list[Event]]]]:
    """Every ticket with what of its story concerns clocks, in batches."""
    last, told = 0, Q(kind=Event.Kind.OPENED) | Q(kind__in=KINDS, by_staff=True)
    while tickets := {t.pk: t for t in Ticket.objects.filter(pk__gt=last).only("customer").order_by("pk")[:BATCH]}:
        events = Event.objects.filter(told, ticket__gt=last, ticket__lte=max(tickets)).order_by("ticket", "position")
        last = max(tickets)
        yield [(tickets[pk], list(story)) for pk, story in groupby(events, key=attrgetter("ticket_id"))]


class _Keeper:
    """Collects the rows of promises, whose stories all begin under the calendar and the policy of the contracts filled in."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.calendar = Calendar.objects.earliest("pk").pk
        self.version = version_for(Policy.objects.earliest("pk").pk, now)
        self.opening = cache(partial(opening, version_id=self.version.pk, calendar=history(self.calendar), at=now))
        self.numbers: dict[type[Model], int] = dict.fromkeys(KEPT, 0)
        self.rows: dict[type[Model], list[dict[str, Any]]] = {}

    def keep(self, ticket: Ticket, story: list[Event]) -> tuple[int, int, datetime | None]:
        """Returns what the ticket keeps of its promise: ids, and what is due next."""
        first, *later = story
        facts = [replace(self.opening(value=value_of(first)), at=first.at), *filter(None, map(fact_of, later))]
        fold = replay(with_calendars(facts, self.now), self.now)
        ruled = dict.fromkeys(("opened_version_id", "version_id"), self.version.pk)
        ruled |= dict.fromkeys(("opened_calendar_id", "calendar_id"), self.calendar)
        promise = self._add(Promise, ticket, promise_columns(fold) | ruled | {"told_at": self.now})
        for clock in fold.clocks:
            self._keep_clock(ticket, clock, clock_columns(clock, fold, self.now) | {"promise_id": promise})
        return ticket.pk, promise, next_due(fold)

    def _keep_clock(self, ticket: Ticket, clock: clocks.Clock, columns: dict[str, Any]) -> None:
        of_clock = {"clock_id": self._add(Clock, ticket, columns)}
        for number, miss in enumerate(clock.breaches, start=1):
            told = {"number": number, "due_at": miss.due_at, "noticed_at": miss.noticed_at, "cause": str(miss.cause)}
            self._add(Breach, ticket, of_clock | told)
        for step in clock.firings:
            self._add(Firing, ticket, of_clock | {"percent": step.percent, "at": step.at, "noticed_at": self.now, "told_at": self.now})

    def _add(self, model: type[Model], ticket: Ticket, columns: dict[str, Any]) -> int:
        self.numbers[model] += 1
        self.rows.setdefault(model, []).append({"id": self.numbers[model], "customer_id": ticket.customer_id, **columns})
        return self.numbers[model]

    def taken(self) -> Iterator[tuple[type[Model], list[dict[str, Any]]]]:
        """The rows since the last time, what others refer to first."""
        for model in KEPT:
            yield model, self.rows.pop(model, [])


def _write(cursor: Any, table: str, rows: list[dict[str, Any]]) -> None:
    """Copied beside the table and inserted from there: the database copies nothing into tables whose rows it keeps apart."""
    if rows:
        names = ", ".join(rows[0])
        lines = StringIO("".join("\t".join([_text(value) for value in row.values()]) + "\n" for row in rows))
        cursor.execute(f"CREATE TEMP TABLE coming AS SELECT {names} FROM {table} LIMIT 0")  # noqa: S608 - names of ours
        cursor.copy_expert(f"COPY coming ({names}) FROM STDIN", lines)
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM coming; DROP TABLE coming")  # noqa: S608


def _text(value: object) -> str:
    """As COPY reads it. No text of these rows has a tab, a line's end or a backslash."""
    match value:
        case None:
            return r"\N"
        case datetime():
            return value.isoformat()
        case dict() | list():
            return json.dumps(value)
    return str(value)


def _point(cursor: Any, dues: list[tuple[int, int, datetime | None]]) -> None:
    execute_values(
        cursor,
        "UPDATE tickets_ticket t SET promise_id = due.promise, next_due_at = due.at::timestamptz "
        "FROM (VALUES %s) due (ticket, promise, at) WHERE t.id = due.ticket",
        dues,
        page_size=len(dues),
    )
