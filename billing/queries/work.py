"""What pages show of work: a ticket's logs, a week of one of the staff, a log with its history, and what logging would cost (BIL-7)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from billing.allocation import allocate
from billing.facts import Corrected, Logged, month_of, worked_minutes
from billing.models import Allocation, Entry, Timer, WorkLog
from billing.stories import known_of, linked, months_between, part_of, zone_of
from billing.words import Cover, left_in_words, month_name, split_in_words
from contracts.models import Contract
from helpdesk.lib.moments import dated
from helpdesk.lib.prepared import Prepared, Question, together
from tickets.models import Ticket, number_of

WARNED_AFTER = timedelta(hours=4)
NEVER = 0  # no log's id: of one that is not there yet


# --- Logs -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class LogRow:
    """A log as lists show it. `minutes`: worked; `covers`: what the chargeable ones are taken from, in order."""

    pk: int
    ticket_id: int
    subject: str
    agent_id: int
    agent: str
    began_at: datetime
    ended_at: datetime
    note: str
    is_corrected: bool
    covers: list[Cover]

    @property
    def minutes(self) -> int:
        return worked_minutes(self.began_at, self.ended_at)

    @property
    def number(self) -> str:
        return number_of(self.ticket_id)

    @property
    def when(self) -> str:
        return span_in_words(self.began_at, self.ended_at)


def span_in_words(began_at: datetime, ended_at: datetime) -> str:
    """ "Tue 10 Nov 14:00–14:50", the end with its day when that is another, in the current zone."""
    begin, end = timezone.localtime(began_at), timezone.localtime(ended_at)
    until = date_format(end, "TIME_FORMAT") if begin.date() == end.date() else dated(ended_at)
    return f"{dated(began_at)}–{until}"


def _rows(logs: Iterable[Sequence[Any]], taken: Iterable[tuple[int, str, int]]) -> list[LogRow]:
    covers = defaultdict[int, list[Cover]](list)
    for log, source, minutes in taken:
        covers[log].append(Cover(source, minutes))
    return [LogRow(*columns, covers[columns[0]]) for columns in logs]  # type: ignore[call-arg] # as many columns as the query has


def _columns(logs: Any) -> Any:
    corrected = Exists(Entry.objects.filter(log=OuterRef("pk"), kind=Entry.Kind.CORRECTED))
    columns = ("pk", "ticket_id", "ticket__subject", "agent_id", "agent__display_name", "began_at", "ended_at", "note")
    return logs.annotate(corrected=corrected).values_list(*columns, "corrected")


def _taken(**of: Any) -> Any:
    """Minutes of logs by source."""
    sums = Allocation.objects.filter(**of).order_by().values("slice__log_id", "source").annotate(sum=Sum("minutes"))
    return sums.order_by("slice__log_id", "source").values_list("slice__log_id", "source", "sum")


_logs_of_ticket = Prepared(lambda ticket: _columns(WorkLog.objects.filter(ticket=ticket, deleted_at=None).order_by("-began_at", "-pk")))
_taken_of_ticket = Prepared(lambda ticket: _taken(slice__log__ticket=ticket))


@dataclass(frozen=True)
class TicketTime:
    """All work on a ticket, the latest first, and the reader's timer if it runs on this one."""

    logs: list[LogRow]
    timer: "Running | None"

    @property
    def minutes(self) -> int:
        return sum(log.minutes for log in self.logs)

    @property
    def unauthorised_minutes(self) -> int:
        return sum(cover.minutes for log in self.logs for cover in log.covers if cover.needs_approval)


def ticket_time(ticket_id: int, person_id: int, now: datetime) -> TicketTime:
    """One round trip. `person_id`: whose timer is looked for."""
    *answers, timers = together(*time_questions(ticket_id), running_timer.question(person_id))
    return time_by(answers, ticket_id, running(timers, now))


def time_questions(ticket_id: int) -> list[Question]:
    """What `time_by` is made of, for a page that asks for more in the same round trip."""
    return [_logs_of_ticket.question(ticket_id), _taken_of_ticket.question(ticket_id)]


def time_by(answers: Sequence[list[Any]], ticket_id: int, timer: "Running | None") -> TicketTime:
    """`timer`: the reader's, wherever it runs."""
    logs, taken = answers
    return TicketTime(_rows(logs, taken), timer if timer is not None and timer.ticket_id == ticket_id else None)


# --- A week -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Day:
    day: date
    logs: list[LogRow]

    @property
    def minutes(self) -> int:
        return sum(log.minutes for log in self.logs)


@dataclass(frozen=True)
class Week:
    """Monday to Sunday in the reader's zone, the days with work only, the latest first."""

    monday: date
    days: list[Day]

    @property
    def minutes(self) -> int:
        return sum(day.minutes for day in self.days)

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)


