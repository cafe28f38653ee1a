"""What is promised, told to whoever is on call, kept, missed and explained, over HTTP and SMTP alone.

python -m tooling.tour_promises before|after ADDRESS MAIL_FOLDER MEMORY. Time can't be made to pass: before the other stories an
administrator lets a policy promise critical tickets an answer within one minute, one is filed, and the policy promises again what it
did. Afterwards that one was missed; another is filed and kept. What is before leaves in the file MEMORY what has to be found after.
"""

import json
import re
import secrets
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread

from tooling import ports
from tooling.tour_mail import Mailbox
from tooling.tour_reading import is_one, sign_in, tell, wait_for, why
from tooling.tour_story import ANA, RODRIGO
from tooling.tour_web import Failed, Page, Visitor, expect

HELENA, KAREN = "helena.prado@sippulse.example", "karen.walsh@sippulse.example"
FERNANDA = "fernanda.lopes@sippulse.example"  # keeps Ana's contract: hears of what is missed, and of nothing else
ON_CALL = [f"{name}@sippulse.example" for name in ("karen.walsh", "camila.nunes", "thiago.becker", "rodrigo.tavares")]
FIRST_ANSWER = "technical-critical-first_response"
PROMISED_MINUTES, SHORT_MINUTES = 30, 1
PAGE_SECONDS = 20


class Phone:
    """A service on this machine that takes pages, as somebody's own would."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.changed = Condition()
        phone = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with phone.changed:
                    phone.titles.append(str(body["title"]))
                    phone.changed.notify_all()
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_unused: object) -> None:
                pass

        self.server = ThreadingHTTPServer((ports.LOOPBACK, 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def way(self) -> str:
        return f"json://{ports.LOOPBACK}:{self.server.server_port}/phone"

    def wait(self, words: str) -> str:
        """The title of the first page with these words. Raises Failed after PAGE_SECONDS."""
        with self.changed:
            self.changed.wait_for(lambda: any(words in title for title in self.titles), PAGE_SECONDS)
            found = next((title for title in self.titles if words in title), "")
        expect(found, f"no page about {words} came within {PAGE_SECONDS} s, but {self.titles}")
        return found


class Promises:
    """Each step is a method that returns what it observed."""

    def __init__(self, address: str, mailbox: Mailbox, memory: Path) -> None:
        self.address, self.mailbox, self.memory = address, mailbox, memory
        self.ana, self.helena, self.karen = Visitor(address), Visitor(address), Visitor(address)
        self.mark = secrets.token_hex(4)
        self.path = ""
        self.filed_at = datetime.now(UTC)

    # --- Before ------------------------------------------------------------------------------------------------------
    def promise_little_time(self) -> str:
        sign_in(self.helena, HELENA)
        return self._change_policy(SHORT_MINUTES)

    def file_what_nobody_answers(self) -> str:
        sign_in(self.ana, ANA)
        page = self._file(f"Ninguém atende ({self.mark})")
        self.memory.write_text(json.dumps({"path": self.path, "filed_at": self.filed_at.isoformat()}))
        return f"{page.seen}, {self._number(self.path)}, {self._first_answer(SHORT_MINUTES)}"

    def promise_as_before(self) -> str:
        return self._change_policy(PROMISED_MINUTES)

    # --- After ---------------------------------------------------------------------------------------------------------
    def be_reachable(self) -> str:
        self.phone = Phone()
        for address in ON_CALL:
            visitor = self.karen if address == KAREN else Visitor(self.address)
            sign_in(visitor, address)
            page = visitor.get("/account/on-call/")
            form = page.form("label", "url", "after_minutes")
            done = visitor.send(page, form, form.filled(label="Tour", url=self.phone.way))
            expect(done.status == 200 and "Tour" in done.text, f"{address} could not enter a way: {done.status}, {why(done)}")
        return f"{len(ON_CALL)} people are paged at {self.phone.way}"

    def file_what_is_answered(self) -> str:
        sign_in(self.ana, ANA)
        page = self._file(f"Tudo parado ({self.mark})")
        return f"{page.seen}, {self._number(self.path)}, {self._first_answer(PROMISED_MINUTES)}"

    def get_paged(self) -> str:
        title = self.phone.wait(self._number(self.path))
        expect(self.mark not in title, f"the page says what the customer wrote: {title}")
        return f"“{title}”, {(datetime.now(UTC) - self.filed_at).total_seconds():.1f} s after it was filed"

    def answer(self) -> str:
        desk = f"/console{self.path}"
        page = self.karen.get(desk)
        form = page.form("kind", "body", "submission_key")
        done = self.karen.send(page, form, form.filled(kind="public", body="Estamos olhando."))
        expect(done.status == 200 and "Estamos olhando." in done.text, f"she got to {done.path} ({done.status}): {why(done)}")
        return done.seen

    def see_it_kept(self) -> str:
        page = self.karen.get(f"/console{self.path}promise/")
        expect("Kept: answered." in page.text, f"the promise's page ({page.status}) does not say that it was kept")
        return f"{page.seen}, “Kept: answered.”"

    def see_the_other_missed(self) -> str:
        memory = json.loads(self.memory.read_text())
        self.path, self.filed_at = memory["path"], datetime.fromisoformat(memory["filed_at"])
        over = self.filed_at + timedelta(minutes=SHORT_MINUTES)
        time.sleep(max(0.0, (over - datetime.now(UTC)).total_seconds()))
        _found, seconds = wait_for(self._missed, "the promise's page does not say that it was missed")
        return f"{self._number(self.path)}, {(datetime.now(UTC) - over).total_seconds():.0f} s after its minute, {seconds:.1f} s waited for"

    def explain_it_to_the_customer(self) -> str:
        page = self.ana.get(f"{self.path}promise/")
        due = self.filed_at + timedelta(minutes=SHORT_MINUTES)
        expect(page.status == 200, f"her page answered {page.status}")
        shown = self._instants(page)
        expect(any(abs(at - due) < timedelta(seconds=5) for at in shown), f"her page does not name {due:%H:%M:%S}, only {sorted(shown)}")
        return f"{page.seen}, with the instant that was promised"

    def tell_the_account_manager(self) -> str:
        letter, _seconds = self.mailbox.wait(FERNANDA, f"[{self._number(self.path)}]")
        return f"“{letter.subject}”"

    def tell_the_lead(self) -> str:
        letter, _seconds = self.mailbox.wait(RODRIGO, f"[{self._number(self.path)}]", "80 %")
        return f"“{letter.subject}”"

    # --- How ------------------------------------------------------------------------------------------------------------
    def _change_policy(self, minutes: int) -> str:
        address = self.helena.get("/console/policies/").links("/console/policies/").get("Standard", "")
        expect(address, "there is no policy “Standard”")
        page = self.helena.get(f"{address}edit/")
        form = page.form(FIRST_ANSWER, "reason")
        review = self.helena.send(page, form, form.filled(**{FIRST_ANSWER: str(minutes), "reason": f"Tour: {minutes} min"}))
        expect(review.status == 200, f"the change was answered with {review.status}: {why(review)}")
        confirmed = review.form("confirm", FIRST_ANSWER)
        done = self.helena.send(review, confirmed, confirmed.filled(confirm="yes"))
        expect(done.status == 200 and done.path == address, f"she got to {done.path} ({done.status}): {why(done)}")
        return f"{done.seen}, critical: first answer within {minutes} min"

    def _file(self, subject: str) -> Page:
        page = self.ana.get("/tickets/new/")
        form = page.form("type", "severity", "product", "subject", "description")
        values = {"type": "technical", "severity": "critical", "product": form.choice("product", "SIP Pulse Softswitch")}
        self.filed_at = datetime.now(UTC)
        done = self.ana.send(page, form, form.filled(**values, subject=subject, description=f"Nenhuma chamada completa. {self.mark}"))
        self.path = done.path
        expect(done.status == 200 and is_one(self.path), f"she got to {done.path} ({done.status}): {why(done)}")
        return done

    def _first_answer(self, minutes: int) -> str:
        """The ticket's page of promises names the instant by which the first answer is promised."""
        due = self.filed_at + timedelta(minutes=minutes)
        shown = self._instants(self.ana.get(f"{self.path}promise/"))
        found = [at for at in shown if timedelta(seconds=-2) < at - due < timedelta(seconds=30)]
        if not found:
            raise Failed(f"her page does not promise an answer by {due:%H:%M:%S} UTC, only {sorted(shown)}")
        return f"first answer by {min(found).astimezone(UTC):%H:%M:%S} UTC, {minutes} min after it was filed"

    def _instants(self, page: Page) -> set[datetime]:
        return {datetime.fromisoformat(text) for text in re.findall(r'<time[^>]*datetime="([^"]*T[^"]*)"', page.body.decode())}

    def _missed(self) -> Page | None:
        page = self.karen.get(f"/console{self.path}promise/")
        return page if "was missed" in page.text else None

    def _number(self, path: str) -> str:
        return f"SP-{path.strip('/').rpartition('/')[2]}"


