"""The console's queues: which tickets are in each, and how many."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import TeamMember
from helpdesk.lib.counting import capped
from helpdesk.lib.keyset import Order
from helpdesk.lib.prepared import Question, beside
from helpdesk.lib.statements import Statement
from sla.models import Clock
from tickets.models import Channel, Event, Status, Ticket, TicketQuerySet

# What the rail shows is a signal; counting on would be paid on every page, and the more, the busier the desk: rows that were just
# changed are looked at one by one. How many there are is for the overview.
CAP = 99
NEXT_DUE, LAST_CHANGED = Order("changed_at", due="next_due_at"), Order("changed_at")
# By the clock on the wall, so that what is due when an office opens is seen before it does.
SOON = timedelta(hours=2)


@dataclass(frozen=True)
class Queue:
    """`narrow`: what is in it for the person with this id; `description`: what it is for, also shown when it is empty; `key`: after g.

    `is_alarm`: whatever is in it is bad news. `clocks`: where it holds the tickets of these clocks, of which it counts the promises.
    """

    slug: str
    label: "str | Promise"
    description: "str | Promise"
    narrow: Callable[[TicketQuerySet, int], TicketQuerySet]
    key: str = ""
    order: Order = NEXT_DUE
    is_alarm: bool = False
    clocks: "Callable[[], QuerySet[Clock]] | None" = None


QUEUES = (
    Queue(
        "unverified",
        _("Needs qualification"),
        _("Declared, contested or declared anew by the customer, and not decided yet."),
        lambda rows, person: rows.wanting_verdict(),
        "q",
    ),
    Queue(
        "breaching",
        _("Breaching next"),
        _("A promise that is due within two hours, or has used up three quarters of its time."),
        lambda rows, person: rows.filter(_near()),
        "b",
    ),
    Queue(
        "breached",
        _("Breached"),
        _("A promise that was not kept in time, and still is to be."),
        lambda rows, person: rows.filter(_promised(_missed())),
        "l",
        is_alarm=True,
        clocks=lambda: _missed(),
    ),
    Queue("mine", _("Mine"), _("Assigned to you."), lambda rows, person: rows.active().filter(assignee=person), "m"),
    Queue("team", _("My team"), _("Your teams' open tickets."), lambda rows, person: rows.active().filter(team__in=_teams(person)), "t"),
    Queue("unassigned", _("Unassigned"), _("Open, and nobody's yet."), lambda rows, person: rows.active().filter(assignee=None), "u"),
    Queue(
        "waiting-customer",
        _("Waiting for customer"),
        _("We asked, and wait for the customer's answer."),
        lambda rows, person: rows.filter(status=Status.WAITING_CUSTOMER),
        "w",
    ),
    Queue(
        "waiting-approval",
        pgettext_lazy("tickets", "Waiting for approval"),
        _("Somebody has to agree before the work goes on."),
        lambda rows, person: rows.filter(status=Status.WAITING_APPROVAL),
        "p",
    ),
    Queue(
        "waiting-third-party",
        _("Waiting for a third party"),
        _("A carrier, a supplier or another vendor has to act."),
        lambda rows, person: rows.filter(status=Status.WAITING_THIRD_PARTY),
        "3",
    ),
    Queue(
        "monitoring",
        _("Monitoring"),
        _("Opened by what customers let us watch, and not solved yet."),
        lambda rows, person: rows.active().filter(channel=Channel.MONITORING),
        "e",
    ),
    Queue("all", _("All open"), _("Every open ticket."), lambda rows, person: rows.active(), "a"),
    Queue(
        "resolved",
        pgettext_lazy("tickets", "Resolved"),
        _("Solved in the last seven days; a reply opens them again."),
        lambda rows, person: rows.filter(status=Status.RESOLVED),
        "s",
        LAST_CHANGED,
    ),
    Queue(
        "held",
        _("Held replies"),
        _("Written on closed tickets while no contract is in force. A note on the ticket takes it off this list."),
        lambda rows, person: rows.filter(pk__in=_held()),
        "h",
        LAST_CHANGED,
    ),
    Queue(
        "closed",
        pgettext_lazy("tickets", "Closed"),
        _("Solved, and closed for good."),
        lambda rows, person: rows.filter(status=Status.CLOSED),
        "x",
        LAST_CHANGED,
    ),
)
BY_SLUG = {queue.slug: queue for queue in QUEUES}
# What grows without end is looked at, not counted.
COUNTED = tuple(queue for queue in QUEUES if queue.slug not in {"resolved", "closed"})
ANYBODY = -1  # no person's id


def _teams(person: int) -> Any:
    return TeamMember.objects.filter(member=person).values("team_id")


def _near() -> Q:
    """Its promise has a running clock that is soon due, and not missed; until a sweep notices its miss, it stays here."""
    running = Clock.objects.running().filter(missed_at=None)
    return Q(_promised(running.filter(due_at__lte=Now() + SOON))) | Q(_promised(running.filter(warns_at__lte=Now())))


def _missed() -> "QuerySet[Clock]":
    """Clocks that were missed and go on, paused or not."""
    return Clock.objects.running().filter(missed_at__isnull=False)


def _promised(clocks: "QuerySet[Clock]") -> Func:
    """The ticket's promise is of one of these clocks. As a list, since they are few: by a join the database may go through all tickets."""
    promises = ArraySubquery(clocks.values("promise_id"))
    return Func(F("promise_id"), promises, template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField())


