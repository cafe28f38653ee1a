"""A whole helpdesk of real processes that a test may break: servers, web, worker, beat, relays, and a mail server in the test's hand."""

import contextlib
import http.cookiejar
import logging
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings
from django.db import connection
from django.test import Client

from helpdesk.celery import app
from sla.queries import calendars, policies
from tests.faults.mail_server import MailServer
from tooling import ports, processes
from tooling.application import Application
from tooling.places import PYTHON
from tooling.processes import wait_until
from tooling.system import System, prepare_translations, throw_away
from tooling.tour_web import Visitor

KEPT_TABLES = "('django_migrations', 'django_content_type', 'auth_permission')"
CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'desk_app'"
EMPTY = f"""
SET session_replication_role = replica;
SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ') || ' CASCADE'
FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN {KEPT_TABLES}
\\gexec
"""  # noqa: S608 - our own names


class Desk:
    """The system and what can be done to it. Everything is started from the main thread: the kernel ends children with the thread they come from."""

    def __init__(self, system: System, mail: MailServer) -> None:
        self.system, self.mail = system, mail
        self.application = Application(system, ports.listen_anywhere())
        self.widows: list[int] = []  # groups whose leader was killed
        self.holder = 0  # the session that holds what others wait for

    @property
    def address(self) -> str:
        return self.application.address

    def open(self) -> None:
        self.application.start_servers()
        self.application.migrate()
        self.application.start_web()
        self.application.wait_until_served()

    def reset(self) -> None:
        """As at the beginning: servers and web running, nothing in them, and no other process."""
        self.end(*(name for name in self.names if name != "web"))
        self.end_widows()
        self.wake("valkey", "postgres", "web")
        if self.system.valkey.child.has_ended():
            self.start_queue()
        if self.system.postgres.child.has_ended():
            self.start_database()
        if "web" not in self.names:
            self.application.start_web()
        self.application.wait_until_served()
        self.flush_queue()
        self.sql(CUT)  # what a test left waiting for a lock must not wait for ours
        self.sql(EMPTY)
        for left in self.system.place.files.iterdir():
            shutil.rmtree(left)
        self.mail.forget()
        self.mail.start()

    # --- Processes ---------------------------------------------------------------------------------------------------
    @property
    def names(self) -> list[str]:
        return [child.name for child in self.system.children]

    def child(self, name: str) -> processes.Child:
        if name in {"postgres", "valkey"}:
            return getattr(self.system, name).child
        return next(child for child in self.system.children if child.name == name)

    def start_worker(self, name: str = "worker", queue: str = "") -> None:
        """Returns when it takes work: everything, or one queue alone."""
        log = self.system.place.logs / f"{name}.log"
        log.unlink(missing_ok=True)
        self.application.start_worker(name, queue)
        assert wait_until(lambda: log.exists() and " ready." in log.read_text(), 30), log.read_text()

    def start_beat(self, name: str = "beat") -> None:
        self.application.start_beat(name)

    def start_relay(self, name: str = "relay-1", of: str = "relay") -> None:
        """A relay of its own, outside Celery, that ends when nothing is due. `of`: the module, `page_relay` for that of pages."""
        command = [PYTHON, "-m", f"tests.faults.{of}"]
        self.system.children.append(processes.start(name, command, self.system.place, self.system.variables))

    def relay(self, of: str = "relay") -> None:
        """One relay to its end."""
        self.start_relay("relay-1", of)
        self.wait_for_end("relay-1")

    def wait_for_end(self, name: str, seconds: float = 60) -> None:
        assert wait_until(self.child(name).has_ended, seconds), f"{name} has not ended"
        assert self.child(name).process.returncode == 0, processes.tail(self.child(name).log)
        self.end(name)

    def kill(self, name: str) -> None:
        """kill -9, of it alone: what it started is left to itself."""
        child = self.child(name)
        child.process.kill()
        child.process.wait()
        self.widows.append(child.process.pid)
        if child in self.system.children:
            self.system.children.remove(child)

    def end_widows(self) -> None:
        """What a killed process had started ends too, as it does in a container."""
        while self.widows:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.widows.pop(), signal.SIGKILL)

    def kill_children(self, name: str) -> int:
        """kill -9 of what it started; returns how many."""
        parent = self.child(name).process.pid
        found = [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return len(found)

    def end(self, *names: str) -> None:
        for child in [child for child in self.system.children if child.name in names]:
            child.process.kill()
            child.stop()
            self.system.children.remove(child)

    def freeze(self, name: str) -> None:
        """It accepts connections (the kernel does) and never answers."""
        os.killpg(self.child(name).process.pid, signal.SIGSTOP)

    def wake(self, *names: str) -> None:
        for name in names:
            with contextlib.suppress(ProcessLookupError, StopIteration):
                os.killpg(self.child(name).process.pid, signal.SIGCONT)

    # --- Servers -----------------------------------------------------------------------------------------------------
    def crash_database(self) -> None:
        """Immediate shutdown: every connection is cut, nothing is written any more."""
        child = self.child("postgres")
        child.process.send_signal(signal.SIGQUIT)
        child.process.wait(30)
        child.stop()

    def start_database(self) -> None:
        """Returns when it answers, recovered."""
        self.system.postgres.start()
        connection.close()

    def sql(self, text: str) -> str:
        """What psql prints as the superuser, past every policy."""
        file = self.system.place.root / "statement.sql"
        file.write_text(text)
        return self.system.postgres.run_psql(["-f", file], database="helpdesk").strip()

    @contextlib.contextmanager
    def holding(self, text: str) -> Iterator[None]:
        """Somebody's transaction that has done this, and ends only with the block."""
        line = psycopg2.connect(self.system.postgres.address("postgres"))
        try:
            with line.cursor() as cursor:
                cursor.execute(text)
            self.holder = line.get_backend_pid()
            yield
        finally:
            line.close()

    def wait_for_lock(self) -> None:
        """Returns when somebody waits for what is held: not for one of the many locks that processes take from each other for a moment."""
        waiting = f"SELECT count(*) FROM pg_locks WHERE NOT granted AND {self.holder} = ANY(pg_blocking_pids(pid))"  # noqa: S608 - a number
        assert wait_until(lambda: self.sql(waiting) != "0", 20, 0.1), "nobody waits for what is held"

    def cut_waiting(self) -> None:
        """Whoever waits for what is held gets an end of the line instead; a killed process's last statement would be done without it."""
        self.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {self.holder} = ANY(pg_blocking_pids(pid))")  # noqa: S608

    def stop_queue(self) -> None:
        self.kill("valkey")

    def start_queue(self) -> None:
        self.system.valkey.start()
        self.system.valkey.wait()

    def flush_queue(self) -> None:
        ask(self.system.valkey.socket, b"FLUSHALL\r\n")

    def queued(self) -> int:
        """Asked for and not taken by a worker, in all queues."""
        return sum(int(ask(self.system.valkey.socket, f"LLEN {queue.name}\r\n".encode())[1:]) for queue in app.conf.task_queues)

    @property
    def broker(self) -> str:
        return f"redis+socket://{self.system.valkey.socket}"

    # --- People ------------------------------------------------------------------------------------------------------
    def visitor(self, person: Any) -> Visitor:
        """Somebody at a browser, signed in."""
        client = Client()
        client.force_login(person)
        found = Visitor(self.address, language="en")
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        found.jar.set_cookie(
            http.cookiejar.Cookie(
                *(0, settings.SESSION_COOKIE_NAME, value, None, False, ports.LOOPBACK, False, False, "/", True, False, None, False),
                *(None, None, {}),
            )
        )
        return found


def ask(address: Path, request: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5)
        line.connect(str(address))
        line.sendall(request)
        return line.recv(1000).strip()


@contextlib.contextmanager
def opened() -> Iterator[Desk]:
    """A desk of its own, gone afterwards."""
    prepare_translations()
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    mail = MailServer()
    with throw_away("faults", durable=True) as system:
        system.base |= {"EMAIL_URL": f"smtp://{ports.LOOPBACK}:{mail.port}", "SECRET_KEY": settings.SECRET_KEY, "MAIL_JOIN_SECONDS": "0"}
        system.base |= {"PAGES_TO_PRIVATE_ADDRESSES": "1"}  # the service that takes pages is in the test's hand, on this machine
        desk = Desk(system, mail)
        try:
            desk.open()
            yield desk
        finally:
            desk.wake("valkey", "postgres", "web", "worker")
            mail.end()
            desk.application.close()


@contextlib.contextmanager
def used_by_this_process(desk: Desk) -> Iterator[None]:
    """This process's own queries go to the desk's database, as its application."""
    before = dict(connection.settings_dict)
    connection.close()
    here = {"NAME": "helpdesk", "USER": "desk_app", "PASSWORD": "", "HOST": str(desk.system.postgres.sockets), "PORT": "5432"}
    connection.settings_dict.update(here)
    _forget()
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
        _forget()


def _forget() -> None:
    """What this process knows by id is another database's: there, versions of the same number say something else."""
    for known in (calendars._history, calendars._compiled, policies.rules):
        known.cache_clear()
