"""What became of mails, as staff read it: beside what they tell of, and for addresses that bounce (NOT-5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db.models import CharField, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Invitation, Person, StaffMember
from helpdesk.lib.prepared import Prepared, Question, among, name_of
from notifications.models import BouncingAddress, Mail
from notifications.reasons import NO_LONGER_FOR_THEM, NO_LONGER_FOR_THEM_AND_TRIED, in_words

State = Mail.State
# What each state is called after a reader's name, and the instant that goes with it.
WORDS: dict[str, "tuple[str | Promise, str]"] = {
    State.DUE: (gettext_lazy("mail, waiting since"), "created_at"),
    State.SENDING: (gettext_lazy("mail, being sent since"), "due_at"),
    State.SENT: (gettext_lazy("mail, sent"), "sent_at"),
    State.DELIVERED: (gettext_lazy("mail, delivered"), "outcome_at"),
    State.BOUNCED: (gettext_lazy("mail, bounced"), "outcome_at"),
    State.COMPLAINED: (gettext_lazy("mail, marked as spam"), "outcome_at"),
    State.PARKED: (gettext_lazy("mail, could not be sent; owed since"), "created_at"),
    State.MUTED: (gettext_lazy("muted: on their pages only"), ""),
    State.CANCELLED: (gettext_lazy("not sent: no longer true"), ""),
}
# The same of one that was withdrawn, by why.
WITHDRAWN: dict[str, "str | Promise"] = {
    NO_LONGER_FOR_THEM: gettext_lazy("not sent: may no longer see it"),
    NO_LONGER_FOR_THEM_AND_TRIED: gettext_lazy("not sent again: may no longer see it; an earlier try may have arrived"),
}
WRONG = {State.BOUNCED, State.COMPLAINED, State.PARKED}


@dataclass(frozen=True)
class Fate:
    """How one reader was told. `tone`: danger when it did not reach them, warn when it is late. `mail_id`: the mail to look at."""

    mail_id: int
    name: str
    address: str
    state: str
    words: str
    at: datetime | None
    reason: str
    tone: str


@dataclass(frozen=True)
class Told:
    """Everybody who was told of one thing. `summary`: "Told 3 · 1 bounced"."""

    summary: str
    tone: str
    readers: tuple[Fate, ...] = ()


def told_about(table: str, ids: Iterable[int]) -> dict[int, Told]:
    """By the row that the mails tell of, whom they told and what became of it; one query, whatever the number of rows."""
    return told_by(told_question(table, ids).ask())


def told_question(table: str, ids: Iterable[int]) -> Question:
    """What `told_by` is made of, for a page that asks for more in the same round trip."""
    return _mails_about(table).question(list(ids))


def told_by(rows: Iterable[Sequence[Any]]) -> dict[int, Told]:
    """By the row that was told of."""
    readers: dict[int, list[Fate]] = {}
    for about_id, name, bounces_since, *columns in rows:
        own, lead = _Sent(*columns[: len(_SENT)]), _Sent(*columns[len(_SENT) :])
        readers.setdefault(about_id, []).append(_fate(lead if lead.pk else own, name, bounces_since))
    return {pk: Told(_summary(fates), _worst(fates), tuple(fates)) for pk, fates in readers.items()}


class _Sent(NamedTuple):
    """What a mail's row says of its way."""

    pk: int
    address: str
    state: str
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    outcome_at: datetime | None
    attempts: int
    last_error: str


_SENT = _Sent._fields


@cache
def _mails_about(table: str) -> "Prepared[Any]":
    """The id that each tells of, its reader's name (colleagues by their display name), since when its address bounces; its own way, and
    that of the mail it was joined into. Values, since a long ticket has some hundred of them.
    """
    marked = BouncingAddress.objects.standing().filter(address=Lower(OuterRef("address")))
    rows = Mail.objects.filter(about_table=table).annotate(
        reader=Coalesce(
            name_of(StaffMember, "recipient_id", "display_name"),
            name_of(Person, "recipient_id", "name"),
            F("address"),
            output_field=CharField(),
        ),
        bounces_since=Subquery(marked.values("since")[:1]),
    )
    columns = ("about_id", "reader", "bounces_since", *_SENT, *(f"joined_into__{name}" for name in _SENT))
    return Prepared(lambda ids: rows.filter(among("about_id", ids)).order_by("pk").values_list(*columns))


def nobody_told() -> Told:
    """For what should have been told and was not, which is worth a look."""
    return Told(_("Nobody was told"), "danger")


