"""The customer's pages. They read in the customer's scope, so no query here names the customer."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from accounts.access import Access
from accounts.models import Membership, Person
from contracts.queries import holdings, holdings_questions
from helpdesk.lib.addresses import Addresses, address
from helpdesk.lib.counting import capped
from helpdesk.lib.keyset import Order, Page, cut, first, page
from helpdesk.lib.prepared import Prepared, Question, together
from tickets.finding import Finding
from tickets.models import Severity, Status, Ticket, TicketQuerySet, labels, number_of
from tickets.permissions import may_set_private
from tickets.promised import Clocks, Line, clocks_beside, clocks_of, line, nearest_clock
from tickets.qualifying import Effect, History, history
from tickets.queries import details, promises, satisfaction, unread
from tickets.queries.excerpts import Excerpt
from tickets.queries.filters import Filters
from tickets.queries.story import files_of, past_of, story
from tickets.queries.whole import Whole
from tickets.sentences import qualification as in_words
from tickets.states import CUSTOMER_WORDS, customer_state, customer_word, shown_state
from tickets.telling import who_may_see

FIRST_PAGE, FEW = 10, 5
LAST_CHANGED = Order("public_changed_at")


UNREAD = "unread"
# A view of the list: its name, and what it leaves for its reader, a person's id.
STATES: dict[str, tuple["str | Promise", Callable[[TicketQuerySet, int], TicketQuerySet]]] = {
    "open": (pgettext_lazy("tickets", "Open"), lambda rows, reader: rows.active()),
    UNREAD: (gettext_lazy("Unread"), unread.unread),
    "waiting": (gettext_lazy("Waiting for you"), lambda rows, reader: rows.filter(status=Status.WAITING_CUSTOMER)),
    "solved": (pgettext_lazy("tickets", "Solved"), lambda rows, reader: rows.filter(status__in=[Status.RESOLVED, Status.CLOSED])),
    "all": (gettext_lazy("All"), lambda rows, reader: rows),
}


NOTHING_FOUND: Mapping[int, Excerpt] = {}


class Row(NamedTuple):
    """A ticket in a customer's list. `ask`: what we need from them; `promised`: what is due next; `is_unread`: it holds news for who looks."""

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
    promised: Line | None = None
    found: Excerpt | None = None


# What a list shows of a ticket, and no more.
LISTED = (
    *("pk", "subject", "status", "verified_at", "severity", "public_changed_at", "private", "promise_id"),
    *("product__name", "environment__name"),
)


class Listed(Protocol):
    """A ticket's columns as `LISTED` names them."""

    pk: int
    subject: str
    status: str
    verified_at: datetime | None
    severity: str
    public_changed_at: datetime
    private: bool
    promise_id: int | None
    product__name: str
    environment__name: str | None


def clocks_in(tickets: Iterable[Listed]) -> Mapping[int, Clocks]:
    """The running clocks of these tickets, by promise; one query."""
    return clocks_of(ticket.promise_id for ticket in tickets)


def rows(
    tickets: Iterable[Listed],
    news: Container[int],
    clocks: Mapping[int, Clocks],
    now: datetime,
    found: Mapping[int, Excerpt] = NOTHING_FOUND,
) -> list[Row]:
    """As a list shows them. `news`: numbers of those that are unread; `clocks`: those of `clocks_in`; `found`: why each is in a search's result."""
    words = {state: str(word) for state, word in CUSTOMER_WORDS.items()}
    severities, addresses, ask = labels(Severity), Addresses("portal:ticket"), _("We need your answer to go on.")
    return [
        Row(
            url=addresses.of(ticket.pk),
            number=number_of(ticket.pk),
            subject=ticket.subject,
            state=(state := shown_state(ticket.status, is_verified=ticket.verified_at is not None)),
            state_label=words[state],
            severity=ticket.severity,
            severity_label=severities[ticket.severity],
            environment=ticket.environment__name or ticket.product__name,
            changed_at=ticket.public_changed_at,
            ask=ask if ticket.status == Status.WAITING_CUSTOMER else "",
            private=ticket.private,
            is_unread=ticket.pk in news,
            promised=line(ticket.status, clocks.get(ticket.promise_id or 0, ()), now),
            found=found.get(ticket.pk),
        )
        for ticket in tickets
    ]


def _listed(tickets: TicketQuerySet) -> "QuerySet[Ticket, Listed]":
    return tickets.values_list(*LISTED, named=True)


def listed(*, state: str, filters: Filters, reader: Person, finding: Finding | None = None) -> TicketQuerySet:
    """The company's tickets in no order. `state`: a key of STATES; `finding`: what the filters' words find, where it is known."""
    _label, narrow = STATES[state]
    return filters.apply(narrow(Ticket.objects.all(), reader.pk), finding)


def ticket_list(*, state: str, filters: Filters, reader: Person, finding: Finding, cursor: str) -> Page[Listed]:
    """The same, last changed first."""
    if not (filters or cursor):
        return cut(_first_pages[state](reader.pk), LAST_CHANGED)
    return page(_listed(listed(state=state, filters=filters, reader=reader, finding=finding)), LAST_CHANGED, cursor)


