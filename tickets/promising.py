"""How a ticket's story becomes the facts that its promise is told, and the only place where it is told them.

A promise lies below tickets: it knows calendars, policies and clocks, and nothing of what they are for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ObjectDoesNotExist

from contracts.models import Contract
from helpdesk.lib.prepared import Prepared, among
from sla.clocks import Clock, Fold, replay
from sla.commands import promises
from sla.coverage import History
from sla.facts import Answered, CalendarChanged, Covered, Fact, Moved, Opened, Phase, Qualified, Ruled, Uncovered
from sla.models import PolicyVersion, Promise
from sla.queries.calendars import histories
from sla.queries.policies import rules, version_for
from sla.rules import Row, Target, Value
from sla.stories import switched, with_calendars
from tickets.models import Event, Status, Ticket
from tickets.qualifying import Effect, value_before, value_of

PHASES = {
    Status.WAITING_CUSTOMER: Phase.WAITING_CUSTOMER,
    Status.WAITING_APPROVAL: Phase.WAITING_APPROVAL,
    Status.RESOLVED: Phase.RESOLVED,
    Status.CLOSED: Phase.CLOSED,
}
KINDS = (
    *(Event.Kind.REPLIED, Event.Kind.STATUS_CHANGED, Event.Kind.DECLARED, Event.Kind.VERIFIED),
    *(Event.Kind.COVERED, Event.Kind.UNCOVERED, Event.Kind.PROMISE_MOVED),
)


def promise_for(contract: Contract, value: tuple[str, str], now: datetime) -> promises.Outcome:
    """What the contract promises today for an event of this qualification; its clocks run from `now`."""
    return promises.make_promise(
        customer_id=contract.customer_id,
        policy_id=contract.terms_on(contract.today(now)).policy_id,
        calendar_id=contract.calendar_id,
        value=value,
        now=now,
    )


def not_before(ticket: Ticket, now: datetime) -> datetime:
    """The instant, or that until which the ticket's promise was told already, what its calendar did included."""
    promise = ticket.promise
    return now if promise is None else max(promises.not_before(promise.calendar_id, now), promise.told_at)


def rules_of(ticket: Ticket) -> Row:
    """The promise for what counts now."""
    promise = ticket.promise
    assert promise is not None, "the caller looked"
    return rules(promise.version_id).rows[promise.type, promise.severity]


def tell(ticket: Ticket, event: Event) -> promises.Outcome | None:
    """Let the ticket's promise take in an event that was just written; the caller saves `next_due_at`.

    None when it concerns no clock, or when no promise is kept yet.
    """
    if ticket.promise is None or event.kind not in KINDS:
        return None
    if event.kind == Event.Kind.PROMISE_MOVED:
        return _rule(ticket, event)
    fact = fact_of(event)
    return None if fact is None else _tell(ticket, [fact], event.at)


def _rule(ticket: Ticket, event: Event) -> promises.Outcome:
    assert ticket.promise is not None, "the caller looked"
    outcome = promises.rule(
        promise=ticket.promise,
        version=PolicyVersion.objects.only("pk").get(pk=event.data["version"]),
        calendar_id=event.data["calendar"],
        story=lambda: facts_of(ticket),
        now=event.at,
    )
    ticket.next_due_at = outcome.next_due_at
    return outcome


def take_in_calendar(ticket: Ticket, at: datetime) -> None:
    """Let a ticket take in by itself that its calendar has another version since `at`; the caller holds its lock."""
    at = not_before(ticket, at)
    _tell(ticket, [CalendarChanged(at=at, number=0)], at)
    ticket.save(update_fields=["next_due_at"])


def pass_time(ticket: Ticket, now: datetime) -> promises.Outcome:
    """Notice what fell due on a locked ticket before `now`."""
    outcome = _tell(ticket, [], now)
    ticket.save(update_fields=["next_due_at"])
    return outcome


def _tell(ticket: Ticket, facts: Sequence[Fact], now: datetime) -> promises.Outcome:
    promise = ticket.promise
    assert promise is not None, "the caller looked"
    outcome = promises.tell(promise=promise, facts=facts, story=lambda: facts_of(ticket), now=now)
    ticket.next_due_at = outcome.next_due_at
    return outcome


