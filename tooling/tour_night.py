"""A night while the queue, the mail server and the workers are dead, and the morning after, over HTTP and SMTP alone.

python -m tooling.tour_night night|morning ADDRESS MAIL_FOLDER MEMORY. The night leaves in the file MEMORY what the morning has to find.
"""

import json
import secrets
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tooling.tour_mail import Letter, Mailbox
from tooling.tour_reading import is_one, json_number, sign_in, tell, wait_for, why
from tooling.tour_story import ANA, CAPTURE, LOG, RODRIGO
from tooling.tour_web import Page, Visitor, expect

CAIO = "caio.fontana@telesul.example"
HASTE_MS = 5000  # what nobody should wait for a page at night, on a busy machine too
QUOTED = " > "  # in a mail's text: what was said before begins


class Night:
    """What people do at three in the morning."""

    def __init__(self, address: str, mailbox: Mailbox, memory: Path) -> None:
        self.address, self.mailbox, self.memory = address, mailbox, memory
        self.ana, self.caio, self.rodrigo = Visitor(address), Visitor(address), Visitor(address)
        mark = secrets.token_hex(4)
        self.subject = f"Central sem chamadas de madrugada ({mark})"
        self.filed, self.first, self.reply, self.second = (
            f"{word} {mark}" for word in ("Ninguém liga.", "Qual tronco?", "O EMBR.", "Feito.")
        )
        self.path = ""
        self.before = Counter(letter.message_id for letter in mailbox.letters())
        self.slowest = 0.0
        self.pages = 0

    @property
    def number(self) -> str:
        return f"SP-{self.path.strip('/').rpartition('/')[2]}"

    @property
    def desk(self) -> str:
        return f"/console{self.path}"

    def ask_for_health(self) -> str:
        alive, ready = self._seen(self.ana.get("/healthz")), self._seen(self.ana.get("/readyz"))
        expect((alive.status, ready.status) == (200, 200), f"healthz answers {alive.status}, readyz {ready.status}")
        return f"healthz “{alive.text}”, readyz “{ready.text}”"

    def sign_in_the_customer(self) -> str:
        page = self._seen(sign_in(self.ana, ANA))
        expect(page.status == 200 and page.path == "/", f"she got to {page.path} ({page.status})")
        return page.seen

    def file(self) -> str:
        page = self._seen(self.ana.get("/tickets/new/"))
        form = page.form("type", "severity", "product", "subject", "description")
        upload = self.ana.post("/uploads/", [], [("file", LOG)], **{"X-CSRFToken": form.value("csrfmiddlewaretoken")})
        expect(upload.status == 201, f"the log was answered with {upload.status}")
        values = form.filled(type="technical", severity="critical", product=form.choice("product", "SIP Pulse Softswitch"))
        values = [pair for pair in values if pair[0] not in {"subject", "description"}]
        values += [("subject", self.subject), ("description", self.filed), ("upload", json_number(upload, "id"))]
        done = self._seen(self.ana.send(page, form, values, [("files", CAPTURE)]))
        self.path = done.path
        expect(
            done.status == 200 and is_one(self.path) and self.number in done.text, f"she got to {done.path} ({done.status}): {why(done)}"
        )
        return f"{done.seen}, {self.number}"

    def read_as_a_colleague(self) -> str:
        sign_in(self.caio, CAIO)
        page = self._seen(self.caio.get(self.path))
        expect(page.status == 200 and self.filed in page.text, f"he gets {page.status}, without what she wrote")
        return f"{page.seen}, {self._evidence(self.caio, page, '/tickets/')}"

    def read_as_staff(self) -> str:
        self._seen(sign_in(self.rodrigo, RODRIGO))
        queue = self._seen(self.rodrigo.get("/console/queues/unverified/"))
        expect(self.subject in queue.links(self.desk), f"{self.number} is not among what needs qualification")
        page = self._seen(self.rodrigo.get(self.desk))
        return f"{page.seen}, {self._evidence(self.rodrigo, page, '/console/tickets/')}"

    def answer(self) -> str:
        return self._answer(self.first)

    def reply_to_the_answer(self) -> str:
        page = self._seen(self.ana.get(self.path))
        expect(self.first in page.text, "her page does not show the answer")
        form = page.form("body", "submission_key")
        done = self._seen(self.ana.send(page, form, form.filled(body=self.reply)))
        expect(done.status == 200 and self.reply in done.text, f"her reply was answered with {done.status}")
        return done.seen

    def answer_again(self) -> str:
        return self._answer(self.second)

    def owe_everything(self) -> str:
        waiting = owed(self.rodrigo, self.number, "due")
        others = {state: owed(self.rodrigo, self.number, state) for state in ("sending", "sent", "parked")}
        expect(waiting >= 4 and not any(others.values()), f"the outbox has {waiting} mails waiting, and {others}")
        came = [letter for letter in self.mailbox.letters() if letter.message_id not in self.before]
        expect(not came, f"{len(came)} mails came all the same")
        owes = {ANA: [self.filed, self.first, self.second], RODRIGO: [self.filed, self.reply]}
        self.memory.write_text(json.dumps({"number": self.number, "path": self.path, "owes": owes}))
        return f"{waiting} mails wait for {self.number}, none was sent"

    def look_at_the_clock(self) -> str:
        for _round in range(5):
            for visitor, path in ((self.ana, "/"), (self.ana, "/tickets/"), (self.ana, self.path), (self.rodrigo, "/console/queues/all/")):
                page = self._seen(visitor.get(path))
                expect(page.status == 200, f"{path} answered {page.status}")
        expect(self.slowest < HASTE_MS, f"a page took {self.slowest:.0f} ms")
        return f"the slowest of {self.pages} took {self.slowest:.0f} ms"

    def _answer(self, words: str) -> str:
        page = self._seen(self.rodrigo.get(self.desk))
        form = page.form("kind", "body", "submission_key")
        done = self._seen(self.rodrigo.send(page, form, form.filled(kind="public", body=words)))
        expect(done.status == 200 and done.path == self.desk and words in done.text, f"he got to {done.path} ({done.status}): {why(done)}")
        return done.seen

    def _evidence(self, visitor: Visitor, page: Page, start: str) -> str:
        for upload in (LOG, CAPTURE):
            address = next((a for words, a in page.links(start).items() if upload.name in words), "")
            expect(address and visitor.get(address).body == upload.content, f"{upload.name} can't be had as it was sent")
        return f"{LOG.name} and {CAPTURE.name} byte for byte"

    def _seen(self, page: Page) -> Page:
        self.slowest = max(self.slowest, page.milliseconds)
        self.pages += 1
        return page

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        return [
            ("It is 3 a.m.; the queue, the mail server and the workers are dead; health is asked", self.ask_for_health),
            ("Ana signs in", self.sign_in_the_customer),
            ("She files a critical ticket with a log and a capture", self.file),
            ("Caio, her colleague, reads it and fetches the evidence", self.read_as_a_colleague),
            ("Rodrigo signs in, finds it and reads it", self.read_as_staff),
            ("He answers", self.answer),
            ("Ana reads the answer and replies", self.reply_to_the_answer),
            ("Rodrigo answers again", self.answer_again),
            ("The outbox owes every mail, and none came", self.owe_everything),
            ("Nobody waits for the dead", self.look_at_the_clock),
        ]


