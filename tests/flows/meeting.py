"""Two people at once, for certain: each in a thread with a connection of its own, brought together at the place that matters."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

MEETING_SECONDS = 10


class Meeting:
    """Stops whoever comes by until the other came too, or waits for a lock: then both were there at once, lock or none."""

    def __init__(self) -> None:
        self.there = 0
        self.changed = threading.Condition()
        self.first_came = threading.Event()

    def meet(self) -> None:
        with self.changed:
            self.there += 1
            self.first_came.set()
        ends = time.monotonic() + MEETING_SECONDS
        while self.there < 2 and not _somebody_waits():
            assert time.monotonic() < ends, "the other never came: nothing was done at once"
            time.sleep(0.005)

    def after(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with the meeting just behind it."""

        def and_meet(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            self.meet()
            return result

        return and_meet

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def meet_and(*args: Any, **kwargs: Any) -> Any:
            self.meet()
            return function(*args, **kwargs)

        return meet_and


def _somebody_waits() -> bool:
    """Whether a session of this database waits for another's lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction never learns of sessions that begin later
        cursor.execute("SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()")
        return bool(cursor.fetchone()[0])


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each returned, or the exception that it raised, in their order."""
    results: list[Any] = [None] * len(deeds)

    def run(index: int, deed: Callable[[], Any]) -> None:
        try:
            results[index] = deed()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "they wait for each other"
    return results
