"""Noting how far somebody has read."""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Q

from accounts.models import Membership, Person
from accounts.tenancy import acting_for
from helpdesk.lib.writing import Insert
from tickets.models import Reading, Ticket, TicketQuerySet
from tickets.queries.unread import read_to, unread


def mark_read(*, ticket: Ticket, person: Person, position: int, now: datetime) -> None:
    """They have seen the story up to `position`. It never goes back, whichever of two pages is the later to say so."""
    with acting_for(ticket.customer_id):
        # Somebody who writes on it holds it: reading must not wait for its bookmark, which the next look puts right.
        locked = Ticket.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=ticket.pk).first()
        if locked is not None and (read_to(locked, person) or 0) < position:
            note_read(customer_id=locked.customer_id, person=person, positions={locked.pk: position}, now=now)


def mark_all_read(*, customer_id: int, person: Person, until: datetime, now: datetime) -> int:
    """Everything that their list of unread tickets held at `until`; what came later stays unread. Returns how many tickets."""
    with acting_for(customer_id):
        held = unread(_shown_to(person, customer_id).filter(public_changed_at__lte=until), person.pk)
        # The instant is asked of the locked rows again: what was answered while this waited stays unread.
        rows = Ticket.objects.filter(pk__in=held.values("pk"), public_changed_at__lte=until).order_by("pk").select_for_update(no_key=True)
        positions = dict(rows.values_list("pk", "event_count"))
        note_read(customer_id=customer_id, person=person, positions=positions, now=now)
    return len(positions)


def _shown_to(person: Person, customer_id: int) -> TicketQuerySet:
    """What the person's pages show: a command sees private tickets too, and even their number is no colleague's business (TIC-7)."""
    if Membership.objects.in_force().filter(customer_id=customer_id, person=person, role=Membership.Role.ADMIN).exists():
        return Ticket.objects.all()
    return Ticket.objects.filter(Q(private=False) | Q(requester=person))


def note_read(*, customer_id: int, person: Person, positions: Mapping[int, int], now: datetime) -> None:
    """Write positions by ticket, none lower than before. Called with the tickets' rows locked.

    Without the lock, somebody who replies and reads in two windows at once could block themselves: each row refers to a ticket.
    """
    _put_readings(
        [
            Reading(customer_id=customer_id, ticket_id=ticket_id, person=person, position=position, read_at=now)
            for ticket_id, position in positions.items()
        ]
    )


_put_readings = Insert(
    Reading,
    on_conflict="ON CONFLICT (customer_id, person_id, ticket_id) DO UPDATE SET position = EXCLUDED.position, read_at = EXCLUDED.read_at",
)
