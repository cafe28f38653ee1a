"""Whether a customer is asked how a ticket was solved, and what they said (TIC-7)."""

from dataclasses import dataclass
from datetime import datetime

from accounts.queries import display_names
from helpdesk.lib.prepared import Prepared
from tickets.models import Event, Satisfaction, Status, Ticket


@dataclass(frozen=True)
class Said:
    """The answer that counts. `comment` is empty when none was given with it."""

    level: str
    label: str
    person_id: int
    name: str
    comment: str
    at: datetime


def was_solved_by_staff(ticket: Ticket) -> bool:
    """It is solved or closed, and staff said so: what the customer solved itself is not asked about."""
    if ticket.status not in {Status.RESOLVED, Status.CLOSED}:
        return False
    solved = Event.objects.filter(ticket=ticket, kind=Event.Kind.STATUS_CHANGED, data__to=Status.RESOLVED).order_by("position").last()
    return solved is not None and solved.by_staff


_row = Prepared(lambda ticket: Satisfaction.objects.filter(ticket=ticket))


def said(ticket: Ticket) -> Said | None:
    """What they said, also about an earlier solution; None when nothing was said."""
    row = _row.first(ticket.pk)
    if row is None:
        return None
    last = Event.objects.filter(ticket=ticket, kind=Event.Kind.RATED).select_related("message").order_by("position").last()
    return Said(
        level=row.level,
        label=row.get_level_display(),
        person_id=row.person_id,
        name=display_names([row.person_id]).get(row.person_id, ""),
        comment=last.message.body if last is not None and last.message is not None else "",
        at=row.rated_at,
    )


def is_asked(ticket: Ticket, said: Said | None) -> bool:
    """Solved by staff, and nothing was said since: a ticket that was solved anew is asked about anew."""
    if not was_solved_by_staff(ticket):
        return False
    return said is None or (ticket.resolved_at is not None and said.at < ticket.resolved_at)
