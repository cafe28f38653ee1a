"""Changes of state."""

import logging
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.models import Person
from accounts.tenancy import acting_for, as_provider
from helpdesk.lib.refusals import Refusal
from tickets import paging, story, telling
from tickets.models import Event, Status, Ticket
from tickets.states import SETTABLE

log = logging.getLogger(__name__)
CLOSES_AFTER = timedelta(days=7)


class HoldInPlace(Refusal):
    sentence = _("The ticket waits for approval. It goes on when the hold is released.")


class QuestionMissing(Refusal):
    sentence = _("Ask the customer something: only a public question lets a ticket wait for them.")


def check_new_status(ticket: Ticket, status: str) -> None:
    """Raises HoldInPlace when a ticket on hold would leave that state."""
    if status != ticket.status and ticket.status == Status.WAITING_APPROVAL:
        raise HoldInPlace


def set_status(ticket: Ticket, status: str, *, actor: Person | None, by_staff: bool, now: datetime) -> Event | None:
    """Move a locked ticket to a state and write it down; None when it is there already."""
    before = ticket.status
    if before == status:
        return None
    ticket.status = status
    ticket.resolved_at = now if status == Status.RESOLVED else (ticket.resolved_at if status == Status.CLOSED else None)
    ticket.closed_at = now if status == Status.CLOSED else None
    ticket.save(update_fields=["status", "resolved_at", "closed_at"])
    return story.record(
        ticket=ticket, kind=Event.Kind.STATUS_CHANGED, actor=actor, by_staff=by_staff, now=now, facts={"from": before, "to": str(status)}
    )


def change_status(*, ticket: Ticket, agent: Person, status: str, now: datetime) -> Ticket:
    """Set a state by hand, without a message. Raises QuestionMissing for waiting_customer, HoldInPlace."""
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        if status == Status.WAITING_CUSTOMER and ticket.status != Status.WAITING_CUSTOMER:
            raise QuestionMissing
        if status not in SETTABLE or ticket.is_closed:
            return ticket
        check_new_status(ticket, status)
        event = set_status(ticket, status, actor=agent, by_staff=True, now=now)
        if event is not None and status == Status.RESOLVED:
            paging.seen_to(ticket, agent, now)
        if event is not None:
            tell_status(ticket, event, now)
    return ticket


def tell_status(ticket: Ticket, event: Event, now: datetime) -> None:
    headline, needs = gettext_noop("%(who)s changed the state of %(number)s."), ""
    if ticket.status == Status.RESOLVED:
        headline = gettext_noop("%(who)s solved %(number)s.")
        needs = gettext_noop("Still failing? Reply on the ticket within 7 days and it opens again.")
    telling.tell(
        readers=telling.customers_side(ticket, except_for=event.actor),
        to_staff=False,
        ticket=ticket,
        event=event,
        notice=telling.Notice("ticket_status", headline, needs, asks_satisfaction=ticket.status == Status.RESOLVED and event.by_staff),
        now=now,
    )


def mark_solved(*, ticket: Ticket, person: Person, now: datetime) -> Ticket:
    """The customer says that it is solved; staff and the colleagues who follow it are told. No effect on a closed one."""
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        if ticket.status in {Status.RESOLVED, Status.CLOSED}:
            return ticket
        for hold in ticket.holds.filter(released_at=None).select_for_update():
            hold.released_at = now
            hold.save(update_fields=["released_at"])
            story.record(ticket=ticket, kind=Event.Kind.HOLD_RELEASED, actor=person, by_staff=False, facts={"hold": hold.pk}, now=now)
        event = set_status(ticket, Status.RESOLVED, actor=person, by_staff=False, now=now)
        assert event is not None, "the state was another just before"
        tell_status(ticket, event, now)
        telling.tell(
            readers=telling.staff_side(ticket),
            to_staff=True,
            ticket=ticket,
            event=event,
            notice=telling.Notice("ticket_status", gettext_noop("%(who)s says that %(number)s is solved.")),
            now=now,
        )
    return ticket


def close_resolved(*, now: datetime, most: int = 500) -> int:
    """Close tickets resolved seven days ago or longer (TIC-4); returns how many. A reply that comes first wins.

    One whose verdict is contested, or that was declared anew, stays open for the verdict that it waits for.
    One that can't be closed is logged and passed over: neither it nor many of its kind hold up the others.
    """
    closed, failed = 0, set[int]()
    while candidates := _to_close(now, failed, most):
        for candidate in candidates:
            try:
                closed += _close(candidate, now)
            except Exception:
                if not connection.is_usable():
                    raise  # it is not this ticket: the next sweep finds the database again
                log.exception("%s could not be closed; the others go on", candidate.number)
                failed.add(candidate.pk)
        if len(candidates) < most:
            break
    return closed


def _to_close(now: datetime, without: set[int], most: int) -> list[Ticket]:
    with as_provider():
        undecided = Ticket.objects.filter(status=Status.RESOLVED).wanting_verdict().values("pk")
        due = Ticket.objects.filter(status=Status.RESOLVED, resolved_at__lte=now - CLOSES_AFTER).exclude(pk__in=undecided)
        return list(due.exclude(pk__in=without).order_by("resolved_at", "pk")[:most])


def _close(candidate: Ticket, now: datetime) -> bool:
    with acting_for(candidate.customer_id):
        ticket = story.lock(candidate)
        if ticket.status != Status.RESOLVED or ticket.resolved_at != candidate.resolved_at or ticket.wants_verdict:
            return False
        set_status(ticket, Status.CLOSED, actor=None, by_staff=True, now=now)
    return True
