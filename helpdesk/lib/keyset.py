"""Pages of a list by the last row seen: no page costs more than the first, and no row is shown twice when others arrive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[M]):
    """`next_cursor`: what to ask with for the rows after these; empty on the last page."""

    rows: Sequence[M]
    next_cursor: str


def page_by_instant(rows: QuerySet[M], field: str, cursor: str, size: int = 50) -> Page[M]:
    """Newest first by `field`, then id. A cursor that is not one of ours starts from the beginning."""
    place = _read(cursor)
    if place is not None:
        instant, pk = place
        rows = rows.filter(Q(**{f"{field}__lt": instant}) | Q(**{field: instant, "pk__lt": pk}))
    found = list(rows.order_by(f"-{field}", "-pk")[: size + 1])
    if len(found) <= size:
        return Page(found, "")
    found.pop()
    last = found[-1]
    micros = round(getattr(last, field).timestamp() * 1_000_000)
    return Page(found, f"{micros}-{last.pk}")


def _read(cursor: str) -> tuple[datetime, int] | None:
    micros, _dash, pk = cursor.partition("-")
    if not (micros.isdecimal() and pk.isdecimal() and len(micros) < 17 and len(pk) < 19):
        return None
    return datetime.fromtimestamp(int(micros) // 1_000_000, UTC).replace(microsecond=int(micros) % 1_000_000), int(pk)
