"""What time brings: steps of escalation and missed promises, noticed by a sweep that keeps nothing in memory (SLA-9, SLA-10)."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_noop

from accounts.models import Person, StaffRole, TeamMember
from accounts.tenancy import acting_for, as_provider
from sla.clocks import Fold
from sla.commands.promises import is_covered
from sla.locks import hold_calendars_still
from sla.models import Clock, Firing
from sla.queries.policies import rules
from sla.rules import Target, Told
from tickets import paging, promising, story, telling
from tickets.models import Event, Ticket, TicketQuerySet
from tickets.states import OVER

log = logging.getLogger(__name__)
Result = TypeVar("Result")

# What people did until now may still be on its way into the database: a reply that came in time must be seen before its clock is missed.
GRACE = timedelta(seconds=2)
LOOKED_AT = 20  # clocks or steps at a time: more than there are sweeps at once
LATE_AFTER = timedelta(seconds=10)
KEEPING_SECONDS = 30  # of the minute after which the next round begins
KEPT_AT_ONCE = 500  # tickets that one search finds
STEPS = {
    Target.FIRST_RESPONSE: gettext_noop("%(number)s: %(percent)s %% of the time for the first response is used up."),
    Target.NEXT_UPDATE: gettext_noop("%(number)s: %(percent)s %% of the time for the next update is used up."),
    Target.RESOLUTION: gettext_noop("%(number)s: %(percent)s %% of the time for the resolution is used up."),
}
MISSES = {
    Target.FIRST_RESPONSE: gettext_noop("%(number)s: the first response is late."),
    Target.NEXT_UPDATE: gettext_noop("%(number)s: the next update is late."),
    Target.RESOLUTION: gettext_noop("%(number)s: the resolution is late."),
}


def database_now() -> datetime:
    """The instant by the one clock that all processes share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)
    return now


def notice_due(*, now: datetime, most: int = 1000) -> int:
    """Notice every step and miss before `now`, less GRACE, and tell whom it concerns; returns how many tickets that was.

    Two sweeps at once share the tickets among them. One that can't be noticed is logged and passed over.
    """
    until, noticed, failed = now - GRACE, 0, set[int | None]()
    for _turn in range(most):
        try:
            ticket_id = _notice_next(until, failed)
        except _NotNoticed as error:
            if not connection.is_usable():
                raise  # it is not this ticket: the next sweep finds the database again
            log.exception("ticket %s could not be looked at; the others go on", error.ticket.pk)
            failed.add(error.ticket.promise_id)
            continue
        if ticket_id is None:
            break
        noticed += 1
    return noticed


class _NotNoticed(Exception):
    def __init__(self, ticket: Ticket) -> None:
        super().__init__(ticket.pk)
        self.ticket = ticket


def _notice_next(until: datetime, without: set[int | None]) -> int | None:
    """Take one ticket of which something is due, alone among all sweeps, and see to it in the same transaction.

    `without`: promises that can't be noticed.
    """
    with as_provider():
        hold_calendars_still()
        ticket = _due(until, without)
        if ticket is None:
            return None
        try:
            with acting_for(ticket.customer_id):
                _notice(Ticket.objects.select_related("promise", "contract").get(pk=ticket.pk), until)
        except Exception as error:
            raise _NotNoticed(ticket) from error
    return ticket.pk


def _due(until: datetime, without: set[int | None]) -> Ticket | None:
    """One of the first that nobody else has. Those that can't be noticed are left out before they are counted: else they'd hide all others."""
    clocks = Clock.objects.filter(look_at__lt=until).exclude(promise__in=without)
    untold = Firing.objects.filter(told_at=None, at__lt=until).exclude(clock__promise__in=without)
    for promises in (
        clocks.order_by("look_at", "pk").values_list("promise_id", flat=True),
        untold.order_by("at").values_list("clock__promise_id", flat=True),
    ):
        ticket = Ticket.objects.filter(promise__in=list(promises[:LOOKED_AT])).select_for_update(skip_locked=True, of=("self",)).first()
        if ticket is not None:
            return ticket
    return None


def go_on(ticket: Ticket, step: Callable[[Ticket, datetime], Result], until: datetime) -> Result:
    """Let a locked ticket go on by `step`, and page on-call when off-hours help began by that (SLA-7, SLA-9)."""
    promise = ticket.promise
    assert promise is not None, "the caller looked"
    until = promising.not_before(ticket, until)
    was_covered = is_covered(promise)
    result = step(ticket, until)
    if is_covered(promise) and not was_covered:
        paging.page_covered(ticket, key=f"help-{until.timestamp():.0f}", now=until)
    return result


def _notice(ticket: Ticket, until: datetime) -> None:
    until = promising.not_before(ticket, until)
    fold = go_on(ticket, promising.pass_time, until).fold
    for firing in Firing.objects.filter(clock__promise=ticket.promise, told_at=None).select_related("clock").order_by("at", "percent"):
        event = _write_down(ticket, firing, until)
        _tell(ticket, event, firing, fold, until)
        firing.told_at = until
        firing.save(update_fields=["told_at"])


