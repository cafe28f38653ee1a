"""How long the staff stay signed in: they see every customer, so that a forgotten window must not stay open for weeks."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

BEGUN, SEEN = "signed_in_at", "seen_at"
# How exactly the last request is known: a session is written at most this often.
SEEN_SECONDS = 300


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
