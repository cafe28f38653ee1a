"""The staff's pages. They read every customer's tickets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from django.db.models import QuerySet, Value
from django.db.models.functions import StrIndex, Upper

from accounts.access import Access
from accounts.models import Customer
from helpdesk.lib.addresses import Addresses
from helpdesk.lib.dues import Due
from helpdesk.lib.keyset import Page, cut, first, page
from helpdesk.lib.prepared import Prepared, among
from sla.queries.dues import nearest_dues
from tickets.finding import Finding, find
from tickets.models import ACTIVE_STATUSES, Severity, Status, Ticket, TicketQuerySet, labels, number_of
from tickets.queries.excerpts import Excerpt, why_found
from tickets.queries.filters import Filters
from tickets.queries.queues import LAST_CHANGED, QUEUES, Queue

MOST_COUNTED = 999
NOTHING_FOUND: Mapping[int, Excerpt] = {}


class Row(NamedTuple):
    """A ticket in a queue."""

    pk: int
    url: str
    number: str
    subject: str
    customer: str
    state: str
    state_label: str
    severity: str
    severity_label: str
    assignee: str
    changed_at: datetime
    private: bool
    due: Due | None
    found: Excerpt | None = None


# What a list shows of a ticket, and no more: fifty rows of every column, each with its customer's, take a page's time.
LISTED = (
    *("pk", "subject", "status", "severity", "changed_at", "next_due_at", "promise_id", "private"),
    *("customer__name", "assignee__display_name"),
)


class Listed(Protocol):
    """A ticket's columns as `LISTED` names them."""

    pk: int
    subject: str
    status: str
    severity: str
    changed_at: datetime
    next_due_at: datetime | None
    promise_id: int | None
    private: bool
    customer__name: str
    assignee__display_name: str | None


def rows(tickets: Sequence[Listed], queue: str = "", found: Mapping[int, Excerpt] = NOTHING_FOUND) -> list[Row]:
    """As a list shows them. `queue`: the one they are opened from; `found`: why each is in a search's result."""
    states, severities = labels(Status), labels(Severity)
    address, suffix = Addresses("console:ticket"), f"?queue={queue}" if queue else ""
    dues = nearest_dues([ticket.promise_id for ticket in tickets if ticket.promise_id and ticket.status in ACTIVE_STATUSES])
    return [
        Row(
            pk=ticket.pk,
            url=address.of(ticket.pk) + suffix,
            number=number_of(ticket.pk),
            subject=ticket.subject,
            customer=ticket.customer__name,
            state=ticket.status,
            state_label=states[ticket.status],
            severity=ticket.severity,
            severity_label=severities[ticket.severity],
            assignee=ticket.assignee__display_name or "",
            changed_at=ticket.changed_at,
            private=ticket.private,
            due=dues.get(ticket.promise_id or 0),
            found=found.get(ticket.pk),
        )
        for ticket in tickets
    ]


def _listed(tickets: TicketQuerySet) -> "QuerySet[Ticket, Listed]":
    return tickets.values_list(*LISTED, named=True)


def in_queue(queue: Queue, access: Access, filters: Filters, finding: Finding | None = None) -> TicketQuerySet:
    return filters.apply(queue.narrow(Ticket.objects.all(), access.person.pk), finding)


def queue_page(queue: Queue, access: Access, filters: Filters, finding: Finding, cursor: str) -> Page[Listed]:
    """`finding`: what the filters' words find."""
    if not filters and not cursor:
        return cut(_first_pages[queue.slug](access.person.pk), queue.order)
    return page(_listed(in_queue(queue, access, filters, finding)), queue.order, cursor)


def _first_page(queue: Queue) -> Prepared[Listed]:
    return Prepared(lambda person: first(_listed(queue.narrow(Ticket.objects.all(), person)), queue.order))


# What everybody opens, put together once.
_first_pages = {queue.slug: _first_page(queue) for queue in QUEUES}


def found(words: str, *, loosely: bool = False) -> TicketQuerySet:
    """Tickets of every state and customer."""
    return Ticket.objects.filter(find(words, loosely=loosely).condition)


@dataclass(frozen=True)
class Result:
    """A page of what a search found, with why; `count`: of all, no further than one above the cap."""

    page: Page[Listed]
    why: dict[int, Excerpt]
    count: int
    finding: Finding


def search(words: str, cursor: str, *, loosely: bool = False) -> Result:
    """Tickets of every state and customer."""
    finding = find(words, loosely=loosely)
    shown = _newest_found(finding) if not cursor else page(_listed(Ticket.objects.filter(finding.condition)), LAST_CHANGED, cursor)
    return Result(
        page=shown,
        why=why_found(shown.rows, finding),
        count=_count(finding) if shown.next_cursor or cursor else len(shown.rows),
        finding=finding,
    )


def _newest_found(finding: Finding) -> Page[Listed]:
    if finding.messages is None:
        return page(_listed(Ticket.objects.filter(finding.condition)), LAST_CHANGED, "")
    return cut(_numbered(tuple(finding.messages)), LAST_CHANGED)


_numbered = Prepared(lambda numbers: first(_listed(Ticket.objects.filter(among("id", numbers))), LAST_CHANGED), by_value=True)


def _count(finding: Finding) -> int:
    """For the commonest words, where counting would take longest, enough of them are known already."""
    if finding.messages is not None or finding.at_least > MOST_COUNTED:
        return min(finding.at_least, MOST_COUNTED + 1)
    return Ticket.objects.filter(finding.condition)[: MOST_COUNTED + 1].count()


def customers_named(words: str) -> Sequence[Customer]:
    """Those that have the words in their name, capitals or none."""
    return _named(words)


_named = Prepared(
    lambda words: Customer.objects.alias(place=StrIndex(Upper("name"), Upper(Value(words)))).filter(place__gt=0).order_by("name")[:5]
)


def find_ticket(number: int) -> Ticket | None:
    return _found.first(number)


_found = Prepared(lambda number: Ticket.objects.filter(pk=number))


def customer_rows(customer: Customer, limit: int = 20) -> list[Row]:
    """A customer's last changed tickets."""
    return rows(list(LAST_CHANGED.sort(_listed(Ticket.objects.filter(customer=customer)))[:limit]))
