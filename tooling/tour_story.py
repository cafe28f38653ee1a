"""The main job from end to end, as people live it, over HTTP and SMTP alone: python -m tooling.tour_story ADDRESS MAIL_FOLDER.

The people are those of the demo data. Each step prints what was observed; the first that does not hold ends the tour.
"""

import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from tooling.tour_mail import Letter, Mailbox
from tooling.tour_reading import complaint, is_one, json_number, sign_in, tell, title, wait_for, why, without
from tooling.tour_web import Page, Upload, Visitor, expect

ANA, RODRIGO = "ana.ribeiro@telesul.example", "rodrigo.tavares@sippulse.example"
FELIPE, RICARDO = "felipe.gomes@contacta.example", "ricardo@menezes-consultoria.example"
STAFF_DOMAIN = "@sippulse.example"
# Sentences of every mail and page that only an English reader may get.
ENGLISH = ("You get this because", "State: ", "What we need from you", "Sign out", "Open a ticket", "Before that:", "Open SP-")

LOG = Upload("chamadas.log", "".join(f"10:{n:02d}:07 INVITE 503 Serviço indisponível tronco EMBR-SC-01\r\n" for n in range(60)).encode())
CAPTURE = Upload(
    "sinalização.pcap", bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000") + bytes(range(256)) * 300 + b"\r\n--\r\n\x00"
)
FIX = Upload("rota-corrigida.cfg", b"[trunk]\nname = EMBR-SC-01\nlimit = 480\n")
SECRET = Upload("interno.txt", b"for our eyes only")


