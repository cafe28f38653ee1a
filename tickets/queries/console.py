"""The staff's pages. They read every customer's tickets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.access import Access
from accounts.models import Customer, StaffMember, Team
from accounts.queries import display_names
from helpdesk.lib.addresses import Addresses
from helpdesk.lib.identifiers import Alike
from helpdesk.lib.keyset import Page, page_by_instant
from helpdesk.lib.prepared import Prepared
from notifications.fate import bouncing
from tickets.models import Finding, Severity, Status, Ticket, TicketQuerySet, find, labels
from tickets.qualifying import History, history, value_before, value_of
from tickets.queries import details
from tickets.queries.excerpts import Excerpt, by_identifier, by_words
from tickets.queries.filters import Filters
from tickets.queries.queues import CAP, Queue
from tickets.queries.story import MessageEntry, files_of, story
from tickets.sentences import qualification as in_words
from tickets.telling import customers_side

NOTHING_FOUND: Mapping[int, Excerpt] = {}


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
    private: bool
    found: Excerpt | None = None


def rows(tickets: Iterable[Ticket], queue: str = "", found: Mapping[int, Excerpt] = NOTHING_FOUND) -> list[Row]:
    """As a list shows them. `queue`: the one they are opened from; `found`: why each is in a search's result."""
    states, severities = labels(Status), labels(Severity)
    address, suffix = Addresses("console:ticket"), f"?queue={queue}" if queue else ""
    return [
        Row(
            pk=ticket.pk,
            url=address.of(ticket.pk) + suffix,
            number=ticket.number,
            subject=ticket.subject,
            customer=ticket.customer.name,
            state=ticket.status,
            state_label=states[ticket.status],
            severity=ticket.severity,
            severity_label=severities[ticket.severity],
            assignee=ticket.assignee.display_name if ticket.assignee else "",
            changed_at=ticket.changed_at,
            private=ticket.private,
            found=found.get(ticket.pk),
        )
        for ticket in tickets
    ]


def _tickets() -> TicketQuerySet:
    """With what a row shows, and no more: fifty rows of every column take a page's time."""
    columns = ("subject", "status", "severity", "changed_at", "private", "customer__name", "assignee__display_name", "requester")
    return Ticket.objects.select_related("customer", "assignee").only(*columns)


def in_queue(queue: Queue, access: Access, filters: Filters) -> TicketQuerySet:
    return filters.apply(queue.narrow(_tickets(), access.person.pk))


def queue_page(queue: Queue, access: Access, filters: Filters, cursor: str) -> Page[Ticket]:
    return page_by_instant(in_queue(queue, access, filters), "changed_at", cursor)


def found(words: str, *, loosely: bool = False) -> TicketQuerySet:
    """Tickets of every state and customer."""
    return _tickets().matching(words, loosely=loosely)


@dataclass(frozen=True)
class Result:
    """A page of what a search found, with why; `count`: of all, no further than one above the cap."""

    page: Page[Ticket]
    why: dict[int, Excerpt]
    count: int
    alike: Alike


def search(words: str, cursor: str, *, loosely: bool = False) -> Result:
    """Tickets of every state and customer."""
    finding = find(words, loosely=loosely)
    page = page_by_instant(_tickets().filter(finding.condition), "changed_at", cursor)
    values = finding.alike.all if loosely else finding.alike.values
    return Result(
        page=page,
        why=by_identifier(page.rows, values) if values else by_words(page.rows, words),
        count=_count(finding) if page.next_cursor or cursor else len(page.rows),
        alike=finding.alike,
    )


def _count(finding: Finding) -> int:
    """For the commonest words, where counting would take longest, enough of them are known already."""
    return min(finding.at_least, CAP + 1) if finding.at_least > CAP else Ticket.objects.filter(finding.condition)[: CAP + 1].count()


def customers_named(words: str) -> list[Customer]:
    return list(Customer.objects.filter(name__icontains=words).order_by("name")[:5])


def find_ticket(number: int) -> Ticket | None:
    return _found.first(number)


_found = Prepared(
    lambda number: Ticket.objects.filter(pk=number).select_related(
        *("customer", "product", "version", "environment", "contract", "requester", "assignee", "team")
    )
)
_others = Prepared(
    lambda customer, ticket: Ticket.objects.active().filter(customer=customer).exclude(pk=ticket).order_by("-changed_at")[:6]
)


