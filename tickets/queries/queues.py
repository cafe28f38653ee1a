"""The console's queues: which tickets are in each, and how many."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import Access
from accounts.models import Team
from tickets.models import ACTIVE_STATUSES, Event, Status, Ticket, TicketQuerySet

CAP = 999


@dataclass(frozen=True)
class Queue:
    """`narrow`: what is in it for this person; `description`: what it is for, also shown when it is empty; `key`: after g."""

    slug: str
    label: "str | Promise"
    description: "str | Promise"
    narrow: Callable[[TicketQuerySet, Access], TicketQuerySet]
    key: str = ""


QUEUES = (
    Queue(
        "unverified",
        _("Needs qualification"),
        _("Declared by the customer, not verified yet."),
        lambda rows, access: rows.active().filter(verified_at=None),
        "q",
    ),
    Queue("mine", _("Mine"), _("Assigned to you."), lambda rows, access: rows.active().filter(assignee=access.person.pk), "m"),
    Queue("team", _("My team"), _("Your teams' open tickets."), lambda rows, access: rows.active().filter(team__in=_teams(access)), "t"),
    Queue("unassigned", _("Unassigned"), _("Open, and nobody's yet."), lambda rows, access: rows.active().filter(assignee=None), "u"),
    Queue(
        "waiting-customer",
        _("Waiting for customer"),
        _("We asked, and wait for the customer's answer."),
        lambda rows, access: rows.filter(status=Status.WAITING_CUSTOMER),
        "w",
    ),
    Queue(
        "waiting-approval",
        pgettext_lazy("tickets", "Waiting for approval"),
        _("Somebody has to agree before the work goes on."),
        lambda rows, access: rows.filter(status=Status.WAITING_APPROVAL),
        "p",
    ),
    Queue(
        "waiting-third-party",
        _("Waiting for a third party"),
        _("A carrier, a supplier or another vendor has to act."),
        lambda rows, access: rows.filter(status=Status.WAITING_THIRD_PARTY),
        "3",
    ),
    Queue("all", _("All open"), _("Every open ticket."), lambda rows, access: rows.active(), "a"),
    Queue(
        "resolved",
        pgettext_lazy("tickets", "Resolved"),
        _("Solved in the last seven days; a reply opens them again."),
        lambda rows, access: rows.filter(status=Status.RESOLVED),
        "s",
    ),
    Queue(
        "held",
        _("Held replies"),
        _("Written on closed tickets while no contract is in force. A note on the ticket takes it off this list."),
        lambda rows, access: rows.filter(pk__in=_held()),
        "h",
    ),
    Queue(
        "closed",
        pgettext_lazy("tickets", "Closed"),
        _("Solved, and closed for good."),
        lambda rows, access: rows.filter(status=Status.CLOSED),
        "x",
    ),
)
BY_SLUG = {queue.slug: queue for queue in QUEUES}


def _teams(access: Access) -> list[int]:
    return list(Team.objects.filter(members=access.person.pk).values_list("pk", flat=True))


def _held() -> Any:
    """Tickets whose last event is a reply that was held."""
    return Event.objects.filter(kind=Event.Kind.REPLY_HELD, position=F("ticket__event_count")).values("ticket_id")


def counts(access: Access) -> dict[str, int]:
    """Tickets per queue, in one pass over what is open, which stays small, and one over what is held."""
    open_ones = Ticket.objects.filter(status__in=ACTIVE_STATUSES)
    found = open_ones.aggregate(
        unverified=Count("pk", filter=Q(verified_at=None)),
        mine=Count("pk", filter=Q(assignee=access.person.pk)),
        team=Count("pk", filter=Q(team__in=_teams(access))),
        unassigned=Count("pk", filter=Q(assignee=None)),
        waiting_customer=Count("pk", filter=Q(status=Status.WAITING_CUSTOMER)),
        waiting_approval=Count("pk", filter=Q(status=Status.WAITING_APPROVAL)),
        waiting_third_party=Count("pk", filter=Q(status=Status.WAITING_THIRD_PARTY)),
        all=Count("pk"),
    )
    return {name.replace("_", "-"): count for name, count in found.items()} | {"held": _held()[: CAP + 1].count()}


def capped(count: int) -> str:
    return f"{CAP}+" if count > CAP else str(count)


@dataclass(frozen=True)
class QueueLink:
    """A queue in the console's rail."""

    label: "str | Promise"
    url: str
    count_label: str
    current: bool
    key: str


def links(access: Access, current: str, url_for: Callable[[str], str]) -> list[QueueLink]:
    found = counts(access)
    return [
        QueueLink(
            label=queue.label,
            url=url_for(queue.slug),
            count_label=capped(found[queue.slug]) if queue.slug in found else "",
            current=queue.slug == current,
            key=queue.key,
        )
        for queue in QUEUES
    ]
