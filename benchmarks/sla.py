"""Business time and clocks against the least that could do the same: python -m benchmarks.sla [--part NAME] [--rounds N].

Each part returns ratios by name; those of the sweep are no ratios: how many seconds a step is told late, and its share of a core. What is measured and its bare counterpart take turns, so that what else the machine does falls on
both alike; of each the quickest turn counts. The last line is one JSON object with all ratios.
"""

import argparse
import json
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import django

from sla.calendar import EPOCH, Calendar, offsets_of_year

Asked = TypeVar("Asked")
Part = Callable[[int], Mapping[str, float]]

LIMITS = {
    "add_4h": 1.5,
    "add_5d": 1.5,
    "add_60d": 1.5,
    "elapsed_4h": 1.5,
    "elapsed_5d": 1.5,
    "elapsed_60d": 1.5,
    "compile_20y": 2.0,
    "sweep_late_seconds": 10.0,
    "sweep_idle_share": 0.05,
    "recalculate": 4.0,
}
HOUR = 3600
AMOUNTS = {"4h": 4 * HOUR, "5d": 5 * 9 * HOUR, "60d": 60 * 9 * HOUR}
YEARS = (2010, 2030)
ZONE = "America/Sao_Paulo"  # with daylight saving in half of these years
WEEK = {day: [("09:00", "18:00")] for day in range(5)}
HOLIDAYS = frozenset(
    date(year, month, day)
    for year in range(*YEARS)
    for month, day in ((1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (12, 25))
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench sla")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--part", action="append", choices=sorted(PARTS), help="this one alone; may be given again")
    arguments = parser.parse_args()
    ratios: dict[str, float] = {}
    for name in arguments.part or PARTS:
        ratios.update(PARTS[name](arguments.rounds))
    print(json.dumps({"bench": "sla", "ratios": ratios}))


def calendar(rounds: int) -> dict[str, float]:
    """Questions to a calendar of twenty years, and compiling it."""
    ours = Calendar(ZONE, WEEK, holidays=HOLIDAYS)
    first, last = (datetime(year, 1, 1, tzinfo=UTC) for year in YEARS)
    ours.elapsed(first, last - timedelta(days=1))
    bare = Bare(*bare_intervals())
    starts = [datetime(2012, 1, 2, 13, 7, 11, tzinfo=UTC) + timedelta(days=61, minutes=13) * number for number in range(100)]

    ratios = {}
    for name, seconds in AMOUNTS.items():
        adding = [(start, seconds) for start in starts]
        dues = [bare.add(*asked) for asked in adding]
        assert dues == [ours.add(*asked) for asked in adding]  # else they would not be comparable
        elapsing = list(zip(starts, dues, strict=True))
        ratios[f"add_{name}"] = _compare(f"add_{name}", rounds, _all(ours.add, adding), _all(bare.add, adding), each=len(starts))
        ratios[f"elapsed_{name}"] = _compare(
            f"elapsed_{name}", rounds, _all(ours.elapsed, elapsing), _all(bare.elapsed, elapsing), each=len(starts)
        )

    def compiled() -> None:
        offsets_of_year.cache_clear()  # else only the first calendar of a zone would look for its changes
        Calendar(ZONE, WEEK, holidays=HOLIDAYS).elapsed(first, last - timedelta(days=1))

    ratios["compile_20y"] = _compare("compile_20y", max(5, rounds // 10), compiled, bare_intervals, each=1)
    return ratios


def _all(question: Callable[[datetime, Asked], object], asked: Sequence[tuple[datetime, Asked]]) -> Callable[[], None]:
    def ask() -> None:
        for first, second in asked:
            question(first, second)

    return ask


def bare_intervals() -> tuple[list[int], list[int], list[int]]:
    """What a loop over the days gives for one window a day: starts, ends, and open time before each, in microseconds."""
    zone = ZoneInfo(ZONE)
    starts, ends, totals, total = [], [], [0], 0
    day, end = date(YEARS[0], 1, 1), date(YEARS[1], 1, 1)
    while day < end:
        if day.weekday() < 5 and day not in HOLIDAYS:
            opening = int(datetime(day.year, day.month, day.day, 9, tzinfo=zone).timestamp()) * 1_000_000
            closing = int(datetime(day.year, day.month, day.day, 18, tzinfo=zone).timestamp()) * 1_000_000
            total += closing - opening
            starts.append(opening)
            ends.append(closing)
            totals.append(total)
        day += timedelta(days=1)
    return starts, ends, totals


class Bare:
    """Two binary searches on integers, and nothing that makes sure of anything."""

    def __init__(self, starts: list[int], ends: list[int], totals: list[int]) -> None:
        self.starts, self.ends, self.totals = starts, ends, totals

    def add(self, start: datetime, seconds: int) -> datetime:
        since = start - EPOCH
        at = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        place = bisect_right(self.starts, at) - 1
        closing = self.ends[place]
        target = self.totals[place] + (at if at < closing else closing) - self.starts[place] + seconds * 1_000_000
        place = bisect_left(self.totals, target) - 1
        return EPOCH + timedelta(0, 0, self.starts[place] + target - self.totals[place])

    def elapsed(self, start: datetime, end: datetime) -> float:
        since = start - EPOCH
        at = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        place = bisect_right(self.starts, at) - 1
        closing = self.ends[place]
        before = self.totals[place] + (at if at < closing else closing) - self.starts[place]
        since = end - EPOCH
        at = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        place = bisect_right(self.starts, at) - 1
        closing = self.ends[place]
        return (self.totals[place] + (at if at < closing else closing) - self.starts[place] - before) / 1_000_000


def _compare(name: str, rounds: int, ours: Callable[[], object], bare: Callable[[], object], each: int) -> float:
    """Times our way and the bare one by turns, prints both per question, and returns the ratio of the quickest turns."""
    fastest = [float("inf"), float("inf")]
    for _ in range(rounds):
        for place, ask in enumerate((ours, bare)):
            begun = time.perf_counter()
            ask()
            fastest[place] = min(fastest[place], time.perf_counter() - begun)
    ratio = fastest[0] / fastest[1]
    mine, least = (seconds / each * 1e6 for seconds in fastest)
    print(f"{name:<14} {mine:>10.2f} µs   bare {least:>10.2f} µs   ratio {ratio:>5.2f}   limit {LIMITS[name]}", flush=True)
    return round(ratio, 3)


def _of_clocks(name: str) -> Part:
    """A part that needs the database: on tickets of one small provider, made when it is first asked for."""

    def run(_rounds: int) -> Mapping[str, float]:
        django.setup()
        from benchmarks import _clocks  # noqa: PLC0415 - needs Django's models

        part: Callable[[], Mapping[str, float]] = getattr(_clocks, name)
        return part()

    return run


PARTS: dict[str, Part] = {"calendar": calendar, "sweep": _of_clocks("sweep"), "recalculate": _of_clocks("recalculate")}

if __name__ == "__main__":
    main()
