"""Owing mail, sending it, and putting right what failed."""

import logging
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import Exists, OuterRef, Q

from accounts import audit
from accounts.models import Person, StaffRole
from accounts.tenancy import Scope, acting_for, as_provider, at_once
from helpdesk.lib.prepared import Prepared, among
from helpdesk.lib.writing import LEAVE, Insert
from notifications import bell, bounces, marks, readers
from notifications.bounces import NO_REFUSAL, Verdict
from notifications.models import BouncingAddress, Mail, Mute
from notifications.reasons import NO_LONGER_FOR_THEM, NO_LONGER_FOR_THEM_AND_TRIED

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))
ATTEMPTS = len(PAUSES) + 1
MAY_HAVE_ARRIVED = "Its sending was cut off: it may have arrived."
KEPT_BACK_FOR = timedelta(days=3)  # what waited so long for an address that bounces has bounced too
# Reports come late, twice and in any order: what is later in a mail's life wins, so that their order does not matter.
LATER = {Mail.State.SENT: 1, Mail.State.DELIVERED: 2, Mail.State.BOUNCED: 3, Mail.State.COMPLAINED: 4}
OUR_MESSAGE_ID = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:@.*)?", re.IGNORECASE)


class Choice(TypedDict):
    """One of several answers that a mail offers."""

    label: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What one mail says, in its reader's language. `needs`: what we need from them; `reason`: why they get this.

    `status_line`: the state, and on further lines what follows from it, such as what is promised next.
    `choices`: answers to what it says, beside its one button.
    """

    subject: str
    headline: str
    body_text: str = ""
    body_html: str = ""
    needs: str = ""
    status_line: str = ""
    quoted_text: str = ""
    action_label: str = ""
    action_url: str = ""
    choices: list[Choice] | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Owed:
    """One mail to one person. `key`: a second one with the same is not written. `thread`: with what else it may go out together.

    `about`: the row that it tells of. `muted`: its reader wants no such mail; that they were not sent one is written down.
    `may_wait`: it goes out after MAIL_JOIN_SECONDS, together with what else the person is owed in the same `thread` by then.
    `not_before`: it goes out no earlier. `list_id`: the list that it is an announcement to. `never_twice`: when nobody knows whether it
    went out, it waits for a person instead of going out again.
    """

    person: Person | None
    address: str
    language: str
    kind: str
    key: str
    letter: Letter
    thread: str = ""
    about: models.Model | None = None
    muted: bool = False
    may_wait: bool = False
    not_before: datetime | None = None
    list_id: str = ""
    never_twice: bool = False


def owe(*, customer_id: int | None, now: datetime, **owed: Any) -> None:
    """Write one row of the outbox, in the transaction of what caused it; see `Owed`."""
    owe_all(customer_id=customer_id, mails=[Owed(**owed)], now=now)


def owe_all(*, customer_id: int | None, mails: Sequence[Owed], now: datetime) -> None:
    """The same for all that one thing causes, by one statement."""
    with acting_for(customer_id):
        _insert_mails([_row(owed, customer_id, now) for owed in mails])
    if any(not owed.may_wait and not owed.muted for owed in mails):
        bell.ring_on_commit()


def owe_each(*, mails: Sequence[tuple[int, Owed]], now: datetime) -> None:
    """What a sweep owes to people of many customers, each with the customer's id, by one statement."""
    with as_provider():
        _insert_mails([_row(owed, customer_id, now) for customer_id, owed in mails])
    bell.ring_on_commit()


_insert_mails = Insert(Mail, on_conflict=LEAVE)


def cancel_waiting(*, about: models.Model, kinds: Sequence[str]) -> list[Mail]:
    """Take back mails that tell of a row and wait, for the first try or the next; which those are. What a relay holds goes on."""
    with as_provider():
        waiting = Mail.objects.filter(about_table=about._meta.db_table, about_id=about.pk, kind__in=kinds, state=Mail.State.DUE)
        rows = list(waiting.select_for_update(skip_locked=True).order_by("pk"))
        Mail.objects.filter(pk__in=[mail.pk for mail in rows]).update(state=Mail.State.CANCELLED)
    return rows


