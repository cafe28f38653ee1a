"""Tells the relays of mail and of pages, and other tasks, that there is work. Only a bell: when nobody hears it, the sweep comes within seconds anyway.

A thread of the process rings, so that no page ever waits for the queue, whatever state that is in (AVA-1); rings that come
while it is busy become one.
"""

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial

from celery import current_app
from django.db import connection, transaction
from kombu import Connection

log = logging.getLogger(__name__)

MAIL, PAGES = "notifications.tasks.relay_outbox", "notifications.tasks.relay_pages"
# One try, and half a second for it: meanwhile a later ring waits.
IMPATIENT = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "max_retries": 1, "interval_start": 0, "interval_step": 0}


def ring_on_commit(task: str = MAIL) -> None:
    """Ring for a task once when the transaction commits, however much it owes."""
    bell = _bell(task)
    if not any(entry[1] is bell for entry in connection.run_on_commit):
        transaction.on_commit(bell)


def ring(task: str = MAIL) -> None:
    """Never raises and never waits."""
    ringer = _ringer()
    ringer.tasks.add(task)
    ringer.wanted.set()


@cache
def _bell(task: str) -> Callable[[], None]:
    """One function for each task, the same every time, by which a transaction knows that it rings already."""
    return partial(ring, task)


class _Ringer(threading.Thread):
    """Rings for one process until that ends."""

    def __init__(self) -> None:
        super().__init__(name="bell", daemon=True)
        self.process = os.getpid()
        self.wanted = threading.Event()
        self.tasks: set[str] = set()  # added to before `wanted` is set, so that none is forgotten
        self.queue: Connection | None = None  # kept: making one takes as long as a page, which waits for this thread meanwhile
        self.address = ""  # of that

    def run(self) -> None:
        while True:
            self.wanted.wait()
            self.wanted.clear()
            while self.tasks:
                self._send(self.tasks.pop())

    def _send(self, task: str) -> None:
        try:
            address = current_app.conf.broker_write_url or current_app.conf.broker_url
            if self.queue is None or self.address != address:
                self._hang_up()
                self.queue, self.address = Connection(address, transport_options=IMPATIENT), address
            current_app.send_task(task, expires=10, retry=False, connection=self.queue)
        except Exception as error:  # dead, full, another password: what caused it is committed, and its page must not fail
            log.warning("The queue did not take the bell: %s", type(error).__name__)
            self._hang_up()

    def _hang_up(self) -> None:
        """The next ring makes a connection anew."""
        queue, self.queue = self.queue, None
        if queue is not None:
            with suppress(Exception):
                queue.release()


_lock = threading.Lock()
_made: list[_Ringer] = []


def _ringer() -> _Ringer:
    """The thread of this process; one that forked needs its own."""
    with _lock:
        if not _made or _made[-1].process != os.getpid():
            _made[:] = [_Ringer()]
            _made[-1].start()
        return _made[-1]
