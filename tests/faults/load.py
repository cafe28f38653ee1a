"""Customers who file and reply over HTTP, each again with the same form until it is taken."""

import http.client
import threading
import time
from collections import Counter
from typing import Any

from tooling.tour_web import Failed, Form, Page, Upload, Visitor

PATIENCE_SECONDS = 90


def filing_form(visitor: Visitor, product: Any, subject: str) -> tuple[Page, list[tuple[str, str]]]:
    """A new form, filled in. Raises Failed when the page is none."""
    page = visitor.get("/tickets/new/")
    form = page.form("subject", "submission_key")
    values = {"type": "technical", "severity": "high", "product": str(product.pk), "subject": subject, "description": f"About {subject}"}
    return page, form.filled(**values)


def file_ticket(visitor: Visitor, product: Any, subject: str, files: tuple[tuple[str, Upload], ...] = ()) -> Page:
    page, values = filing_form(visitor, product, subject)
    return visitor.send(page, Form("", "post"), values, files)


class Client(threading.Thread):
    """Does one thing after another until told to stop; what was acknowledged is in `done`, every answer's status in `answers`."""

    def __init__(self, visitor: Visitor, number: int, product: Any, answers: Counter[object], changed: threading.Condition) -> None:
        super().__init__(daemon=True)
        self.visitor, self.number, self.product = visitor, number, product
        self.answers, self.changed = answers, changed
        self.done: list[str] = []
        self.ticket = ""
        self.stopping = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                words = f"client {self.number} no {len(self.done)}"
                self._file(words) if self.number % 2 or not self.ticket else self._reply(words)
                with self.changed:
                    self.done.append(words)
                    self.changed.notify_all()
        except Exception as error:
            self.error = error

    def _file(self, words: str) -> None:
        page = self._until(200, lambda: self.visitor.get("/tickets/new/"))
        fields = {"type": "technical", "severity": "high", "product": str(self.product.pk), "subject": words, "description": words}
        form = page.form("subject", "submission_key")
        self.ticket = self._until(200, lambda: self.visitor.send(page, form, form.filled(**fields))).path

    def _reply(self, words: str) -> None:
        page = self._until(200, lambda: self.visitor.get(self.ticket))
        form = page.form("body", "submission_key")
        self._until(200, lambda: self.visitor.send(page, form, form.filled(body=words)))

    def _until(self, status: int, ask: Any) -> Page:
        """The same again until it is taken: a broken line and 503 are tried again, anything else is not expected."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer: object
            try:
                page = ask()
                answer = page.status
                if answer == status:
                    self._count(answer)
                    return page
            except (Failed, http.client.HTTPException, ConnectionError) as error:
                answer = type(error).__name__
            self._count(answer)
            assert time.monotonic() < ends, f"not taken within {PATIENCE_SECONDS} s; the last answer was {answer}"
            time.sleep(0.2)

    def _count(self, answer: object) -> None:
        with self.changed:
            self.answers[answer] += 1


class Load:
    """Several clients at once, while the main thread breaks things."""

    def __init__(self, visitors: list[Visitor], product: Any) -> None:
        self.changed = threading.Condition()
        self.answers: Counter[object] = Counter()
        self.clients = [Client(visitor, number, product, self.answers, self.changed) for number, visitor in enumerate(visitors)]

    @property
    def done(self) -> list[str]:
        return [words for client in self.clients for words in client.done]

    def __enter__(self) -> "Load":
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_error: object) -> None:
        for client in self.clients:
            client.stopping.set()
        for client in self.clients:
            client.join(PATIENCE_SECONDS + 30)
        assert not any(client.is_alive() for client in self.clients), "a client hangs"

    def more(self, number: int, seconds: float = 60) -> float:
        """Returns when so many more things are done; says how long that took."""
        begun = time.monotonic()
        with self.changed:
            target = len(self.done) + number
            enough = self.changed.wait_for(lambda: len(self.done) >= target or any(c.error for c in self.clients), seconds)
        errors = [client.error for client in self.clients if client.error]
        assert not errors, errors
        assert enough, f"{len(self.done)} of {target} done after {seconds} s: {self.answers}"
        return time.monotonic() - begun