class Morning:
    """What everybody finds when the parts run again."""

    def __init__(self, address: str, mailbox: Mailbox, memory: Path) -> None:
        remembered = json.loads(memory.read_text())
        self.mailbox, self.rodrigo, self.ana = mailbox, Visitor(address), Visitor(address)
        self.number, self.path, self.owes = remembered["number"], remembered["path"], remembered["owes"]

    def deliver(self) -> str:
        sign_in(self.rodrigo, RODRIGO)

        def settled() -> int | None:
            waits = any(owed(self.rodrigo, self.number, state) for state in ("due", "sending"))
            return None if waits else owed(self.rodrigo, self.number, "sent")

        sent, seconds = wait_for(settled, "mails of the night still wait")
        expect(not owed(self.rodrigo, self.number, "parked"), "some of them were given up")
        expect(sent == len(self._letters()), f"{sent} mails were sent and {len(self._letters())} arrived")
        return f"in {seconds:.1f} s, {sent} mails sent, {sent} arrived"

    def double_nothing(self) -> str:
        ids = Counter(letter.message_id for letter in self.mailbox.letters())
        twice = [one for one, times in ids.items() if times > 1]
        expect(not twice, f"{len(twice)} of {len(ids)} mails came twice")
        for address, words in self.owes.items():
            text = self._read(address)
            times = {word: text.count(word) for word in words}
            expect(set(times.values()) == {1}, f"{address} is told {times}")
        return f"none of {len(ids)} came twice, and each thing is told once"

    def keep_the_order(self) -> str:
        for address, words in self.owes.items():
            places = [self._read(address).index(word) for word in words]
            expect(places == sorted(places), f"{address} reads {words} in another order")
        return f"{', '.join(f'{address}: {len(words)} things' for address, words in self.owes.items())}"

    def ring_again(self) -> str:
        sign_in(self.ana, ANA)
        page = self.ana.get(self.path)
        form = page.form("body", "submission_key")
        words = f"Bom dia, obrigada. {secrets.token_hex(4)}"
        done = self.ana.send(page, form, form.filled(body=words))
        expect(done.status == 200, f"her reply was answered with {done.status}")
        _letter, seconds = self.mailbox.wait(RODRIGO, f"[{self.number}]", words)
        return f"{done.seen}, the team heard in {seconds:.1f} s"

    def _letters(self, to: str = "") -> list[Letter]:
        return [letter for letter in self.mailbox.letters(to) if f"[{self.number}]" in letter.subject]

    def _read(self, address: str) -> str:
        """All that this person is told, in order of arrival, without what mails quote."""
        return " ".join(letter.text.partition(QUOTED)[0] for letter in self._letters(address))

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        return [
            ("It is morning, and the parts run again: all that was owed arrives", self.deliver),
            ("Nothing is doubled", self.double_nothing),
            ("In each thread it is told in order", self.keep_the_order),
            ("Ana replies, and the team hears of it", self.ring_again),
        ]


def owed(staff: Visitor, number: str, state: str) -> int:
    """How many mails of a ticket the outbox shows in this state."""
    page = staff.get("/console/outbox/", q=f"[{number}]", state=state)
    expect(page.status == 200, f"the outbox answered {page.status}")
    return len([address for address in page.addresses("/console/outbox/") if is_one(address)])


PARTS: dict[str, type[Night] | type[Morning]] = {"night": Night, "morning": Morning}


def main(arguments: list[str]) -> int:
    """0 when all of it held, 1 with a sentence about the step that did not, 2 for wrong use."""
    if len(arguments) != 4 or arguments[0] not in PARTS:
        print("Usage: python -m tooling.tour_night night|morning ADDRESS MAIL_FOLDER MEMORY", file=sys.stderr)
        return 2
    part, address, folder, memory = arguments
    return tell(PARTS[part](address, Mailbox(Path(folder)), Path(memory)).steps())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
