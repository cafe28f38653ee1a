"""What is new to a person: public steps of others since they last looked, on tickets that concern them (NOT-2, TIC-7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.tuple_lookups import Tuple, TupleIn
from django.db.models.functions import Coalesce

from accounts.models import Person
from contracts.models import EnvironmentContact
from helpdesk.lib.prepared import Prepared, Question, among, together
from tickets.models import Event, Reading, Status, Ticket, TicketQuerySet, Watcher

CAP = 99

# What a customer need not look at: the first step, which comes with an answer or a verdict, and the closing that time does.
_SAYS_NOTHING = Q(kind=Event.Kind.STATUS_CHANGED) & (Q(data__from=Status.NEW) | Q(data__to=Status.CLOSED))


@dataclass(frozen=True)
class News:
    """What a person has not seen of a story: from the event `first` on, by position; `is_first_look`: they saw nothing before."""

    first: int
    is_first_look: bool


def news(ticket: Ticket, person: Person) -> News | None:
    """What is new on a ticket, as the present scope shows it; None when nothing is. Costs two queries when there is something."""
    seen = read_to(ticket, person)
    if seen is not None and seen >= ticket.event_count:
        return None
    public = Event.objects.filter(ticket=ticket, internal=False, position__gt=seen or 0).order_by("position")
    first = _by_others(public, person).values_list("position", flat=True).first()
    return News(first, seen is None) if first is not None else None


def unread(rows: TicketQuerySet, person: int) -> TicketQuerySet:
    """Those of them that hold news for the person of this id."""
    return _with_news(rows.filter(_concerns(person)), person)


@dataclass(frozen=True)
class Unread:
    """What holds news for a person. `numbers`: of all such tickets, or, unless `is_all`, of so many that a count stops there."""

    person_id: int
    numbers: frozenset[int]
    is_all: bool

    @property
    def count(self) -> int:
        """How many, no further than one above CAP."""
        return min(len(self.numbers), CAP + 1)

    def among(self, tickets: Sequence[int]) -> frozenset[int]:
        """Numbers of those of these tickets that do. It asks the database only where not all are known."""
        return self.numbers if self.is_all else frozenset(_among(self.person_id, tickets))


def unread_of(person: Person) -> Unread:
    """Every ticket that holds news for this person, or more than CAP of them."""
    found, _others = unread_with(person)
    return found


def unread_with(person: Person, *others: Question) -> tuple[Unread, list[list[Any]]]:
    """The same, with the rows of other questions that are asked in the same round trip."""
    asked, follows, *rows = together(_asked.question(person.pk), _follows.question(person.pk), *others)
    followed = _followed(person.pk) if follows else []
    return Unread(person.pk, frozenset(asked).union(followed), is_all=max(len(asked), len(followed)) <= CAP), rows


def _numbers(rows: TicketQuerySet) -> "QuerySet[Ticket, int]":
    return rows.order_by().values_list("pk", flat=True)[: CAP + 1]


# What a person asked is found by an index; together with what they follow, which few do, all of their company's would be looked at.
_asked = Prepared(lambda person: _numbers(_with_news(Ticket.objects.filter(requester=person), person)))
_followed = Prepared(lambda person: _numbers(_with_news(Ticket.objects.filter(_follows_or_answers_for(person)), person)), by_value=True)
_follows = Prepared(
    lambda person: (
        _watched(person).values_list("ticket_id").union(EnvironmentContact.objects.filter(person=person).values_list("pk"), all=True)[:1]
    )
)
_among = Prepared(
    lambda person, tickets: _numbers(_with_news(Ticket.objects.filter(_concerns(person)).filter(among("id", tickets)), person)),
    by_value=True,
)


def read_to(ticket: Ticket, person: Person) -> int | None:
    """The position up to which they have read it; None: they never looked."""
    return _read_to.first(ticket.pk, person.pk)


_read_to = Prepared(lambda ticket, person: Reading.objects.filter(ticket=ticket, person=person).values_list("position", flat=True))


def _concerns(person: int) -> Q:
    """They asked, they follow, or nobody asked and they are the environment's contact: who gets the mails, muted or not."""
    return Q(requester=person) | _follows_or_answers_for(person)


def _follows_or_answers_for(person: int) -> Q:
    environments = EnvironmentContact.objects.filter(person=person).values("environment")
    return Q(pk__in=_watched(person).values("ticket")) | Q(requester=None, environment__in=environments)


def _watched(person: int) -> QuerySet[Watcher]:
    return Watcher.objects.filter(person=person, internal=False)


def _with_news(rows: TicketQuerySet, person: int) -> TicketQuerySet:
    """Those with public steps of others after what this person has read.

    What they have read to the end, which is most, is told apart first: by pairs that the database looks up in a table of its own making,
    however many there are. A join would be planned for few, and go through all that was read for each ticket.
    """
    own = Reading.objects.filter(person=person)
    seen = Coalesce(Subquery(own.filter(ticket=OuterRef("pk")).values("position")[:1]), 0)
    later = Event.objects.filter(ticket=OuterRef("pk"), internal=False, position__gt=OuterRef("seen"))
    read_whole = TupleIn(Tuple(F("pk"), F("event_count")), Subquery(own.order_by().values("ticket_id", "position")))
    return rows.alias(seen=seen).filter(~Q(read_whole), Exists(_by_others(later, person)), event_count__gt=F("seen"))


def _by_others(events: QuerySet[Event], person: Person | int) -> QuerySet[Event]:
    return events.exclude(actor=person).exclude(_SAYS_NOTHING)