def ticket_page(ticket: Ticket, access: Access) -> dict[str, Any]:
    """The ticket as staff work on it."""
    entries, known = story(ticket, access.person, for_staff=True, with_told=True), history(ticket)
    readers = customers_side(ticket)
    marks = bouncing(reader.email for reader in readers)
    return {
        "ticket": ticket,
        "story": entries,
        "files": files_of(entries),
        "qualification": details.qualification(ticket, known),
        "wanted": wanted(ticket, known, access),
        "facts": details.facts(ticket, for_staff=True),
        "people": details.people(ticket),
        "is_watching": details.is_watching(ticket, access.person),
        "holds": details.holds(ticket),
        "readers": readers,
        "bouncing_readers": [(reader, marks[reader.email.lower()]) for reader in readers if reader.email.lower() in marks],
        "other_tickets": _others(ticket.customer_id, ticket.pk),
        "can_be_solved": ticket.status not in {Status.RESOLVED, Status.CLOSED},
    }


@dataclass(frozen=True)
class Wanted:
    """The verdict that a ticket waits for. `text`: what is asked; `position`: how far the story goes; `may_decide`: by this reader."""

    kind: str  # declared, contest, claim
    title: str
    text: str
    position: int
    since: datetime | None
    may_confirm: bool
    may_decide: bool


def wanted(ticket: Ticket, known: History, access: Access) -> Wanted | None:
    """Nothing for a ticket that waits for no verdict, or that is closed."""
    if ticket.is_closed or (ticket.is_verified and not ticket.wants_verdict):
        return None
    may_decide = known.contested is None or known.contested.actor_id != access.person.pk
    kind = "contest" if known.contest else "claim" if known.claim else "declared"
    title = {"contest": _("The verdict is contested"), "claim": _("A higher qualification is asked for")}.get(
        kind, _("Needs qualification")
    )
    return Wanted(
        kind=kind,
        title=title,
        text=_wanted_text(ticket, known, may_decide),
        position=known.position,
        since=ticket.verdict_wanted_since,
        may_confirm=kind == "declared",
        may_decide=may_decide,
    )


def _wanted_text(ticket: Ticket, known: History, may_decide: bool) -> str:
    if known.contest is None and known.claim is None:
        value = in_words(ticket.type, ticket.severity)
        return _("Declared as “%(value)s”; nobody has verified it yet.") % {"value": value}
    asked = known.contest or known.claim
    judge = known.contested.actor_id if known.contested else None
    names = display_names([asked.actor_id if asked else None, judge])
    who = names.get(asked.actor_id or 0, _("a former colleague")) if asked else ""
    if known.contest is None:
        assert known.claim is not None, "one of the two is there"
        words = {"name": who, "claim": in_words(*value_of(known.claim)), "value": in_words(*known.value)}
        return _("%(name)s asks for “%(claim)s”. Until you decide, “%(value)s” counts.") % words
    if not may_decide:
        return _("%(name)s contests your verdict. Anybody else of the staff decides.") % {"name": who}
    return _("%(name)s contests the verdict that %(judge)s gave. Anybody but %(judge)s decides.") % {
        "name": who,
        "judge": names.get(judge or 0, _("a former colleague")),
    }


def claim(ticket: Ticket, known: History, access: Access) -> dict[str, Any]:
    """What was declared, in the customer's words, with its evidence and all that was said about it: what a verdict looks at."""
    entries = [entry for entry in story(ticket, access.person, for_staff=True) if isinstance(entry, MessageEntry)]
    return {
        "ticket": ticket,
        "claim": entries[0] if entries else None,
        "qualification": details.qualification(ticket, known),
        "wanted": wanted(ticket, known, access),
        "effects": _effects(known),
        "steps": details.steps(known),
        "evidence": files_of([entry for entry in entries if not entry.by_staff]),
        "facts": details.facts(ticket, for_staff=True),
    }


def _effects(known: History) -> list[str]:
    """What the decision does, in sentences, before it is made."""
    now = in_words(*known.value)
    lines = []
    if known.contest is not None:
        lines.append(_("It decides the contest for good: your verdict can't be contested. The customer reads why."))
        lowered = known.contested if known.contested and known.restored_by(value_before(known.contested), 0) == known.contested else None
        if lowered is not None:
            lines.append(
                _("Giving back “%(value)s” undoes the lowering as if it had not been.") % {"value": in_words(*value_before(lowered))}
            )
    if known.claim is not None:
        lines.append(
            _("“%(claim)s” accepts what is asked for. Anything else refuses it and needs a reason.")
            % {"claim": in_words(*value_of(known.claim))}
        )
    if known.contest is None and known.claim is None:
        lines.append(_("“%(value)s” confirms what counts now. Anything else changes it and needs a reason.") % {"value": now})
    return [*lines, _("The customer is told by mail.")]


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
    return rows(_tickets().filter(customer=customer).order_by("-changed_at", "-pk")[:limit])
