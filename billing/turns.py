"""Rounding of a ticket's day, and whose turn its minutes have (BIL-4, BIL-8). No Django.

A *place* is the number of an event in the contract's story. Each chargeable minute has one for every well that it may be taken from;
wells serve minutes by place. What is added takes the place of the event that adds it, and what a day gives up lets its later logs
move up, so that no event takes from anyone what an earlier one gave.

Two lists keep that for each well and day. The *queue* says who stands before whom: logs' minutes, each where it came. The *turns*
are the places that the day holds, as many as it has minutes: they grow at the end, and from the end they are given up. The queue's
first minute has the first turn. No minute's turn ever gets later: nobody is let in before it unless somebody before it has left.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import NamedTuple

from billing.slicing import Part, Well, Wells

Bucket = tuple[int, Wells]  # a log, and the wells that some of its minutes may be taken from
Turn = tuple[int, int]  # a place, and which of the day's minutes come first there


class Charged(NamedTuple):
    """What a log has in a day: its parts there, and the minutes that each is charged."""

    parts: Sequence[Part]
    minutes: Sequence[int]


class Claim(NamedTuple):
    """A part of a log and the minutes that it is charged: runs of them, each with its turns at the part's wells."""

    log: int
    part: Part
    minutes: int
    runs: Sequence[tuple[int, Sequence[Turn]]]


