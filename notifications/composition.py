"""From rows of the outbox to one mail: text and HTML parts, threading headers, one button."""

from collections.abc import Sequence
from functools import lru_cache

from anymail.message import AnymailMessage
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape

from notifications.models import Mail


def compose(mail: Mail, joined: Sequence[Mail] = ()) -> AnymailMessage:
    """The mail as it goes out: what happened in order, then the state after the last of it."""
    text, html = _one_of_many(mail) if mail.never_twice else _written(mail, sorted([mail, *joined], key=lambda part: part.pk))
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


def _one_of_many(mail: Mail) -> tuple[str, str]:
    """An announcement's letter differs from the one before in its link alone: writing it anew would take longer than sending it."""
    text, html = _with_any_link(mail.language, *(getattr(mail, name) for name in SAME_FOR_ALL))
    return text.replace(ANY_LINK, mail.action_url), html.replace(ANY_LINK, escape(mail.action_url))


SAME_FOR_ALL = ("subject", "headline", "body_text", "body_html", "needs", "status_line", "action_label", "reason")
ANY_LINK = "https://any-link.invalid/5b1f2c"


@lru_cache(maxsize=8)
def _with_any_link(language: str, *values: str) -> tuple[str, str]:
    mail = Mail(language=language, action_url=ANY_LINK, **dict(zip(SAME_FOR_ALL, values, strict=True)))
    return _written(mail, [mail])


def _written(mail: Mail, parts: Sequence[Mail]) -> tuple[str, str]:
    """Text and HTML of a mail and what goes out within it."""
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
    return text, html


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
    if mail.list_id:
        # Mail programs sort by the list, and offer to leave it: what one wants of it is chosen where all mail is.
        found |= {
            "List-Id": f"<{mail.list_id}.{settings.MAIL_DOMAIN}>",
            "List-Unsubscribe": f"<{settings.BASE_URL}{reverse('account_profile')}>",
            "Precedence": "list",
        }
    return found