def week_of(agent_id: int, monday: date) -> Week:
    """What one of the staff logged in a week, by the day on which it began. Two queries."""
    zone = timezone.get_current_timezone()
    since, until = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (monday, monday + timedelta(days=7)))
    logs = WorkLog.objects.filter(agent=agent_id, deleted_at=None, began_at__gte=since, began_at__lt=until).order_by("-began_at", "-pk")
    rows = list(_columns(logs))
    by_day = defaultdict[date, list[LogRow]](list)
    for row in _rows(rows, _taken(slice__log__in=[row[0] for row in rows])):
        by_day[row.began_at.astimezone(zone).date()].append(row)
    return Week(monday, [Day(day, logs) for day, logs in by_day.items()])


# --- One log ----------------------------------------------------------------------------------------------------------
def find_log(pk: int) -> WorkLog | None:
    """A log that is still there, with its ticket and agent."""
    return WorkLog.objects.select_related("ticket", "agent__person", "contract__calendar").filter(pk=pk, deleted_at=None).first()


@dataclass(frozen=True)
class Step:
    """Something that was entered about a log. `by`: empty for the system."""

    kind: str
    at: datetime
    by: str
    began_at: datetime
    ended_at: datetime
    note: str
    reason: str

    @property
    def label(self) -> "str | Promise":
        return STEPS[self.kind]

    @property
    def when(self) -> str:
        return span_in_words(self.began_at, self.ended_at)


STEPS: "dict[str, str | Promise]" = {
    Entry.Kind.LOGGED: pgettext_lazy("work", "Logged"),
    Entry.Kind.CORRECTED: pgettext_lazy("work", "Corrected"),
    Entry.Kind.DELETED: pgettext_lazy("work", "Deleted"),
    Entry.Kind.ARRIVED: pgettext_lazy("work", "Came with its ticket from another contract"),
    Entry.Kind.LEFT: pgettext_lazy("work", "Left with its ticket to another contract"),
}


def history_of(log: WorkLog) -> list[Step]:
    """All that was entered, the latest first."""
    entries = Entry.objects.filter(log=log).order_by("-at", "-pk")
    return [Step(*row) for row in entries.values_list("kind", "at", "by__name", "began_at", "ended_at", "note", "reason")]


def covers_of(log: WorkLog) -> list[Cover]:
    return [Cover(source, minutes) for _log, source, minutes in _taken(slice__log=log)]


# --- Timers -----------------------------------------------------------------------------------------------------------
running_timer: "Prepared[tuple[int, datetime]]" = Prepared(
    lambda person: Timer.objects.filter(agent=person).values_list("ticket_id", "started_at")
)


@dataclass(frozen=True)
class Running:
    """A timer that runs."""

    ticket_id: int
    started_at: datetime
    minutes: int
    runs_long: bool

    @property
    def number(self) -> str:
        return number_of(self.ticket_id)


def running(rows: Sequence[tuple[int, datetime]], now: datetime) -> Running | None:
    """Of what `running_timer` found."""
    if not rows:
        return None
    ticket_id, started_at = rows[0]
    return Running(ticket_id, started_at, worked_minutes(started_at, max(started_at, now)), now - started_at >= WARNED_AFTER)


# --- What it would cost -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Preview:
    """What a log would be taken from, as sentences, and what would be left.

    `closed`: the names of months of which the statement is closed.
    """

    worked_minutes: int
    chargeable_minutes: int
    split: list[str]
    needs_approval: bool
    left: list[str]
    closed: list[str]


def preview(ticket: Ticket, began_at: datetime, ended_at: datetime, now: datetime, *, log: WorkLog | None = None) -> Preview:
    """What these times would cost if they were saved now; `log`: as a correction of it. It takes no lock: another may come first."""
    contract_id = ticket.contract_id if log is None else log.contract_id
    contract = Contract.objects.select_related("calendar").get(pk=contract_id)
    known, zone = known_of(contract), zone_of(contract)
    told = Logged if log is None else Corrected
    entry = told(at=now, number=2**62, log=NEVER if log is None else log.pk, ticket=ticket.pk, start=began_at, end=ended_at)
    own = months_between(began_at, ended_at, zone)
    months, tickets = linked(contract, known.approvals, own, logs=[] if log is None else [log.pk], tickets=[ticket.pk])
    hours = allocate(part_of(contract, known, months, tickets=tickets, more=[entry]))
    slices = hours.slices[entry.log]
    pieces = [(month_of(part.day), one) for part in slices for one in part.allocations]
    return Preview(
        worked_minutes=sum(part.worked_minutes for part in slices),
        chargeable_minutes=sum(part.chargeable_minutes for part in slices),
        split=split_in_words(pieces),
        needs_approval=any(one.source == "unauthorised" for _month, one in pieces),
        left=[left_in_words(hours.month(month)) for month in own],
        closed=[month_name(closing.month) for closing in known.closings if closing.month in own],
    )
