"""What is new to a person: public steps of others since they last looked, on tickets that concern them (NOT-2, TIC-7)."""

from dataclasses import dataclass

from django.db.models import BooleanField, Exists, ExpressionWrapper, FilteredRelation, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import Person
from contracts.models import EnvironmentContact
from helpdesk.lib.prepared import Prepared
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


def marked(rows: TicketQuerySet, person: Person) -> TicketQuerySet:
    """The same tickets with `is_unread`: whether they hold news for this person. It costs no query of its own."""
    own_reading = FilteredRelation("readings", condition=Q(readings__person=person))
    is_unread = ExpressionWrapper(_concerns(person) & _has_news(person), BooleanField())
    return rows.annotate(own_reading=own_reading).annotate(is_unread=is_unread)


def unread(rows: TicketQuerySet, person: Person) -> TicketQuerySet:
    """Those of them that hold news for this person, marked as such."""
    # By the annotation: the same conditions as filters would leave out tickets of which they have read nothing.
    return marked(rows, person).filter(Q(is_unread=True))


def unread_count(person: Person) -> int:
    """How many tickets hold news, counted up to one more than CAP."""
    return unread(Ticket.objects.all(), person)[: CAP + 1].count()


def read_to(ticket: Ticket, person: Person) -> int | None:
    """The position up to which they have read it; None: they never looked."""
    return _read_to.first(ticket.pk, person.pk)


_read_to = Prepared(lambda ticket, person: Reading.objects.filter(ticket=ticket, person=person).values_list("position", flat=True))


def _concerns(person: Person) -> Q:
    """They asked, they follow, or nobody asked and they are the environment's contact: who gets the mails, muted or not."""
    followed = Watcher.objects.filter(person=person, internal=False).values("ticket")
    environments = EnvironmentContact.objects.filter(person=person).values("environment")
    return Q(requester=person) | Q(pk__in=followed) | Q(requester=None, environment__in=environments)


def _has_news(person: Person) -> Q:
    """The count of events tells most tickets apart before their stories are looked at."""
    seen = Coalesce("own_reading__position", 0)
    later = Event.objects.filter(ticket=OuterRef("pk"), internal=False, position__gt=Coalesce(OuterRef("own_reading__position"), 0))
    return Q(event_count__gt=seen) & Q(Exists(_by_others(later, person)))


def _by_others(events: QuerySet[Event], person: Person) -> QuerySet[Event]:
    return events.exclude(actor=person).exclude(_SAYS_NOTHING)