def withdraw_waiting(*, about: "models.QuerySet[Any]", may_read: "models.QuerySet[Any]") -> int:
    """Mails that tell of these rows, and wait, no longer go out to who may not read them now; returns how many. Staff keep theirs.

    `may_read`: ids of those of the customer who may. For the command that takes the right away, in its transaction: a relay that is
    just taking one is waited for, and asks for itself before it hands it over (`withdraw_if_hidden`). So does the one that has its turn
    with what may have arrived already, which is then told of it.
    """
    waiting = Mail.objects.filter(about_table=about.model._meta.db_table, about_id__in=about.values("pk"), unknown_outcomes=0)
    waiting = waiting.filter(state__in=[Mail.State.DUE, Mail.State.PARKED]).exclude(recipient__in=may_read)
    hidden = waiting.exclude(recipient=None).exclude(recipient__in=StaffRole.objects.values("member"))
    ids = list(hidden.select_for_update().order_by("pk").values_list("pk", flat=True))
    return Mail.objects.filter(pk__in=ids).update(state=Mail.State.CANCELLED, last_error=NO_LONGER_FOR_THEM)


def withdraw_if_hidden(*, mail: Mail) -> bool:
    """Whether a claimed mail stays here for good, since its reader may no longer see what it tells of: asked last before it is handed over.

    Whatever took the right away - a ticket that became private, a role, a membership that ended - and however the mail came here: for
    the first time, again after a failure, or sent again by staff.
    """
    if readers.may_read(mail):
        return False
    reason = NO_LONGER_FOR_THEM_AND_TRIED if mail.unknown_outcomes else NO_LONGER_FOR_THEM
    with as_provider():
        _note(mail, state=Mail.State.CANCELLED, lease_until=None, attempts=mail.attempts - 1, last_error=reason)
    return True


def _row(owed: Owed, customer_id: int | None, now: datetime) -> Mail:
    return Mail(
        customer_id=customer_id,
        recipient=owed.person,
        address=owed.address,
        language=owed.language,
        kind=owed.kind,
        key=owed.key,
        thread=owed.thread,
        about_table=owed.about._meta.db_table if owed.about else "",
        about_id=owed.about.pk if owed.about else None,
        state=Mail.State.MUTED if owed.muted else Mail.State.DUE,
        created_at=now,
        due_at=max(owed.not_before or now, now + timedelta(seconds=settings.MAIL_JOIN_SECONDS if owed.may_wait else 0)),
        list_id=owed.list_id,
        never_twice=owed.never_twice,
        **vars(owed.letter),
    )


def who_muted(person_ids: Sequence[int], kinds: Sequence[str]) -> set[tuple[int, str]]:
    """Who of them wants no mail of which of these kinds."""
    return set(mutes(person_ids, kinds)) if person_ids else set()


mutes = Prepared(
    lambda people, kinds: Mute.objects.filter(among("person_id", people), among("kind", kinds)).values_list("person_id", "kind")
)


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
        mail = _in_turn(now).order_by("due_at", "id").select_for_update(skip_locked=True).first()
        if mail is None:
            return None
        if mail.state == Mail.State.SENDING:
            mail.unknown_outcomes += 1
            if mail.attempts >= ATTEMPTS or mail.never_twice:
                error = MAY_HAVE_ARRIVED if mail.never_twice else "The process that sent it died each time."
                _note(mail, state=Mail.State.PARKED, lease_until=None, last_error=error, unknown_outcomes=mail.unknown_outcomes)
                return claim(now)
        elif mail.attempts == 0 and mail.thread and not mail.never_twice:
            _join_waiting(mail)
        mail.state, mail.lease_until = Mail.State.SENDING, now + LEASE
        mail.attempts += 1
        mail.save(update_fields=["state", "lease_until", "attempts", "unknown_outcomes"])
    return mail


def _in_turn(now: datetime) -> "models.QuerySet[Mail]":
    """What can be claimed and would overtake nothing: two relays at once tell a person of one thread in its order, too."""
    same = {name: OuterRef(name) for name in ("recipient", "address", "thread")}
    earlier = Mail.objects.filter(**same, pk__lt=OuterRef("pk"), never_twice=False).exclude(thread="").order_by()
    # Apart, since each has an index of its own.
    on_its_way = Exists(earlier.filter(state=Mail.State.SENDING, lease_until__gt=now))
    comes_first = Exists(earlier.filter(state=Mail.State.DUE, due_at__lte=now))
    return Mail.objects.claimable(now).exclude(on_its_way).exclude(comes_first)