def _first_page(state: str) -> Prepared[Listed]:
    _label, narrow = STATES[state]
    return Prepared(lambda reader: first(_listed(narrow(Ticket.objects.all(), reader)), LAST_CHANGED), by_value=state == UNREAD)


# What everybody opens, put together once.
_first_pages = {state: _first_page(state) for state in STATES}


def home(access: Access, now: datetime, *others: Question) -> tuple[dict[str, Any], list[list[Any]]]:
    """What waits for the customer first, then what else is open, capped to what fits a first page; and what they have a contract for.

    With the rows of other questions that are asked in the same round trip.
    """
    held = holdings_questions(access.customer)
    news, (tickets, *answers) = unread.unread_with(access.person, _first_rows.question(), *held, *others)
    cards, environments = holdings(answers[: len(held)], now)
    is_new = news.among([ticket.pk for ticket in tickets])
    clocks = {ticket.promise_id: clocks_beside(ticket.clocks) for ticket in tickets if ticket.promise_id}
    parts: dict[str, list[Row]] = {"asking": [], "open": [], "solved": []}
    for ticket, row in zip(tickets, rows(tickets, is_new, clocks, now), strict=True):
        parts[_part(ticket.status)].append(row)
    context = {
        "unread_text": _unread_text(news.count),
        "unread_url": f"{address('portal:tickets')}?state={UNREAD}",
        "asking": parts["asking"],
        "open_rows": parts["open"],
        "solved_rows": parts["solved"],
        "cards": cards,
        "environments": environments,
        "can_file": any(card.state == "in_force" for card in cards),
    }
    return context, answers[len(held) :]


def _part(status: str) -> str:
    """Where on the home page a ticket that isn't closed stands."""
    return {Status.WAITING_CUSTOMER.value: "asking", Status.RESOLVED.value: "solved"}.get(status, "open")


class _First(Listed, Protocol):
    """The same with what `clocks_beside` reads."""

    clocks: Sequence[Mapping[str, Any]]


def _firsts_of_home() -> "QuerySet[Ticket, _First]":
    """The first of each part in one query, the last changed first, each with what is due next."""
    tickets = Ticket.objects.order_by("-public_changed_at", "-pk")
    asking = tickets.filter(status=Status.WAITING_CUSTOMER).values("pk")[:FIRST_PAGE]
    others = tickets.active().exclude(status=Status.WAITING_CUSTOMER).values("pk")[:FIRST_PAGE]
    solved = tickets.filter(status=Status.RESOLVED).values("pk")[:FEW]
    firsts = Ticket.objects.filter(pk__in=asking.union(others, solved, all=True))
    in_order = firsts.order_by("-public_changed_at", "-pk").annotate(clocks=nearest_clock("promise_id"))
    return in_order.values_list(*LISTED, "clocks", named=True)


_first_rows = Prepared(_firsts_of_home)


def _unread_text(count: int) -> str:
    text = ngettext("%(count)s ticket has news that you have not read.", "%(count)s tickets have news that you have not read.", count)
    return text % {"count": capped(count, unread.CAP)} if count else ""


def find_ticket(number: int) -> Ticket | None:
    """None for what does not exist and for another customer's alike."""
    return _found.first(number)


_found = Prepared(lambda number: Ticket.objects.filter(pk=number))


def ticket_page(found: Whole, access: Access, now: datetime) -> dict[str, Any]:
    """The ticket as its customer reads it."""
    ticket, past = found.ticket, past_of(found.ticket)
    news, known = unread.news(ticket, access.person), history(ticket, past.lines)
    entries = story(found, access.person, past, for_staff=False, new_from=news.first if news and not news.is_first_look else None)
    said = satisfaction.said(ticket) if found.rating is not None else None
    return {
        "ticket": ticket,
        "news": news,
        "has_new_line": any(entry.first_new for entry in entries),
        "state": customer_state(ticket),
        "state_label": customer_word(ticket),
        "story": entries,
        "files": files_of(entries),
        "qualification": details.qualification(ticket, known, past.names),
        "may_contest": known.may_contest and not ticket.is_closed,
        "is_settled": known.is_settled and not ticket.is_closed,
        "may_set_private": may_set_private(access, ticket),
        "now": now,
        "promise": promises.panel(ticket, together(promises.panel_question(ticket))[0], now, for_staff=False),
        "facts": details.facts(found, for_staff=False),
        "people": details.people(found),
        "is_watching": details.is_watching(found, access.person),
        "is_requester": ticket.requester_id == access.person.pk,
        "holds": found.holds,
        "is_solved": ticket.status == Status.RESOLVED,
        "said": said,
        "asks_satisfaction": satisfaction.is_asked(ticket, said),
        "can_be_solved": ticket.status not in {Status.RESOLVED, Status.CLOSED},
    }


def colleagues(ticket: Ticket) -> list[tuple[int, str]]:
    """Who of the company may see the ticket, and so can be added to those who follow it: id and name."""
    if ticket.private:
        return list(who_may_see(ticket).order_by("person__name").values_list("person_id", "person__name"))
    return _colleagues(ticket.customer_id)


_colleagues = Prepared(
    lambda customer: (
        Membership.objects.in_force().filter(customer=customer).order_by("person__name").values_list("person_id", "person__name")
    )
)


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
