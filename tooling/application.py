"""The helpdesk's own processes on top of the servers: web, worker, beat, and the receiver of mail."""

import contextlib
import http.client
import os
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tooling import ports, processes
from tooling.places import PYTHON
from tooling.refusal import Refusal
from tooling.static import Collection
from tooling.system import System
from tooling.valkey import Valkey

RESTARTS = 3  # of one process; one that keeps dying needs a person
STARTING_SECONDS = 60
CELERY = ("celery", "--app", "helpdesk", "--quiet")
OF_THEIR_OWN = ("pages", "clocks")  # queues with a worker each, that takes nothing else


class Application:
    """Starts the processes in order, watches them, and starts one that died again a few times."""

    def __init__(self, system: System, web: socket.socket) -> None:
        self.system = system
        self.web = web
        self.mail: socket.socket | None = None if system.base.get("EMAIL_URL") else ports.listen_anywhere()
        self.base_url = system.base.get("BASE_URL") or f"http://{ports.LOOPBACK}:{ports.number(web)}"
        self.restarts: dict[str, int] = {}
        self.dead: set[str] = set()  # killed on purpose: nobody starts them again
        self.starters: dict[str, Callable[[], processes.Child]] = {}
        system.configure(base_url=self.base_url, mail=f"smtp://{ports.LOOPBACK}:{ports.number(self.mail)}" if self.mail else "")
        if self.mail is None:
            del system.settings["EMAIL_URL"]
        self.static = Collection(system)

    @property
    def address(self) -> str:
        return f"http://{ports.LOOPBACK}:{ports.number(self.web)}"

    def start_servers(self) -> None:
        """Returns when the servers answer and static files are collected. Raises Refusal when one of it fails."""
        self.system.prepare()
        if self.mail:
            self._start_mail(self.mail)
        self.static.begin()
        try:
            self.system.start_servers()
            self.static.finish()
        finally:
            self.static.stop()

    def migrate(self) -> None:
        """Raises Refusal with the reason when the schema could not be brought up to date."""
        self.system.manage("migrate", "--noinput", "--verbosity", "0", doing="Migrating the database")

    def start(self) -> None:
        """Begins web, workers and beat."""
        self.start_web()
        self.start_worker()
        for queue in OF_THEIR_OWN:
            self.start_worker(f"worker-{queue}", queue)
        self.start_beat()

    def start_web(self) -> None:
        gunicorn = ("gunicorn", "helpdesk.wsgi:application", "--config", "deploy/gunicorn.conf.py", "--workers", "2", "--max-requests", "0")
        options = ("--bind", f"fd://{self.web.fileno()}", "--graceful-timeout", "5")
        self._launch("web", [*gunicorn, *options], [self.web.fileno()])

    def start_worker(self, name: str = "worker", queue: str = "") -> None:
        """One for everything, or for one queue alone."""
        options = ("--loglevel", "INFO", "--concurrency", "2", "--without-gossip", "--without-mingle", "--hostname", f"{name}@%h")
        self._launch(name, [*CELERY, "worker", *options, *(("--queues", queue) if queue else ())])

    def start_beat(self, name: str = "beat") -> None:
        """A second one, by another name, has a schedule of its own."""
        schedule = self.system.place.root / f"{name}-schedule"
        self._launch(name, [*CELERY, "beat", "--loglevel", "INFO", "--pidfile", "", "--schedule", str(schedule)])

    def wait_until_served(self) -> None:
        """Returns when a page is served. Raises Refusal when a process died or the time is over."""
        deadline = time.monotonic() + STARTING_SECONDS
        while not self._serves():
            self.watch()
            if time.monotonic() > deadline:
                raise Refusal(f"No page is served after {STARTING_SECONDS} s; the end of the log:\n{processes.tail(self._log('web'))}")
            time.sleep(0.1)

    def watch(self) -> list[str]:
        """Sentences about processes that died and were started again. Raises Refusal when one is given up."""
        said = []
        postgres, valkey = self.system.postgres, self.system.valkey
        if postgres and postgres.child and postgres.child.has_ended():
            said.append(self._count(postgres.child))
            postgres.stop()
            postgres.start()
        if valkey and valkey.child and valkey.child.has_ended() and "valkey" not in self.dead:
            said.append(self._count(valkey.child))
            self._start_valkey_again(valkey)
        for index, child in enumerate(self.system.children):
            if child.has_ended() and child.name not in self.dead:
                said.append(self._count(child))
                child.stop()
                self.system.children[index] = self.starters[child.name]()
        return said

    def kill(self, *names: str) -> None:
        """Ends these parts at once, by their numbers, as a failing machine would, and leaves them dead."""
        self.dead |= set(names)
        queue = self.system.valkey.child if self.system.valkey else None
        for child in filter(None, [queue, *self.system.children]):
            if child.name in names:
                child.kill()

    def revive(self) -> None:
        """Starts again what was killed, the queue first."""
        if self.system.valkey and "valkey" in self.dead:
            self._start_valkey_again(self.system.valkey)
        for index, child in enumerate(self.system.children):
            if child.name in self.dead:
                self.system.children[index] = self.starters[child.name]()
        self.dead.clear()

    def _start_valkey_again(self, valkey: Valkey) -> None:
        valkey.stop()
        valkey.start()
        valkey.wait()

    def _count(self, child: processes.Child) -> str:
        """The sentence about one that is started again. Raises Refusal when it died too often or at once."""
        self.restarts[child.name] = self.restarts.get(child.name, 0) + 1
        if self.restarts[child.name] > RESTARTS or time.monotonic() - child.started_at < 5:
            raise _gave_up(child)
        return f"The {child.name} process ended ({child.ending()}); started again ({self.restarts[child.name]} of {RESTARTS})."

    def close(self) -> None:
        for listening in (self.web, self.mail):
            if listening:
                listening.close()

    def _start_mail(self, listening: socket.socket) -> None:
        command = ["tooling.smtp_sink", str(self.system.place.mail), "--descriptor", str(listening.fileno())]
        self._launch("mail", command, [listening.fileno()])

    def _launch(self, name: str, module: Sequence[str], descriptors: Sequence[int] = ()) -> None:
        def launch() -> processes.Child:
            command: list[str | Path] = [PYTHON, "-m", *module]
            variables = {"PROMETHEUS_MULTIPROC_DIR": str(self.system.place.root / "figures"), **self.system.variables}
            return processes.start(name, command, self.system.place, variables, descriptors=descriptors)

        self.starters[name] = launch
        self.system.children.append(launch())

    def _serves(self) -> bool:
        connection = http.client.HTTPConnection(ports.LOOPBACK, ports.number(self.web), timeout=2)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", "/healthz")
            return connection.getresponse().status < 500
        return False

    def _log(self, name: str) -> Path:
        return self.system.place.logs / f"{name}.log"


def _gave_up(child: processes.Child) -> Refusal:
    return Refusal(
        f"The {child.name} process ended ({child.ending()}), so everything was stopped. "
        f"The end of {os.path.relpath(child.log)}:\n{processes.tail(child.log)}"
    )
