"""How sessions are read, and how long the staff stay signed in: they see every customer, so that none must stay open for weeks."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as DjangosSessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import Person
from helpdesk.lib.prepared import Prepared

BEGUN, SEEN = "signed_in_at", "seen_at"
# How exactly the last request is known: a session is written at most this often.
SEEN_SECONDS = 300


class SessionStore(DjangosSessionStore):
    """Django's own in the database; every page reads one, so by a query that is put together once.

    What Django's own has signed is read here and the other way round: the signature is salted with the class's name.
    """

    def _get_session_from_db(self) -> Session | None:
        found = _session.first(self.session_key) if self.session_key else None
        if found is None or found.expire_date <= timezone.now():
            self._session_key = None
            return None
        return found


_session = Prepared(lambda key: Session.objects.filter(session_key=key))
_person = Prepared(lambda pk: Person.objects.filter(pk=pk).order_by())


def signed_in(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    """As Django's own `get_user`, which decides whatever is not as usual; the person by a query that is put together once."""
    session = request.session
    pk, mark = session.get(SESSION_KEY, ""), session.get(HASH_SESSION_KEY, "")
    if session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS and pk.isdecimal() and mark:
        person = _person.first(int(pk))
        if person is not None and person.is_active and constant_time_compare(mark, person.get_session_auth_hash()):
            return person
    return get_user(request)


def is_over(session: SessionBase, now: datetime, *, is_attended: bool = True) -> bool:
    """Whether a member of the staff must sign in again; else this request counts as a sign of life, if somebody caused it."""
    at = int(now.timestamp())
    begun, seen = _instant(session.get(BEGUN), at), _instant(session.get(SEEN), at)
    if at - begun > settings.STAFF_SESSION_SECONDS or at - seen > settings.STAFF_IDLE_SECONDS + SEEN_SECONDS:
        return True
    if BEGUN not in session or (is_attended and at - seen >= SEEN_SECONDS):
        session[BEGUN], session[SEEN] = begun, at
    return False


def _instant(value: Any, default: int) -> int:
    return value if isinstance(value, int) else default