def _join_waiting(mail: Mail) -> None:
    beside = {"recipient_id": mail.recipient_id, "customer_id": mail.customer_id, "address": mail.address, "thread": mail.thread}
    waiting = Mail.objects.filter(state=Mail.State.DUE, attempts=0, **beside).exclude(pk=mail.pk)
    ids = list(waiting.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True))
    # What had been joined into one of them comes along: it was kept back or failed as a whole, and goes out as a whole.
    Mail.objects.filter(joined_into__in=ids).update(joined_into=mail)
    Mail.objects.filter(pk__in=ids).update(state=Mail.State.JOINED, joined_into=mail)


def is_marked(mail: Mail) -> bool:
    """Whether mail to its address comes back, as far as we know."""
    with as_provider():
        return BouncingAddress.objects.standing().filter(address=mail.address.lower()).exists()


def keep_back(*, mail: Mail, now: datetime) -> bool:
    """Whether a claimed mail stays here for now: its address bounces, and another mail tries it today (NOT-4).

    It waits for the next try without counting an attempt; after KEPT_BACK_FOR it has bounced too. Mail about an account always goes.
    """
    with as_provider():
        mark = BouncingAddress.objects.standing().filter(address=mail.address.lower()).first()
        if mark is None or mail.is_about_account or marks.take_todays_try(mark, mail, now):
            return False
        if now - mail.created_at > KEPT_BACK_FOR:
            _note(mail, state=Mail.State.BOUNCED, outcome_at=now, lease_until=None, last_error=mark.reason)
        else:
            waits = {"due_at": mark.tried_at + marks.ONE_TRY_EACH, "attempts": mail.attempts - 1}
            _note(mail, state=Mail.State.DUE, lease_until=None, last_error=mark.reason, **waits)
    return True


def mark_sent(*, mail: Mail, service_id: str = "", now: datetime) -> None:
    """It went out. A link that signs somebody in is forgotten then; only the embedded demo, whose mailbox the outbox is, keeps it.

    `service_id`: the name under which a mail service will report on it.
    """
    changes = {"state": Mail.State.SENT, "sent_at": now, "lease_until": None, "last_error": "", "service_id": service_id[:200]}
    with as_provider():
        if _note(mail, **changes, **_without_link(mail)):
            marks.lift(BouncingAddress.objects.filter(address=mail.address.lower(), refused_at_once=True), now=now)


def _without_link(mail: Mail) -> dict[str, object]:
    return {"action_url": ""} if mail.is_about_account and not settings.EMBEDDED else {}


# In one round trip and with one wait for the disk: of thousands of announcements, these are most of what each costs.
_SENT_AND_NEXT = """
    UPDATE notifications_mail SET state = 'sent', sent_at = %s, lease_until = NULL, last_error = '', service_id = %s
        WHERE id = %s AND state = 'sending' AND attempts = %s;
    UPDATE notifications_mail SET state = 'sending', lease_until = %s, attempts = 1 WHERE id = (
        SELECT m.id FROM notifications_mail m WHERE m.state = 'due' AND m.due_at <= %s AND m.never_twice AND m.attempts = 0 AND NOT EXISTS (
            SELECT FROM notifications_bouncingaddress b WHERE b.cleared_at IS NULL AND b.address = lower(m.address))
        AND (m.recipient_id IS NULL OR m.customer_id IS NULL OR {belongs})
        ORDER BY m.due_at, m.id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING {columns}
"""


def sent_and_next(*, mail: Mail, service_id: str = "", now: datetime) -> Mail | None:
    """An announcement went out: note it, and take the next one in the same transaction; None when none is due.

    Not for mail of which something must be forgotten once it is sent, nor to an address that is marked or to who left the company. What
    died before this has one mail in doubt, as ever.
    """
    columns = [str(field.column) for field in Mail._meta.concrete_fields]
    sql = _SENT_AND_NEXT.format(
        columns=", ".join(columns), belongs=readers.BELONGS.format(customer="m.customer_id", person="m.recipient_id")
    )
    parameters = (now, service_id[:200], mail.pk, mail.attempts, now + LEASE, now)
    rows = at_once(Scope("provider"), sql, parameters)
    return Mail.from_db(DEFAULT_DB_ALIAS, [field.attname for field in Mail._meta.concrete_fields], rows[0]) if rows else None


