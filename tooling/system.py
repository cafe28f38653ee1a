"""One system of servers in one place: the lasting one under `var/`, or a throw-away one beside it."""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tooling import environment, interrupt, processes
from tooling.debian import Servers
from tooling.locks import is_taken, locked
from tooling.pgbouncer import PgBouncer
from tooling.places import PYTHON, ROOT, VAR, Place
from tooling.postgres import Postgres
from tooling.progress import plain, say
from tooling.refusal import Refusal
from tooling.translations import compile_all
from tooling.valkey import Valkey


class System:
    """PostgreSQL and Valkey of one place, where the environment doesn't name others; with `servers`, Debian's and a PgBouncer."""

    def __init__(self, place: Place, *, durable: bool = True, isolated: bool = False, servers: Servers | None = None) -> None:
        self.place = place
        self.base = environment.isolated() if isolated else environment.inherited()
        self.settings: dict[str, str] = {}
        self.children: list[processes.Child] = []
        place.create()
        left = processes.end_leftovers(place)
        if left:
            say(f"Ended what a killed run had left: {', '.join(left)}.")
        self.postgres = (
            None if self.base.get("DATABASE_URL") else Postgres(place, durable=durable, programs=servers.postgres if servers else None)
        )
        self.valkey = None if self.base.get("REDIS_URL") else Valkey(place, program=servers.redis if servers else None)
        self.pgbouncer = PgBouncer(place, servers.pgbouncer, self.postgres) if servers and self.postgres else None

    @property
    def variables(self) -> dict[str, str]:
        """For every process of the system; what the caller's environment sets wins."""
        return {**self.settings, **self.base}

    def configure(self, *, base_url: str, mail: str = environment.NOWHERE) -> None:
        """Fixes the settings before anything is started."""
        application = self.pgbouncer or self.postgres
        self.settings = environment.embedded(
            self.place,
            database=application.address("desk_app") if application else "",
            owner=self.postgres.address("desk_owner") if self.postgres else "",
            queue=self.valkey.address if self.valkey else "",
            base_url=base_url,
            mail=mail,
        )
        if self.postgres is None:
            del self.settings["EMBEDDED"], self.settings["DATABASE_URL"], self.settings["DATABASE_OWNER_URL"]
        if self.valkey is None:
            del self.settings["REDIS_URL"]

    def prepare(self) -> None:
        """Begins what takes long and needs nobody's attention."""
        if self.postgres:
            self.postgres.prepare()
        if self.valkey:
            self.valkey.start()

    def start_servers(self) -> None:
        """Returns when all servers answer. Raises Refusal when one doesn't."""
        if self.postgres:
            self.postgres.start()
        if self.valkey:
            self.valkey.wait()
        if self.pgbouncer:
            self.pgbouncer.start()

    def manage(self, *arguments: str, doing: str) -> str:
        """What `manage.py` printed. Raises Refusal with its last words when it failed."""
        return finish(begin(["manage.py", *arguments], self.variables), doing)

    def stop(self) -> None:
        """Ends all in the opposite order of their start; what uses the servers at the same time."""
        for child in self.children:
            if child.name != "mail":  # the worker may be handing a mail over
                child.ask_to_stop()
        for child in reversed(self.children):
            child.stop()
        self.children.clear()
        for server in (self.valkey, self.pgbouncer, self.postgres):
            if server:
                server.stop()

    def remove(self) -> None:
        """Removes a throw-away system's place and what it keeps elsewhere."""
        remembered = self.place.remembered_sockets()
        if remembered:
            shutil.rmtree(remembered, ignore_errors=True)
        if self.postgres and self.place.root not in self.postgres.home.parents:
            shutil.rmtree(self.postgres.home.parent, ignore_errors=True)
        shutil.rmtree(self.place.root, ignore_errors=True)


def begin(arguments: Sequence[str], variables: dict[str, str]) -> subprocess.Popen[str]:
    """Starts the environment's Python with its output kept for `finish`."""
    return subprocess.Popen(
        [PYTHON, *arguments],
        env=variables,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str], doing: str) -> str:
    """Waits; returns the output. Raises Refusal: a sentence of the program's own as it is, else the end of its traceback."""
    output, _ = process.communicate()
    if process.returncode == 0:
        return output
    if "No space left on device" in output:
        raise Refusal(f"{doing} failed: the disk is full; free some space and start again.")
    lines = output.strip().splitlines()
    if "Traceback (most recent call last):" not in output:
        raise Refusal("\n".join(lines[-20:]) or f"{doing} failed with exit code {process.returncode}.")
    raise Refusal(f"{doing} failed:\n" + "\n".join(f"    {line}" for line in lines[-25:]))


@contextlib.contextmanager
def throw_away(kind: str, *, durable: bool = False, servers: Servers | None = None) -> Iterator[System]:
    """A system of its own under var/KIND/, not started yet; stopped and gone afterwards, whatever happens."""
    with contextlib.ExitStack() as held:
        with locked(VAR / f"{kind}.lock"):  # nobody sweeps a place between its making and its lock
            _sweep(VAR / kind)
            place = Place(VAR / kind / f"{os.getpid()}-{secrets.token_hex(2)}")
            place.create()
            held.enter_context(locked(place.root / "lock", wait=False))
        system = System(place, durable=durable, isolated=True, servers=servers)
        try:
            yield system
        finally:
            interrupt.ignore()
            system.stop()
            system.remove()


def _sweep(folder: Path) -> None:
    """Removes the systems of killed runs; those in use hold their lock."""
    for root in folder.glob("*"):
        if not is_taken(root / "lock"):
            with contextlib.suppress(OSError, Refusal):
                System(Place(root), isolated=True).remove()


def prepare_translations() -> None:
    """Compiles the translations that changed; a broken file is told, and is no reason to stop."""
    for problem in compile_all():
        plain(problem)
