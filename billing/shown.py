"""What an approver is shown of a charge request, whole, and the hash that binds their answer to it (BIL-6)."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from billing.facts import cost_cents, worked_minutes
from billing.models import Allocation, ChargeRequest, ListedLog, WorkLog
from tickets.models import Ticket


@dataclass(frozen=True)
class Work:
    """Work that was done already. `worked_minutes`: whole ones, the last rounded up; `open_minutes`: nobody has agreed to these yet."""

    log: int
    agent: str
    note: str
    began_at: datetime
    ended_at: datetime
    worked_minutes: int
    open_minutes: int


COLUMNS = ("agent__display_name", "note", "began_at", "ended_at")


def listed_work(requests: Iterable[ChargeRequest]) -> dict[int, list[Work]]:
    """What each request lists of earlier work, by time; by one query for all of them."""
    found = defaultdict[int, list[Work]](list)
    rows = ListedLog.objects.filter(request__in=[request.pk for request in requests], log__deleted_at=None)
    rows = rows.annotate(open_minutes=_open_minutes("log")).order_by("log__began_at", "log")
    for request, log, minutes, *columns in rows.values_list("request", "log", "open_minutes", *(f"log__{name}" for name in COLUMNS)):
        found[request].append(_work(log, minutes, *columns))
    return found


def open_work(ticket: Ticket) -> list[Work]:
    """Work on a ticket of which something is covered by nothing, by time."""
    rows = WorkLog.objects.filter(ticket=ticket, deleted_at=None).annotate(open_minutes=_open_minutes("pk")).filter(open_minutes__gt=0)
    found = rows.order_by("began_at", "pk").values_list("pk", "open_minutes", *COLUMNS)
    return [_work(log, minutes, *columns) for log, minutes, *columns in found]


def _open_minutes(log: str) -> Coalesce:
    """Chargeable minutes of a log that nothing covers. `log`: the column that names it."""
    open_ones = Allocation.objects.filter(slice__log=OuterRef(log), source=Allocation.Source.UNAUTHORISED).order_by()
    return Coalesce(Subquery(open_ones.values("slice__log").annotate(total=Sum("minutes")).values("total")), 0)


def _work(log: int, open_minutes: int, agent: str, note: str, began_at: datetime, ended_at: datetime) -> Work:
    return Work(log, agent, note, began_at, ended_at, worked_minutes(began_at, ended_at), open_minutes)


def facts_shown(request: ChargeRequest, work: Sequence[Work]) -> dict[str, Any]:
    """All that is shown, as JSON can keep it; instants in UTC. `request`: with its ticket and contract, kept already or not yet."""
    return {
        "request": str(request.submission_key),
        "kind": str(request.kind),
        "ticket": request.ticket_id,
        "subject": request.ticket.subject,
        "contract": request.contract.number,
        "currency": request.contract.currency,
        "reason": request.reason,
        "minutes": request.minutes,
        "rate_cents": request.rate_cents,
        "most_cents": cost_cents(request.minutes, request.rate_cents),
        "answer_by": _instant(request.answer_by),
        "work_from": _instant(request.work_from),
        "work_until": _instant(request.work_until),
        "listed": [
            {
                "log": one.log,
                "agent": one.agent,
                "note": one.note,
                "from": _instant(one.began_at),
                "until": _instant(one.ended_at),
                "worked_minutes": one.worked_minutes,
                "open_minutes": one.open_minutes,
            }
            for one in work
        ],
    }


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at is not None else None


def hash_of(facts: dict[str, Any]) -> str:
    """SHA-256 of the facts as canonical JSON (keys sorted, no spaces, UTF-8), in hexadecimal."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
