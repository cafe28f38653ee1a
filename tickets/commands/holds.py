"""Holds: rows that make a ticket wait for approval, put and released by whoever needs them."""

from datetime import datetime

from django.utils.translation import gettext_noop

from accounts.models import Person
from accounts.tenancy import acting_for
from tickets import story, telling
from tickets.commands.conversation import ClosedTicket
from tickets.commands.states import set_status
from tickets.models import Event, Hold, Status, Ticket


def place_hold(*, ticket: Ticket, reason: str, placed_by: Person | None, now: datetime) -> Hold:
    """Let the ticket wait for approval; `reason` is read by the customer. The same reason twice is one hold. Raises ClosedTicket."""
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        if ticket.is_closed:
            raise ClosedTicket
        same = ticket.holds.filter(reason=reason, released_at=None).first()
        if same is not None:
            return same
        hold = Hold.objects.create(customer_id=ticket.customer_id, ticket=ticket, reason=reason, since=now, placed_by=placed_by)
        event = story.record(ticket=ticket, kind=Event.Kind.HOLD_PLACED, actor=placed_by, by_staff=True, facts={"hold": hold.pk}, now=now)
        set_status(ticket, Status.WAITING_APPROVAL, actor=placed_by, by_staff=True, now=now)
        telling.tell(
            readers=telling.customers_side(ticket),
            to_staff=False,
            ticket=ticket,
            event=event,
            notice=telling.Notice("ticket_status", gettext_noop("%(number)s waits for approval.")),
            body=reason,
            now=now,
        )
    return hold


def release_hold(*, hold: Hold, released_by: Person | None, by_staff: bool = True, now: datetime) -> Ticket:
    """Take one hold back; with the last one the ticket goes back to where it was. A second release changes nothing."""
    with acting_for(hold.customer_id):
        ticket = story.lock(hold.ticket)
        row = Hold.objects.get(pk=hold.pk)
        if row.released_at is not None:
            return ticket
        row.released_at = now
        row.save(update_fields=["released_at"])
        event = story.record(
            ticket=ticket, kind=Event.Kind.HOLD_RELEASED, actor=released_by, by_staff=by_staff, facts={"hold": row.pk}, now=now
        )
        if ticket.status == Status.WAITING_APPROVAL and not ticket.holds.filter(released_at=None).exists():
            set_status(ticket, _state_before_holds(ticket), actor=released_by, by_staff=by_staff, now=now)
            telling.tell(
                readers=telling.customers_side(ticket, except_for=released_by),
                to_staff=False,
                ticket=ticket,
                event=event,
                notice=telling.Notice("ticket_status", gettext_noop("%(number)s goes on: it no longer waits for approval.")),
                now=now,
            )
    return ticket


def _state_before_holds(ticket: Ticket) -> str:
    """Where the ticket goes when its last hold is released: back to waiting, unless the customer answered meanwhile; else open."""
    events = Event.objects.filter(ticket=ticket)
    began = events.filter(kind=Event.Kind.STATUS_CHANGED, data__to=Status.WAITING_APPROVAL).order_by("position").last()
    before = began.data["from"] if began else Status.OPEN
    answered = began and events.filter(kind=Event.Kind.REPLIED, by_staff=False, position__gt=began.position).exists()
    waited = {Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY}
    return before if before in waited and not (answered and before == Status.WAITING_CUSTOMER) else Status.OPEN
