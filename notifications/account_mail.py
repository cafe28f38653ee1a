"""Mail about accounts (reset, invitation, a factor changed) goes through the outbox like everything else."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import known_browsers
from accounts.models import Person
from accounts.tenancy import as_nobody, current
from notifications.commands import Letter, owe
from notifications.fate import bouncing, mail_comes_back


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Nobody signs up by themselves, nobody is locked out by others, and nothing is sent inside a request."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Whom an attempt is at. Not with the host, as allauth has it: who sends a request chooses how to write that."""
        return str(credentials.get("email") or credentials.get("username", "")).strip().lower()

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count an attempt to sign in as a failed one, until it is not; raises ValidationError when there were too many.

        A stranger is counted by where they come from, so that they lock out themselves and not whom they guess; over all places only so
        that guessing from thousands of them stays bounded. A browser that signed in before is counted by itself alone.
        """
        who = self._get_login_attempts_cache_key(request, **credentials)
        browser = known_browsers.known_as(request, credentials.get("email", ""))
        counted = [("login_failed_known", f"{who}:{browser}")]
        if browser is None:
            # In this order: what an address is refused counts for nobody else.
            counted = [("login_failed_here", f"{who}:{ratelimit.get_ip(request)}"), ("login_failed_anywhere", who)]
        usages = []
        for action, key in counted:
            usage = ratelimit.consume(request, app="allauth.account", action=action, key=key)
            if usage is None:
                raise self.validation_error("too_many_login_attempts")
            usages += usage.usage
        self._login_failed_rl_usage = ratelimit.RateLimitUsage(usages)  # which allauth takes back when the password is right

    def post_login(self, request: HttpRequest, user: Any, **facts: Any) -> HttpResponse:
        """Whoever signs in hears that mail to them comes back, since no mail can tell them; their browser is known from then on."""
        with as_nobody(user.pk):
            marks = bouncing([user.email])
        for mark in marks.values():
            with translation.override(user.language):
                messages.warning(request, mail_comes_back(mark))
        response: HttpResponse = super().post_login(request, user, **facts)
        known_browsers.remember(response, user)
        return response

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
