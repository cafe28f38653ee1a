"""Time that staff spent: logged by hand or by a timer, corrected, deleted. What it costs follows from the contract's story (BIL-1)."""

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import StaffMember
from accounts.tenancy import as_provider
from billing import telling
from billing.commands import stories
from billing.models import LONGEST, Entry, Timer, WorkLog
from billing.reckoning import Book, MovedMeanwhile, book
from contracts.models import Contract
from helpdesk.lib.moments import spoken
from helpdesk.lib.prepared import Prepared, compared
from helpdesk.lib.refusals import Refusal
from helpdesk.lib.writing import LEAVE, Insert
from tickets.models import Ticket

LONGEST_WORK = timedelta(hours=16)
EARLIEST = timedelta(days=7)  # before the ticket: somebody phoned, and it was filed when the week was over
CLOCKS_APART = timedelta(minutes=2)  # by which a browser's clock may be ahead
WARNED_AFTER = timedelta(hours=4)


class EndsBeforeItBegins(Refusal):
    sentence = _("The work must end after it begins. Check the times.")


class TooLong(Refusal):
    sentence = _("That is more than 16 hours in one piece. Check the days, or log it in several pieces.")


class InTheFuture(Refusal):
    sentence = _("That time has not come yet. Log work when it is done.")


class BeforeTicket(Refusal):
    sentence = _("%(ticket)s was opened on %(day)s; work can lie up to 7 days before that. Check the date.")


class BeforeContract(Refusal):
    sentence = _("The contract begins on %(day)s: no work can lie before that. Check the date.")


class NoteMissing(Refusal):
    sentence = _("Write what was done: the customer reads it on the statement.")


class ReasonMissing(Refusal):
    sentence = _("Say why you change a colleague's log: they read it.")


class Overlaps(Refusal):
    sentence = _("It overlaps with %(from)s–%(until)s on %(ticket)s, which %(agent)s logged already. Change one of the two.")


class LoggedAlready(Refusal):
    sentence = _("This form logged other work already. If this is another piece, log it once more.")


class WorkDeleted(Refusal):
    sentence = _("This log was deleted meanwhile.")


class TimerRuns(Refusal):
    sentence = _("Your timer runs on %(ticket)s since %(since)s. Stop or discard it first.")


class NoTimer(Refusal):
    sentence = _("No timer of yours runs any more: it was stopped on another page.")


# --- Logs -------------------------------------------------------------------------------------------------------------
def log_work(
    *,
    ticket: Ticket,
    agent: StaffMember,
    began_at: datetime,
    ended_at: datetime,
    note: str,
    submission_key: uuid.UUID | None = None,
    now: datetime,
) -> WorkLog:
    """Work that one of the staff did on a ticket, in whatever state that is; its contract's hours take it in at once.

    The same `submission_key` again returns the log that it made. Raises EndsBeforeItBegins, TooLong, InTheFuture, BeforeTicket,
    BeforeContract, NoteMissing, Overlaps, LoggedAlready, MovedMeanwhile.
    """
    log = WorkLog(
        customer_id=ticket.customer_id,
        ticket=ticket,
        agent=agent,
        began_at=began_at,
        ended_at=ended_at,
        note=note.strip(),
        logged_at=now,
        submission_key=submission_key or uuid.uuid4(),
    )
    try:
        return _log(log, ticket.contract_id, now)
    except MovedMeanwhile:
        return _log(log, stories.take_in_ticket(ticket_id=ticket.pk, now=now), now)


def _log(log: WorkLog, contract_id: int, now: datetime) -> WorkLog:
    with as_provider(), book(contract_id, now=now) as hours:
        log.contract = hours.contract
        check(log, hours, now)
        hours.keep(log.ticket)
        if not _insert(log):
            return _known_already(log, now)
        hours.enter(Entry.Kind.LOGGED, log, by=log.agent.person)
    return log


