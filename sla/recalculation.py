# ruff: noqa: S608 - the statements are put together from the constants below; every value is a parameter.
"""Open clocks under another version of their calendar: how far they would move, and moving them, by one statement (SLA-3).

What a clock is due is computed from what it has left, by searches in sorted arrays of open intervals; `sla.courses` says the same for
one clock. Concerned are those that run in the calendar and are not late: 24x7 knows no calendar, paused clocks are due when they
resume, misses stay. Promises with off-hours help, and those that a clock which leads told of what is to come, are few at any time and
left to be told one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Max, Min

from sla.calendar import microseconds
from sla.coverage import Coverage
from sla.keeping import WARNS_AT_SHARE
from sla.models.promises import Clock, ClockQuerySet

A_MICROSECOND = timedelta(microseconds=1)
SHOWN = 20


@dataclass(frozen=True)
class Move:
    """One clock's due instant before and after."""

    promise_id: int
    target: str
    before: datetime
    after: datetime


@dataclass(frozen=True)
class Effect:
    """What a version does to the open clocks of its calendar. `soonest`: of those that move earlier, the first to fall due."""

    running: int
    earlier: int
    later: int
    furthest_earlier: timedelta
    furthest_later: timedelta
    soonest: Sequence[Move]


def effect(*, calendar_id: int, before: Coverage, after: Coverage, at: datetime) -> Effect:
    """What moving would do, without doing it. `before`, `after`: as known until `at`, and from then on."""
    values = _values(calendar_id, before, after, at)
    if values is None:
        return Effect(0, 0, 0, timedelta(), timedelta(), ())
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        running, earlier, later, furthest_earlier, furthest_later = cursor.fetchone()
        cursor.execute(_SOONEST, values | {"most": SHOWN})
        soonest = [Move(*row) for row in cursor.fetchall()]
    return Effect(running, earlier, later, A_MICROSECOND * furthest_earlier, A_MICROSECOND * furthest_later, soonest)


def move(*, calendar_id: int, before: Coverage, after: Coverage, at: datetime) -> int:
    """Move them, with their steps: those that lie in the past now fire at `at`. Returns how many rows changed."""
    values = _values(calendar_id, before, after, at)
    if values is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, values)
        return int(cursor.rowcount)


def concerned(calendar_id: int, at: datetime) -> ClockQuerySet:
    """Clocks that run in the calendar and are not late."""
    running = Clock.objects.running().filter(promise__calendar=calendar_id, always=False, pace="running")
    return running.filter(due_at__gte=at)


def _values(calendar_id: int, before: Coverage, after: Coverage, at: datetime) -> dict[str, Any] | None:
    """Parameters of the statements; None when no clock is concerned."""
    found = concerned(calendar_id, at).aggregate(first=Min("anchor_at"), last=Max("due_at"), seconds=Max("seconds"))
    if found["last"] is None:
        return None
    first = min(found["first"], after.subtract(at, found["seconds"]))
    most_left = before.elapsed(at, found["last"])
    old = _intervals(before, found["first"], found["last"] + A_MICROSECOND)
    new = _intervals(after, first, after.add(at, most_left) + A_MICROSECOND)
    untouched = round((1 - WARNS_AT_SHARE) * 1_000_000)
    return {
        "calendar": calendar_id,
        "instant": at,
        "at": microseconds(at),
        "warning": untouched,
        **_named("old", old),
        **_named("new", new),
    }


def _intervals(coverage: Coverage, start: datetime, end: datetime) -> list[tuple[int, int, int]]:
    """Open intervals in microseconds; before them one that is empty, so that there always is one."""
    return [(microseconds(start), microseconds(start), 0), *coverage.intervals(start, end)]


def _named(name: str, intervals: Sequence[tuple[int, int, int]]) -> dict[str, list[int]]:
    opens, closes, before = (list(column) for column in zip(*intervals, strict=True))
    return {f"{name}_opens": opens, f"{name}_closes": closes, f"{name}_before": before}


def _micro(column: str) -> str:
    """An instant's column as microseconds since 1970."""
    return f"(extract(epoch FROM {column}) * 1000000)::bigint"


def _instant(micro: str) -> str:
    return f"(timestamptz 'epoch' + {micro} * interval '1 microsecond')"


def _open_until(at: str, by: str) -> str:
    """Open time until an instant, by one of the sets of intervals."""
    place = f"width_bucket({at}, {by}.opens)"
    return f"({by}.before[{place}] + least({at}, {by}.closes[{place}]) - {by}.opens[{place}])"


def _first_with(amount: str, by: str) -> str:
    """The first instant until which so much was open."""
    place = f"width_bucket({amount} - 1, {by}.before)"
    return f"({by}.opens[{place}] + {amount} - {by}.before[{place}])"


def _last_with(amount: str, by: str) -> str:
    place = f"width_bucket({amount}, {by}.before)"
    return f"({by}.opens[{place}] + {amount} - {by}.before[{place}])"


