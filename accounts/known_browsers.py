"""Browsers that somebody signed in with before: what strangers fail at elsewhere, with the same address, does not count against them.

A signed cookie for each person says so; it lets nobody in. It holds until the password changes, and no longer than LIFETIME.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import Person

LIFETIME = timedelta(days=180)
PREFIX = "known_"
PATH = "/account/"  # where one signs in; no other page is sent it
SALT = "accounts.known_browsers"


def remember(response: HttpResponse, person: Person) -> None:
    """Let the browser that gets this answer be known from now on. `person` signed in with it."""
    value = signing.dumps([secrets.token_urlsafe(12), _bound_to(person)], salt=SALT)
    response.set_cookie(
        _name(person.email),
        value,
        max_age=LIFETIME,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def known_as(request: HttpRequest, email: str) -> str | None:
    """The name under which the browser of this request is known for somebody with this address; None for a stranger's."""
    value = request.COOKIES.get(_name(email))
    if value is None:
        return None
    try:
        name, bound_to = signing.loads(value, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    person = Person.objects.filter(email__iexact=email.strip()).first()
    return str(name) if person is not None and constant_time_compare(bound_to, _bound_to(person)) else None


def _name(email: str) -> str:
    """Of the cookie: several people may share a browser, and it should tell nobody who they are."""
    return PREFIX + salted_hmac(SALT, email.strip().lower(), algorithm="sha256").hexdigest()[:16]


def _bound_to(person: Person) -> str:
    return salted_hmac(SALT, f"{person.pk}:{person.password}", algorithm="sha256").hexdigest()[:32]
