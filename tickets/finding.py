"""Which tickets are found by words, by a number or by the identifier of a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.postgres.search import SearchQuery
from django.db.models import BigIntegerField, OuterRef, Q, QuerySet, Subquery, Value

from helpdesk.lib import identifiers
from helpdesk.lib.addresses import row_id
from helpdesk.lib.identifiers import Alike
from helpdesk.lib.prepared import Prepared, among
from tickets.models import Identifier, Message, Ticket, portuguese

# So many are known one by one; of a million tickets, with more the newest fifty are soon met by looking through the newest of all.
HITS = 20_000
MOST_ALIKE = 200
NOTHING_ALIKE = Alike()
NO_TICKET = NO_MESSAGE = 0  # no row has this id
EVERY_TICKET = Q()


@dataclass(frozen=True)
class Finding:
    """What is known after asking once. `condition`: on tickets; empty words narrow nothing.

    `alike`: known identifiers of calls for the words, `identifiers`: those of them that tickets are found by; `messages`: of every
    ticket that was found, by its number, those that have the words, or None where only the condition tells; then `at_least` so many
    tickets are found.
    """

    words: str = ""
    condition: Q = EVERY_TICKET
    alike: Alike = NOTHING_ALIKE
    identifiers: tuple[str, ...] = ()
    messages: Mapping[int, Sequence[int]] | None = None
    at_least: int = 0


def find(words: str, *, loosely: bool = False) -> Finding:
    """Tickets with this number, or with these words in the subject or in a message. It asks the database at once, in the present scope.

    Where the words are the identifier of a call that is known: tickets with it in a message or in a text file instead.
    `loosely`: with the identifiers that are only alike as well.
    """
    if not words:
        return Finding()
    alike = _alike(words)
    if alike.values:
        values = alike.all if loosely else alike.values
        return Finding(words, Q(pk__in=holding(values).values("message__ticket_id")), alike, values)
    number = row_id(words.strip().upper().removeprefix(f"{settings.TICKET_PREFIX}-").removeprefix("#")) or NO_TICKET
    hits = _hits(words, number)
    messages: dict[int, list[int]] = {}
    for ticket, message in hits:
        messages.setdefault(ticket, []).append(message)
    if len(hits) < HITS:
        return Finding(words, Q(among("id", tuple(messages))), messages=messages, at_least=len(messages))
    # So common a word is on every page: looking through the newest tickets ends sooner than sorting all that have it. The subquery is
    # one value, not an EXISTS, which the planner would answer by looking for the word in all messages.
    said = Message.objects.filter(ticket=OuterRef("pk"), search=found_by(words)).order_by().values("ticket_id")[:1]
    return Finding(words, Q(pk=number) | Q(search=found_by(words)) | Q(pk=Subquery(said)), at_least=len(messages))


def found_by(words: str) -> Any:
    """The words as people type them, in Portuguese or in English, accents or none; quotes and a minus are understood."""
    in_portuguese = SearchQuery(portuguese(Value(words)), config="portuguese", search_type="websearch")
    return in_portuguese | SearchQuery(Value(words), config="english", search_type="websearch")


def holding(values: Sequence[str]) -> QuerySet[Identifier]:
    """Rows of exactly these identifiers; asked for without capitals too, which is what the index knows."""
    return Identifier.objects.filter(folded__in={identifiers.folded(value) for value in values}, value__in=values)


def _places(words: str, number: int) -> "QuerySet[Ticket, tuple[int, int]]":
    """Tickets, each with a message that has the words, or with none; one comes as often as it is found."""
    itself = Value(NO_MESSAGE, BigIntegerField())
    numbered = Ticket.objects.filter(pk=number).order_by().values_list("pk", itself)
    subjects = Ticket.objects.filter(search=found_by(words)).order_by().values_list("pk", itself)
    texts = Message.objects.filter(search=found_by(words)).order_by().values_list("ticket_id", "pk")
    return numbered.union(subjects, texts, all=True)[:HITS]


_hits = Prepared(_places, by_value=True)


def _alike(words: str) -> Alike:
    """What is known of the identifier in these words, in one query; nothing when they are none."""
    value = identifiers.sought(words)
    if not value:
        return NOTHING_ALIKE
    known = Identifier.objects.filter(_near(identifiers.folded(value))).values_list("value", flat=True).distinct().order_by("value")
    return identifiers.alike(value, known[:MOST_ALIKE])


def _near(folded: str) -> Q:
    """Conditions that an index answers below a tenant's policy too: comparisons, no LIKE."""
    local, at, _host = folded.partition("@")
    is_telling = len(local) >= identifiers.SHORTEST_LOCAL_PART
    if at:
        return Q(folded=folded) | Q(folded=local) | _beginning(f"{local}@") if is_telling else Q(folded=folded)
    return _beginning(folded) if is_telling else Q(folded=folded) | _beginning(f"{folded}@")


def _beginning(folded: str) -> Q:
    return Q(folded__gte=folded, folded__lt=f"{folded}\U0010ffff")
