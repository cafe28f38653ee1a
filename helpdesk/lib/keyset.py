"""Pages of a list by the last row seen: no page costs more than the first, and no row is shown twice when others arrive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db.models import Q, QuerySet

M = TypeVar("M")
PAGE = 50


@dataclass(frozen=True)
class Page(Generic[M]):
    """`next_cursor`: what to ask with for the rows after these; empty on the last page."""

    rows: Sequence[M]
    next_cursor: str


def page_by_instant(rows: "QuerySet[Any, M]", field: str, cursor: str, size: int = PAGE) -> Page[M]:
    """Newest first by `field`, then id, both of which the rows have. A cursor that is not one of ours starts from the beginning."""
    place = _read(cursor)
    if place is not None:
        instant, pk = place
        rows = rows.filter(Q(**{f"{field}__lt": instant}) | Q(**{field: instant, "pk__lt": pk}))
    return cut(list(newest(rows, field, size)), field, size)


def newest(rows: "QuerySet[Any, M]", field: str, size: int = PAGE) -> "QuerySet[Any, M]":
    """The first of them by which a page and whether there is another are told."""
    return rows.order_by(f"-{field}", "-pk")[: size + 1]


def cut(found: list[M], field: str, size: int = PAGE) -> Page[M]:
    """A page of what `newest` found."""
    if len(found) <= size:
        return Page(found, "")
    found.pop()
    last: Any = found[-1]
    micros = round(getattr(last, field).timestamp() * 1_000_000)
    return Page(found, f"{micros}-{last.pk}")


def _read(cursor: str) -> tuple[datetime, int] | None:
    micros, _dash, pk = cursor.partition("-")
    if not (micros.isdecimal() and pk.isdecimal() and len(micros) < 17 and len(pk) < 19):
        return None
    return datetime.fromtimestamp(int(micros) // 1_000_000, UTC).replace(microsecond=int(micros) % 1_000_000), int(pk)