class Tour:
    """Tells the story; each step is a method that returns what it observed."""

    def __init__(self, address: str, mailbox: Mailbox) -> None:
        self.address, self.mailbox = address, mailbox
        self.ana, self.rodrigo = Visitor(address), Visitor(address)
        self.felipe, self.ricardo = Visitor(address), Visitor(address)
        mark = secrets.token_hex(4)  # so that it can be told from the demo's own tickets, and from an earlier tour's
        self.subject = f"Chamadas caem com 503 no tronco EMBR ({mark})"
        self.description = f"Desde as 10h, **60 chamadas** por minuto recebem 503. Nada mudou aqui. {mark}"
        self.reason = f"Há rota alternativa pelo tronco OI-FNS. {mark}"
        self.answer = f"Ajustamos o limite do tronco; o arquivo segue anexo. {mark}"
        self.note = f"Cliente esqueceu de pagar a operadora {mark}"
        self.reply = f"Voltou a cair agora há pouco. {mark}"
        self.filed: Page
        self.sent: tuple[list[tuple[str, str]], list[tuple[str, Upload]], Page]
        self.log_id = ""
        self.path = ""
        self.secret_path = ""
        self.heard: list[Letter] = []

    @property
    def number(self) -> str:
        return f"SP-{self.path.strip('/').rpartition('/')[2]}"

    @property
    def desk(self) -> str:
        return f"/console{self.path}"

    # --- The customer's side ----------------------------------------------------------------------------------------
    def refuse_a_wrong_password(self) -> str:
        page = sign_in(self.ana, ANA, "not-her-password")
        sentence = complaint(page)
        expect(page.path == "/account/login/", f"she got to {page.path}")
        expect(page.form("login").value("login") == ANA, "her address was not kept")
        expect(self.ana.get("/").path == "/account/login/", "she got in all the same")
        return f"“{sentence}”"

    def sign_in_the_customer(self) -> str:
        page = sign_in(self.ana, ANA)
        expect(page.status == 200 and page.path == "/", f"she got to {page.path} ({page.status})")
        expect("Telesul Telecomunicações" in page.text, "the home page does not name her company")
        return f"{page.seen}, {title(page)}"

    def keep_what_was_written(self) -> str:
        page = self.ana.get("/tickets/new/")
        form = page.form("type", "severity", "subject", "submission_key")
        again = self.ana.send(page, form, form.filled(description=self.description))
        expect(again.status == 422, f"an unfinished form was answered with {again.status}")
        kept = again.form("type", "subject")
        expect(kept.value("description") == self.description, "the description was not kept")
        expect(kept.value("submission_key") == form.value("submission_key"), "the form's key was not kept")
        return f"{again.seen}, “{complaint(again)}”, her text is still there"

    def refuse_critical_functional(self) -> str:
        page = self.ana.get("/tickets/new/")
        form = page.form("type", "severity", "subject")
        values = form.filled(type="functional", severity="critical", subject=self.subject, description=self.description)
        again = self.ana.send(page, form, values)
        expect(again.status == 422, f"it was answered with {again.status}")
        expect(again.form("type").value("severity") == "critical", "her choice was not kept")
        expect(not self._found(self.ana, self.subject), "a ticket was made all the same")
        return f"{again.seen}, “{complaint(again)}”"

    def upload_a_log(self) -> str:
        form = self.ana.get("/tickets/new/").form("type")
        page = self.ana.post("/uploads/", [], [("file", LOG)], **{"X-CSRFToken": form.value("csrfmiddlewaretoken")})
        expect(page.status == 201, f"the upload was answered with {page.status}: {page.text}")
        self.log_id = json_number(page, "id")
        expect(json_number(page, "size") == str(len(LOG.content)), f"another size came back: {page.text}")
        return f"{page.seen}, {len(LOG.content)} bytes of {LOG.name}"

    def file(self) -> str:
        page = self.ana.get("/tickets/new/")
        form = page.form("type", "severity", "product", "environment", "subject", "description")
        values = form.filled(
            type="technical",
            severity="high",
            product=form.choice("product", "SIP Pulse Softswitch"),
            environment=form.choice("environment", "Produção Chapecó"),
            subject=self.subject,
            description=self.description,
        )
        values.append(("upload", self.log_id))
        self.sent = values, [("files", CAPTURE)], page
        self.filed = self.ana.send(page, form, values, [("files", CAPTURE)])
        expect(self.filed.status == 200, f"it was answered with {self.filed.status}: {why(self.filed)}")
        self.path = self.filed.path
        expect(self.path.startswith("/tickets/") and self.number in self.filed.text, f"she got to {self.path} without a number")
        self._both_files(self.ana, self.filed, "/tickets/")
        return f"{self.filed.seen}, {self.number} with {LOG.name} and {CAPTURE.name}"

    def file_the_same_form_again(self) -> str:
        values, files, page = self.sent
        again = self.ana.send(page, page.form("type", "submission_key"), values, files)
        expect(again.path == self.path, f"the second click got to {again.path} ({again.status}): {why(again)}")
        found = self._found(self.ana, self.subject)
        expect(found == [self.path], f"her list shows {found or 'nothing'}")
        return f"{again.seen}, {self.number} again"

    def get_a_receipt(self) -> str:
        letter, seconds = self.mailbox.wait(ANA, f"[{self.number}]")
        return self._hears(letter, seconds, self.description[:20])

    # --- The team's side --------------------------------------------------------------------------------------------
    def tell_the_team(self) -> str:
        letter, seconds = self.mailbox.wait(RODRIGO, f"[{self.number}]")
        expect(f"{self.address}{self.desk}" in letter.text, "the mail does not lead to the console")
        expect(len([one for one in self.mailbox.letters(RODRIGO) if f"[{self.number}]" in one.subject]) == 1, "he was told more than once")
        return f"in {seconds:.1f} s, “{letter.subject}”"

    def find_it_in_the_queue(self) -> str:
        sign_in(self.rodrigo, RODRIGO)
        page = self.rodrigo.get("/console/")
        expect(page.path == "/console/queues/unverified/", f"the console begins with {page.path}")
        expect(self.subject in page.links(self.desk), f"{self.number} is not among its rows")
        return f"{page.seen}, {title(page)}"

    def read_the_evidence(self) -> str:
        page = self.rodrigo.get(self.desk)
        expect(self.description.split("**")[0].strip() in page.text, "the ticket does not show what she wrote")
        return f"{page.seen}, {self._both_files(self.rodrigo, page, '/console/tickets/')}"

    def demand_a_reason(self) -> str:
        page = self.rodrigo.get(f"{self.desk}qualify/")
        form = page.form("type", "severity", "reason")
        again = self.rodrigo.send(page, form, form.filled(severity="medium"))
        expect(again.status == 422, f"a change without a reason was answered with {again.status}")
        return f"{again.seen}, “{complaint(again)}”"

    def verify(self) -> str:
        page = self.rodrigo.get(f"{self.desk}qualify/")
        form = page.form("type", "severity", "reason")
        done = self.rodrigo.send(page, form, form.filled(severity="medium", reason=self.reason))
        expect(done.status == 200 and done.path == self.desk, f"he got to {done.path} ({done.status})")
        expect(self.subject not in self.rodrigo.get("/console/queues/unverified/").links(self.desk), "it still needs qualification")
        return done.seen

    def hear_of_the_verdict(self) -> str:
        letter, seconds = self.mailbox.wait(ANA, f"[{self.number}]", self.reason)
        return self._hears(letter, seconds, self.reason)

    def answer_with_a_file(self) -> str:
        done = self._compose("public", self.answer, FIX)
        expect(self.answer in done.text and FIX.name in done.text, "the ticket does not show the answer with its file")
        return done.seen

    def hear_the_answer(self) -> str:
        letter, seconds = self.mailbox.wait(ANA, f"[{self.number}]", self.answer)
        return self._hears(letter, seconds, self.answer)

    def write_a_note(self) -> str:
        done = self._compose("internal", self.note, SECRET)
        expect(self.note in done.text, "the ticket does not show the note")
        addresses = done.links("/console/tickets/")
        self.secret_path = next((a.removeprefix("/console") for words, a in addresses.items() if SECRET.name in words), "")
        expect(self.secret_path, "the note's file is not on the ticket")
        return done.seen

    def resolve(self) -> str:
        page = self.rodrigo.get(self.desk)
        form = page.form("status")
        done = self.rodrigo.send(page, form, form.filled(status="resolved"))
        expect(self.subject in self.rodrigo.get("/console/queues/resolved/").links(self.desk), "it is not among the resolved ones")
        return done.seen

    def hear_that_it_is_solved(self) -> str:
        def solved(letter: Letter) -> bool:
            return self.number in letter.subject and letter not in self.heard and self.reason not in letter and self.answer not in letter

        letter, seconds = wait_for(lambda: next(filter(solved, self.mailbox.letters(ANA)), None), "no mail to Ana that it is solved")
        return self._hears(letter, seconds)

    # --- And back ---------------------------------------------------------------------------------------------------
    def read_the_page(self) -> str:
        page = self.ana.get(self.path)
        for words in (self.reason, self.answer, FIX.name):
            expect(words in page.text, f"her page does not show “{words}”")
        expect(page.language == "pt-br", f"her page is in “{page.language}”")
        english = [words for words in ENGLISH if words in page.text]
        expect(not english, f"her page speaks English: “{'”, “'.join(english)}”")
        self._same_bytes(self.ana, page, "/tickets/", FIX)
        return f"{page.seen}, {FIX.name} byte for byte"

    def look_for_the_note(self) -> str:
        page = self.ana.get(self.path)
        expect(self.note not in page.body.decode() and SECRET.name not in page.body.decode(), "her page shows the note")
        expect(self.ana.get(self.secret_path).status == 404, "the note's file can be had")
        expect(not self._found(self.ana, self.note), "her search finds the note")
        return "not on her page, not its file, not by search"

    def reopen(self) -> str:
        page = self.ana.get(self.path)
        form = page.form("body", "submission_key")
        done = self.ana.send(page, form, form.filled(body=self.reply))
        expect(done.status == 200 and self.reply in done.text, f"her reply was answered with {done.status} and is not on the page")
        expect(self.subject in self.rodrigo.get("/console/queues/all/", q=self.number).links(self.desk), "it is not open again")
        letter, seconds = self.mailbox.wait(RODRIGO, f"[{self.number}]", self.reply)
        return f"{done.seen}, the team heard in {seconds:.1f} s: “{letter.subject}”"

    # --- Everybody else ---------------------------------------------------------------------------------------------
    def show_a_stranger_nothing(self) -> str:
        sign_in(self.felipe, FELIPE)
        file = next(address for words, address in self.filed.links(self.path).items() if LOG.name in words)
        nowhere = "/tickets/999999999/"
        pairs = [(self.path, nowhere), (file, f"{nowhere}files/999999999/"), (self.secret_path, f"{nowhere}files/999999999/")]
        for foreign, missing in pairs:
            theirs, nothing = self.felipe.get(foreign), self.felipe.get(missing)
            expect((theirs.status, nothing.status) == (404, 404), f"{foreign} answered {theirs.status}, {missing} {nothing.status}")
            expect(theirs.body == nothing.body, f"{foreign} is answered otherwise than {missing}, which does not exist")
        theirs, nothing = (self.felipe.get("/tickets/", state="all", q=words) for words in (self.number, "SP-999999999"))
        expect(theirs.status == nothing.status == 200, f"the search answered {theirs.status}")
        expect(without(theirs, self.number) == without(nothing, "SP-999999999"), "its search tells the number from one that does not exist")
        expect(not self._found(self.felipe, self.subject), "its search finds the subject")
        return f"404 {len(pairs)} times with the same {len(nothing.body)} bytes as for what does not exist"

    def show_the_outbox(self) -> str:
        words = f"[{self.number}]"

        def shown(state: str) -> tuple[Page, int]:
            page = self.rodrigo.get("/console/outbox/", q=words, state=state)
            expect(page.status == 200, f"the outbox answered {page.status}")
            return page, len([address for address in page.addresses("/console/outbox/") if is_one(address)])

        def settled() -> tuple[Page, int] | None:
            return None if any(shown(state)[1] for state in ("due", "sending", "parked")) else shown("sent")

        (page, sent), _seconds = wait_for(settled, "mails of this ticket still wait")
        arrived = [letter for letter in self.mailbox.letters() if words in letter.subject]
        expect(sent == len(arrived), f"it shows {sent} mails as sent, and {len(arrived)} arrived")
        expect(len({letter.message_id for letter in arrived}) == len(arrived), "one of them came twice")
        return f"{page.seen}, {sent} mails sent, each arrived once"

    def look_into_the_mail(self) -> str:
        outside = [letter for letter in self.mailbox.letters() if not letter.to.endswith(STAFF_DOMAIN)]
        told = [letter for letter in outside if self.note in letter or SECRET.name in letter]
        expect(not told, f"{told[0].to if told else ''} was told the note")
        expect({one.to for one in outside if f"[{self.number}]" in one.subject} == {ANA}, "somebody else of a customer was told")
        return f"in none of {len(outside)} mails to customers"

    def switch_companies(self) -> str:
        home = sign_in(self.ricardo, RICARDO)
        companies = {}
        for name in ("Telesul Telecomunicações", "Pampa Fibra"):
            switch = next((f for f in home.forms("customer") if name in f.words), None)
            expect(switch, f"{name} is not offered")
            assert switch is not None
            companies[name] = self.ricardo.send(home, switch, switch.values)
            expect(companies[name].path == "/" and name in companies[name].marked("main")[0], f"he is not at {name}")
            companies[name] = self.ricardo.get(self.path)
        statuses = [page.status for page in companies.values()]
        expect(statuses == [200, 404], f"{self.number} answers {statuses} at {' and '.join(companies)}")
        return f"{self.number} is there at Telesul (200), and not at Pampa Fibra (404)"

    # --- How it is done ---------------------------------------------------------------------------------------------
    def _compose(self, kind: str, body: str, file: Upload) -> Page:
        page = self.rodrigo.get(self.desk)
        form = page.form("kind", "body", "submission_key")
        done = self.rodrigo.send(page, form, form.filled(kind=kind, body=body), [("files", file)])
        expect(done.status == 200 and done.path == self.desk, f"he got to {done.path} ({done.status}): {why(done)}")
        return done

    def _found(self, visitor: Visitor, words: str) -> list[str]:
        """Addresses of the tickets that this person's search shows."""
        page = visitor.get("/tickets/", state="all", q=f'"{words}"')
        expect(page.status == 200, f"the search answered {page.status}")
        return [address for address in page.addresses("/tickets/") if is_one(address)]

    def _both_files(self, visitor: Visitor, page: Page, start: str) -> str:
        for upload in (LOG, CAPTURE):
            self._same_bytes(visitor, page, start, upload)
        return f"{LOG.name} and {CAPTURE.name} byte for byte"

    def _same_bytes(self, visitor: Visitor, page: Page, start: str, upload: Upload) -> None:
        address = next((a for words, a in page.links(start).items() if upload.name in words), "")
        expect(address, f"{upload.name} is not on the page")
        file = visitor.get(address)
        expect(file.body == upload.content, f"{upload.name} came back with {len(file.body)} bytes of {len(upload.content)}, or others")
        expect(str(file.headers["Content-Disposition"]).startswith("attachment"), f"{upload.name} is not a download")
        expect(file.headers["X-Content-Type-Options"] == "nosniff", f"{upload.name} may be taken for another type")

    def _hears(self, letter: Letter, seconds: float, *words: str) -> str:
        """What every mail to the customer must be: hers, in Portuguese, in the ticket's thread, saying this."""
        expect(all(one in letter.text for one in words), f"its text does not say “{words}”")
        expect(letter.subject == f"[{self.number}] {self.subject}", f"its subject is “{letter.subject}”")
        expect(letter.language == "pt-br", f"it is in “{letter.language}”")
        english = [one for one in ENGLISH if one in letter.text]
        expect(not english, f"it speaks English: “{'”, “'.join(english)}”")
        expect(f"{self.address}{self.path}" in letter.text, "it does not lead to her ticket")
        thread = {one.references for one in [*self.heard, letter]}
        expect(len(thread) == 1 and thread != {""}, f"mail programs would not thread it: {thread}")
        if letter not in self.heard:
            self.heard.append(letter)
        return f"in {seconds:.1f} s, in Portuguese, in one thread {letter.references}"


