"""The staff's pages. They read every customer's tickets."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts.access import Access
from accounts.models import Customer, StaffMember, Team
from helpdesk.lib.keyset import Page, page_by_instant
from tickets.models import Severity, Status, Ticket, TicketQuerySet, Type
from tickets.queries import details
from tickets.queries.queues import Queue
from tickets.queries.story import MessageEntry, files_of, story
from tickets.telling import customers_side


@dataclass(frozen=True)
class Row:
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


def row(ticket: Ticket, queue: str = "") -> Row:
    return Row(
        pk=ticket.pk,
        url=ticket.console_url + (f"?queue={queue}" if queue else ""),
        number=ticket.number,
        subject=ticket.subject,
        customer=ticket.customer.name,
        state=ticket.status,
        state_label=ticket.get_status_display(),
        severity=ticket.severity,
        severity_label=ticket.get_severity_display(),
        assignee=ticket.assignee.display_name if ticket.assignee else "",
        changed_at=ticket.changed_at,
    )


@dataclass(frozen=True)
class Filters:
    """What narrows a queue, from its address."""

    words: str = ""
    customer_id: int | None = None
    severity: str = ""
    type: str = ""

    def __bool__(self) -> bool:
        return bool(self.words or self.customer_id or self.severity or self.type)

    def apply(self, rows: TicketQuerySet) -> TicketQuerySet:
        if self.words:
            rows = rows.matching(self.words)
        if self.customer_id is not None:
            rows = rows.filter(customer_id=self.customer_id)
        if self.severity in Severity.values:
            rows = rows.filter(severity=self.severity)
        if self.type in Type.values:
            rows = rows.filter(type=self.type)
        return rows


def _tickets() -> TicketQuerySet:
    return Ticket.objects.select_related("customer", "assignee")


def queue_page(queue: Queue, access: Access, filters: Filters, cursor: str) -> Page[Ticket]:
    return page_by_instant(filters.apply(queue.narrow(_tickets(), access.person.pk)), "changed_at", cursor)


def search(words: str, cursor: str) -> Page[Ticket]:
    """Tickets of every state and customer."""
    return page_by_instant(_tickets().matching(words), "changed_at", cursor)


def customers_named(words: str) -> list[Customer]:
    return list(Customer.objects.filter(name__icontains=words).order_by("name")[:5])


def find_ticket(number: int) -> Ticket | None:
    rows = Ticket.objects.select_related(
        *("customer", "product", "version", "environment", "contract__calendar", "contract__account_manager"),
        *("requester", "assignee", "team"),
    )
    return rows.filter(pk=number).first()


def ticket_page(ticket: Ticket, access: Access) -> dict[str, Any]:
    """The ticket as staff work on it."""
    entries = story(ticket, access.person, for_staff=True)
    others = Ticket.objects.active().filter(customer=ticket.customer_id).exclude(pk=ticket.pk)
    return {
        "ticket": ticket,
        "story": entries,
        "files": files_of(entries),
        "qualification": details.qualification(ticket),
        "facts": details.facts(ticket, for_staff=True),
        "people": details.people(ticket),
        "is_watching": details.is_watching(ticket, access.person),
        "holds": details.holds(ticket),
        "readers": customers_side(ticket),
        "other_tickets": list(others.order_by("-changed_at")[:6]),
        "can_be_solved": ticket.status not in {Status.RESOLVED, Status.CLOSED},
    }


def claim(ticket: Ticket, access: Access) -> dict[str, Any]:
    """What was declared, in the customer's words, with its evidence: what a verdict looks at."""
    entries = [entry for entry in story(ticket, access.person, for_staff=True) if isinstance(entry, MessageEntry)]
    return {
        "ticket": ticket,
        "claim": entries[0] if entries else None,
        "qualification": details.qualification(ticket),
        "evidence": files_of([entry for entry in entries if not entry.by_staff]),
        "facts": details.facts(ticket, for_staff=True),
    }


def assignable() -> Any:
    """Staff who answer tickets."""
    return StaffMember.objects.filter(roles__role__in=["agent", "lead"]).distinct()


def teams() -> list[Team]:
    return list(Team.objects.all())


def neighbours(ticket: Ticket, queue: Queue, access: Access) -> tuple[int | None, int | None]:
    """Numbers of the tickets before and after this one in a queue."""
    rows = queue.narrow(Ticket.objects.all(), access.person.pk)
    newer = rows.filter(Q(changed_at__gt=ticket.changed_at) | Q(changed_at=ticket.changed_at, pk__gt=ticket.pk))
    older = rows.filter(Q(changed_at__lt=ticket.changed_at) | Q(changed_at=ticket.changed_at, pk__lt=ticket.pk))
    return (
        newer.order_by("changed_at", "pk").values_list("pk", flat=True).first(),
        older.order_by("-changed_at", "-pk").values_list("pk", flat=True).first(),
    )


def customer_rows(customer: Customer, limit: int = 20) -> list[Row]:
    """A customer's last changed tickets."""
    return [row(ticket) for ticket in _tickets().filter(customer=customer).order_by("-changed_at", "-pk")[:limit]]
