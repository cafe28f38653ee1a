"""Messages' HTML after the renderer changed."""

from accounts.tenancy import as_provider
from helpdesk.lib import markdown
from tickets.models import Message

BATCH = 500


def render_messages(*, after: int) -> int | None:
    """Make the HTML of the next messages whose kept one is of another version; returns the last id looked at, None at the end."""
    with as_provider():
        rows = list(Message.objects.filter(pk__gt=after).order_by("pk").only("pk", "body", "html_version")[:BATCH])
        old = [message for message in rows if message.html_version != markdown.VERSION]
        for message in old:
            message.html, message.html_version = markdown.to_html(message.body), markdown.VERSION
        Message.objects.bulk_update(old, ["html", "html_version"])
    return rows[-1].pk if rows else None