class TicketDay:
    """The work on one ticket in one local day, event by event. `increment`: what the day's minutes are rounded up to."""

    def __init__(self, increment: int) -> None:
        self._increment = increment
        self._logs: dict[int, Charged] = {}
        self._steps: list[tuple[int, int, int]] = []  # (place, log, worked minutes), as they came
        self._worked = 0
        self._lines: defaultdict[Well, _Line] | None = None  # None: logs only came, so that everyone has the place where it stands

    @property
    def logs(self) -> Mapping[int, Charged]:
        return self._logs

    def put(self, place: int, log: int, parts: Sequence[Part]) -> None:
        """A log comes or changes; without parts it leaves. What is as it was keeps its place."""
        known = self._logs.get(log)
        if known is None and self._lines is None:
            self._append(place, log, parts)
        elif known is None or known.parts != parts:
            self._change(place, log, parts)

    def claims(self) -> Iterator[Claim]:
        if self._lines is None:
            for place, log, _ in self._steps:
                for part, minutes in zip(*self._logs[log], strict=True):
                    yield Claim(log, part, minutes, [(minutes, [(place, 0)] * len(part.wells))])
            return
        turns = {well: line.turns_by_bucket() for well, line in self._lines.items()}
        ahead: dict[Bucket, Iterator[tuple[Turn, ...]]] = {}
        for log, charged in self._logs.items():
            for part, minutes in zip(*charged, strict=True):
                bucket = (log, part.wells)
                if bucket not in ahead:
                    ahead[bucket] = zip(*(turns[well][bucket] for well in part.wells if well in turns), strict=True)
                runs = [(len(list(run)), turn) for turn, run in groupby(islice(ahead[bucket], minutes))]
                yield Claim(log, part, minutes, runs)

    def _append(self, place: int, log: int, parts: Sequence[Part]) -> None:
        """Those that came before are as they were."""
        worked = sum([part.worked for part in parts])
        charge = self._rounded(self._worked + worked) - self._rounded(self._worked)
        self._logs[log] = Charged(parts, spread(parts, charge))
        self._steps.append((place, log, worked))
        self._worked += worked

    def _change(self, place: int, log: int, parts: Sequence[Part]) -> None:
        if self._lines is None:
            self._lines = self._lines_so_far()
        before = self._buckets()
        self._step(place, log, sum(part.worked for part in parts))
        self._logs[log] = Charged(parts, ())
        if not parts:
            del self._logs[log]
        for other, charge in self._charges().items():
            self._logs[other] = Charged(self._logs[other].parts, spread(self._logs[other].parts, charge))
        now = self._buckets()
        more = {bucket: now.get(bucket, 0) - before.get(bucket, 0) for bucket in {**now, **before}}
        came = {other: step for step, other, _ in self._steps if other != log}
        for well in dict.fromkeys(well for _, wells in more for well in wells):
            self._lines[well].change(place, {bucket: minutes for bucket, minutes in more.items() if well in bucket[1]}, came)

    def _step(self, place: int, log: int, worked: int) -> None:
        """What a log has more of comes now, what it has less of is the last that came."""
        steps = []
        for came, other, minutes in self._steps:
            kept = minutes
            if other == log:
                kept = min(minutes, worked)
                worked -= kept
            if kept:
                steps.append((came, other, kept))
        if worked:
            steps.append((place, log, worked))
        self._steps, self._worked = steps, sum(minutes for _, _, minutes in steps)

    def _charges(self) -> dict[int, int]:
        """Each log's chargeable minutes: what its steps add to the day's worked minutes so far, rounded up (BIL-4)."""
        charges = dict.fromkeys(self._logs, 0)
        worked = 0
        for _, log, minutes in self._steps:
            charges[log] += self._rounded(worked + minutes) - self._rounded(worked)
            worked += minutes
        return charges

    def _rounded(self, minutes: int) -> int:
        return -(-minutes // self._increment) * self._increment

    def _buckets(self) -> dict[Bucket, int]:
        """The chargeable minutes of all logs, in the order in which they came, by the wells that they may be taken from."""
        buckets: defaultdict[Bucket, int] = defaultdict(int)
        for log in dict.fromkeys(log for _, log, _ in self._steps):
            for part, minutes in zip(*self._logs[log], strict=True):
                buckets[log, part.wells] += minutes
        return buckets

    def _lines_so_far(self) -> "defaultdict[Well, _Line]":
        lines = defaultdict[Well, _Line](_Line)
        for place, log, _ in self._steps:
            for part, minutes in zip(*self._logs[log], strict=True):
                for well in part.wells:
                    lines[well].change(place, {(log, part.wells): minutes}, {})
        return lines


class _Line:
    """Who waits at one well, of one ticket's day, minute by minute."""

    def __init__(self) -> None:
        self._queue: list[tuple[int, Bucket]] = []  # by the place from which each stands there
        self._turns: list[int] = []  # places, in order

    def change(self, place: int, more: Mapping[Bucket, int], came: Mapping[int, int]) -> None:
        """Buckets have so many minutes more or fewer: those of an event's own log, and of others, which `came` at their places.

        Where minutes leave, others of the same log may stand, and those of the others too, though not before the place at which that
        log came. What finds no room there stands behind all.
        """
        left = sorted((stood, bucket[0]) for bucket, minutes in more.items() for stood in self._leave(bucket, -minutes))
        for bucket, minutes in more.items():
            log = bucket[0]
            followed = [(stood, who) for stood, who in left if log in came or who == log][: max(0, minutes)]
            for stood, who in followed:
                left.remove((stood, who))
                self._join(max(stood, came.get(log, stood)), bucket, 1)
            self._join(place, bucket, minutes - len(followed))
        del self._turns[len(self._queue) :]
        self._turns += [place] * (len(self._queue) - len(self._turns))

    def turns_by_bucket(self) -> defaultdict[Bucket, list[Turn]]:
        """A turn for each minute."""
        turns = defaultdict[Bucket, list[Turn]](list)
        first = 0
        for (place, bucket), run in groupby(zip(self._turns, map(itemgetter(1), self._queue), strict=True)):
            minutes = len(list(run))
            turns[bucket] += [(place, first)] * minutes
            first += minutes
        return turns

    def _join(self, place: int, bucket: Bucket, minutes: int) -> None:
        """Stand behind all who came until then."""
        behind = bisect_right(self._queue, place, key=itemgetter(0))
        self._queue[behind:behind] = [(place, bucket)] * minutes

    def _leave(self, bucket: Bucket, minutes: int) -> Sequence[int]:
        """The last minutes of a bucket go: the places where they stood."""
        if minutes <= 0:
            return []
        gone = [at for at, (_, who) in enumerate(self._queue) if who == bucket][-minutes:]
        places = [self._queue[at][0] for at in gone]
        for at in reversed(gone):
            del self._queue[at]
        return places


def spread(parts: Sequence[Part], charge: int) -> list[int]:
    """A log's chargeable minutes by part: padding goes to the longest, what was charged before comes off the earliest (BIL-4)."""
    if len(parts) == 1:
        return [charge]
    minutes = [part.worked for part in parts]
    padding = charge - sum(minutes)
    if padding > 0:
        minutes[minutes.index(max(minutes))] += padding
    for place, worked in enumerate(minutes):
        if padding >= 0:
            break
        off = min(worked, -padding)
        minutes[place] -= off
        padding += off
    return minutes