def steps(tour: Tour) -> list[tuple[str, Callable[[], str]]]:
    """The story in order: what happens, and how it is seen."""
    return [
        ("Ana mistypes her password, and is told so", tour.refuse_a_wrong_password),
        ("Ana signs in", tour.sign_in_the_customer),
        ("She sends an unfinished form", tour.keep_what_was_written),
        ("She calls a question critical, and is told that only technical events are", tour.refuse_critical_functional),
        ("She attaches a log, which goes up at once", tour.upload_a_log),
        ("She files the ticket, a capture within the form", tour.file),
        ("She clicks twice, and it is the same ticket", tour.file_the_same_form_again),
        ("She gets a receipt by mail", tour.get_a_receipt),
        ("The team is told by mail", tour.tell_the_team),
        ("Rodrigo finds it among what needs qualification", tour.find_it_in_the_queue),
        ("He reads it and fetches the evidence", tour.read_the_evidence),
        ("He lowers the severity without a reason, and is asked for one", tour.demand_a_reason),
        ("He gives the reason", tour.verify),
        ("Ana hears of the verdict, and why", tour.hear_of_the_verdict),
        ("Rodrigo answers with a file", tour.answer_with_a_file),
        ("Ana hears the answer", tour.hear_the_answer),
        ("Rodrigo writes an internal note with a file", tour.write_a_note),
        ("He resolves the ticket", tour.resolve),
        ("Ana hears that it is solved", tour.hear_that_it_is_solved),
        ("Ana reads the page and fetches his file", tour.read_the_page),
        ("She looks for the note", tour.look_for_the_note),
        ("She replies, and the ticket is open again", tour.reopen),
        ("Felipe of another company finds nothing of it", tour.show_a_stranger_nothing),
        ("Ricardo switches between his two companies", tour.switch_companies),
        ("The outbox shows what was sent", tour.show_the_outbox),
        ("The note is in nobody's mail", tour.look_into_the_mail),
    ]


def main(arguments: list[str]) -> int:
    """0 when all of it held, 1 with a sentence about the step that did not, 2 for wrong use."""
    if len(arguments) != 2:
        print("Usage: python -m tooling.tour_story ADDRESS MAIL_FOLDER", file=sys.stderr)
        return 2
    return tell(steps(Tour(arguments[0], Mailbox(Path(arguments[1])))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