def mark_failed(*, mail: Mail, error: str, refusal: Verdict = NO_REFUSAL, may_have_arrived: bool = False, now: datetime) -> None:
    """Try again after a growing pause; after ATTEMPTS, park it where staff see it (NOT-4). What is refused for good bounces at once.

    `may_have_arrived`: the server fell silent with the whole mail in its hands, which is counted as an unknown outcome.
    """
    error, unknown = error.replace("\0", "")[:500], mail.unknown_outcomes + may_have_arrived
    with as_provider():
        if refusal.is_bounce:
            _bounce(mail, error, refusal, now)
        elif mail.attempts >= ATTEMPTS or (may_have_arrived and mail.never_twice):
            _note(mail, state=Mail.State.PARKED, lease_until=None, last_error=error, unknown_outcomes=unknown)
        else:
            due = now + PAUSES[mail.attempts - 1]
            _note(mail, state=Mail.State.DUE, lease_until=None, last_error=error, due_at=due, unknown_outcomes=unknown)


def _bounce(mail: Mail, error: str, refusal: Verdict, now: datetime) -> None:
    bounced = _note(mail, state=Mail.State.BOUNCED, outcome_at=now, lease_until=None, last_error=error)
    if bounced and refusal.of_address:
        marks.set_mark(mail=mail, reason=error, refused_at_once=True, at=now)


def _note(mail: Mail, **changes: object) -> bool:
    """Write what became of this attempt, unless the lease ran out and another relay took the mail, or a report came first: that counts."""
    noted = Mail.objects.filter(pk=mail.pk, state=Mail.State.SENDING, attempts=mail.attempts).update(**changes)
    if not noted:
        log.warning("mail %s was taken by another relay after attempt %s, or reported on; that result counts", mail.pk, mail.attempts)
    return bool(noted)


def report(
    *, names: Iterable[str], outcome: str, reason: str = "", of_address: bool = False, at: datetime | None = None, now: datetime
) -> Mail | None:
    """What a mail service or a bounce says became of a mail: delivered, bounced or complained. None: no mail of ours has such a name.

    `names`: ids by which the reporter may know it, ours or its own. The same report twice, or two in the wrong order, change nothing more.
    """
    with as_provider():
        mail = _named(names)
        if mail is None or LATER[Mail.State(outcome)] <= _stage(mail):
            return mail
        moment = at if at is not None and mail.created_at <= at <= now else now
        mail.state, mail.outcome_at, mail.lease_until = outcome, moment, None
        mail.last_error = "" if outcome == Mail.State.DELIVERED else reason[:500]
        mail.sent_at = mail.sent_at or moment
        changes = {name: getattr(mail, name) for name in ("state", "outcome_at", "lease_until", "last_error", "sent_at")}
        Mail.objects.filter(pk=mail.pk).update(**changes, **_without_link(mail))
        if outcome == Mail.State.BOUNCED and of_address:
            marks.set_mark(mail=mail, reason=reason, refused_at_once=False, at=moment)
        elif outcome == Mail.State.DELIVERED:
            marks.lift(BouncingAddress.objects.filter(address=mail.address.lower(), last_at__lte=moment), now=now)
    return mail


@dataclass(frozen=True)
class Taken:
    """What a mail to our sender's address turned out to be. `action`: bounced, delivered or ignored; `mail`: the one it speaks of, if any."""

    action: str
    reason: str
    mail: int | None = None


def take_bounce(*, raw: bytes, now: datetime) -> Taken:
    """Read a bounce that came as mail and note what it says. Whatever comes in, the answer is one of these; nothing is raised for it."""
    found = bounces.read(raw)
    if found is None:
        return Taken("ignored", "This is no delivery report.")
    outcome = {"failed": Mail.State.BOUNCED, "delivered": Mail.State.DELIVERED}.get(found.action)
    if outcome is None:
        return Taken("ignored", f"The report says “{found.action[:40]}”: nothing is final yet.")
    with as_provider():
        mail = _named(found.message_ids)
        if mail is None:
            return Taken("ignored", "It is about no mail of ours.")
        of_address = bounces.verdict(f"{found.status} {found.reason}").of_address and found.concerns(mail.address)
        report(names=[mail.message_id], outcome=outcome, reason=found.reason or found.status, of_address=of_address, now=now)
    return Taken(str(outcome), found.reason or found.status, mail.pk)


