"""A ticket as staff work on it: its page, the verdict it waits for, and what stands around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Value
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.access import Access
from accounts.models import StaffMember, Team
from accounts.queries import named, names_question
from contracts.queries import customer_panel, panel_questions
from helpdesk.lib.addresses import address
from helpdesk.lib.keyset import Place
from helpdesk.lib.prepared import Prepared, together
from notifications.fate import bouncing, bouncing_by, bouncing_question
from tickets.lines import lines_of
from tickets.models import Status, Ticket, number_of
from tickets.qualifying import History, history, value_before, value_of
from tickets.queries import details, promises
from tickets.queries.queues import BY_SLUG, Queue
from tickets.queries.story import MessageEntry, Past, files_of, past_of, people_in, story, told_of, told_question_of
from tickets.queries.whole import Whole
from tickets.sentences import qualification as in_words
from tickets.telling import customers_among, near_question


def ticket_page(found: Whole, access: Access, queue: Queue, now: datetime) -> dict[str, Any]:
    """The ticket as staff work on it: what all parts of its page show, in two round trips. `queue`: the one worked through."""
    ticket, lines = found.ticket, lines_of(found.ticket.pk)
    names, told, clocks, near, marked, hands, around, others, *holdings = together(
        names_question(people_in(ticket, lines)),
        told_question_of(lines),
        promises.panel_question(ticket),
        near_question(ticket),
        bouncing_question(_near_ids(found)),
        _hands.question(),
        _around(queue.slug).question(ticket.pk, access.person.pk),
        _others.question(ticket.customer_id, ticket.pk),
        *panel_questions(ticket.customer_id),
    )
    past, known = Past(lines, named(names)), history(ticket, lines)
    entries = story(found, access.person, past, for_staff=True, told=told_of(lines, told))
    readers = customers_among(ticket, near)
    is_near = {reader.pk for reader in readers} <= set(_near_ids(found))
    marks = bouncing_by(marked) if is_near else bouncing(reader.email for reader in readers)
    return {
        "ticket": ticket,
        "state_label": str(Status(ticket.status).label),
        "customer_name": found.customer,
        "story": entries,
        "files": files_of(entries),
        "qualification": details.qualification(ticket, known, past.names),
        "wanted": wanted(ticket, known, access, past.names),
        "now": now,
        "promise": promises.panel(ticket, clocks, now, for_staff=True),
        "facts": details.facts(found, for_staff=True),
        "people": details.people(found),
        "is_watching": details.is_watching(found, access.person),
        "holds": found.holds,
        "readers": readers,
        "bouncing_readers": [(reader, marks[reader.email.lower()]) for reader in readers if reader.email.lower() in marks],
        "hands": _hands_in(hands),
        "panel": customer_panel(holdings, now),
        "around": Around(*around[0]),
        "other_tickets": [OtherTicket(address("console:ticket", pk), number_of(pk), _short(subject)) for pk, subject in others],
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


def wanted(ticket: Ticket, known: History, access: Access, names: Mapping[int, str]) -> Wanted | None:
    """Nothing for a ticket that waits for no verdict, or that is closed. `names`: of everybody in its story."""
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
        text=_wanted_text(ticket, known, may_decide, names),
        position=known.position,
        since=ticket.verdict_wanted_since,
        may_confirm=kind == "declared",
        may_decide=may_decide,
    )


def _wanted_text(ticket: Ticket, known: History, may_decide: bool, names: Mapping[int, str]) -> str:
    if known.contest is None and known.claim is None:
        value = in_words(ticket.type, ticket.severity)
        return _("Declared as “%(value)s”; nobody has verified it yet.") % {"value": value}
    asked = known.contest or known.claim
    judge = known.contested.actor_id if known.contested else None
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


def claim(found: Whole, known: History, access: Access) -> dict[str, Any]:
    """What was declared, in the customer's words, with its evidence and all that was said about it: what a verdict looks at."""
    ticket, past = found.ticket, past_of(found.ticket)
    entries = [entry for entry in story(found, access.person, past, for_staff=True) if isinstance(entry, MessageEntry)]
    return {
        "ticket": ticket,
        "customer_name": found.customer,
        "claim": entries[0] if entries else None,
        "qualification": details.qualification(ticket, known, past.names),
        "wanted": wanted(ticket, known, access, past.names),
        "effects": _effects(known),
        "steps": details.steps(known, past.names),
        "evidence": files_of([entry for entry in entries if not entry.by_staff]),
        "facts": details.facts(found, for_staff=True),
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


@dataclass(frozen=True)
class OtherTicket:
    """Another open ticket of the customer."""

    url: str
    number: str
    subject: str


@dataclass(frozen=True)
class Around:
    """Numbers of the tickets before and after one in a queue."""

    before: int | None
    after: int | None


def _near_ids(found: Whole) -> list[int]:
    """Who asked and who follows."""
    asker = found.ticket.requester_id
    return sorted({follower.person_id for follower in found.followers} | ({asker} if asker else set()))


def _short(subject: str) -> str:
    return Truncator(subject).chars(SUBJECT_LENGTH) if len(subject) > SUBJECT_LENGTH else subject


SUBJECT_LENGTH = 60
# A customer's other open tickets, last changed first.
_others = Prepared(
    lambda customer, ticket: (
        Ticket.objects.active().filter(customer=customer).exclude(pk=ticket).order_by("-changed_at", "-pk").values_list("pk", "subject")[:6]
    )
)


@cache
def _around(slug: str) -> "Prepared[tuple[int | None, int | None]]":
    """By the queue's own conditions and order."""
    queue = BY_SLUG[slug]
    place = Place(changed=OuterRef("changed_at"), pk=OuterRef("pk"), due=OuterRef("next_due_at"))

    def build(ticket: int, person: int) -> Any:
        rows = queue.narrow(Ticket.objects.all(), person)
        before = queue.order.sort_backwards(rows.filter(queue.order.before(place)))
        after = queue.order.sort(rows.filter(queue.order.after(place)))
        return Ticket.objects.filter(pk=ticket).values_list(Subquery(before.values("pk")[:1]), Subquery(after.values("pk")[:1]))

    return Prepared(build)


@dataclass(frozen=True)
class Hands:
    """Whom and which team a ticket can be given to, as choices of value and label by name."""

    colleagues: Sequence[tuple[int, str]]
    teams: Sequence[tuple[int, str]]


def _hands_in(rows: Sequence[tuple[str, int, str]]) -> Hands:
    """Staff who answer tickets, and all teams."""
    return Hands(*([(pk, name) for kind, pk, name in rows if kind == wanted] for wanted in ("colleague", "team")))


def assignable() -> "QuerySet[StaffMember]":
    """Staff who answer tickets."""
    return StaffMember.objects.filter(roles__role__in=["agent", "lead"]).distinct()


_hands = Prepared(
    lambda: (
        assignable()
        .annotate(kind=Value("colleague"), name=F("display_name"))
        .order_by()
        .values_list("kind", "pk", "name")
        .union(Team.objects.annotate(kind=Value("team")).order_by().values_list("kind", "pk", "name"), all=True)
        .order_by("name")
    )
)
