"""A service that takes pages, in a thread of this process: answers, refuses, fails, hangs, as a test says."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Any

HANG = 0


class Service:
    """`rules`: by path the answers to come, the last one for good; HANG takes all of it and says nothing until `let_go`."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.rules: dict[str, list[int]] = {}
        self.changed = Condition()
        self.letting_go = Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True

    def url(self, path: str = "phone") -> str:
        """The address of a way that ends here."""
        return f"json://127.0.0.1:{self.server.server_port}/{path}"

    def messages(self, path: str = "phone") -> list[str]:
        return [body["message"] for at, body in self.received if at == f"/{path}"]

    def wait_for(self, number: int, seconds: float = 90) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.received) >= number, seconds), f"{len(self.received)} pages came, not {number}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with service.changed:
                    service.received.append((self.path, body))
                    answers = service.rules.get(self.path.strip("/"), [200])
                    answer = answers.pop(0) if len(answers) > 1 else answers[0]
                    service.changed.notify_all()
                if answer == HANG:
                    service.letting_go.wait(60)
                    self.close_connection = True
                    return
                self.send_response(answer)
                if answer in {301, 302}:
                    self.send_header("Location", service.url("elsewhere").replace("json://", "http://"))
                self.end_headers()

            def log_message(self, *_unused: object) -> None:
                pass

        return Handler


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()
    thread = Thread(target=service.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.letting_go.set()
        service.server.shutdown()
        service.server.server_close()
        thread.join(5)
