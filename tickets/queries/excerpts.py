"""Why a ticket was found: its subject and a piece of a message with the words marked, or the file that a call's identifier stands in.

Which words of a text match is asked of the database, which stems and knows both languages; the piece is cut here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.functions import Left
from django.utils.safestring import SafeString

from helpdesk.lib import excerpts
from helpdesk.lib.prepared import Prepared, among
from tickets.finding import Finding, found_by, holding
from tickets.models import File, Message

LOOKED_AT = 20_000  # characters of a message, from its beginning


@dataclass(frozen=True)
class Excerpt:
    """`subject` and `text`: with <mark> around what matched, all else escaped; `file`: the name of the file that `text` is from."""

    subject: SafeString | str = ""
    text: SafeString | str = ""
    file: str = ""
    internal: bool = False


class Found(Protocol):
    """A ticket of a list, as far as an excerpt asks."""

    @property
    def pk(self) -> int: ...
    @property
    def subject(self) -> str: ...


def why_found(tickets: Sequence[Found], finding: Finding) -> dict[int, Excerpt]:
    """By ticket, from its newest message or file that matches, as the scope may read it.

    At most two queries for any number of tickets. A ticket found by its number alone has no excerpt.
    """
    if not finding.words or not tickets:
        return {}
    return _by_identifier(tickets, finding.identifiers) if finding.identifiers else _by_words(tickets, finding)


def are_files_waiting() -> bool:
    """Whether a file that the scope may read was not searched for identifiers yet."""
    return File.objects.filter(scanned_at=None, message__isnull=False).exists()


def _by_identifier(tickets: Sequence[Found], values: Sequence[str]) -> dict[int, Excerpt]:
    subjects = {ticket.pk: ticket.subject for ticket in tickets}
    rows = holding(values).filter(among("message__ticket_id", list(subjects))).annotate(beginning=Left("message__body", LOOKED_AT))
    newest = rows.order_by("message__ticket_id", "-message__written_at", "-message_id", F("file__name").asc(nulls_first=True))
    columns = ("message__ticket_id", "internal", "value", "file__name", "beginning")
    find = excerpts.identifiers_finder(values)
    return {
        pk: Excerpt(text=excerpts.marked(value, [(0, len(value))]), file=file, internal=internal)
        if file
        else _cut(subjects[pk], _line(body), internal, find)
        for pk, internal, value, file, body in newest.distinct("message__ticket_id").values_list(*columns)
    }


def _newest(messages: "QuerySet[Message]") -> "QuerySet[Message, tuple[int, bool, str]]":
    """The newest of these messages of each ticket: its ticket, whether it is internal, its beginning."""
    rows = messages.order_by("ticket_id", "-written_at", "-pk").distinct("ticket_id")
    return rows.annotate(beginning=Left("body", LOOKED_AT)).values_list("ticket_id", "internal", "beginning")


_newest_of = Prepared(lambda messages: _newest(Message.objects.filter(among("id", messages))))
_newest_with = Prepared(
    lambda words, tickets: _newest(Message.objects.filter(among("ticket_id", tickets), search=found_by(words))), by_value=True
)


def _newest_found(tickets: Sequence[Found], finding: Finding) -> list[tuple[int, bool, str]]:
    """What is quoted of each ticket that has the words in a message."""
    if finding.messages is None:
        return _newest_with(finding.words, [ticket.pk for ticket in tickets])
    return _newest_of([message for ticket in tickets for message in finding.messages.get(ticket.pk, ())])


def _by_words(tickets: Sequence[Found], finding: Finding) -> dict[int, Excerpt]:
    newest = _newest_found(tickets, finding)
    texts = {pk: (_line(body), internal) for pk, internal, body in newest}
    matched = _matching([*(ticket.subject for ticket in tickets), *(body for body, _internal in texts.values())], _asked(finding.words))
    find = excerpts.words_finder(matched)
    return {
        ticket.pk: _cut(ticket.subject, *texts.get(ticket.pk, ("", False)), find)
        for ticket in tickets
        if ticket.pk in texts or find(ticket.subject)
    }


def _line(body: str) -> str:
    return excerpts.plain(body.replace("```", " "), LOOKED_AT)


def _cut(subject: str, text: str, internal: bool, find: excerpts.Find) -> Excerpt:
    return Excerpt(subject=excerpts.marked(subject, find(subject)), text=excerpts.excerpt(text, find) if text else "", internal=internal)


def _asked(words: str) -> list[str]:
    """The single words that are looked for: without what a minus leaves out, and without the signs of a search."""
    wanted = re.sub(r'(?<!\S)-("[^"]*"?|\S+)', " ", words)
    return [word for word in excerpts.COMPOUND.findall(wanted) if word.casefold() != "or"]


def _matching(texts: Sequence[str], asked: Sequence[str]) -> set[str]:
    """Those words of the texts that one of the words asked for finds, in either language."""
    candidates = excerpts.candidates(texts, asked)
    if not candidates:
        return set()
    any_of = " or ".join(f'"{word}"' for word in asked)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH asked AS (
                SELECT websearch_to_tsquery('portuguese', portuguese_words(%s)) || websearch_to_tsquery('english', %s) AS query
            )
            SELECT word FROM asked, unnest(%s::text[]) AS word
            WHERE to_tsvector('portuguese', portuguese_words(word)) @@ query OR to_tsvector('english', word) @@ query
            """,
            [any_of, any_of, candidates],
        )
        return {word for (word,) in cursor.fetchall()}
