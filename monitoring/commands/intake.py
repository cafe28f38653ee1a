"""Taking a signal in: the token is tried, the gate is asked, and what was sent is stored as one row. All else comes later.

Whoever is refused gets a status and a sentence, and the environment's page shows it; nothing else happens.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from accounts.limits import Pace
from accounts.tenancy import acting_for
from helpdesk.lib.refusals import Refusal
from helpdesk.lib.statements import Statement
from helpdesk.lib.words import clean_words
from monitoring import reading, tokens
from monitoring.queries.gate import COLUMNS, LAST_DAY_BEFORE, SHUT_WORDS, Gate, Shut, gate_of
from notifications import bell

WORK = "monitoring.tasks.work_signals"
LARGEST_BYTES = 1024 * 1024
LONGEST_LOG = 10_000  # of a sign of life: its end, where what went wrong stands
A_SECOND, BURST = 20.0, 600  # of one credential by one process


class SignalRefused(Refusal):
    """`status`: of the answer. `reason`: by which the environment's page counts it. Sentences for machines' logs are English."""

    status = 403
    reason = ""

    @property
    def detail(self) -> str:
        """What the page shows besides the reason's words."""
        return ""


class UnknownToken(SignalRefused):
    sentence = "This token is not known. Copy it again from the environment's page, or make a new one."
    status = 401


class Revoked(SignalRefused):
    sentence = "This token was revoked or replaced. Take the present one."
    status = 401
    reason = "revoked"


class OfAnotherKind(SignalRefused):
    sentence = "This token is for signals of another kind."
    reason = "other_kind"


class NoSuchHeartbeat(SignalRefused):
    sentence = "There is no heartbeat of this name. Add it on the environment's page first."
    status = 404
    reason = "no_heartbeat"


class GateShut(SignalRefused):
    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.reason = gate.shut

    def __str__(self) -> str:
        return str(SHUT_WORDS[self.reason])


class NotUnderstood(SignalRefused):
    status = 422
    reason = "not_understood"

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why

    def __str__(self) -> str:
        return self.why

    @property
    def detail(self) -> str:
        return self.why


class BodyTooLarge(SignalRefused):
    sentence = "More than 1 MB can't be sent at once; set max_alerts, or send a shorter log."
    status = 413
    reason = "too_large"


class TooFast(SignalRefused):
    sentence = "This token is used too often. Send again in a few seconds."
    status = 429
    reason = "too_fast"


# A token's row with what it opens. A heartbeat is found by its name.
DOOR = Statement.named(
    f"""
    SELECT k.id, k.source, k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %(now)s),
        (SELECT h.id FROM monitoring_heartbeat h WHERE h.environment_id = e.id AND h.slug = %(slug)s AND h.removed_at IS NULL), {COLUMNS}
    FROM monitoring_credential k JOIN contracts_environment e ON e.id = k.environment_id WHERE k.token_hash = %(token)s
""",  # noqa: S608 - our own text
    *("token", "slug", "now"),
    before=LAST_DAY_BEFORE,
)
# The authorisation is looked at once more and held until the commit: a withdrawal waits for this signal, or this one sees it.
STORE = Statement.named(
    """
    INSERT INTO monitoring_signal (
        customer_id, environment_id, credential_id, authorisation_id, heartbeat_id, source, ping, exit_code, body, size, received_at, attempts
    )
    SELECT a.customer_id, a.environment_id, %(credential)s::bigint, a.id, %(heartbeat)s::bigint, %(source)s, %(ping)s,
        %(exit_code)s::integer, %(body)s, %(size)s::integer, %(now)s::timestamptz, 0
    FROM monitoring_authorisation a WHERE a.id = %(authorisation)s AND a.withdrawn_at IS NULL
    FOR KEY SHARE OF a RETURNING id
    """,
    *("credential", "authorisation", "heartbeat", "source", "ping", "exit_code", "body", "size", "now"),
)
REJECT = """
    INSERT INTO monitoring_rejection (customer_id, environment_id, reason, status, detail, credential_id, count, first_at, last_at)
    VALUES (%(customer)s, %(environment)s, %(reason)s, %(status)s, %(detail)s, %(credential)s, 1, %(now)s, %(now)s)
    ON CONFLICT (customer_id, environment_id, reason) DO UPDATE SET count = monitoring_rejection.count + 1,
        status = excluded.status, detail = excluded.detail, credential_id = excluded.credential_id, last_at = excluded.last_at
"""

