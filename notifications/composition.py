"""From rows of the outbox to one mail: text and HTML parts, threading headers, one button."""

from collections.abc import Sequence

from anymail.message import AnymailMessage
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from notifications.models import Mail


def compose(mail: Mail, joined: Sequence[Mail] = ()) -> AnymailMessage:
    """The mail as it goes out: what happened in order, then the state after the last of it."""
    parts = sorted([mail, *joined], key=lambda part: part.pk)
    last = parts[-1]
    # What an earlier part needs or offers counts as long as the state is still the one that it spoke of.
    still = [part for part in parts if _state(part) == _state(last)]
    context = {
        "parts": parts,
        "last": last,
        "provider": settings.PROVIDER_NAME,
        "needs": next((p.needs for p in reversed(still) if p.needs), ""),
        "choices": next((p.choices for p in reversed(still) if p.choices), None),
    }
    with translation.override(mail.language):
        text = render_to_string("mail/letter.txt", context)
        html = render_to_string("mail/letter.html", context | {"lang": mail.language})
    message = AnymailMessage(
        subject=" ".join(mail.subject.split()),
        body=text.strip() + "\n",
        to=[mail.address],
        headers=headers(mail),
        tags=[mail.kind],
        metadata={"mail": str(mail.message_uuid)},  # comes back with a mail service's reports
    )
    message.attach_alternative(html, "text/html")
    return message


def _state(mail: Mail) -> str:
    """The first line of what it says of the state; the others say what follows from it, which time alone may change."""
    return mail.status_line.partition("\n")[0]


def headers(mail: Mail) -> dict[str, str]:
    """A ticket's mails hang on one made-up first message, so that mail programs show them as one conversation."""
    found = {
        "Message-ID": mail.message_id,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if mail.thread:
        root = f"<{mail.thread}@{settings.MAIL_DOMAIN}>"
        found |= {"In-Reply-To": root, "References": root}
    return found
