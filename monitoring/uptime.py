"""How long a sign of life was away, by days and months: pure arithmetic on spans of time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Span:
    """From `start` to `end`."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Stretch:
    """A local day or month. `known`: seconds of it that lie between the first sign of life and now; `down`: of those, without one."""

    first: date
    known: float
    down: float

    @property
    def state(self) -> str:
        """`none`, `up`, `partly` or `down` (for half of it or more)."""
        if not self.known:
            return "none"
        if not self.down:
            return "up"
        return "down" if self.down * 2 >= self.known else "partly"

    @property
    def per_mille(self) -> int | None:
        """Time with a sign of life, rounded down, so that a thousand means always; None where nothing is known."""
        return int(1000 * (self.known - self.down) / self.known) if self.known else None


def days(spans: Iterable[Span], since: datetime, now: datetime, zone: ZoneInfo, count: int) -> list[Stretch]:
    """The last so many local days, today included. `since`: from when on anything is known."""
    today = now.astimezone(zone).date()
    return _stretches(spans, since, now, zone, [today - timedelta(days=back) for back in range(count - 1, -2, -1)])


def months(spans: Iterable[Span], since: datetime, now: datetime, zone: ZoneInfo, count: int) -> list[Stretch]:
    """The last so many calendar months, this one included."""
    number = now.astimezone(zone).year * 12 + now.astimezone(zone).month - 1
    return _stretches(spans, since, now, zone, [date(n // 12, n % 12 + 1, 1) for n in range(number - count + 1, number + 2)])


def _stretches(spans: Iterable[Span], since: datetime, now: datetime, zone: ZoneInfo, borders: Sequence[date]) -> list[Stretch]:
    apart = _merged(spans)
    edges = [datetime.combine(day, time(), zone) for day in borders]
    found = []
    for first, start, end in zip(borders, edges, edges[1:], strict=False):
        known = _shared(Span(start, end), Span(since, now))
        inside = Span(max(start, since), min(end, now))
        found.append(Stretch(first, known, sum(_shared(inside, span) for span in apart) if known else 0.0))
    return found


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Without overlaps, so that no second counts twice."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def _shared(one: Span, other: Span) -> float:
    """Seconds that both have; by timestamps, since two instants of one zone would be subtracted by the clock on its wall."""
    return max(0.0, min(one.end.timestamp(), other.end.timestamp()) - max(one.start.timestamp(), other.start.timestamp()))
