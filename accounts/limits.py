"""How often somebody may do what costs others something. Counted in the database: the limits hold while Redis is down (AVA-1)."""

import hmac
from collections import OrderedDict
from datetime import datetime, timedelta
from math import ceil
from threading import Lock

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from helpdesk.lib.refusals import Refusal
from helpdesk.lib.statements import Statement

# One statement, so that two at once are both counted. It must run in no transaction: the row would stay locked until its end,
# and what is counted must stay counted when the request fails. A count that a crash of the server forgets is no loss, so that
# nobody waits for the disk.
_NOT_WAITING = "SELECT set_config('synchronous_commit', 'off', true)"
_COUNT = Statement.named(
    """
    INSERT INTO helpdesk_cache AS c (cache_key, value, expires) VALUES (%(key)s, %(amount)s, %(ends)s)
    ON CONFLICT (cache_key) DO UPDATE SET
        value = CASE WHEN c.expires <= %(now)s THEN excluded.value ELSE (c.value::bigint + excluded.value::bigint)::text END,
        expires = CASE WHEN c.expires <= %(now)s THEN excluded.expires ELSE c.expires END
    RETURNING value::bigint, expires
    """,
    *("key", "amount", "now", "ends"),
)


def hashed_key(key: str, prefix: str, version: int) -> str:
    """The cache's KEY_FUNCTION: keys hold addresses and codes, and a table of counters should know neither."""
    return hmac.digest(settings.SECRET_KEY.encode(), f"{prefix}:{version}:{key}".encode(), "sha256").hex()


def count(what: str, who: str, *, amount: int = 1, limit: int, seconds: int, now: datetime) -> int:
    """Add to what somebody did in the present window of so many seconds; how long to wait, in seconds, or 0 when it is within the limit."""
    key = hashed_key(f"limit:{what}:{who}:{seconds}", "", 1)
    ((counted, ends),) = _COUNT.rows([key, str(amount), now, now + timedelta(seconds=seconds)], after=_NOT_WAITING)
    return max(1, ceil((ends - now).total_seconds())) if counted > limit else 0


def sweep_counters(*, now: datetime) -> int:
    """Remove counters whose time is over; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM helpdesk_cache WHERE expires < %s", [now])
        removed: int = cursor.rowcount
    return removed


class TooOften(Refusal):
    """`seconds`: how long to wait. The answer to it is 429, with the same in its Retry-After."""

    sentence = _("You did this very often within a short time. Nothing was sent; try again in %(minutes)s min.")

    def __init__(self, seconds: int, **facts: object) -> None:
        super().__init__(minutes=ceil(seconds / 60), **facts)
        self.seconds = seconds


def refusal_of(request: HttpRequest) -> TooOften | None:
    """What the middleware found before the view ran; the view shows it beside what was typed."""
    return getattr(request, "too_often", None)


def refuse(request: HttpRequest, refusal: TooOften) -> None:
    """Make the answer to this request a 429, whatever the page shows."""
    request.too_often = refusal  # type: ignore[attr-defined]


class Pace:
    """How fast one may go on asking, kept by this process alone: `burst` at once, then so many a second.

    It costs no statement, and it is no exact limit: several processes let several times as much pass. It is there to keep a
    script that runs wild from taking all threads.
    """

    KEPT = 10_000

    def __init__(self, burst: int) -> None:
        self.burst = burst
        self.lock = Lock()
        self.levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, who: str, now: float, a_second: float) -> float:
        """Seconds until they may ask again; 0: now, and it is counted."""
        with self.lock:
            left, at = self.levels.pop(who, (float(self.burst), now))
            left = min(float(self.burst), left + max(0.0, now - at) * a_second)
            self.levels[who] = (max(0.0, left - 1), now)
            if len(self.levels) > self.KEPT:
                self.levels.popitem(last=False)
        return 0.0 if left >= 1 else (1 - left) / a_second