def _named(names: Iterable[str]) -> Mail | None:
    stripped = (name.strip("<> ")[:200] for name in names if name.isprintable())
    names = [name for name in stripped if name]  # most mails have an empty service_id, which an empty name would find
    ours = [uuid.UUID(match[1]) for match in map(OUR_MESSAGE_ID.fullmatch, names) if match]
    condition = Q(message_uuid__in=ours) | Q(service_id__in=names)
    return Mail.objects.filter(condition).order_by("pk").select_for_update().first() if names else None


def _stage(mail: Mail) -> int:
    """How far in its life a mail is, by LATER; past all reports if it was never handed over, so that none can be about it."""
    handed_over = mail.attempts > 0 and mail.state not in {Mail.State.JOINED, Mail.State.MUTED}
    return LATER.get(Mail.State(mail.state), 0) if handed_over else max(LATER.values())


def resend(*, actor: Person, mail: Mail, now: datetime) -> None:
    """Put a mail that failed or bounced back into the queue from the start, to where its reader has mail today.

    A bounced one gets a new Message-ID: late reports about the old copy are then about none. Its address is trusted again.
    """
    with as_provider():
        row = Mail.objects.select_for_update().get(pk=mail.pk)
        if not row.may_be_sent_again:
            return
        if row.state == Mail.State.BOUNCED:
            row.message_uuid, row.service_id, row.outcome_at, row.sent_at = uuid.uuid4(), "", None, None
        if row.recipient is not None and not row.is_about_account:
            row.address = row.recipient.email
        row.state, row.attempts, row.due_at = Mail.State.DUE, 0, now
        row.save(update_fields=["state", "attempts", "due_at", "address", "message_uuid", "service_id", "outcome_at", "sent_at"])
        audit.record(actor=actor, customer_id=row.customer_id, verb="resend_mail", target=row, now=now)
        marks.lift(BouncingAddress.objects.filter(address=row.address.lower()), actor=actor, now=now)
    bell.ring_on_commit()


def note_arrived(*, actor: Person, mail: Mail, now: datetime) -> None:
    """A person found out that a mail of unknown outcome did arrive; no effect on any other."""
    with as_provider():
        row = Mail.objects.select_for_update().get(pk=mail.pk)
        if not row.may_have_arrived:
            return
        row.state, row.sent_at, row.last_error = Mail.State.SENT, now, ""
        row.save(update_fields=["state", "sent_at", "last_error"])
        audit.record(actor=actor, customer_id=row.customer_id, verb="note_mail_arrived", target=row, now=now)


def resend_all(*, actor: Person, about: models.Model, kinds: Sequence[str], now: datetime) -> int:
    """Put everything back into the queue that tells of a row and is known not to have arrived; returns how many.

    What may have arrived is left to a person, one by one.
    """
    with as_provider():
        failed = Mail.objects.filter(about_table=about._meta.db_table, about_id=about.pk, kind__in=kinds, unknown_outcomes=0)
        rows = list(failed.filter(state__in=[Mail.State.PARKED, Mail.State.BOUNCED]).order_by("pk"))
        for mail in rows:
            resend(actor=actor, mail=mail, now=now)
    return len(rows)


def try_address_again(*, actor: Person, mark: BouncingAddress, now: datetime) -> None:
    """Trust an address again, and send what waits for it; no effect on a mark that is lifted already."""
    with as_provider():
        if marks.lift(BouncingAddress.objects.filter(pk=mark.pk), actor=actor, now=now):
            audit.record(actor=actor, customer_id=None, verb="try_address_again", target=mark, now=now)
    bell.ring_on_commit()


def review_addresses(*, now: datetime) -> int:
    """Lift the marks of addresses that work again or that nobody reads; returns how many."""
    with as_provider():
        return marks.review(now)
