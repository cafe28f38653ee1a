"""Owing mail, sending it, and putting right what failed."""

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings

from accounts import audit
from accounts.models import Person
from accounts.tenancy import acting_for, as_provider
from notifications import bell
from notifications.models import Mail, Mute

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))
ATTEMPTS = len(PAUSES) + 1


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What one mail says, in its reader's language. `needs`: what we need from them; `reason`: why they get this."""

    subject: str
    headline: str
    body_text: str = ""
    body_html: str = ""
    needs: str = ""
    status_line: str = ""
    quoted_text: str = ""
    action_label: str = ""
    action_url: str = ""
    reason: str = ""


def owe(
    *,
    customer_id: int | None,
    person: Person | None,
    address: str,
    language: str,
    kind: str,
    key: str,
    letter: Letter,
    thread: str = "",
    may_wait: bool = False,
    now: datetime,
) -> None:
    """Write one row of the outbox, in the transaction of what caused it. A second row with the same `key` is not written.

    `may_wait`: it goes out after MAIL_JOIN_SECONDS, together with what else the person is owed in the same `thread` by then.
    """
    with acting_for(customer_id):
        Mail.objects.bulk_create(
            [
                Mail(
                    customer_id=customer_id,
                    recipient=person,
                    address=address,
                    language=language,
                    kind=kind,
                    key=key,
                    thread=thread,
                    created_at=now,
                    due_at=now + timedelta(seconds=settings.MAIL_JOIN_SECONDS if may_wait else 0),
                    **asdict(letter),
                )
            ],
            ignore_conflicts=True,
        )
    if not may_wait:
        bell.ring_on_commit()


def without_mutes(people: Iterable[Person], kind: str) -> list[Person]:
    """Those who did not mute this kind of mail, in the order given."""
    people = list(people)
    muted = set(Mute.objects.filter(person__in=people, kind=kind).values_list("person_id", flat=True))
    return [person for person in people if person.pk not in muted]


def set_mutes(*, person: Person, kinds: Iterable[str]) -> None:
    """Mute exactly these kinds. It runs where the person is signed in, outside any customer."""
    person.mutes.exclude(kind__in=kinds).delete()
    Mute.objects.bulk_create([Mute(person=person, kind=kind) for kind in kinds], ignore_conflicts=True)


def claim(now: datetime) -> Mail | None:
    """Take the next mail for sending, alone among all relays, with what waits beside it; None when nothing is due.

    It commits before anything is sent: whoever dies now leaves a lease that runs out, and the next attempt carries the
    same Message-ID and the same contents.
    """
    with as_provider():
        mail = Mail.objects.claimable(now).order_by("due_at", "id").select_for_update(skip_locked=True).first()
        if mail is None:
            return None
        if mail.state == Mail.State.SENDING:
            mail.unknown_outcomes += 1
            if mail.attempts >= ATTEMPTS:
                _park(mail, "The process that sent it died each time.")
                return claim(now)
        elif mail.attempts == 0 and mail.thread:
            _join_waiting(mail)
        mail.state, mail.lease_until = Mail.State.SENDING, now + LEASE
        mail.attempts += 1
        mail.save(update_fields=["state", "lease_until", "attempts", "unknown_outcomes"])
    return mail


def _join_waiting(mail: Mail) -> None:
    beside = {"recipient_id": mail.recipient_id, "customer_id": mail.customer_id, "address": mail.address, "thread": mail.thread}
    waiting = Mail.objects.filter(state=Mail.State.DUE, attempts=0, **beside).exclude(pk=mail.pk)
    ids = list(waiting.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True))
    Mail.objects.filter(pk__in=ids).update(state=Mail.State.JOINED, joined_into=mail)


def mark_sent(*, mail: Mail, now: datetime) -> None:
    """It went out. A link that signs somebody in is forgotten then; only the embedded demo, whose mailbox the outbox is, keeps it."""
    changes: dict[str, object] = {"state": Mail.State.SENT, "sent_at": now, "lease_until": None, "last_error": ""}
    if mail.is_about_account and not settings.EMBEDDED:
        changes["action_url"] = ""
    with as_provider():
        _note(mail, **changes)


def mark_failed(*, mail: Mail, error: str, now: datetime) -> None:
    """Try again after a growing pause; after ATTEMPTS, park it where staff see it (NOT-4)."""
    with as_provider():
        if mail.attempts >= ATTEMPTS:
            _park(mail, error)
        else:
            _note(mail, state=Mail.State.DUE, lease_until=None, last_error=error[:500], due_at=now + PAUSES[mail.attempts - 1])


def _park(mail: Mail, error: str) -> None:
    _note(mail, state=Mail.State.PARKED, lease_until=None, last_error=error[:500], unknown_outcomes=mail.unknown_outcomes)


def _note(mail: Mail, **changes: object) -> None:
    """Write what became of this attempt, unless the lease ran out and another relay took the mail: then its result counts."""
    if not Mail.objects.filter(pk=mail.pk, state=Mail.State.SENDING, attempts=mail.attempts).update(**changes):
        log.warning("mail %s was taken by another relay after attempt %s; its result counts", mail.pk, mail.attempts)


def resend(*, actor: Person, mail: Mail, now: datetime) -> None:
    """Put a parked mail back into the queue from the start."""
    with as_provider():
        row = Mail.objects.select_for_update().get(pk=mail.pk)
        if row.state != Mail.State.PARKED:
            return
        row.state, row.attempts, row.due_at = Mail.State.DUE, 0, now
        row.save(update_fields=["state", "attempts", "due_at"])
        audit.record(actor=actor, customer_id=row.customer_id, verb="resend_mail", target=row, now=now)
    bell.ring_on_commit()
