"""What a ticket's story says about its qualification: who declared, verified and contested what, and what may follow (TIC-3, SLA-6)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from helpdesk.lib.prepared import Prepared
from sla.rules import Value, rank
from tickets.lines import Line
from tickets.models import Event, Ticket

Happening = Event | Line  # a line of the story as the ORM has it, or as pages read it
KINDS = (Event.Kind.OPENED, Event.Kind.DECLARED, Event.Kind.VERIFIED, Event.Kind.CONTESTED)


class Effect(StrEnum):
    """What a declaration did, as its event keeps it."""

    REPLACED = "replaced"  # before any verdict: it counts in the place of the one before
    RAISED = "raised"  # the first higher one after a verdict: it counts at once
    CLAIMED = "claimed"  # a later higher one: nothing changes until staff decide
    LOWERED = "lowered"  # a lower one after a verdict: it counts at once


def value_of(event: Happening) -> Value:
    """What an event declared or verified."""
    return event.data["type"], event.data["severity"]


def value_before(event: Happening) -> Value:
    return event.data["from_type"], event.data["from_severity"]


@dataclass(frozen=True)
class History:
    """The events of a ticket that are about its qualification, oldest first, and what now counts."""

    events: tuple[Happening, ...]
    value: Value

    @property
    def position(self) -> int:
        """How far this history goes in the story: what a form about it was made for."""
        return self.events[-1].position if self.events else 0

    def after(self, position: int) -> list[Happening]:
        return [event for event in self.events if event.position > position]

    def _last(self, *kinds: str) -> Happening | None:
        return next((event for event in reversed(self.events) if event.kind in kinds), None)

    @property
    def declaration(self) -> Happening | None:
        return self._last(Event.Kind.OPENED, Event.Kind.DECLARED)

    @property
    def verdict(self) -> Happening | None:
        """The last verdict, whether or not a declaration came after it."""
        return self._last(Event.Kind.VERIFIED)

    @property
    def standing(self) -> Happening | None:
        """The verdict by which the present value counts."""
        verdict = self.verdict
        declared = self.after(verdict.position) if verdict else []
        counted = any(event.kind == Event.Kind.DECLARED and event.data["effect"] != Effect.CLAIMED for event in declared)
        return None if counted else verdict

    @property
    def contest(self) -> Happening | None:
        """The contest that waits for its decision."""
        return self._undecided(Event.Kind.CONTESTED)

    @property
    def contested(self) -> Happening | None:
        """The verdict that the undecided contest is about; whoever gave it can't decide."""
        return self.verdict if self.contest else None

    @property
    def claim(self) -> Happening | None:
        """The higher declaration that counts only when staff accept it."""
        last = self._undecided(Event.Kind.DECLARED)
        return last if last is not None and last.data["effect"] == Effect.CLAIMED else None

    def _undecided(self, kind: str) -> Happening | None:
        last = self._last(kind)
        verdict = self.verdict
        return last if last is not None and (verdict is None or last.position > verdict.position) else None

    @property
    def is_settled(self) -> bool:
        """Whether the standing verdict decided a contest: it can't be contested."""
        return self.standing is not None and self.standing.data.get("contest") is not None

    @property
    def may_contest(self) -> bool:
        return self.standing is not None and self.contest is None and not self.is_settled

    def effect_of(self, value: Value) -> Effect | None:
        """What declaring this would do; None when it is what counts already."""
        if value == self.value:
            return None
        if self.verdict is None:
            return Effect.REPLACED
        if rank(value) < rank(self.value):
            return Effect.LOWERED
        return Effect.CLAIMED if self.has_raised else Effect.RAISED

    @property
    def has_raised(self) -> bool:
        """Whether the one higher declaration that counts at once was made."""
        return any(event.kind == Event.Kind.DECLARED and event.data["effect"] == Effect.RAISED for event in self.events)

    def needs_reason(self, value: Value) -> bool:
        """Whether this verdict needs words for the customer: what decides a contest, refuses a claim, or changes what counts."""
        if self.contest is not None:
            return True
        return value != value_of(self.claim) if self.claim is not None else value != self.value

    def restored_by(self, value: Value, agent_id: int) -> Happening | None:
        """The lowering that this verdict would undo from its beginning (SLA-6), else None.

        A contest's verdict undoes one that gives back the value before it, as does whoever lowered it themselves. To accept what the
        customer claims anew is neither: it counts from there on.
        """
        if self.contest is None and self.claim is not None and value == value_of(self.claim):
            return None
        if rank(value) <= rank(self.value):
            return None if self.contest is None or value != self.value else self._lowering_to(value, None)
        return self._lowering_to(value, None if self.contest is not None else agent_id)

    def _lowering_to(self, value: Value, only_by: int | None) -> Happening | None:
        """The verdict in the unbroken row of lowerings at the end that took this value away; declarations since may stand behind it."""
        lowered = False
        for event in self._changes_backwards():
            if event.kind == Event.Kind.DECLARED:
                if lowered or only_by is not None:
                    return None
                continue
            if rank(value_of(event)) > rank(value_before(event)) or only_by not in {None, event.actor_id}:
                return None
            if value_before(event) == value:
                return event
            lowered = True
        return None

    def _changes_backwards(self) -> Iterator[Happening]:
        """Events that changed what counts, latest first."""
        for event in reversed(self.events):
            changes = event.kind == Event.Kind.VERIFIED and value_of(event) != value_before(event)
            if changes or (event.kind == Event.Kind.DECLARED and event.data["effect"] != Effect.CLAIMED):
                yield event


def history(ticket: Ticket, lines: Iterable[Line] | None = None) -> History:
    """What the ticket's story says, read in the present scope; `lines`: the whole story, where a page has it already."""
    events: Iterable[Happening] = _events(ticket.pk) if lines is None else (line for line in lines if line.kind in KINDS)
    return History(tuple(events), (ticket.type, ticket.severity))


_events = Prepared(
    lambda ticket: (
        Event.objects.filter(ticket=ticket, kind__in=KINDS)
        .select_related("message")
        .defer("message__search", "message__html")
        .order_by("position")
    )
)
