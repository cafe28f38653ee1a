"""Children are known by more than their number."""

import json
import os
import signal
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tooling import processes
from tooling.places import Place

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path / "var")
    place.create()
    return place


def note(place: Place, who: processes.Identity) -> None:
    processes.pid_file(place, "web").write_text(json.dumps({**asdict(who), "stop_signal": int(signal.SIGTERM)}))


def test_a_child_stops_and_leaves_no_note(place: Place):
    child = processes.start("web", SLEEP, place, dict(os.environ))

    child.stop()

    assert child.has_ended()
    assert list(place.pids.iterdir()) == []


def test_a_leftover_of_a_killed_run_is_ended(place: Place):
    child = processes.start("web", SLEEP, place, dict(os.environ))

    ended = processes.end_leftovers(place)

    assert ended == ["web"]
    assert child.process.wait(5) == -signal.SIGTERM


def test_a_process_that_only_has_the_same_number_is_left_alone(place: Place):
    me = processes.identify(os.getpid())
    assert me is not None
    note(place, replace(me, started=me.started - 1))

    ended = processes.end_leftovers(place)

    assert ended == []
    assert list(place.pids.iterdir()) == []


def test_what_a_dead_leader_left_is_ended(place: Place):
    leader = processes.start("web", ("/bin/sh", "-c", "sleep 60 & echo $!; exec sleep 60"), place, dict(os.environ))
    assert processes.wait_until(lambda: leader.log.read_text().strip() != "", 5)
    orphan = int(leader.log.read_text())
    os.kill(leader.process.pid, signal.SIGKILL)
    leader.process.wait()

    processes.end_leftovers(place)

    assert processes.wait_until(lambda: processes.identify(orphan) is None, 5)


def test_a_half_written_note_is_ignored(place: Place):
    processes.pid_file(place, "web").write_text('{"pid": 1, "sta')

    assert processes.end_leftovers(place) == []


def test_waiting_ends_when_the_time_is_over():
    started_at = time.monotonic()

    assert processes.wait_until(lambda: False, 0.1) is False
    assert time.monotonic() - started_at < 1
