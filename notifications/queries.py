"""What the outbox page shows."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch
from django.db.models.functions import Lower

from accounts.models import Customer, Membership, Person
from notifications.fate import Mark, mark_in_words
from notifications.marks import ONE_TRY_EACH
from notifications.models import BouncingAddress, Mail


def outbox_page(*, state: str, words: str, before: int | None, size: int = 50) -> list[Mail]:
    """Newest first, one more than `size` when there are more; `words` is looked for in address and subject.

    Without a state all that is or was owed: what was not sent because its reader muted it is looked for by that.
    """
    mails = Mail.objects.select_related("recipient", "customer").order_by("-id")
    mails = mails.filter(state=state) if state else mails.exclude(state=Mail.State.MUTED)
    if words:
        mails = mails.filter(address__icontains=words) | mails.filter(subject__icontains=words)
    if before is not None:
        mails = mails.filter(pk__lt=before)
    return list(mails[: size + 1])


def parked_count(cap: int = 99) -> int:
    """How many mails need a person, counted up to one more than `cap`."""
    return Mail.objects.filter(state=Mail.State.PARKED)[: cap + 1].count()


def bouncing_count(cap: int = 99) -> int:
    """How many addresses bounce, counted up to one more than `cap`."""
    return BouncingAddress.objects.standing()[: cap + 1].count()


@dataclass(frozen=True)
class AddressRow:
    """An address that bounces, with the people who read it and their companies. `next_try_at`: None when the next mail may try it."""

    mark: Mark
    next_try_at: datetime | None
    people: list[tuple[str, list[Customer]]]


def addresses_page(*, before: int | None, now: datetime, size: int = 50) -> list[AddressRow]:
    """Addresses that bounce, last marked first; one more than `size` when there are more."""
    rows = BouncingAddress.objects.standing().order_by("-id")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: size + 1])
    people = Person.objects.annotate(small=Lower("email")).filter(small__in=[row.address for row in found])
    in_force = Prefetch("memberships", Membership.objects.filter(ended_at=None).select_related("customer"), to_attr="present")
    readers: dict[str, list[tuple[str, list[Customer]]]] = {}
    for person in people.prefetch_related(in_force):
        readers.setdefault(person.email.lower(), []).append((person.name, [membership.customer for membership in person.present]))
    return [AddressRow(mark_in_words(row), _next_try_at(row, now), readers.get(row.address, [])) for row in found]


def _next_try_at(row: BouncingAddress, now: datetime) -> datetime | None:
    at = row.tried_at + ONE_TRY_EACH
    return at if at > now else None