def _write_down(ticket: Ticket, firing: Firing, now: datetime) -> Event:
    """The step at its own instant in the story; the staff's alone."""
    return story.record(
        ticket=ticket,
        kind=Event.Kind.MISSED if firing.percent == 100 else Event.Kind.ESCALATED,
        actor=None,
        by_staff=True,
        internal=True,
        dated=firing.at,
        facts={"target": firing.clock.target, "percent": firing.percent, "late": _is_late(firing)},
        now=now,
    )


def _tell(ticket: Ticket, event: Event, firing: Firing, fold: Fold, now: datetime) -> None:
    """Mail to those whom the policy names, when the clock's coverage is open; a page to whoever is on call, for tickets covered 24x7."""
    headlines = MISSES if firing.percent == 100 else STEPS
    telling.tell(
        readers=_readers(ticket, firing),
        to_staff=True,
        ticket=ticket,
        event=event,
        notice=telling.Notice(
            "ticket_escalated",
            headlines[Target(firing.clock.target)],
            may_wait=False,
            not_before=_opening(fold, firing.clock, now),
            facts={"percent": str(firing.percent)},
        ),
        now=now,
    )
    if fold.is_covered(now):
        paging.page_step(ticket, firing, is_late=_is_late(firing), now=now)


def _is_late(firing: Firing) -> bool:
    return firing.noticed_at - firing.at > LATE_AFTER


def _opening(fold: Fold, clock: Clock, now: datetime) -> datetime | None:
    """When the clock's own coverage opens next, if it is closed: off-hours help opens it for promises of answers."""
    coverage = fold.track.coverage(Target(clock.target), always=clock.always)
    if coverage.is_open(now):
        return None
    windows = coverage.windows(now, 1)
    return windows[0][0] if windows else None


def _readers(ticket: Ticket, firing: Firing) -> list[Person]:
    assert ticket.promise is not None, "a step is a promise's"
    steps = {step.percent: step.tells for step in rules(ticket.promise.version_id).steps}
    ids: set[int | None] = set()
    for told in steps.get(firing.percent, frozenset()):
        ids |= set(_told(ticket, told))
    return telling.staff_among(ids)


def _told(ticket: Ticket, told: Told) -> Iterable[int | None]:
    match told:
        case Told.ASSIGNEE:
            return [ticket.assignee_id] if ticket.assignee_id else _of_team(ticket)
        case Told.LEAD:
            return _leads(ticket)
        case Told.ACCOUNT_MANAGER:
            return [ticket.contract.account_manager_id, ticket.contract.deputy_id]


def _of_team(ticket: Ticket) -> Sequence[int]:
    return list(TeamMember.objects.filter(team=ticket.team_id).values_list("member_id", flat=True))


def _leads(ticket: Ticket) -> Sequence[int]:
    """The leads of the ticket's team; without one, all leads."""
    leads = StaffRole.objects.filter(role=StaffRole.Role.LEAD)
    of_team = leads.filter(Exists(TeamMember.objects.filter(team=ticket.team_id, member=OuterRef("member"))))
    return list(of_team.values_list("member_id", flat=True)) or list(leads.values_list("member_id", flat=True))


def keep_promises(*, now: datetime, seconds: float = KEEPING_SECONDS) -> int:
    """Give tickets that were opened before promises were kept the ones that they had all along; returns how many.

    It goes on for so many seconds: those that still run come first, then the newest. One whose story can't be replayed is logged and
    passed over.
    """
    ends, kept = time.monotonic() + seconds, 0
    for ticket_id in _without_promise():
        if time.monotonic() >= ends:
            break
        try:
            kept += _keep_promise(ticket_id, now)
        except Exception:
            if not connection.is_usable():
                raise  # it is not this ticket: the next round finds the database again
            log.exception("ticket %s could not be given its promise; the others go on", ticket_id)
    return kept


def _without_promise() -> Iterator[int]:
    """Each once, however many of them can't be given one."""
    for tickets in (Ticket.objects.active(), Ticket.objects.filter(status__in=OVER)):
        found: list[int] = []
        while found := _before(tickets, found[-1] if found else None):
            yield from found


def _before(tickets: TicketQuerySet, pk: int | None) -> list[int]:
    waiting = tickets.filter(promise=None) if pk is None else tickets.filter(promise=None, pk__lt=pk)
    with as_provider():
        return list(waiting.order_by("-pk").values_list("pk", flat=True)[:KEPT_AT_ONCE])


def _keep_promise(ticket_id: int, now: datetime) -> bool:
    """Whether it got one now: somebody else may be giving it the same, or may write on it."""
    with as_provider():
        hold_calendars_still()
        ticket = Ticket.objects.filter(pk=ticket_id, promise=None).select_for_update(skip_locked=True, of=("self",)).first()
        if ticket is None:
            return False
        with acting_for(ticket.customer_id):
            promising.keep_promise_of(ticket, max(now - GRACE, ticket.changed_at))
    return True
