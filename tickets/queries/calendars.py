"""What a change of a business calendar does to open tickets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from sla import recalculation, words
from sla.calendar import OutOfReach
from sla.content import Content
from sla.coverage import Coverage
from sla.models import Calendar
from sla.queries.calendars import compiled, history
from sla.recalculation import A_MICROSECOND, Effect
from sla.rules import Target
from tickets.models import Ticket


@dataclass(frozen=True)
class Moved:
    """One of the tickets whose promise moves earlier."""

    ticket: Ticket
    promise: str
    before: datetime
    after: datetime


@dataclass(frozen=True)
class TicketsEffect:
    """`helped`: tickets with off-hours help, which are counted one by one when it is in force. No clock is ever late by a change:
    time before it is counted as it was."""

    clocks: Effect
    soonest: Sequence[Moved]
    helped: int

    @property
    def minutes_earlier(self) -> int:
        """How far the promise moves that moves furthest."""
        return ceil(self.clocks.furthest_earlier.total_seconds() / 60)

    @property
    def minutes_later(self) -> int:
        return ceil(self.clocks.furthest_later.total_seconds() / 60)

    @property
    def unmoved(self) -> int:
        return self.clocks.running - self.clocks.earlier - self.clocks.later


def effect_on_tickets(calendar: Calendar, content: Content, now: datetime) -> TicketsEffect | None:
    """What these hours would do if they were in force from now on; nothing is changed. None: they are too few to keep what is promised."""
    known = history(calendar.pk)
    last = known.versions[-1][0]
    at = max(now, last + A_MICROSECOND) if last else now  # as a version made now would rule
    after = Coverage([*known.versions, (at, compiled(calendar.time_zone, content))])
    try:
        clocks = recalculation.effect(calendar_id=calendar.pk, before=known.known_at(at), after=after, at=at)
    except OutOfReach:
        return None
    promised = Ticket.objects.filter(promise__in=[move.promise_id for move in clocks.soonest]).select_related("customer")
    tickets = {ticket.promise_id: ticket for ticket in promised}
    soonest = [
        Moved(tickets[move.promise_id], str(words.TARGETS[Target(move.target)]), move.before, move.after)
        for move in clocks.soonest
        if move.promise_id in tickets
    ]
    helped = Ticket.objects.active().filter(promise__calendar=calendar).exclude(promise__windows=[]).count()
    return TicketsEffect(clocks, soonest, helped)
