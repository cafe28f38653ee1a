"""A ticket with what belongs to it, read in one query: a page needs a dozen small lists of it, and each query has its price."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet

from accounts.models import Customer, Person, StaffMember
from contracts.models import Contract, Environment, Product, Version
from helpdesk.lib.prepared import Prepared, name_of, rows_of
from tickets.models import File, Hold, Satisfaction, Ticket, Watcher


@dataclass(frozen=True)
class Follower:
    """Somebody who is told besides the requester; staff who follow are `internal`."""

    person_id: int
    name: str
    internal: bool


@dataclass(frozen=True)
class HoldInPlace:
    pk: int
    reason: str
    since: datetime


@dataclass(frozen=True)
class Rating:
    """The customer's latest answer to how it was solved."""

    level: str
    person_id: int
    at: datetime


@dataclass(frozen=True)
class FileOf:
    """A file that a message took. `size` in bytes."""

    pk: int
    message_id: int
    name: str
    size: int


@dataclass(frozen=True)
class Whole:
    """A ticket, the names of what it refers to, and its short lists; names are empty for what is not given or not the reader's to know.

    `follow_up_of`: the ticket before, where the reader may see it.
    """

    ticket: Ticket
    customer: str
    product: str
    version: str
    environment: str
    contract: str
    requester: str
    assignee: str
    follow_up_of: int | None
    follow_ups: Sequence[int]
    followers: Sequence[Follower]
    holds: Sequence[HoldInPlace]
    rating: Rating | None
    files: Sequence[FileOf]


def whole_ticket(number: int) -> Whole | None:
    """None for what does not exist and for what the present scope does not show alike."""
    row = _whole.first(number)
    return _of(row) if row is not None else None


def _of(row: Any) -> Whole:
    rated = next((Rating(one["level"], one["person"], datetime.fromisoformat(one["rated_at"])) for one in row.rating_rows), None)
    return Whole(
        ticket=row,
        customer=row.customer_name,
        product=row.product_name,
        version=row.version_number or "",
        environment=row.environment_name or "",
        contract=row.contract_number,
        requester=row.requester_name or "",
        assignee=row.assignee_name or "",
        follow_up_of=next((one["id"] for one in row.before_rows), None),
        follow_ups=[one["id"] for one in row.after_rows],
        followers=[Follower(**one) for one in row.follower_rows if one["name"] is not None],
        holds=[HoldInPlace(one["id"], one["reason"], datetime.fromisoformat(one["since"])) for one in row.hold_rows],
        rating=rated,
        files=[FileOf(one["id"], one["message"], one["name"], one["size"]) for one in row.file_rows],
    )


def _with_all(tickets: "QuerySet[Ticket]") -> "QuerySet[Ticket]":
    this = {"ticket": OuterRef("pk")}
    followers = Watcher.objects.filter(**this).annotate(name=name_of(Person, "person_id", "name")).order_by("name")
    return tickets.annotate(
        customer_name=name_of(Customer, "customer_id", "name"),
        product_name=name_of(Product, "product_id", "name"),
        version_number=name_of(Version, "version_id", "number"),
        environment_name=name_of(Environment, "environment_id", "name"),
        contract_number=name_of(Contract, "contract_id", "number"),
        requester_name=name_of(Person, "requester_id", "name"),
        assignee_name=name_of(StaffMember, "assignee_id", "display_name"),
        before_rows=rows_of(Ticket.objects.filter(pk=OuterRef("follow_up_of_id")), "id"),
        after_rows=rows_of(Ticket.objects.filter(follow_up_of=OuterRef("pk")).order_by("pk"), "id"),
        follower_rows=rows_of(followers, "person_id", "name", "internal"),
        hold_rows=rows_of(Hold.objects.filter(**this, released_at=None).order_by("since"), "id", "reason", "since"),
        rating_rows=rows_of(Satisfaction.objects.filter(**this), "level", "person", "rated_at"),
        file_rows=rows_of(File.objects.filter(message__ticket=OuterRef("pk")).order_by("pk"), "id", "message", "name", "size"),
    )


_whole: Prepared[Any] = Prepared(lambda number: _with_all(Ticket.objects.filter(pk=number)))
