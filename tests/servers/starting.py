"""The helpdesk's own processes on the database of the test, and somebody who asks them over HTTP."""

import contextlib
import http.client
import os
import re
import sys
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from django.db import connection
from django.test import Client

from tooling import ports, processes
from tooling.places import Place

MODULES = {
    "web": ("gunicorn", "--config", "deploy/gunicorn.conf.py", "helpdesk.wsgi:application"),
    "worker": ("celery", "--app", "helpdesk", "--quiet", "worker", "--concurrency", "1", "--without-gossip", "--without-mingle"),
    "beat": ("celery", "--app", "helpdesk", "--quiet", "beat", "--pidfile", "", "--schedule"),
}
TOKEN = "t" * 32


class Desk:
    """What was started, by name; `port` is the web server's; `held` is let go at the end."""

    def __init__(self, root: Path) -> None:
        self.place = Place(root)
        self.place.create()
        self.held = contextlib.ExitStack()
        self.port = self.held.enter_context(ports.reserved())
        self.children: dict[str, processes.Child] = {}

    def start(self, *names: str, **settings: str) -> None:
        variables = self._variables() | settings
        for name in names:
            more = [str(self.place.root / "beat-schedule")] if name == "beat" else []
            self.children[name] = processes.start(name, [sys.executable, "-m", *MODULES[name], *more], self.place, variables)
        if "web" in names:
            assert processes.wait_until(lambda: self.answers("/healthz") == 200, 30, pause=0.1), self.log("web")

    def start_mail(self) -> str:
        """The address of a mail server that keeps everything."""
        with contextlib.closing(ports.listen_anywhere()) as listening:
            command = [sys.executable, "-m", "tooling.smtp_sink", str(self.place.mail), "--descriptor", str(listening.fileno())]
            self.children["mail"] = processes.start("mail", command, self.place, os.environ, descriptors=[listening.fileno()])
            return f"smtp://{ports.LOOPBACK}:{ports.number(listening)}"

    def _variables(self) -> dict[str, str]:
        of_test = urllib.parse.urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
        return {
            **os.environ,
            "DATABASE_URL": of_test,
            "WEB_BIND": f"{ports.LOOPBACK}:{self.port}",
            "WEB_CONCURRENCY": "2",
            "FILES_ROOT": str(self.place.files),
            "MAIL_JOIN_SECONDS": "0",
        }

    def workers_of_web(self) -> list[int]:
        """Numbers of gunicorn's worker processes."""
        pid = self.children["web"].process.pid
        return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def answers(self, path: str) -> int:
        """The status, or 0 when nobody answers."""
        asked = http.client.HTTPConnection(ports.LOOPBACK, self.port, timeout=20)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(asked):
            asked.request("GET", path)
            return asked.getresponse().status
        return 0

    def log(self, name: str) -> str:
        return processes.tail(self.place.logs / f"{name}.log")

    def errors(self, name: str) -> list[str]:
        """The last lines of the tracebacks in its log."""
        lines = (self.place.logs / f"{name}.log").read_text().splitlines()
        return [line for line in lines if re.match(r"[\w.]+(Error|Exception|Timeout|Canceled|NotAvailable)\b", line)]

    def stop(self) -> None:
        for child in reversed(self.children.values()):
            child.stop()
        self.held.close()


@contextlib.contextmanager
def desk(root: Path) -> Iterator[Desk]:
    """Everything started in it is gone afterwards."""
    found = Desk(root)
    try:
        yield found
    finally:
        found.stop()


@dataclass
class Browser:
    """Somebody signed in, with one line to the web server that is kept open, and opened again after a failure."""

    port: int
    cookie: str
    line: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.line = http.client.HTTPConnection(ports.LOOPBACK, self.port, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.line.close()

    def ask(self, path: str, **form: str) -> tuple[int, str]:
        """The status and the page; a form is posted. Raises OSError or HTTPException when the line is cut."""
        try:
            self._send(path, form)
            answer = self.line.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.line.close()
            raise

    def ask_and_go(self, path: str, **form: str) -> None:
        """Asks and hangs up without waiting for the answer."""
        with contextlib.suppress(OSError):
            self._send(path, form)
        self.line.close()

    def _send(self, path: str, form: dict[str, str]) -> None:
        headers = {"Cookie": self.cookie}
        if not form:
            self.line.request("GET", path, headers=headers)
            return
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.line.request("POST", path, urllib.parse.urlencode(form | {"csrfmiddlewaretoken": TOKEN}), headers)


def browser_of(person, port: int) -> Browser:
    client = Client()
    client.force_login(person)
    return Browser(port, f"sessionid={client.cookies['sessionid'].value}; csrftoken={TOKEN}")