def correct_work(
    *, log: WorkLog, actor: StaffMember, began_at: datetime, ended_at: datetime, note: str, reason: str = "", now: datetime
) -> WorkLog:
    """Other times, or another note; what was said before stays in the log's entries. A closed month is corrected in the next statement.

    Raises what `log_work` does, ReasonMissing for a colleague's log, WorkDeleted, MovedMeanwhile.
    """
    with as_provider(), book(log.contract_id, now=now) as hours:
        row = _again(log, hours)
        _check_reason(row, actor, reason)
        values = {"began_at": began_at, "ended_at": ended_at, "note": note.strip()}
        if all(getattr(row, name) == value for name, value in values.items()):
            return row
        for name, value in values.items():
            setattr(row, name, value)
        check(row, hours, now)
        others = _overlapping(row)
        if others:
            raise _overlap(row, others[0], now)
        _save(row, now, *values)
        hours.enter(Entry.Kind.CORRECTED, row, by=actor.person, reason=reason.strip())
    return row


def delete_work(*, log: WorkLog, actor: StaffMember, reason: str = "", now: datetime) -> WorkLog:
    """Take a log away; its entries stay. A second time changes nothing. Raises ReasonMissing for a colleague's log, MovedMeanwhile."""
    with as_provider(), book(log.contract_id, now=now) as hours:
        try:
            row = _again(log, hours)
        except WorkDeleted:
            return log
        _check_reason(row, actor, reason)
        row.deleted_at = now
        row.save(update_fields=["deleted_at"])
        hours.enter(Entry.Kind.DELETED, row, by=actor.person, reason=reason.strip())
    return row


def check(log: WorkLog, hours: Book, now: datetime) -> None:
    """Refuse what can't have been work; whom it overlaps is another question."""
    if log.ended_at <= log.began_at:
        raise EndsBeforeItBegins
    if log.ended_at - log.began_at > LONGEST_WORK:
        raise TooLong
    if log.ended_at > now + CLOCKS_APART:
        raise InTheFuture
    day = log.began_at.astimezone(ZoneInfo(hours.contract.calendar.time_zone)).date()
    if day < hours.contract.first_date:
        raise BeforeContract(day=date_format(hours.contract.first_date, "SHORT_DATE_FORMAT"))
    if log.began_at < log.ticket.opened_at - EARLIEST:
        opened = date_format(timezone.localtime(log.ticket.opened_at), "SHORT_DATE_FORMAT")
        raise BeforeTicket(ticket=log.ticket.number, day=opened)
    if not log.note:
        raise NoteMissing


def _again(log: WorkLog, hours: Book) -> WorkLog:
    """The log as it is now that its contract is locked."""
    row = WorkLog.objects.select_related("ticket", "agent__person").get(pk=log.pk)
    if row.deleted_at is not None:
        raise WorkDeleted
    if row.contract_id != hours.contract.pk:
        raise MovedMeanwhile
    return row


def _check_reason(log: WorkLog, actor: StaffMember, reason: str) -> None:
    if log.agent_id != actor.pk and not reason.strip():
        raise ReasonMissing


def _overlapping(log: WorkLog) -> list[WorkLog]:
    """What else the agent did meanwhile, on tickets of any customer."""
    # As no log is longer, those that began before can't reach into it; so the index answers alone.
    found = _between(log.agent_id, log.began_at - LONGEST, log.ended_at, log.began_at)
    return [other for other in found if other.pk != log.pk]


_between = Prepared(
    lambda agent, before, until, since: (
        WorkLog.objects.filter(
            compared("began_at", ">", before),
            compared("began_at", "<", until),
            compared("ended_at", ">", since),
            agent=agent,
            deleted_at=None,
        )
        .select_related("ticket", "agent__person")
        .order_by("began_at")
    )
)


def _overlap(log: WorkLog, other: WorkLog, now: datetime) -> Overlaps:
    with timezone.override(ZoneInfo(log.agent.person.time_zone)):
        begin, end = timezone.localtime(other.began_at), timezone.localtime(other.ended_at)
        until = date_format(end, "TIME_FORMAT") if begin.date() == end.date() else spoken(end, now)
        facts = {"from": spoken(begin, now), "until": until, "ticket": other.ticket.number, "agent": other.agent.display_name}
    return Overlaps(**facts)


def _insert(log: WorkLog) -> bool:
    """Whether the database lets it in, which knows best: under another contract the same agent, or the same form, may be at it now."""
    return bool(_new_logs([log]))


