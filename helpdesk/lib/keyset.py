"""Pages of a list by the last row seen: no page costs more than the first, and no row is shown twice when others arrive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar

from django.db.models import DateTimeField, F, Func, Q, QuerySet, Value
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual

M = TypeVar("M")
PAGE = 50
NEVER = "never"  # in a cursor: a row without an instant to come


@dataclass(frozen=True)
class Page(Generic[M]):
    """`next_cursor`: what to ask with for the rows after these; empty on the last page."""

    rows: Sequence[M]
    next_cursor: str


class Place(NamedTuple):
    """Where a row stands in an order: instants and an id, or expressions for them. `due`: None where it has none."""

    changed: Any
    pk: Any
    due: Any = None


def soonest(due: Any) -> Func:
    """An expression for an instant, as lists are sorted by it: what has none comes last. Indexes have it word for word."""
    return Func(due, template="COALESCE(%(expressions)s, 'infinity'::timestamptz)", output_field=DateTimeField())


@dataclass(frozen=True)
class Order:
    """What a list is sorted by: the soonest `due` first, where the order has that column; then the newest `changed`, then the id."""

    changed: str
    due: str = ""

    def sort(self, rows: "QuerySet[Any, M]") -> "QuerySet[Any, M]":
        return rows.order_by(*([soonest(F(self.due)).asc()] if self.due else []), f"-{self.changed}", "-pk")

    def sort_backwards(self, rows: "QuerySet[Any, M]") -> "QuerySet[Any, M]":
        return rows.order_by(*([soonest(F(self.due)).desc()] if self.due else []), self.changed, "pk")

    def after(self, place: Place) -> Q:
        """A condition for the rows after a place, where there need not be a row any more."""
        older = _older(self.changed, place)
        if not self.due:
            return older
        own, its = soonest(F(self.due)), _due(place)
        return Q(GreaterThanOrEqual(own, its)) & (Q(GreaterThan(own, its)) | older)

    def before(self, place: Place) -> Q:
        newer = _newer(self.changed, place)
        if not self.due:
            return newer
        own, its = soonest(F(self.due)), _due(place)
        return Q(LessThanOrEqual(own, its)) & (Q(LessThan(own, its)) | newer)

    def place_of(self, row: Any) -> Place:
        return Place(getattr(row, self.changed), row.pk, getattr(row, self.due) if self.due else None)

    def cursor_of(self, row: Any) -> str:
        place = self.place_of(row)
        due = [NEVER if place.due is None else _written(place.due)] if self.due else []
        return "-".join([*due, _written(place.changed), str(place.pk)])

    def read(self, cursor: str) -> Place | None:
        """The place that a cursor of this order names; None for anything else."""
        *due, changed, pk = ["", "", *cursor.split("-")][-3 if self.due else -2 :]
        if cursor.count("-") != len(due) + 1 or not (_is_number(changed, 16) and _is_number(pk, 18)):
            return None
        if due in ([], [NEVER]):
            return Place(_instant(changed), int(pk))
        return Place(_instant(changed), int(pk), _instant(due[0])) if _is_number(due[0], 16) else None


def page(rows: "QuerySet[Any, M]", order: Order, cursor: str, size: int = PAGE) -> Page[M]:
    """The rows after a cursor; they have the order's columns. A cursor that is none of this order starts from the beginning."""
    place = order.read(cursor)
    if place is not None:
        rows = rows.filter(order.after(place))
    return cut(list(first(rows, order, size)), order, size)


def first(rows: "QuerySet[Any, M]", order: Order, size: int = PAGE) -> "QuerySet[Any, M]":
    """As many as tell a page, and whether there is another."""
    return order.sort(rows)[: size + 1]


def cut(found: list[M], order: Order, size: int = PAGE) -> Page[M]:
    """A page of what `first` found."""
    if len(found) <= size:
        return Page(found, "")
    found.pop()
    return Page(found, order.cursor_of(found[-1]))


def _due(place: Place) -> Func:
    return soonest(place.due if hasattr(place.due, "resolve_expression") else Value(place.due, DateTimeField()))


# Each first condition, here and above, says no more than the second does, but an index answers it.
def _older(column: str, place: Place) -> Q:
    return Q(**{f"{column}__lte": place.changed}) & (Q(**{f"{column}__lt": place.changed}) | Q(pk__lt=place.pk))


def _newer(column: str, place: Place) -> Q:
    return Q(**{f"{column}__gte": place.changed}) & (Q(**{f"{column}__gt": place.changed}) | Q(pk__gt=place.pk))


def _written(instant: datetime) -> str:
    return str(round(instant.timestamp() * 1_000_000))


def _is_number(text: str, longest: int) -> bool:
    return text.isdecimal() and len(text) <= longest


def _instant(micros: str) -> datetime:
    whole, part = divmod(int(micros), 1_000_000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=part)
