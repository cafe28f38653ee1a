"""The customer's pages. They read in the customer's scope, so no query here names the customer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.access import Access
from accounts.models import Person
from helpdesk.lib.keyset import Page, page_by_instant
from tickets.models import Status, Ticket, TicketQuerySet
from tickets.queries import details
from tickets.queries.story import files_of, story
from tickets.states import customer_state, customer_word

FIRST_PAGE = 10

STATES: dict[str, tuple["str | Promise", Callable[[TicketQuerySet], TicketQuerySet]]] = {
    "open": (pgettext_lazy("tickets", "Open"), lambda rows: rows.active()),
    "waiting": (gettext_lazy("Waiting for you"), lambda rows: rows.filter(status=Status.WAITING_CUSTOMER)),
    "solved": (pgettext_lazy("tickets", "Solved"), lambda rows: rows.filter(status__in=[Status.RESOLVED, Status.CLOSED])),
    "all": (gettext_lazy("All"), lambda rows: rows),
}


@dataclass(frozen=True)
class Row:
    """A ticket in a customer's list. `ask`: what we need from them."""

    url: str
    number: str
    subject: str
    state: str
    state_label: str
    severity: str
    severity_label: str
    environment: str
    changed_at: datetime
    ask: str


def row(ticket: Ticket) -> Row:
    return Row(
        url=ticket.portal_url,
        number=ticket.number,
        subject=ticket.subject,
        state=customer_state(ticket),
        state_label=customer_word(ticket),
        severity=ticket.severity,
        severity_label=ticket.get_severity_display(),
        environment=str(ticket.environment) if ticket.environment else str(ticket.product),
        changed_at=ticket.public_changed_at,
        ask=_("We need your answer to go on.") if ticket.status == Status.WAITING_CUSTOMER else "",
    )


def _tickets() -> TicketQuerySet:
    return Ticket.objects.select_related("product", "environment")


def ticket_list(*, state: str, words: str, mine: Person | None, cursor: str) -> Page[Ticket]:
    """The company's tickets, last changed first. `state`: a key of STATES; `mine`: only those this person asked."""
    _label, narrow = STATES[state]
    rows = narrow(_tickets())
    if words:
        rows = rows.matching(words)
    if mine is not None:
        rows = rows.filter(requester=mine)
    return page_by_instant(rows, "public_changed_at", cursor)


def home() -> dict[str, Any]:
    """What waits for the customer first, then what else is open, capped to what fits a first page."""
    rows = _tickets().order_by("-public_changed_at", "-pk")
    return {
        "asking": [row(t) for t in rows.filter(status=Status.WAITING_CUSTOMER)[:FIRST_PAGE]],
        "open_rows": [row(t) for t in rows.active().exclude(status=Status.WAITING_CUSTOMER)[:FIRST_PAGE]],
        "solved_rows": [row(t) for t in rows.filter(status=Status.RESOLVED)[:5]],
    }


def find_ticket(number: int) -> Ticket | None:
    """None for what does not exist and for another customer's alike."""
    rows = Ticket.objects.select_related("customer", "product", "version", "environment", "contract", "requester", "assignee")
    return rows.filter(pk=number).first()


def ticket_page(ticket: Ticket, access: Access) -> dict[str, Any]:
    """The ticket as its customer reads it."""
    entries = story(ticket, access.person, for_staff=False)
    return {
        "ticket": ticket,
        "state": customer_state(ticket),
        "state_label": customer_word(ticket),
        "story": entries,
        "files": files_of(entries),
        "qualification": details.qualification(ticket),
        "facts": details.facts(ticket, for_staff=False),
        "people": details.people(ticket),
        "is_watching": details.is_watching(ticket, access.person),
        "is_requester": ticket.requester_id == access.person.pk,
        "holds": details.holds(ticket),
        "is_solved": ticket.status == Status.RESOLVED,
        "can_be_solved": ticket.status not in {Status.RESOLVED, Status.CLOSED},
    }
