"""Browsers of a benchmark, each with a session and a kept connection; and the server they talk to."""

import contextlib
import gzip
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
STARTING_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """`seconds`: from the first byte sent to the last byte received."""

    body: bytes
    location: str
    seconds: float

    @property
    def text(self) -> str:
        return (gzip.decompress(self.body) if self.body[:2] == b"\x1f\x8b" else self.body).decode()


class Browser:
    """Asks as a browser does. An answer of another status than expected ends the benchmark: it would measure something else."""

    def __init__(self, port: int, cookies: Mapping[str, str]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies = dict(cookies)

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None, 200)

    def post(self, path: str, values: Mapping[str, str]) -> Answer:
        return self._ask("POST", path, urlencode(values), 302)

    def token(self, path: str) -> str:
        """What a form of this page carries against forgery."""
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path).text)
        assert found, f"{path} has no form"
        return found.group(1)

    def _ask(self, method: str, path: str, body: str | None, expected: int) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "Accept-Encoding": "gzip"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        begun = time.perf_counter()
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        seconds = time.perf_counter() - begun
        for line in response.headers.get_all("Set-Cookie") or ():
            name, _equals, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        answer = Answer(content, response.headers.get("Location", ""), seconds)
        if response.status != expected:
            sys.exit(f"{method} {path} was answered with {response.status}, not {expected}: {answer.text[:2000]}")
        return answer


@contextlib.contextmanager
def served(settings: str, workers: int) -> Iterator[tuple[int, int]]:
    """Gunicorn as in production with these settings; its port and process number."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        port = listening.getsockname()[1]
        variables = os.environ | {"DJANGO_SETTINGS_MODULE": settings, "WEB_CONCURRENCY": str(workers), "LOG_LEVEL": "WARNING"}
        command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "--access-logfile", "/dev/null"]
        # A round on a busy machine lasts longer than the seconds that connections are kept by default.
        lasting = ["--max-requests", "0", "--keep-alive", str(STARTING_SECONDS)]
        options = ["--bind", f"fd://{listening.fileno()}", *lasting, "helpdesk.wsgi:application"]
        server = subprocess.Popen([*command, *options], cwd=ROOT, env=variables, pass_fds=[listening.fileno()])
        try:
            _wait(port)
            yield port, server.pid
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def _wait(port: int) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    sys.exit("The server did not start.")


def memory_mb(pid: int) -> list[tuple[str, float]]:
    """Proportional memory of a process and of its children, in MB; shared pages count in parts."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = []
    for number, name in [(str(pid), "master"), *((child, f"worker {n}") for n, child in enumerate(children, 1))]:
        rollup = Path(f"/proc/{number}/smaps_rollup").read_text()
        pss = re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)
        assert pss, "the kernel tells it"
        found.append((name, int(pss.group(1)) / 1024))
    return found
