"""Copies of the door with the smallest project behind it, and running systems in them."""

import os
import re
import signal
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

ROOT = Path(__file__).resolve().parents[2]
TINY = Path(__file__).parent / "tiny"


def clean_environment(**more: str) -> dict[str, str]:
    """What a terminal would give: none of the settings that these tests run with."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
    return {**kept, **more}


@dataclass
class Checkout:
    root: Path

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        command = [self.root / "run", *arguments]
        return subprocess.run(command, env=clean_environment(**settings), capture_output=True, text=True, timeout=120, check=False)

    def start(self, **settings: str) -> "Running":
        """Returns when it says that it serves."""
        output = self.root / f"output-{time.monotonic_ns()}"
        with output.open("w") as file:
            process = subprocess.Popen(
                [self.root / "run"], env=clean_environment(**settings), stdout=file, stderr=file, stdin=subprocess.DEVNULL
            )
        running = Running(self, process, output)
        deadline = time.monotonic() + 90
        while "Ctrl-C stops it" not in output.read_text():
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.1)
        return running

    def noted_pids(self) -> list[int]:
        return [
            int(found[1]) for path in (self.root / "var" / "pids").glob("*.json") if (found := re.search(r'"pid": (\d+)', path.read_text()))
        ]


@dataclass
class Running:
    checkout: Checkout
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def address(self) -> str:
        found = re.search(r"is running: (http://127\.0\.0\.1:\d+)", self.output.read_text())
        assert found
        return found[1]

    def page(self) -> str:
        with urllib.request.urlopen(self.address, timeout=10) as response:  # noqa: S310 - our own loopback address
            return str(response.read().decode())

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


def make(root: Path) -> Checkout:
    root.mkdir(parents=True, exist_ok=True)
    for folder in ("tooling", "requirements", "deploy"):
        copytree(ROOT / folder, root / folder, ignore=ignore_patterns("__pycache__"))
    copytree(TINY / "helpdesk", root / "helpdesk")
    for file in ("run", "manage.py", "helpdesk/environment.py", "helpdesk/logs.py", "helpdesk/metering.py"):
        copy(ROOT / file, root / file)
    (root / ".venv").symlink_to(ROOT / ".venv")
    return Checkout(root)