# Counted anew where it moves; three quarters that were used up before that instant are so from it on, as `Fold.share_instant` has it.
_ANCHOR = "CASE WHEN m.becomes <> m.due THEN %(at)s ELSE m.anchor END"
_WARNS = _instant(f"greatest(m.warns, {_ANCHOR})")

_MOVED = f"""
WITH old AS (SELECT %(old_opens)s::bigint[] AS opens, %(old_closes)s::bigint[] AS closes, %(old_before)s::bigint[] AS before),
     new AS (SELECT %(new_opens)s::bigint[] AS opens, %(new_closes)s::bigint[] AS closes, %(new_before)s::bigint[] AS before),
     today AS (SELECT {_open_until("%(at)s", "old")} AS by_old, {_open_until("%(at)s", "new")} AS by_new FROM old, new),
     counted AS (
        SELECT c.id, c.customer_id, c.promise_id, c.target, c.due_at, c.warns_at, c.look_at, c.reached, c.seconds::bigint, p.version_id,
               {_micro("c.due_at")} AS due, {_micro("c.anchor_at")} AS anchor,
               today.by_old - {_open_until(_micro("c.anchor_at"), "old")} AS gone,
               round(c.left_seconds * 1000000)::bigint AS had,
               today.by_new
          FROM sla_clock c JOIN sla_promise p ON p.id = c.promise_id, old, today
         WHERE p.calendar_id = %(calendar)s AND c.outcome IS NULL AND c.pace = 'running' AND NOT c.always
           AND c.due_at >= %(instant)s AND p.windows = '[]'::jsonb AND p.told_at <= %(instant)s),
     moved AS MATERIALIZED (
        SELECT counted.*, by_new + had - gone AS amount,
               CASE WHEN had = gone THEN %(at)s ELSE {_first_with("(by_new + had - gone)", "new")} END AS becomes,
               {_last_with("(by_new + had - gone - seconds * %(warning)s)", "new")} AS warns
          FROM counted, new)"""

_COUNT = f"""{_MOVED}
SELECT count(*), count(*) FILTER (WHERE becomes < due), count(*) FILTER (WHERE becomes > due),
       coalesce(max(due - becomes), 0), coalesce(max(becomes - due), 0)
  FROM moved"""

_SOONEST = f"""{_MOVED}
SELECT promise_id, target, due_at, {_instant("becomes")} FROM moved WHERE becomes < due ORDER BY becomes, promise_id, target LIMIT %(most)s"""

_MOVE = f"""{_MOVED},
     steps AS (
        SELECT version_id, percent FROM sla_escalationstep WHERE percent < 100
         UNION ALL SELECT DISTINCT version_id, 100 FROM moved),
     armed AS MATERIALIZED (
        SELECT m.id, m.reached, m.becomes <> m.due AS moves, m.becomes > m.due AS later, s.percent,
               CASE WHEN s.percent = 100 THEN m.becomes
                    ELSE {_last_with("(m.amount - m.seconds * 10000 * (100 - s.percent))", "new")} END AS step
          FROM moved m JOIN steps s ON s.version_id = m.version_id, new),
     judged AS MATERIALIZED (
        SELECT id, CASE WHEN NOT bool_or(moves) THEN max(reached)
                        WHEN bool_or(later) THEN coalesce(max(percent) FILTER (WHERE step < %(at)s), 0)
                        ELSE greatest(max(percent) FILTER (WHERE step < %(at)s), max(reached)) END AS reaches
          FROM armed GROUP BY id),
     looked AS (
        SELECT armed.id, min(armed.step) FILTER (WHERE percent > reaches) AS look
          FROM armed JOIN judged ON judged.id = armed.id GROUP BY armed.id),
     fired AS (
        INSERT INTO sla_firing (customer_id, clock_id, percent, at, noticed_at)
        SELECT m.customer_id, m.id, a.percent, %(instant)s, %(instant)s
          FROM moved m JOIN armed a ON a.id = m.id WHERE a.moves AND a.step < %(at)s AND a.percent > a.reached
            ON CONFLICT DO NOTHING)
UPDATE sla_clock c
   SET anchor_at = {_instant(_ANCHOR)},
       left_seconds = CASE WHEN m.becomes <> m.due THEN (m.had - m.gone) / 1000000::float8 ELSE c.left_seconds END,
       used_seconds = CASE WHEN m.becomes <> m.due THEN round(c.used_seconds * 1000000 + m.gone) / 1000000::float8 ELSE c.used_seconds END,
       due_at = {_instant("m.becomes")}, warns_at = {_WARNS}, look_at = {_instant("looked.look")}, reached = judged.reaches
  FROM moved m JOIN judged ON judged.id = m.id JOIN looked ON looked.id = m.id
 WHERE c.id = m.id AND (m.becomes <> m.due OR {_WARNS} <> m.warns_at OR {_instant("looked.look")} <> m.look_at)"""
