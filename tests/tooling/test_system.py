"""Whole systems: side by side, killed and started again."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.tooling.checkouts import Running, make
from tooling.processes import identify, wait_until

pytestmark = pytest.mark.slow


def test_two_checkouts_run_side_by_side(tmp_path: Path):
    first, second = make(tmp_path / "first").start(), make(tmp_path / ("long-" * 20)).start()

    assert (first.page(), second.page()) == ("1 note", "1 note")
    assert first.address != second.address

    assert first.stop() == 0
    assert second.page() == "1 note"
    assert second.stop() == 0
    Path((second.checkout.root / "var" / "sockets.path").read_text().strip()).rmdir()


def test_a_second_start_says_where_the_first_runs_and_stop_stops_it(tmp_path: Path):
    running = make(tmp_path).start()

    again = running.checkout.run()
    assert (again.returncode, again.stdout) == (0, f"It is running already: {running.address}  (./run stop stops it)\n")

    assert running.checkout.run("manage", "check").returncode == 0
    assert running.page() == "1 note"
    assert running.checkout.run("stop").stdout == "Stopped.\n"
    assert running.process.wait(5) == 0


def test_after_kill_9_of_the_supervisor_it_starts_again_with_its_data(tmp_path: Path):
    running = make(tmp_path).start()
    made = running.checkout.run("manage", "demo").stdout
    pids = running.checkout.noted_pids()

    running.process.kill()
    running.process.wait()
    again = running.checkout.start()

    assert again.page() == "1 note"
    assert again.checkout.run("manage", "demo").stdout == made
    assert [pid for pid in pids if identify(pid) is not None] == []
    assert again.stop() == 0


def test_after_kill_9_of_everything_it_starts_again(tmp_path: Path):
    running = make(tmp_path).start()

    for pid in [running.process.pid, *running.checkout.noted_pids()]:
        os.kill(pid, signal.SIGKILL)
    running.process.wait()
    again = running.checkout.start()

    assert again.page() == "1 note"
    assert again.stop() == 0


@pytest.mark.parametrize("name", ["postgres", "valkey", "worker"])
def test_a_process_that_dies_is_started_again(tmp_path: Path, name: str):
    running = make(tmp_path).start()
    wait_until(lambda: False, 5)  # one that dies within five seconds of its start is given up

    os.kill(_pid(running.checkout.root, name), signal.SIGKILL)

    assert wait_until(lambda: f"The {name} process ended (killed by signal 9); started again (1 of 3)." in running.output.read_text(), 10)
    assert wait_until(lambda: _page_or_nothing(running) == "1 note", 30)
    assert running.stop() == 0


def _page_or_nothing(running: Running) -> str:
    try:
        return running.page()
    except OSError:
        return ""


def _pid(root: Path, name: str) -> int:
    return int(json.loads((root / "var" / "pids" / f"{name}.json").read_text())["pid"])
