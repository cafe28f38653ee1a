"""Mail about accounts (reset, invitation, a factor changed) goes through the outbox like everything else."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Person
from accounts.tenancy import as_nobody, current
from notifications.commands import Letter, owe
from notifications.fate import bouncing, mail_comes_back


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Nobody signs up by themselves, and nothing is sent inside a request."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def post_login(self, request: HttpRequest, user: Any, **facts: Any) -> HttpResponse:
        """Whoever signs in hears that mail to them comes back, since no mail can tell them."""
        with as_nobody(user.pk):
            marks = bouncing([user.email])
        for mark in marks.values():
            with translation.override(user.language):
                messages.warning(request, mail_comes_back(mark))
        return super().post_login(request, user, **facts)  # type: ignore[no-any-return]  # allauth has no types

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """A password or a factor was changed: its owner hears of it, in their language."""
        super().send_notification_mail(template_prefix, user, {**(context or {}), "user": user}, email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Owe the mail in its reader's language. Templates: `<prefix>_subject.txt`, `_message.txt`, `_action.txt`."""
        person = context.get("user") or context.get("person")
        language = context.get("language") or (person.language if isinstance(person, Person) else settings.LANGUAGE_CODE)
        path = urlsplit(context.get("link") or context.get("password_reset_url", "")).path
        link = settings.BASE_URL + path if path else ""  # never by the host that the request named
        now = timezone.now()
        with translation.override(language):
            texts = {
                part: " ".join(render_to_string(f"{template_prefix}_{part}.txt", context).split())
                for part in ("subject", "message", "action")
            }
            letter = Letter(
                subject=texts["subject"],
                headline=texts["message"],
                action_label=texts["action"],
                action_url=link,
                reason=_("You get this because it concerns your account."),
            )
        digest = hashlib.sha256(f"{email}{link}{now.isoformat()}".encode()).hexdigest()[:32]
        owe(
            customer_id=current().customer_id,
            person=person if isinstance(person, Person) else None,
            address=email,
            language=language,
            kind=template_prefix.rsplit("/", 1)[-1],
            key=f"account:{digest}",
            letter=letter,
            now=now,
        )
