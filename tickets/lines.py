"""The lines of a ticket's story as plain values: a page of two hundred reads them in a tenth of the time that rows of the ORM take."""

from datetime import datetime
from typing import Any, NamedTuple

from django.utils.safestring import SafeString

from helpdesk.lib.prepared import Prepared
from tickets.models import Event, shown


class Line(NamedTuple):
    """An event with its message, if it has one; `body`, `html` and `html_version` are the message's."""

    pk: int
    position: int
    kind: str
    at: datetime
    actor_id: int | None
    by_staff: bool
    internal: bool
    data: dict[str, Any]
    message_id: int | None
    body: str | None
    html: str | None
    html_version: int | None

    @property
    def text(self) -> str:
        """What somebody wrote with it, in Markdown."""
        return self.body or ""

    @property
    def shown(self) -> SafeString:
        """The same as sanitised HTML."""
        return shown(self.text, self.html, self.html_version)


_COLUMNS = (
    *("pk", "position", "kind", "at", "actor_id", "by_staff", "internal", "data"),
    *("message_id", "message__body", "message__html", "message__html_version"),
)
_rows = Prepared(lambda ticket: Event.objects.filter(ticket=ticket).order_by("position").values_list(*_COLUMNS))


def lines_of(ticket_id: int) -> list[Line]:
    """Everything that happened, oldest first, as the present scope shows it."""
    return [Line(*row) for row in _rows(ticket_id)]
