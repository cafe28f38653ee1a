"""What monitoring sees of a ticket's situation. Nobody writes it: no clock hears of it, and it opens nothing again."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext_noop

from accounts.tenancy import acting_for
from tickets import story, telling
from tickets.commands.states import set_status
from tickets.models import Event, Message, Status, Ticket


def observe(*, ticket: Ticket, body: str, tells: bool, now: datetime) -> Message:
    """Write down what was seen, where customer and staff read it. `tells`: they are mailed too, unless the ticket is closed."""
    with acting_for(ticket.customer_id):
        locked = story.lock(ticket)
        event = _write(locked, body, now)
        if tells and not locked.is_closed:
            notice = telling.Notice("ticket_replied", gettext_noop("Monitoring has news on %(number)s."))
            customers, staff = telling.both_sides(locked)
            telling.tell_sides(
                telling.Side(customers, to_staff=False, notice=notice),
                telling.Side(staff, to_staff=True, notice=notice),
                ticket=locked,
                event=event,
                body=body,
                now=now,
            )
    assert event.message is not None, "it was written with one"
    return event.message


def take_over(*, tickets: Iterable[Ticket], body: str, now: datetime) -> list[Ticket]:
    """Let tickets of monitoring rest whose situation goes on in another one, as `body` says; nobody is mailed.

    Only those that no person has touched: new, nobody's, not qualified, and without anybody's word. Their clocks are cancelled, neither met nor missed.
    Returns those that it took.
    """
    taken = []
    for ticket in sorted(tickets, key=lambda one: one.pk):
        with acting_for(ticket.customer_id):
            locked = story.lock(ticket)
            if locked.status != Status.NEW or _was_touched(locked):
                continue
            _write(locked, body, now)
            set_status(locked, Status.RESOLVED, actor=None, by_staff=False, now=now)
            taken.append(locked)
    return taken


def _was_touched(ticket: Ticket) -> bool:
    return ticket.assignee_id is not None or ticket.is_verified or Event.objects.filter(ticket=ticket, actor__isnull=False).exists()


def _write(ticket: Ticket, body: str, now: datetime) -> Event:
    message = story.write(ticket=ticket, author=None, by_staff=False, body=body, now=now)
    return story.record(ticket=ticket, kind=Event.Kind.OBSERVED, actor=None, by_staff=False, message=message, now=now)