pace, rejections = Pace(BURST), Pace(100)
rings = Pace(1)  # once a second is often enough: the sweep comes by itself every three


@dataclass(frozen=True)
class Door:
    """A token that is known, and what it opens."""

    credential_id: int
    source: str
    is_valid: bool
    heartbeat_id: int | None
    gate: Gate


@dataclass(frozen=True)
class Ping:
    """A sign of life. `kind`: of Signal.Ping; `exit_code`: of a job that told it."""

    slug: str
    kind: str
    exit_code: int | None = None


def accept(*, source: str, token: str, body: bytes, size: int | None = None, ping: Ping | None = None, now: datetime, tick: float) -> int:
    """Store what was sent, and return the signal's id. `tick`: of a monotonic clock, for the pace.

    `size`: what its sender says the body has, where that is too much to be read. Raises SignalRefused, of which the environment's page
    then tells.
    """
    customer_id = tokens.customer_of(token)
    if customer_id is None:
        raise UnknownToken
    with _rejections_kept(customer_id, now, tick) as tried, acting_for(customer_id):
        door = tried["door"] = _door(token, ping.slug if ping else "", now)
        _refuse(door, source, ping, len(body) if size is None else size, tick)
        text = _readable(source, body, door.gate, now) if ping is None else _log_of(body)
        signal = _store(door, text, len(body), ping, now)
        if not rings.wait(WORK, tick, 1.0):
            bell.ring_on_commit(WORK)
        return signal


@contextmanager
def _rejections_kept(customer_id: int, now: datetime, tick: float) -> Iterator[dict[str, Door]]:
    """Writes down what was refused in the block, in a transaction of its own, as soon as it is known whose environment it is about."""
    tried: dict[str, Door] = {}
    try:
        yield tried
    except SignalRefused as refused:
        if "door" in tried and refused.reason and not _told_enough(tried["door"], refused.reason, tick):
            with acting_for(customer_id):
                _reject(tried["door"], refused, now)
        raise


def _told_enough(door: Door, reason: str, tick: float) -> bool:
    """Whoever goes on sending what is refused must not make us write about nothing else."""
    return bool(rejections.wait(f"{door.gate.environment_id}:{reason}", tick, 1.0))


def _door(token: str, slug: str, now: datetime) -> Door:
    rows = DOOR.rows([tokens.hashed(token), slug, now])
    if not rows:
        raise UnknownToken
    credential_id, source, is_valid, heartbeat_id, *gate = rows[0]
    return Door(credential_id, source, is_valid, heartbeat_id, gate_of(gate))


def _refuse(door: Door, source: str, ping: Ping | None, size: int, tick: float) -> None:
    if not door.is_valid:
        raise Revoked
    if not door.gate.is_open:
        raise GateShut(door.gate)
    if door.source != source:
        raise OfAnotherKind
    if pace.wait(f"credential:{door.credential_id}", tick, A_SECOND):
        raise TooFast
    if size > LARGEST_BYTES:
        raise BodyTooLarge
    if ping is not None and door.heartbeat_id is None:
        raise NoSuchHeartbeat


def _readable(source: str, body: bytes, gate: Gate, now: datetime) -> str:
    """What was sent, as text that will be read again later."""
    try:
        text = reading.decoded(body)
        reading.read(source, text, now, ZoneInfo(gate.time_zone))
    except reading.Unreadable as why:
        raise NotUnderstood(str(why)) from None
    return text


def _store(door: Door, text: str, size: int, ping: Ping | None, now: datetime) -> int:
    heartbeat_id, kind, exit_code = (door.heartbeat_id, ping.kind, ping.exit_code) if ping else (None, "", None)
    rows = STORE.rows([door.credential_id, door.gate.authorisation_id, heartbeat_id, door.source, kind, exit_code, text, size, now])
    if not rows:
        raise GateShut(Gate(door.gate.environment_id, door.gate.customer_id, None, None, door.gate.time_zone, Shut.UNAUTHORISED))
    return int(rows[0][0])


def _log_of(body: bytes) -> str:
    """The end of what a job wrote, as far as it is text."""
    return clean_words(body[-4 * LONGEST_LOG :].decode(errors="replace")[-LONGEST_LOG:], LONGEST_LOG)


def _reject(door: Door, refused: SignalRefused, now: datetime) -> None:
    values: dict[str, Any] = {
        "customer": door.gate.customer_id,
        "environment": door.gate.environment_id,
        "reason": refused.reason,
        "status": refused.status,
        "detail": refused.detail[:200],
        "credential": door.credential_id,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(REJECT, values)
