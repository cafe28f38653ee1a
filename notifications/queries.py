"""What the outbox page shows, and what is worth watching of it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Prefetch
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


# Mails that are done grow without end; what may have gone out twice is looked for among the latest only.
LATEST = 5000
WATCHED = (Mail.State.DUE, Mail.State.SENDING, Mail.State.PARKED)


@dataclass(frozen=True)
class OutboxFigures:
    """`oldest_due_seconds`: how long ago the oldest mail that waits could have been sent; 0 when none does."""

    by_state: dict[str, int]
    oldest_due_seconds: float
    unknown_outcomes: int


def outbox_figures(now: datetime) -> OutboxFigures:
    """Three questions, each to an index, whatever the outbox has grown to."""
    counted = dict(Mail.objects.filter(state__in=WATCHED).order_by().values_list("state").annotate(Count("pk")))
    oldest = Mail.objects.filter(state=Mail.State.DUE, due_at__lte=now).aggregate(at=Min("due_at"))["at"]
    latest = Mail.objects.order_by("-pk").values("pk")[:LATEST]
    return OutboxFigures(
        by_state={str(state): counted.get(str(state), 0) for state in WATCHED},
        oldest_due_seconds=(now - oldest).total_seconds() if oldest else 0.0,
        unknown_outcomes=Mail.objects.filter(pk__in=latest, unknown_outcomes__gt=0).count(),
    )