_new_logs = Insert(WorkLog, on_conflict=LEAVE)


def _known_already(log: WorkLog, now: datetime) -> WorkLog:
    """What the same form made. Raises Overlaps, LoggedAlready."""
    others = _overlapping(log)
    same = next((other for other in others if other.submission_key == log.submission_key), None)
    if same is None and others:
        raise _overlap(log, others[0], now)
    if same is None or (same.ticket_id, same.began_at, same.ended_at, same.note) != (log.ticket_id, log.began_at, log.ended_at, log.note):
        raise LoggedAlready
    return same


def _save(log: WorkLog, now: datetime, *columns: str) -> None:
    """Under another contract the same agent may be at it at the same time: the database lets one of them in."""
    try:
        with transaction.atomic():
            log.save(update_fields=columns)
    except IntegrityError:
        others = _overlapping(log)
        if others:
            raise _overlap(log, others[0], now) from None
        raise


# --- Timers -----------------------------------------------------------------------------------------------------------
def start_timer(*, ticket: Ticket, agent: StaffMember, now: datetime) -> Timer:
    """Let time run on a ticket, on all pages and devices until it is stopped; the same again changes nothing. Raises TimerRuns."""
    with as_provider():
        timer, made = Timer.objects.select_related("ticket").get_or_create(
            agent=agent, defaults={"customer_id": ticket.customer_id, "ticket": ticket, "started_at": now}
        )
        if not made and timer.ticket_id != ticket.pk:
            raise TimerRuns(ticket=timer.ticket.number, since=_since(timer, agent, now))
    return timer


def stop_timer(
    *, agent: StaffMember, note: str, ended_at: datetime | None = None, submission_key: uuid.UUID | None = None, now: datetime
) -> WorkLog:
    """The time that ran becomes a log, until now or until an earlier end. Raises NoTimer, and what `log_work` does: then it runs on."""
    with as_provider():
        timer = Timer.objects.select_related("ticket").filter(agent=agent).first()
        if timer is None:
            earlier = WorkLog.objects.filter(agent=agent, submission_key=submission_key).first() if submission_key else None
            if earlier is None:
                raise NoTimer
            return earlier
        log = log_work(
            ticket=timer.ticket,
            agent=agent,
            began_at=timer.started_at,
            ended_at=ended_at or now,
            note=note,
            submission_key=submission_key,
            now=now,
        )
        timer.delete()
    return log


def discard_timer(*, agent: StaffMember) -> None:
    """Forget the time that ran; no effect without any."""
    with as_provider():
        Timer.objects.filter(agent=agent).delete()


def discard_timer_in_the_way(*, timer_id: int, contract: Contract, actor: StaffMember, now: datetime) -> bool:
    """Discard a colleague's timer on one of the contract's tickets, so that its month can be closed; they are told.

    Returns whether it still ran.
    """
    with as_provider():
        running = Timer.objects.select_related("ticket", "agent__person").filter(ticket__contract=contract, pk=timer_id)
        timer = running.select_for_update(of=("self",)).first()
        if timer is None:
            return False
        facts = {"ticket": timer.ticket.number, "person": timer.agent_id, "started_at": timer.started_at.isoformat()}
        audit.record(actor=actor.person, customer_id=timer.customer_id, verb="discard_timer", target=timer, before=facts, now=now)
        telling.tell_timer_discarded(timer, actor, now=now)
        timer.delete()
    return True


def warn_of_timers(*, now: datetime) -> int:
    """Tell those whose timer has run for hours, once; returns how many."""
    with as_provider():
        long = Timer.objects.filter(warned_at=None, started_at__lte=now - WARNED_AFTER).select_related("agent__person", "ticket")
        timers = list(long.select_for_update(skip_locked=True, of=("self",)).order_by("pk"))
        for timer in timers:
            timer.warned_at = now
            timer.save(update_fields=["warned_at"])
            telling.warn_of_timer(timer, now=now)
    return len(timers)


def _since(timer: Timer, agent: StaffMember, now: datetime) -> str:
    with timezone.override(ZoneInfo(agent.person.time_zone)):
        return spoken(timer.started_at, now)
