"""Whether what is kept of clocks is what their stories say (SLA-11)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Prefetch

from accounts.tenancy import as_provider
from sla.clocks import Fold
from sla.commands.promises import next_due
from sla.coverage import History
from sla.keeping import clock_columns, promise_columns
from sla.models import Breach, Clock, Promise
from sla.queries.calendars import histories
from tickets import story
from tickets.models import Ticket
from tickets.promising import SpoiltStory, Stories, opening_of

BATCH = 300  # tickets, in a short transaction
LAST_FOUND = "clocks:differences"  # in the cache's table, which needs no scope
FOLDED = ("due_at", "pace", "outcome", "stopped_at", "round", "started_at", "type", "severity", "seconds", "left_seconds", "used_seconds")
KEPT = (*FOLDED, "anchor_at", "overdue_at", "missed_at", "warns_at", "reached", "look_at", "always", "entry", "stopped_by", "decided")

Happening = tuple[Any, ...]


def differences() -> Iterator[str]:
    """Every clock, miss, annulment and step that is kept otherwise than a replay of its ticket's story says, in words."""
    for _ticket, found in differing():
        yield from found


def differing(only: Collection[int] = ()) -> Iterator[tuple[Ticket, list[str]]]:
    """Every ticket, or every one of `only`, of which something differs, with what does.

    While people work, the rows of one ticket are read at different instants. So one that seems to differ is looked at again alone.
    """
    for ticket in _seeming(only):
        with as_provider():
            story.lock(ticket)
            found = differences_of([ticket.pk])[ticket.pk]
        if found:
            yield ticket, found


def last_found() -> int | None:
    """How many differences the last complete verification left; None before the first."""
    found: int | None = cache.get(LAST_FOUND)
    return found


def _seeming(only: Collection[int]) -> Iterator[Ticket]:
    """The tickets that may differ, in batches; no transaction is open between two."""
    tickets, last = Ticket.objects.filter(pk__in=only) if only else Ticket.objects.all(), 0
    while True:
        with as_provider():
            batch = list(tickets.filter(pk__gt=last).order_by("pk")[:BATCH])
            found = differences_of([ticket.pk for ticket in batch])
        yield from (ticket for ticket in batch if found[ticket.pk])
        if len(batch) < BATCH:
            return
        last = batch[-1].pk


def differences_of(ticket_ids: Sequence[int]) -> dict[int, list[str]]:
    """What differs of each ticket, by as many queries for one as for all; of one that is not locked, perhaps only as it was read."""
    clocks = Prefetch("promise__clocks", Clock.objects.order_by("pk"))
    breaches = Prefetch("promise__clocks__breaches", Breach.objects.select_related("annulment"))
    rows = Ticket.objects.select_related("promise").prefetch_related(clocks, breaches, "promise__clocks__firings")
    tickets = list(rows.filter(pk__in=ticket_ids))
    promises = {ticket.pk: ticket.promise for ticket in tickets if ticket.promise is not None}
    stories = Stories({ticket_id: opening_of(promise) for ticket_id, promise in promises.items()})
    calendars = histories({promise.calendar_id for promise in promises.values()})
    return {ticket.pk: list(_differences_of(ticket, stories, calendars)) for ticket in tickets}


def _differences_of(ticket: Ticket, stories: Stories, calendars: Mapping[int, History]) -> Iterator[str]:
    promise = ticket.promise
    if promise is None:
        yield f"{ticket.number}: it has no promise"
        return
    try:
        fold = stories.replayed(ticket.pk, _until(promise, calendars[promise.calendar_id]))
    except SpoiltStory as error:
        yield f"{ticket.number}: its story can't be replayed: {type(error.__cause__).__name__}"
        return
    clocks = list(promise.clocks.all())
    yield from _of_columns(f"{ticket.number}: promise", promise, promise_columns(fold))
    yield from _of_clocks(ticket, promise, clocks, fold)
    yield from _of_happenings(ticket, clocks, fold)
    due = next_due(fold)
    if ticket.next_due_at != due:
        yield f"{ticket.number}: it is sorted by {_shown(ticket.next_due_at)}, not by {_shown(due)}"


def _until(promise: Promise, calendar: History) -> datetime:
    """Until when its clocks were told: what fell due since is for the sweep. When a calendar changes, open clocks take it in at once."""
    return max(promise.told_at, calendar.versions[-1][0] or promise.told_at)


def _of_clocks(ticket: Ticket, promise: Promise, clocks: Sequence[Clock], fold: Fold) -> Iterator[str]:
    rows = {(row.target, row.begun): row for row in clocks}
    for clock in fold.clocks:
        row = rows.pop((str(clock.target), clock.begun), None)
        name = f"{ticket.number}: {clock.target} of event {clock.begun}"
        if row is None:
            yield f"{name}: it is not kept"
        else:
            columns = clock_columns(clock, fold, promise.told_at)
            yield from _of_columns(name, row, {column: columns[column] for column in KEPT})
    for target, begun in rows:
        yield f"{ticket.number}: {target} of event {begun}: its story knows nothing of it"


def _of_columns(name: str, row: object, columns: dict[str, Any]) -> Iterator[str]:
    for column, value in columns.items():
        if getattr(row, column) != value:
            yield f"{name}: {column} is {_shown(getattr(row, column))}, not {_shown(value)}"


def _of_happenings(ticket: Ticket, clocks: Sequence[Clock], fold: Fold) -> Iterator[str]:
    """Misses, annulments, steps."""
    kept, expected = _kept(clocks), _expected(fold)
    for what, found in kept.items():
        for one in sorted(expected[what] - found, key=str):
            yield f"{ticket.number}: {what} is not kept: {_of_one(one)}"
        for one in sorted(found - expected[what], key=str):
            yield f"{ticket.number}: {what} is kept without reason: {_of_one(one)}"


def _kept(clocks: Sequence[Clock]) -> dict[str, set[Happening]]:
    breaches = [(row.target, row.begun, one) for row in clocks for one in row.breaches.all()]
    return {
        "miss": {(t, b, one.due_at, one.noticed_at, one.cause) for t, b, one in breaches},
        "annulment": {(t, b, one.due_at, one.annulment.at) for t, b, one in breaches if hasattr(one, "annulment")},
        "step": {(row.target, row.begun, one.percent, one.at) for row in clocks for one in row.firings.all()},
    }


def _expected(fold: Fold) -> dict[str, set[Happening]]:
    breaches = [(str(clock.target), clock.begun, one) for clock in fold.clocks for one in clock.breaches]
    return {
        "miss": {(t, b, one.due_at, one.noticed_at, str(one.cause)) for t, b, one in breaches},
        "annulment": {(t, b, one.due_at, one.annulled_at) for t, b, one in breaches if one.annulled_at},
        "step": {(str(clock.target), clock.begun, one.percent, one.at) for clock in fold.clocks for one in clock.firings},
    }


def _of_one(values: Happening) -> str:
    return ", ".join(map(_shown, values))


def _shown(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