class Stories:
    """Stories of many tickets as facts, internal steps included: never to be asked in a customer's own scope.

    Read at once, by as many queries for one as for all. `openings`: by each ticket's id, what it was opened under.
    """

    def __init__(self, openings: Mapping[int, "Opening"]) -> None:
        self._openings = openings
        self._events: dict[int, list[Event]] = {ticket_id: [] for ticket_id in openings}
        calendars = {opening.calendar_id for opening in openings.values()}
        for event in _events(list(openings)):
            self._events[event.ticket_id].append(event)
            if event.kind == Event.Kind.PROMISE_MOVED:
                calendars.add(event.data["calendar"])
        self.calendars = histories(calendars)

    def facts_of(self, ticket_id: int) -> list[Fact]:
        """The whole story of one of the tickets.

        An event that was written by a machine whose clock lagged, before promises held the order, is dated as the one before it.
        """
        opening = self._openings[ticket_id]
        calendar = self.calendars[opening.calendar_id]
        facts: list[Fact] = []
        for event in self._events[ticket_id]:
            at = max(event.at, facts[-1].at) if facts else event.at
            if event.kind == Event.Kind.OPENED:
                facts.append(promises.opening(version_id=opening.version_id, calendar=calendar, value=value_of(event), at=at))
            elif event.kind == Event.Kind.PROMISE_MOVED:
                ruled = _ruled(calendar, self.calendars[event.data["calendar"]], event.data["version"], at=at, number=event.position)
                calendar = ruled.calendar
                facts.append(ruled)
            elif (fact := fact_of(event)) is not None:
                facts.append(replace(fact, at=at))
        return facts

    def replayed(self, ticket_id: int, until: datetime) -> Fold:
        """What the story of one of the tickets comes to, with what calendars did meanwhile. Raises SpoiltStory."""
        try:
            return replay(with_calendars(self.facts_of(ticket_id), until), until)
        except SPOILT as error:
            raise SpoiltStory(ticket_id) from error


def _ruled(known: History, calendar: History, version_id: int, *, at: datetime, number: int) -> Ruled:
    """Another policy version and calendar from an instant on. `known`: by what time was counted until then."""
    return Ruled(at=at, number=number, rules=rules(version_id), calendar=switched(known, calendar, at))


# What events come to that were altered or lost.
SPOILT = (ArithmeticError, AssertionError, AttributeError, LookupError, StopIteration, TypeError, ValueError, ObjectDoesNotExist)


class SpoiltStory(Exception):
    """The events of this ticket can't be replayed."""


class Opening(NamedTuple):
    """The policy version and the calendar under which a ticket was opened."""

    version_id: int
    calendar_id: int


def opening_of(promise: Promise) -> Opening:
    """What a ticket was opened under, as its promise keeps it."""
    return Opening(promise.opened_version_id, promise.opened_calendar_id)


def facts_of(ticket: Ticket) -> list[Fact]:
    """The whole story of one ticket as facts, as `Stories` has it."""
    if ticket.promise is not None:
        return Stories({ticket.pk: opening_of(ticket.promise)}).facts_of(ticket.pk)
    version, calendar_id = _had_all_along(ticket)
    return Stories({ticket.pk: Opening(version.pk, calendar_id)}).facts_of(ticket.pk)


def mend(ticket: Ticket, now: datetime) -> None:
    """Bring what is kept of a locked ticket's clocks to what its story says, and tell nobody. Raises SpoiltStory."""
    promise = ticket.promise
    if promise is None:
        keep_promise_of(ticket, now)
        return
    until = not_before(ticket, promise.told_at)
    fold = Stories({ticket.pk: opening_of(promise)}).replayed(ticket.pk, until)
    ticket.next_due_at = promises.mend(promise=promise, fold=fold, now=until)
    ticket.save(update_fields=["next_due_at"])


def calendar_of(ticket: Ticket) -> int:
    """The calendar that rules now; for a ticket whose promise is not kept yet, that of its first contract."""
    return ticket.promise.calendar_id if ticket.promise is not None else _had_all_along(ticket)[1]


def keep_promise_of(ticket: Ticket, now: datetime) -> None:
    """Give a ticket that was opened before promises were kept the one that it had all along."""
    version, calendar_id = _had_all_along(ticket)
    story = Stories({ticket.pk: Opening(version.pk, calendar_id)}).facts_of(ticket.pk)
    outcome = promises.make_promise_of(customer_id=ticket.customer_id, version=version, calendar_id=calendar_id, story=story, now=now)
    ticket.promise, ticket.next_due_at = outcome.promise, outcome.next_due_at
    ticket.save(update_fields=["promise", "next_due_at"])


def version_at_opening(ticket_id: int) -> int:
    """The policy version by which a ticket was opened, whether or not its promise is kept yet."""
    ticket = Ticket.objects.select_related("promise").get(pk=ticket_id)
    return ticket.promise.opened_version_id if ticket.promise is not None else _had_all_along(ticket)[0].pk