def _held() -> Any:
    """Tickets with a held reply after which staff did nothing; what the customer does later does not hide it."""
    after = Event.objects.filter(ticket=OuterRef("ticket"), position__gt=OuterRef("position"), by_staff=True)
    return Event.objects.filter(~Exists(after), kind=Event.Kind.REPLY_HELD).order_by().values("ticket_id").distinct()


def counts(person_id: int) -> dict[str, int]:
    """Tickets per queue, each counted up to one more than CAP: however many there are, it costs the same."""
    return counts_beside(person_id)[0]


def counts_beside(person_id: int, *questions: Question) -> tuple[dict[str, int], list[list[Any]]]:
    """The same, and the rows of what else is asked in that round trip."""
    row, answers = beside(_counting(), [person_id], *questions)
    return dict(zip((queue.slug for queue in COUNTED), row, strict=True)), answers


@cache
def _counting() -> Statement:
    """The queues' own conditions as one statement; ANYBODY stands where the person's id goes."""
    counts: list[str] = []
    parameters: list[Any] = []
    for queue in COUNTED:
        sql, values = _to_count(queue)[: CAP + 1].query.sql_with_params()
        counts.append(f"(SELECT count(*) FROM ({sql}) q)")  # noqa: S608 - made by the ORM
        parameters += values
    marks = [(place, 0) for place, parameter in enumerate(parameters) if parameter == ANYBODY]
    return Statement(f"SELECT {', '.join(counts)}", parameters, marks)


def _to_count(queue: Queue) -> "QuerySet[Any, Any]":
    """A row for each ticket in the queue. A promise is of one ticket, so that clocks need no look at theirs."""
    if queue.clocks is None:
        return queue.narrow(Ticket.objects.order_by(), ANYBODY).values("pk")
    return queue.clocks().order_by("promise_id").values("promise_id").distinct()


def verdicts_wanted() -> int:
    """Tickets that wait for a verdict: declared, contested, or claimed to be worse."""
    return Ticket.objects.order_by().wanting_verdict().count()


@cache
def _labels(_language: str | None) -> dict[str, str]:
    """What the queues are called in the language of now: every page names them twice."""
    return {queue.slug: str(queue.label) for queue in QUEUES}


@dataclass(frozen=True)
class QueueLink:
    """A queue in the console's rail."""

    label: str
    url: str
    count_label: str
    current: bool
    key: str
    alert: bool


def links(found: Mapping[str, int], current: str, url_for: Callable[[str], str]) -> list[QueueLink]:
    """All queues. `found`: how many tickets are in each."""
    labels = _labels(get_language())
    return [
        QueueLink(
            label=labels[queue.slug],
            url=url_for(queue.slug),
            count_label=capped(found[queue.slug], CAP) if queue.slug in found else "",
            current=queue.slug == current,
            key=queue.key,
            alert=queue.is_alarm and bool(found[queue.slug]),
        )
        for queue in QUEUES
    ]
