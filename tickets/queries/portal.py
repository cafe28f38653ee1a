"""The customer's pages. They read in the customer's scope, so no query here names the customer."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from accounts.access import Access
from accounts.models import Person
from helpdesk.lib.addresses import Addresses
from helpdesk.lib.counting import capped
from helpdesk.lib.keyset import Page, page_by_instant
from helpdesk.lib.prepared import Prepared
from tickets.models import Severity, Status, Ticket, TicketQuerySet, labels
from tickets.permissions import may_set_private
from tickets.qualifying import Effect, History, history
from tickets.queries import details, satisfaction, unread
from tickets.queries.excerpts import Excerpt
from tickets.queries.filters import Filters
from tickets.queries.story import files_of, story
from tickets.sentences import qualification as in_words
from tickets.states import customer_state, customer_word

FIRST_PAGE = 10


UNREAD = "unread"
# A view of the list: its name, and what it leaves for its reader.
STATES: dict[str, tuple["str | Promise", Callable[[TicketQuerySet, Person], TicketQuerySet]]] = {
    "open": (pgettext_lazy("tickets", "Open"), lambda rows, reader: rows.active()),
    UNREAD: (gettext_lazy("Unread"), unread.unread),
    "waiting": (gettext_lazy("Waiting for you"), lambda rows, reader: rows.filter(status=Status.WAITING_CUSTOMER)),
    "solved": (pgettext_lazy("tickets", "Solved"), lambda rows, reader: rows.filter(status__in=[Status.RESOLVED, Status.CLOSED])),
    "all": (gettext_lazy("All"), lambda rows, reader: rows),
}


NOTHING_FOUND: Mapping[int, Excerpt] = {}


@dataclass(frozen=True)
class Row:
    """A ticket in a customer's list. `ask`: what we need from them; `is_unread`: it holds news for the person who looks."""

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
    private: bool
    is_unread: bool
    found: Excerpt | None = None


def rows(tickets: Iterable[Ticket], found: Mapping[int, Excerpt] = NOTHING_FOUND) -> list[Row]:
    """As a list shows them; `found`: why each is in a search's result."""
    severities, address, ask = labels(Severity), Addresses("portal:ticket"), _("We need your answer to go on.")
    return [
        Row(
            url=address.of(ticket.pk),
            number=ticket.number,
            subject=ticket.subject,
            state=customer_state(ticket),
            state_label=customer_word(ticket),
            severity=ticket.severity,
            severity_label=severities[ticket.severity],
            environment=str(ticket.environment) if ticket.environment else str(ticket.product),
            changed_at=ticket.public_changed_at,
            ask=ask if ticket.status == Status.WAITING_CUSTOMER else "",
            private=ticket.private,
            is_unread=getattr(ticket, "is_unread", False),
            found=found.get(ticket.pk),
        )
        for ticket in tickets
    ]


def _tickets() -> TicketQuerySet:
    return Ticket.objects.select_related("product", "environment")


def listed(*, state: str, filters: Filters, reader: Person) -> TicketQuerySet:
    """The company's tickets in no order. `state`: a key of STATES."""
    _label, narrow = STATES[state]
    return filters.apply(narrow(_tickets(), reader))


def ticket_list(*, state: str, filters: Filters, reader: Person, cursor: str) -> Page[Ticket]:
    """The same, last changed first, with what is new marked."""
    rows = listed(state=state, filters=filters, reader=reader)
    return page_by_instant(rows if state == UNREAD else unread.marked(rows, reader), "public_changed_at", cursor)


def home(reader: Person) -> dict[str, Any]:
    """What waits for the customer first, then what else is open, capped to what fits a first page."""
    mine = unread.marked(_tickets(), reader).order_by("-public_changed_at", "-pk")
    return {
        "unread_text": _unread_text(unread.unread_count(reader)),
        "unread_url": f"{reverse('portal:tickets')}?state={UNREAD}",
        "asking": rows(mine.filter(status=Status.WAITING_CUSTOMER)[:FIRST_PAGE]),
        "open_rows": rows(mine.active().exclude(status=Status.WAITING_CUSTOMER)[:FIRST_PAGE]),
        "solved_rows": rows(mine.filter(status=Status.RESOLVED)[:5]),
    }


def _unread_text(count: int) -> str:
    text = ngettext("%(count)s ticket has news that you have not read.", "%(count)s tickets have news that you have not read.", count)
    return text % {"count": capped(count, unread.CAP)} if count else ""


def find_ticket(number: int) -> Ticket | None:
    """None for what does not exist and for another customer's alike."""
    return _found.first(number)


_found = Prepared(
    lambda number: Ticket.objects.filter(pk=number).select_related(
        *("customer", "product", "version", "environment", "contract", "requester", "assignee")
    )
)


def ticket_page(ticket: Ticket, access: Access) -> dict[str, Any]:
    """The ticket as its customer reads it."""
    news, known = unread.news(ticket, access.person), history(ticket)
    entries = story(ticket, access.person, for_staff=False, new_from=news.first if news and not news.is_first_look else None)
    return {
        "ticket": ticket,
        "news": news,
        "has_new_line": any(entry.first_new for entry in entries),
        "state": customer_state(ticket),
        "state_label": customer_word(ticket),
        "story": entries,
        "files": files_of(entries),
        "qualification": details.qualification(ticket, known),
        "may_contest": known.may_contest and not ticket.is_closed,
        "is_settled": known.is_settled and not ticket.is_closed,
        "may_set_private": may_set_private(access, ticket),
        "facts": details.facts(ticket, for_staff=False),
        "people": details.people(ticket),
        "is_watching": details.is_watching(ticket, access.person),
        "is_requester": ticket.requester_id == access.person.pk,
        "holds": details.holds(ticket),
        "is_solved": ticket.status == Status.RESOLVED,
        "said": (said := satisfaction.said(ticket)),
        "asks_satisfaction": satisfaction.is_asked(ticket, said),
        "can_be_solved": ticket.status not in {Status.RESOLVED, Status.CLOSED},
    }


def effects(known: History) -> list[str]:
    """What a new declaration will do, in sentences, before it is sent (TIC-3)."""
    if known.verdict is None:
        return [_("It takes the place of what was declared, and counts at once. Our staff verify it.")]
    now = {"value": in_words(*known.value)}
    higher = _("Higher than “%(value)s”: it counts at once, this first time, and our staff verify it. Say what changed.")
    if known.has_raised:
        higher = _("Higher than “%(value)s”: nothing changes until our staff accept it. Say what changed.")
    return [higher % now, _("Lower than “%(value)s”: it counts at once, and our staff verify it.") % now]


def done(effect: Effect) -> str:
    """What a declaration did."""
    return {
        Effect.REPLACED: _("Declared anew. It counts at once; our staff verify it."),
        Effect.RAISED: _("Declared higher. It counts at once; our staff verify it."),
        Effect.CLAIMED: _("Our staff were told what you ask for. Nothing changes until they accept it."),
        Effect.LOWERED: _("Declared lower. It counts at once; our staff verify it."),
    }[effect]
