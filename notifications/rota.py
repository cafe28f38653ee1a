"""Who is on call at an instant, and the shifts between two: a function of the rotation, the overrides and nothing else."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

HORIZON = timedelta(days=370)


@dataclass(frozen=True)
class Override:
    """Somebody takes the time from `start` up to `end`. Of several over one instant the last in the list counts."""

    id: int
    person: int
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Rotation:
    """People in turns of `turn_days` local days, handed over at `handover`, the first on `first_date`; before that nobody is on call.

    A local time that a change of clocks skips is handed over as much later as the clock was put on; of one that comes twice the first counts.
    """

    zone: ZoneInfo
    first_date: date
    handover: time
    turn_days: int
    people: tuple[int, ...]
    overrides: tuple[Override, ...] = ()

    def begins(self, turn: int) -> datetime:
        """The instant, in UTC, at which a turn is taken over; turns count from 0."""
        day = self.first_date + timedelta(days=turn * self.turn_days)
        return datetime.combine(day, self.handover, self.zone).astimezone(UTC)

    def turn_at(self, at: datetime) -> int:
        """The turn that holds the instant; negative before the first."""
        turn = (at.astimezone(self.zone).date() - self.first_date).days // self.turn_days
        while self.begins(turn) > at:
            turn -= 1
        while self.begins(turn + 1) <= at:
            turn += 1
        return turn

    def person_of(self, turn: int) -> int | None:
        return self.people[turn % len(self.people)] if self.people and turn >= 0 else None


@dataclass(frozen=True)
class Shift:
    """Who is on call from `start` up to `end`; None: nobody. `instead_of`: whose turn an override took, when that is somebody else's."""

    person: int | None
    start: datetime
    end: datetime
    override: int | None = None
    instead_of: int | None = None


def shifts(rotation: Rotation, start: datetime, end: datetime) -> list[Shift]:
    """The shifts between two instants, in order and without a gap, the first and the last cut off there.

    A turn that an override interrupts comes as two shifts. Somebody with two turns in a row has two shifts as well.
    """
    found: list[Shift] = []
    turns: list[int] = []
    for turn, piece in _pieces(rotation, start, end):
        before = found[-1] if found else None
        if before is not None and piece.override == before.override and (piece.override is not None or turn == turns[-1]):
            found[-1] = Shift(before.person, before.start, piece.end, before.override, before.instead_of or piece.instead_of)
            turns[-1] = turn
        else:
            found.append(piece)
            turns.append(turn)
    return found


def _pieces(rotation: Rotation, start: datetime, end: datetime) -> Iterator[tuple[int, Shift]]:
    """Between each two instants at which anything begins or ends: the turn, and the shift as far as it goes; worked out one by one."""
    turn, begins = rotation.turn_at(start), start
    edges = deque(sorted({edge for over in rotation.overrides for edge in (over.start, over.end) if start < edge < end}))
    while begins < end:
        handover = rotation.begins(turn + 1)
        ends = min(handover, end, *islice(edges, 1))
        yield turn, _shift(rotation, turn, begins, ends)
        begins = ends
        if edges and edges[0] == ends:
            edges.popleft()
        while rotation.begins(turn + 1) <= begins:
            turn += 1


def _shift(rotation: Rotation, turn: int, start: datetime, end: datetime) -> Shift:
    whose = rotation.person_of(turn)
    over = next((o for o in reversed(rotation.overrides) if o.start <= start < o.end), None)
    if over is None:
        return Shift(whose, start, end)
    return Shift(over.person, start, end, over.id, whose if whose != over.person else None)


def now_and_next(rotation: Rotation, at: datetime) -> tuple[Shift, Shift | None]:
    """Who is on call at the instant, until when, and who takes over from them; None when the same person simply goes on.

    Shifts of one person that follow each other are one here, as far as two rounds of everybody and the last override reach, and never
    beyond the HORIZON: every queue asks this, and what it costs must not depend on the years that somebody typed.
    """
    last_turn = max(rotation.turn_at(at), -1) + 2 * max(len(rotation.people), 1)
    last_end = max((over.end for over in rotation.overrides), default=at)
    pieces = _pieces(rotation, at, at + HORIZON)
    _turn, now = next(pieces)
    for turn, piece in pieces:
        if piece.person != now.person:
            return now, piece
        if turn > last_turn and piece.start >= last_end:
            break
        now = Shift(now.person, now.start, piece.end, now.override, now.instead_of)
    return now, None
