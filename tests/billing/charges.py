"""Work and charge requests for tests, by local wall time of 2026: Ada is Acme's admin, Amy an approver, Alan a member; Sara works."""

from datetime import datetime
from typing import Any

from accounts.models import Person
from accounts.tenancy import as_provider
from billing.commands import decisions, requests, work
from billing.commands.decisions import Answer
from billing.commands.requests import Asked
from billing.models import Allocation, ChargeRequest, WorkLog
from billing.shown import facts_shown, hash_of, listed_work
from contracts.models import Contract
from tests import factories as make
from tests.sla.stories import at
from tickets.models import Ticket

ANSWER = Answer("192.0.2.7", "Firefox")


def ticket(world: Any, opened: str = "9 Nov 09:00", **changes: Any) -> Ticket:
    values = {"type": "functional", "severity": "medium", "subject": "How do we route by time of day?"} | changes
    return make.ticket(
        values.pop("contract", world.contract), world.softswitch, values.pop("requester", world.alan), now=at(opened), **values
    )


def log(world: Any, on: Ticket, begin: str, end: str, *, entered: str | None = None, note: str = "Routing by hours") -> WorkLog:
    """`end`: a time of the same day, or with a day of its own."""
    until = at(end if " " in end else f"{begin.rsplit(' ', 1)[0]} {end}")
    now = at(entered) if entered else until
    return work.log_work(ticket=on, agent=world.sara, began_at=at(begin), ended_at=until, note=note, now=now)


def asked(**changes: Any) -> Asked:
    """An hour of functional work at the contract's rate; instants may be texts."""
    values = {
        "kind": "functional_excess",
        "reason": "Two more queues.",
        "minutes": 60,
        "rate_cents": 24000,
        "answer_by": "20 Nov 18:00",
        "work_until": None,
    } | changes
    values |= {name: at(value) for name, value in values.items() if name.endswith(("_by", "_from", "_until")) and isinstance(value, str)}
    return Asked(**values)


def help_asked(**changes: Any) -> Asked:
    """Off-hours help on a Saturday, as M13 has it."""
    window = {"work_from": "28 Nov 11:00", "work_until": "28 Nov 15:00", "answer_by": "28 Nov 14:00"}
    return asked(**{"kind": "off_hours", "minutes": 120, "rate_cents": 36000, "reason": "A trunk is down."} | window | changes)


def drafted(world: Any, on: Ticket, now: str = "12 Nov 10:00", **changes: Any) -> ChargeRequest:
    return requests.draft(ticket=on, actor=world.sara.person, asked=asked(**changes), now=at(now))


def sent(world: Any, on: Ticket, now: str = "12 Nov 10:00", **changes: Any) -> ChargeRequest:
    """Waiting for an answer."""
    return requests.send(request=drafted(world, on, now, **changes), actor=world.sara.person, now=at(now))


def shown(request: ChargeRequest) -> str:
    """The hash of what a page shows of it now."""
    with as_provider():
        row = ChargeRequest.objects.select_related("ticket", "contract").get(pk=request.pk)
        return hash_of(facts_shown(row, listed_work([row]).get(row.pk, [])))


def accept(request: ChargeRequest, by: Person, now: str = "12 Nov 11:00", **changes: Any) -> ChargeRequest:
    values = {"shown_hash": changes.pop("shown_hash", None) or shown(request), "answer": ANSWER} | changes
    return decisions.accept(request=request, approver=by, now=at(now), **values)


def decline(request: ChargeRequest, by: Person, now: str = "12 Nov 11:00", **changes: Any) -> ChargeRequest:
    values = {"shown_hash": changes.pop("shown_hash", None) or shown(request), "answer": ANSWER} | changes
    return decisions.decline(request=request, approver=by, now=at(now), **values)


def state(request: ChargeRequest) -> str:
    return again(request).state


def again(request: ChargeRequest) -> ChargeRequest:
    with as_provider():
        return ChargeRequest.objects.select_related("ticket", "contract").get(pk=request.pk)


def status(of: Ticket) -> str:
    with as_provider():
        return Ticket.objects.get(pk=of.pk).status


def minutes(of: WorkLog) -> dict[str, int]:
    """What a log was taken from."""
    found: dict[str, int] = {}
    with as_provider():
        for source, count in Allocation.objects.filter(slice__log=of).values_list("source", "minutes"):
            found[source] = found.get(source, 0) + count
    return found


def use_up(world: Any, contract: Contract | None = None, day: str = "10 Nov") -> WorkLog:
    """November's allowance, on a ticket of its own."""
    on = ticket(world, subject="Another question", **({"contract": contract} if contract else {}))
    return log(world, on, f"{day} 09:00", "11:00")


def instant(text: str) -> datetime:
    return at(text)
