"""How the state of a fold is kept in rows, and gone on from: clocks and what happened to them, in both directions."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from sla import clocks
from sla.clocks import Cause, Fold
from sla.courses import Chain, Choice, Course, Decision, Entry, Pace
from sla.facts import Phase, Scene, Window
from sla.models import Clock, Promise
from sla.queries.calendars import history
from sla.queries.policies import rules
from sla.rules import Target

WARNS_AT_SHARE = 0.75  # of a target used up
DECIDED_INSTANTS = ("taken_at", "said_at", "replayed", "kept", "full")


def continued(promise: Promise, running: Iterable[Clock], now: datetime) -> Fold:
    """The fold of a promise as it was kept, to be told facts from `now` on."""
    windows = {key: Window(key, _instant(start), _instant(until)) for key, start, until in promise.windows}
    scene = Scene(
        at=now,
        phase=Phase(promise.phase),
        calendar=history(promise.calendar_id),
        windows=windows,
        round=promise.round,
        updates=promise.updates,
        ended_by=promise.ended_by,
    )
    value = (promise.type, promise.severity)
    entry = Entry(0, promise.entry, promise.entered_at, value, rules(promise.version_id), promise.by_verdict)
    return Fold.continued(scene=scene, entry=entry, clocks=[clock_of(row) for row in running])


def clock_of(row: Clock) -> clocks.Clock:
    """A running clock without what led to it: its misses are told by the one that stands."""
    course = Course(
        pace=Pace(row.pace),
        entry=row.entry,
        anchor=row.anchor_at,
        left=row.left_seconds,
        always=row.always,
        due=row.due_at,
        overdue=row.overdue_at,
        used=row.used_seconds,
        decided=_decision(row.decided) if row.decided else None,
    )
    missed = [clocks.Breach(row.missed_at, Cause.LATE_WORK, row.missed_at)] if row.missed_at else []
    return clocks.Clock(
        target=Target(row.target),
        begun=row.begun,
        round=row.round,
        started_at=row.started_at,
        chain=Chain(Target(row.target), 0),
        course=course,
        breaches=missed,
        reached=row.reached,
    )


def promise_columns(fold: Fold) -> dict[str, Any]:
    """What a promise keeps of a fold, besides its clocks; policy version and calendar are the caller's to know."""
    scene, entry = fold.scene, fold.entry
    type, severity = entry.value
    return {
        "type": type,
        "severity": severity,
        "entry": entry.number,
        "entered_at": entry.at,
        "by_verdict": entry.by_verdict,
        "phase": str(scene.phase),
        "round": scene.round,
        "updates": scene.updates,
        "ended_by": scene.ended_by,
        "windows": [[window.key, _text(window.start), _text(window.until)] for window in scene.windows.values()],
    }


def clock_columns(clock: clocks.Clock, fold: Fold, told_at: datetime) -> dict[str, Any]:
    """A clock's row, but for the promise it belongs to. `told_at`: until when that was told, which may be after the last fact."""
    course, entry = clock.course, fold.track.entry_of(clock.course)
    type, severity = entry.value
    breach = clock.breach
    return {
        "target": str(clock.target),
        "begun": clock.begun,
        "round": clock.round,
        "started_at": clock.started_at,
        "type": type,
        "severity": severity,
        "seconds": entry.row.seconds[clock.target],
        "pace": str(course.pace),
        "entry": course.entry,
        "always": course.always,
        "anchor_at": course.anchor,
        "left_seconds": course.left,
        "used_seconds": course.used,
        "due_at": course.due,
        "overdue_at": course.overdue,
        "missed_at": breach.due_at if breach else None,
        "warns_at": fold.share_instant(clock, WARNS_AT_SHARE) if clock.is_running else None,
        "decided": _decided(course.decided),
        "outcome": str(clock.outcome) if clock.outcome else None,
        "stopped_at": clock.stopped_at,
        "stopped_by": clock.stopped_by,
        "reached": clock.reached,
        "look_at": _look_at(clock, fold, told_at),
    }


def _look_at(clock: clocks.Clock, fold: Fold, told_at: datetime) -> datetime | None:
    """The next step or miss; and when help begins, which pages on-call."""
    instants = [fold.next_instant(clock), fold.next_cover(told_at) if clock.is_running else None]
    return min((at for at in instants if at is not None), default=None)


def _decided(decision: Decision | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    return {name: _text(value) if isinstance(value, datetime) else value for name, value in asdict(decision).items()}


def _decision(kept: dict[str, Any]) -> Decision:
    instants = {name: _instant(kept[name]) if kept[name] else None for name in DECIDED_INSTANTS}
    return Decision(**(kept | instants | {"choice": Choice(kept["choice"])}))


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()


def _instant(text: str) -> datetime:
    found = parse_datetime(text)
    assert found is not None, "it was written by _text"
    return found