def _fate(mail: _Sent, name: str, bounces_since: datetime | None) -> Fate:
    """What became of one mail. `bounces_since`: its address is marked since then."""
    state = State(mail.state)
    words, column = WORDS[state]
    at, reason, tone = (getattr(mail, column) if column else None), in_words(mail.last_error), "danger" if state in WRONG else ""
    if state == State.DUE and bounces_since is not None:
        words, at, tone = _("mail, kept back: the address bounces since"), bounces_since, "danger"
    elif state == State.DUE and mail.attempts:
        words = ngettext("mail, failed %(count)s time, tried again", "mail, failed %(count)s times, tried again", mail.attempts)
        words, at, tone = words % {"count": mail.attempts}, mail.due_at, "warn"
    elif state == State.CANCELLED:
        words = WITHDRAWN.get(mail.last_error, words)
    return Fate(
        mail_id=mail.pk,
        name=name,
        address=mail.address,
        state=state,
        words=str(words),
        at=at,
        reason=reason if tone else "",
        tone=tone,
    )


def _worst(fates: Sequence[Fate]) -> str:
    tones = {one.tone for one in fates}
    return "danger" if "danger" in tones else "warn" if "warn" in tones else ""


def _summary(fates: Sequence[Fate]) -> str:
    """How many were told, and of how many that is not quite true; `kept back` and `bounced` are told apart inside."""
    muted = sum(one.state == State.MUTED for one in fates)
    cancelled = sum(one.state == State.CANCELLED for one in fates)
    bounced = sum(one.state == State.BOUNCED for one in fates)
    stuck = sum(one.tone == "danger" for one in fates) - bounced
    late = sum(one.tone == "warn" for one in fates)
    parts = [_("Told %(count)s") % {"count": len(fates) - muted - cancelled}]
    if muted:
        parts.append(_("%(count)s muted") % {"count": muted})
    if cancelled:
        parts.append(ngettext("%(count)s not any more", "%(count)s not any more", cancelled) % {"count": cancelled})
    if bounced:
        parts.append(ngettext("%(count)s bounced", "%(count)s bounced", bounced) % {"count": bounced})
    if stuck:
        parts.append(ngettext("%(count)s did not get it", "%(count)s did not get it", stuck) % {"count": stuck})
    if late:
        parts.append(ngettext("%(count)s is late", "%(count)s are late", late) % {"count": late})
    return " · ".join(parts)


@dataclass(frozen=True)
class Mark:
    """An address that mail comes back from. `reason` in words."""

    id: int
    address: str
    since: datetime
    last_at: datetime
    bounces: int
    reason: str
    mail_id: int | None


def mark_in_words(row: BouncingAddress) -> Mark:
    return Mark(row.pk, row.address, row.since, row.last_at, row.bounces, in_words(row.reason), row.mail_id)


def mail_comes_back(mark: Mark) -> str:
    """What the reader of an address that bounces is told when they sign in."""
    facts = {"address": mark.address, "day": date_format(timezone.localtime(mark.since), "SHORT_DATE_FORMAT"), "reason": mark.reason}
    return (
        _("Mail to %(address)s comes back since %(day)s: %(reason)s Check your mailbox, or ask your company's admin for another address.")
        % facts
    )


def bouncing(addresses: Iterable[str]) -> dict[str, Mark]:
    """Those of the addresses that bounce, by the address in small letters, as the present scope may know them."""
    wanted = sorted({address.lower() for address in addresses})
    return bouncing_by(_standing(wanted)) if wanted else {}


def bouncing_question(person_ids: Sequence[int]) -> Question:
    """The marks of these people's addresses, to be asked together with others, for `bouncing_by`."""
    return _standing_of.question(person_ids)


def bouncing_by(rows: Iterable[BouncingAddress]) -> dict[str, Mark]:
    return {row.address: mark_in_words(row) for row in rows}


_standing_of = Prepared(
    lambda people: BouncingAddress.objects.standing().filter(
        address__in=Person.objects.filter(among("id", people)).order_by().values(small=Lower("email"))
    )
)
_standing = Prepared(lambda addresses: BouncingAddress.objects.standing().filter(among("address", addresses)))


def bouncing_at(customer_id: int) -> dict[str, Mark]:
    """The addresses of a customer's people and of those it invited, as far as they bounce."""
    people = Person.objects.filter(memberships__customer_id=customer_id, memberships__ended_at=None).annotate(small=Lower("email"))
    invited = Invitation.objects.filter(customer_id=customer_id, accepted_at=None, revoked_at=None).annotate(small=Lower("email"))
    return bouncing_by(
        BouncingAddress.objects.standing().filter(Q(address__in=people.values("small")) | Q(address__in=invited.values("small")))
    )
