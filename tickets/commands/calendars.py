"""Putting another version of a business calendar in force, for open tickets too (SLA-3)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet, Subquery

from accounts.models import Person
from accounts.tenancy import acting_for, as_provider
from sla.calendar import OutOfReach
from sla.checking import TooFewHours
from sla.commands import calendars
from sla.content import Content
from sla.locks import change_calendars_alone
from sla.models import Calendar, CalendarVersion, Clock, Promise
from sla.queries.calendars import changed_at
from sla.recalculation import concerned
from tickets import promising
from tickets.commands.clocks import GRACE, go_on
from tickets.models import Ticket

AN_INSTANT = timedelta(microseconds=1)


def put_in_force(
    *, actor: Person | None, calendar: Calendar, content: Content, reason: str, expected: int, now: datetime
) -> CalendarVersion:
    """A new version of the calendar from `now`, less GRACE; open clocks and the tickets sorted by them move with it, in one transaction.

    Whoever answers meanwhile waits, and is told no earlier than the version rules: an answer that came in time, however long it
    waited, must not be dated after its due instant. Raises what `sla.commands.calendars.change_calendar` does.
    """
    try:
        return _put_in_force(actor, calendar, content, reason, expected=expected, now=now)
    except OutOfReach as error:
        raise TooFewHours from error


def _put_in_force(
    actor: Person | None, calendar: Calendar, content: Content, reason: str, *, expected: int, now: datetime
) -> CalendarVersion:
    with as_provider():
        change_calendars_alone()
        before, since = changed_at(calendar.pk), now - GRACE
        since = max(since, before + AN_INSTANT) if before else since
        _lock_concerned(calendar, since)
        _notice_until(calendar, since)
        version = calendars.change_calendar(actor=actor, calendar=calendar, content=content, reason=reason, expected=expected, now=since)
        assert version.rules_from is not None, "it follows another"
        _tell_apart(calendar, version.rules_from)
        _sort_anew(calendar)
    return version


def _lock_concerned(calendar: Calendar, since: datetime) -> None:
    """All tickets that may be written, once and in one order: people who read hold tickets too, in that order, and no calendars."""
    running = Clock.objects.running().filter(promise=OuterRef("pk"))
    promises = Promise.objects.filter(Exists(running) | Q(told_at__gt=since), calendar=calendar)
    rows = Ticket.objects.filter(promise__in=promises).order_by("pk").select_for_update(no_key=True, of=("self",))
    list(rows.values_list("pk", flat=True))


def _notice_until(calendar: Calendar, since: datetime) -> None:
    """What fell due by the hours until then is noticed by them; the sweep tells of it."""
    waiting = Clock.objects.running().filter(promise__calendar=calendar, look_at__lt=since).values("promise")
    _each(Ticket.objects.filter(promise__in=waiting), promising.pass_time, since)


def _tell_apart(calendar: Calendar, since: datetime) -> None:
    """Tickets with off-hours help are covered by more than the calendar, each in its own way; and some were told already of what came
    after this instant."""
    moving = concerned(calendar.pk, since).values("promise")
    apart = Promise.objects.filter(~Q(windows=[]) & Q(pk__in=moving) | Q(told_at__gt=since), calendar=calendar)
    _each(Ticket.objects.filter(promise__in=apart), promising.take_in_calendar, since)


def _each(tickets: QuerySet[Ticket], step: Callable[[Ticket, datetime], object], since: datetime) -> None:
    """`tickets`: locked before."""
    for ticket in tickets.order_by("pk"):
        with acting_for(ticket.customer_id):
            go_on(ticket, step, since)


def _sort_anew(calendar: Calendar) -> None:
    running = Clock.objects.running().filter(promise=OuterRef("promise"), due_at__isnull=False).order_by().values("promise")
    due = Subquery(running.annotate(due=Min("due_at")).values("due"))
    sorted_by = Ticket.objects.filter(promise__calendar=calendar, next_due_at__isnull=False).annotate(due=due)
    sorted_by.exclude(due=F("next_due_at")).update(next_due_at=F("due"))