def steps(part: str, tour: Promises) -> list[tuple[str, Callable[[], str]]]:
    if part == "before":
        return [
            ("Helena lets the standard policy promise critical tickets an answer within a minute", tour.promise_little_time),
            ("Ana files one that nobody will answer", tour.file_what_nobody_answers),
            ("Helena lets it promise again what it did", tour.promise_as_before),
        ]
    return [
        ("Whoever may be on call enters where to be paged", tour.be_reachable),
        ("Ana files a critical ticket, and sees by when it is answered", tour.file_what_is_answered),
        ("Whoever is on call is paged", tour.get_paged),
        ("Karen answers in time", tour.answer),
        ("The promise is kept", tour.see_it_kept),
        ("The first ticket's promise was missed, and says why this time", tour.see_the_other_missed),
        ("Ana reads why, too", tour.explain_it_to_the_customer),
        ("Rodrigo, the lead, was told when 80 % were used up", tour.tell_the_lead),
        ("Fernanda, who keeps the contract, was told that it is late", tour.tell_the_account_manager),
    ]


def main(arguments: list[str]) -> int:
    """0 when all of it held, 1 with a sentence about the step that did not, 2 for wrong use."""
    if len(arguments) != 4 or arguments[0] not in {"before", "after"}:
        print("Usage: python -m tooling.tour_promises before|after ADDRESS MAIL_FOLDER MEMORY", file=sys.stderr)
        return 2
    part, address, folder, memory = arguments
    return tell(steps(part, Promises(address, Mailbox(Path(folder)), Path(memory))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