def _had_all_along(ticket: Ticket) -> tuple[PolicyVersion, int]:
    """The policy version and the calendar that ruled a ticket when it was opened, before promises were kept."""
    contract = Contract.objects.select_related("calendar").prefetch_related("terms").get(pk=_first_contract(ticket))
    return version_for(contract.terms_on(contract.today(ticket.opened_at)).policy_id, ticket.opened_at), contract.calendar_id


def _first_contract(ticket: Ticket) -> int:
    opened = Event.objects.get(ticket=ticket, position=1)
    return int(opened.data.get("contract", ticket.contract_id))


def fact_of(event: Event) -> Fact | None:
    """What an event means for clocks; None when it means nothing."""
    at, number = event.at, event.position
    match event.kind:
        case Event.Kind.REPLIED if event.by_staff:
            return Answered(at=at, number=number)
        case Event.Kind.STATUS_CHANGED:
            phase = PHASES.get(Status(event.data["to"]), Phase.WORKING)
            return Moved(at=at, number=number, phase=phase, by_staff=event.by_staff)
        case Event.Kind.DECLARED if event.data["effect"] != Effect.CLAIMED:
            return Qualified(at=at, number=number, value=value_of(event), verdict=False)
        case Event.Kind.VERIFIED if "restores" in event.data or value_of(event) != value_before(event):
            return Qualified(at=at, number=number, value=value_of(event), verdict=True, restores=event.data.get("restores"))
        case Event.Kind.COVERED:
            start, until = (datetime.fromisoformat(event.data[name]) for name in ("from", "until"))
            return Covered(at=at, number=number, key=event.data["key"], start=start, until=until)
        case Event.Kind.UNCOVERED:
            return Uncovered(at=at, number=number, key=event.data["key"])
    return None


_events = Prepared(
    lambda tickets: Event.objects.filter(among("ticket", tickets), kind__in=(Event.Kind.OPENED, *KINDS)).order_by("ticket_id", "position")
)


# --- What would be ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Imagined:
    """The clocks as they are, and as they would be. `lost`: clocks whose miss would disappear."""

    at: datetime
    before: Fold
    after: Fold
    lost: tuple[Clock, ...]


def imagine(ticket: Ticket, value: Value, *, restores: int | None = None, by_verdict: bool = True, now: datetime) -> Imagined:
    """What saying this would do; writes nothing. `restores`: the lowering that it would drop out of the story.

    A paused clock decides when it resumes: a miss that would disappear then is lost too. To be asked as the staff or in a command;
    with the ticket locked it stays true until the transaction ends.
    """
    at = not_before(ticket, now)
    said = Qualified(at=at, number=ticket.event_count + 1, value=value, verdict=by_verdict, restores=restores)
    changes = [said] if restores is not None or value != (ticket.type, ticket.severity) else []
    return _imagined(facts_of(ticket), changes, said.number + 1, at)


def imagine_ruled(tickets: Sequence[Ticket], version: PolicyVersion, now: datetime) -> Iterator[tuple[Ticket, Imagined]]:
    """What letting this policy version rule each ticket would do, one after the other; writes nothing.

    `tickets`: with their promises.
    """
    stories = Stories({ticket.pk: opening_of(ticket.promise) for ticket in tickets if ticket.promise is not None})
    for ticket in tickets:
        promise = ticket.promise
        assert promise is not None, "the caller asked for those that follow a policy"
        facts, calendar = stories.facts_of(ticket.pk), stories.calendars[promise.calendar_id]
        at = max(now, promise.told_at, calendar.changed_at or now)
        known = next(fact.calendar for fact in reversed(facts) if isinstance(fact, Opened | Ruled))
        ruled = _ruled(known, calendar, version.pk, at=at, number=ticket.event_count + 1)
        yield ticket, _imagined(facts, [ruled], ruled.number + 1, at)


def _imagined(story: Sequence[Fact], changes: Sequence[Fact], number: int, at: datetime) -> Imagined:
    """`number`: of the fact that would come after the changes."""
    facts = with_calendars(story, at)
    before, after = replay(facts, at), replay([*facts, *changes], at)
    lost = _lost(before, after)
    if before.scene.phase in {Phase.WAITING_CUSTOMER, Phase.WAITING_APPROVAL}:
        goes_on = Moved(at=at, number=number, phase=Phase.WORKING)
        lost |= _lost(replay([*facts, goes_on], at), replay([*facts, *changes, goes_on], at))
    return Imagined(at, before, after, tuple(clock for clock in before.clocks if clock.key in lost))


def _lost(before: Fold, after: Fold) -> set[tuple[Target, int]]:
    """The clocks of which a miss stands before and no more after."""
    left = {(clock.key, clock.breach.due_at) for clock in after.clocks if clock.breach}
    return {clock.key for clock in before.clocks if clock.breach and (clock.key, clock.breach.due_at) not in left}
