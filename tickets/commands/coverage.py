"""What a ticket is promised by: off-hours help, another contract's terms, a newer version of its policy."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import Person
from accounts.tenancy import acting_for, as_provider
from contracts.models import Contract
from helpdesk.lib.refusals import Refusal
from sla.commands.promises import not_before
from sla.facts import Window
from sla.locks import hold_calendars_still
from sla.models import Policy, PolicyVersion
from sla.queries.policies import version_for
from tickets import promising, story, telling
from tickets.commands.conversation import ClosedTicket
from tickets.models import Event, Status, Ticket
from tickets.queries.policies import behind, is_behind
from tickets.states import OVER

MOVED_AT_ONCE = 250  # tickets: some three seconds, of the five for which a page waits for a ticket that another has


class CoveredAlready(Refusal):
    sentence = _("This ticket is covered around the clock already: help outside business hours costs nothing more.")


class WindowReversed(Refusal):
    sentence = _("The help must end after it begins. Choose a later end.")


class WindowOver(Refusal):
    sentence = _("That time is over already. Choose an end that is still to come.")


class VersionReplaced(Refusal):
    sentence = _("Version %(number)s of this policy is in force now. Look again at what moving the tickets does.")


class Solved(Refusal):
    sentence = _("This ticket is solved. Reply to open it again, then ask for help.")


class PromisesNothing(Refusal):
    sentence = _("This ticket has no promise yet. Try again in a few minutes.")


def cover(*, ticket: Ticket, actor: Person | None, by_staff: bool, key: str, start: datetime, until: datetime, now: datetime) -> Ticket:
    """Let promises of answers run 24x7 from the later of `start` and `now` until `until`; on-call is paged (SLA-7).

    `key` names the help, so that it can be ended; the same key again changes nothing. Raises Solved, ClosedTicket,
    CoveredAlready, WindowReversed, WindowOver, PromisesNothing.
    """
    if until <= start:
        raise WindowReversed
    if until <= now:
        raise WindowOver
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        if ticket.status == Status.RESOLVED:
            raise Solved
        if ticket.status == Status.CLOSED:
            raise ClosedTicket
        if ticket.promise is None:
            raise PromisesNothing
        if any(known == key for known, _start, _until in ticket.promise.windows):
            return ticket
        if promising.rules_of(ticket).always:
            raise CoveredAlready
        event = story.record(
            ticket=ticket,
            kind=Event.Kind.COVERED,
            actor=actor,
            by_staff=by_staff,
            facts={"key": key, "from": start.isoformat(), "until": until.isoformat()},
            now=now,
        )
        _tell_team(ticket, event, gettext_noop("%(number)s is covered outside business hours for a while."), now)
    return ticket


def uncover(*, ticket: Ticket, actor: Person | None, by_staff: bool, key: str, now: datetime) -> Ticket:
    """End that help now, before its time; no effect when it is over or unknown."""
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        windows = [Window(known, *map(datetime.fromisoformat, times)) for known, *times in ticket.promise.windows] if ticket.promise else []
        if any(window.key == key and now < window.until for window in windows):
            event = story.record(ticket=ticket, kind=Event.Kind.UNCOVERED, actor=actor, by_staff=by_staff, facts={"key": key}, now=now)
            _tell_team(ticket, event, gettext_noop("%(number)s is no longer covered outside business hours."), now)
    return ticket


def _tell_team(ticket: Ticket, event: Event, headline: str, now: datetime) -> None:
    for to_staff, readers in (
        (True, telling.staff_side(ticket, except_for=event.actor)),
        (False, telling.customers_side(ticket, except_for=event.actor)),
    ):
        telling.tell(
            readers=readers, to_staff=to_staff, ticket=ticket, event=event, notice=telling.Notice("ticket_status", headline), now=now
        )


def give_promise(ticket: Ticket, now: datetime) -> None:
    """Give a locked ticket from before promises were kept the one that it had all along, while it still is under its first contract."""
    if ticket.promise is None:
        promising.keep_promise_of(ticket, max(now, ticket.changed_at))


def follow_contract(ticket: Ticket, contract: Contract, *, actor: Person, now: datetime) -> None:
    """Let the promise of a locked ticket follow it to another contract: by that one's policy as it was at the opening, and its calendar.

    Where both name the same policy, the version that rules the ticket goes on to: it may have been moved to that one.
    """
    promise = ticket.promise
    assert promise is not None, "the caller gave it one"
    version, policy_id = promise.version, contract.terms_on(contract.today(now)).policy_id
    if version.policy_id != policy_id:
        version = version_for(policy_id, ticket.opened_at)
    _move(ticket, version.pk, contract.calendar_id, actor=actor, now=now)


def move_open_tickets(*, actor: Person, policy: Policy, expected: int, most: int = MOVED_AT_ONCE, now: datetime) -> int:
    """Let the policy's version in force rule its open tickets too, with an event on each (SLA-1); returns how many moved.

    At most `most` in one transaction, all or none of them: whoever answers one waits for that long. What is left is what still follows
    an older version, so the same again goes on where this ended, and does nothing once none is left. `expected`: the number of the
    version that was looked at. Raises VersionReplaced.
    """
    with as_provider():
        hold_calendars_still()
        policy = Policy.objects.select_for_update(no_key=True).get(pk=policy.pk)  # no version comes into force, and others wait their turn
        version = version_for(policy.pk, now)
        if version.number != expected:
            raise VersionReplaced(number=version.number)
        moved = sum(_follow(ticket, version, actor, now) for ticket in behind(policy, version).order_by("pk")[:most])
        if moved:
            audit.record(
                actor=actor,
                customer_id=None,
                verb="move_open_tickets",
                target=policy,
                after={"version": version.number, "tickets": moved},
                now=now,
            )
    return moved


def _follow(ticket: Ticket, version: PolicyVersion, actor: Person, now: datetime) -> bool:
    """Whether the ticket still followed an older version once nobody else had it: it may have been solved or moved meanwhile."""
    with acting_for(ticket.customer_id):
        locked = story.lock(ticket)
        promise = locked.promise
        if locked.status in OVER or promise is None or not is_behind(promise.version, version):
            return False
        _move(locked, version.pk, promise.calendar_id, actor=actor, now=now)
    return True


def _move(ticket: Ticket, version_id: int, calendar_id: int, *, actor: Person, now: datetime) -> None:
    promise = ticket.promise
    assert promise is not None, "the caller looked"
    if (version_id, calendar_id) == (promise.version_id, promise.calendar_id):
        return
    story.record(
        ticket=ticket,
        kind=Event.Kind.PROMISE_MOVED,
        actor=actor,
        by_staff=True,
        facts={"version": version_id, "calendar": calendar_id, "from_version": promise.version_id, "from_calendar": promise.calendar_id},
        now=not_before(calendar_id, now),
    )
