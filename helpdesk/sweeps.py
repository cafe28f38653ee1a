"""When what beat rings for last ended: a line in the log for each, and a note in the database that says how late the next is.

The notes are entries of the cache's table, which is there without Redis and needs none of the scopes.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery import Task, signals
from celery.schedules import crontab
from django.core.cache import cache
from django.db import Error
from django.utils import timezone
from structlog.contextvars import bind_contextvars, clear_contextvars

from helpdesk.celery import app

log = logging.getLogger(__name__)

SINCE = "sweeps:since"  # when somebody first could have run them
DAY = 86400.0
_started: dict[str, float] = {}


@dataclass(frozen=True)
class Sweep:
    """One of beat's tasks. `ended_at`: its last good end, None before the first; `late`: seconds past when it ought to have ended again."""

    task: str
    every: float
    ended_at: datetime | None
    failed_at: datetime | None
    late: float


def schedule() -> dict[str, float]:
    """What ought to run, by task: every so many seconds. Those that run by the clock run daily."""
    entries = app.conf.beat_schedule.values()
    return {entry["task"]: DAY if isinstance(entry["schedule"], crontab) else float(entry["schedule"]) for entry in entries}


def sweeps(now: datetime) -> list[Sweep]:
    """Every one that ought to run. One that never ended is as late as the installation is old; without any note, infinitely."""
    every = schedule()
    notes = cache.get_many([SINCE, *map(_ended, every), *map(_failed, every)])
    since = notes.get(SINCE)
    found = []
    for task, seconds in every.items():
        ended = notes.get(_ended(task))
        before = ended or since
        late = max(0.0, (now - before).total_seconds() - seconds) if before else float("inf")
        found.append(Sweep(task, seconds, ended, notes.get(_failed(task)), late))
    return found


def _ended(task: str) -> str:
    return f"sweep:{task}:ended"


def _failed(task: str) -> str:
    return f"sweep:{task}:failed"


@signals.task_prerun.connect
def _begin(task_id: str, task: Task[Any, Any], **_unused: Any) -> None:
    clear_contextvars()
    bind_contextvars(task=task.name, task_id=task_id)
    _started[task_id] = time.perf_counter()


@signals.task_failure.connect
def _tell_failure(exception: BaseException, **_unused: Any) -> None:
    log.error("task failed", exc_info=exception)


@signals.task_postrun.connect
def _end(task_id: str, task: Task[Any, Any], retval: object = None, state: str | None = None, **_unused: Any) -> None:
    """A round that found nothing to do is not worth a line: there is one every two seconds."""
    seconds = time.perf_counter() - _started.pop(task_id, time.perf_counter())
    idle = state == "SUCCESS" and retval == 0
    log.log(logging.DEBUG if idle else logging.INFO, "task", extra={"state": state, "duration_ms": round(seconds * 1000, 1)})
    if task.name in schedule():
        note({_ended(task.name) if state == "SUCCESS" else _failed(task.name): timezone.now()})
    clear_contextvars()


@signals.worker_ready.connect
def _note_beginning(**_unused: Any) -> None:
    try:
        cache.add(SINCE, timezone.now(), timeout=None)
    except Error:
        log.warning("the beginning of the sweeps could not be noted")


def note(entries: Mapping[str, datetime]) -> None:
    """Keep these instants. A database that is away is no reason for a task to fail after its work is done."""
    try:
        for key, at in entries.items():
            cache.set(key, at, timeout=None)
    except Error:
        log.warning("the end of a sweep could not be noted")
