"""Celery's processes in a test's hand: what beat does for them, and how they die."""

import pytest
from celery import current_app
from kombu import Connection

from tests.faults.system import Desk

CHILDREN = 2
EITHER = pytest.mark.parametrize("whom", ["children", "parent"])


def ask_for(desk: Desk, task: str) -> None:
    """What beat does every so often."""
    with Connection(desk.broker) as line:
        current_app.send_task(task, connection=line)


def kill(desk: Desk, whom: str) -> None:
    """The children of the worker, which it replaces itself; or the worker, which is started again."""
    if whom == "children":
        assert desk.kill_children("worker") == CHILDREN
    else:
        desk.kill("worker")
        desk.end_widows()
        desk.start_worker()
