"""Keeping the identifiers of calls that stand in a message or in a file of it. Called by commands, where the message is written or scanned."""

from collections.abc import Iterable

from helpdesk.lib import identifiers
from tickets.models import File, Identifier, Message

MOST_IN_A_MESSAGE = 500
MOST_IN_A_FILE = 5_000


def keep_from_text(message: Message, text: str) -> None:
    """Those in a text of this message; where it has none, as most do, the database is not asked."""
    keep(message, None, identifiers.found_in(text, most=MOST_IN_A_MESSAGE))


def keep(message: Message, file: File | None, values: Iterable[str]) -> None:
    """Each once, however often it is found again."""
    rows = [
        Identifier(
            customer_id=message.customer_id,
            message=message,
            file=file,
            internal=message.internal,
            value=value,
            folded=identifiers.folded(value),
        )
        for value in values
    ]
    if rows:
        Identifier.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
