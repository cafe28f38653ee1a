"""An environment is watched with permission, and no longer than that: python -m tooling.tour_watch ADDRESS MAIL_FOLDER.

The people are those of the demo data; the tool that sends is this program. Each step prints what was observed.
"""

import http.client
import json
import re
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from tooling.tour_mail import Letter, Mailbox
from tooling.tour_reading import sign_in, tell, wait_for
from tooling.tour_web import Page, Visitor, expect

MARCOS, CAIO, RODRIGO = "marcos.hoffmann@telesul.example", "caio.fontana@telesul.example", "rodrigo.tavares@sippulse.example"
ENVIRONMENT = "Laboratório"


class Tour:
    """Tells the story; each step is a method that returns what it observed."""

    def __init__(self, address: str, mailbox: Mailbox) -> None:
        self.address, self.mailbox = address, mailbox
        self.marcos, self.rodrigo = Visitor(address), Visitor(address)
        self.mark = secrets.token_hex(4)  # so that it can be told from the demo's own, and from an earlier tour's
        self.title = f"Disco cheio no gravador {self.mark}"
        self.started = datetime.now(UTC)
        self.path = self.token = self.ticket = ""

    # --- The permission ---------------------------------------------------------------------------------------------
    def authorise(self) -> str:
        sign_in(self.marcos, MARCOS)
        found = self.marcos.get("/watching/").links("/watching/").get(ENVIRONMENT, "")
        expect(found, f"the list does not show {ENVIRONMENT}")
        number = found.strip("/").rpartition("/")[2]
        page = self.marcos.get("/watching/authorise/")
        form = page.form("environments", "agreed", "text_version")
        done = self.marcos.send(page, form, form.filled(environments=[number], agreed="on"))
        self.path = f"/watching/{number}/"
        expect(done.path == self.path, f"he got to {done.path} ({done.status})")
        return done.seen

    def settle_at_once(self) -> str:
        page = self.marcos.get(f"{self.path}settings/")
        form = page.form("settle_minutes")
        done = self.marcos.send(page, form, form.filled(settle_minutes="0"))
        expect(done.path == self.path, f"he got to {done.path} ({done.status})")
        return done.seen

    def make_a_token(self) -> str:
        page = self.marcos.get(self.path)
        form = page.form("source", "name")
        shown = self.marcos.send(page, form, form.filled(source="alertmanager", name=f"Alertmanager {self.mark}"))
        found = re.search(r"\b(\d+-[\w-]{43})(?![\w-])", shown.text)
        expect(found, "the page shows no token")
        assert found is not None
        self.token = found[1]
        expect(self.token not in self.marcos.get(self.path).text, "the environment's page shows the token again")
        return f"{shown.seen}, …{self.token[-4:]}"

    # --- What comes in ----------------------------------------------------------------------------------------------
    def refuse_a_wrong_token(self) -> str:
        status, said = self._send(token=f"{self.token[:-4]}xxxx")
        expect(status == 401, f"it was answered with {status}")
        return f"{status}, “{said}”"

    def take_an_alert(self) -> str:
        status, said = self._send()
        expect(status == 202, f"it was answered with {status}: {said}")
        return f"{status}, “{said}”"

    def open_a_ticket(self) -> str:
        letter, seconds = self.mailbox.wait(CAIO, self.title)
        found = re.search(r"\[(SP-(\d+))\]", letter.subject)
        expect(found, f"its subject is “{letter.subject}”")
        assert found is not None
        self.ticket = found[2]
        page = self.marcos.get(f"/tickets/{self.ticket}/")
        expect(f"alertname = Trial-{self.mark}" in page.text, "the ticket does not show the alert's labels")
        return f"in {seconds:.1f} s, “{letter.subject}” to the environment's contact"

    def repeat_quietly(self) -> str:
        for _each in range(5):
            status, _said = self._send()
            expect(status == 202, f"a repeat was answered with {status}")
        wait_for(lambda: re.search(rb'class="number"[^>]*>6<', self.marcos.get(self.path).body), "six reports are not counted")
        letters = [one for one in self.mailbox.letters(CAIO) if self.title in one]
        expect(len(letters) == 1, f"he got {len(letters)} mails")
        return "six reports, one mail"

    def show_it_to_staff(self) -> str:
        sign_in(self.rodrigo, RODRIGO)
        page = self.rodrigo.get("/console/queues/monitoring/")
        expect(self.title in page.text, "the queue does not show it")
        seen = self.rodrigo.get(f"/console{self.path}")
        expect(self.title in seen.text, "the environment's page does not show it")
        expect("Rodrigo" in self.marcos.get(self.path).text, "the customer does not see that he looked")
        return f"{seen.seen}, and the customer sees that he looked"

    def write_its_end(self) -> str:
        status, said = self._send(ended=True)
        expect(status == 202, f"it was answered with {status}: {said}")
        letters, seconds = wait_for(self._two_letters, "no second mail about it")
        page = self.marcos.get(f"/tickets/{self.ticket}/")
        expect(len(page.marked(".message-author")) == 2, "the ticket does not show its end")
        return f"in {seconds:.1f} s, “{letters[1].subject}”"

    def _two_letters(self) -> list[Letter] | None:
        found = [one for one in self.mailbox.letters(CAIO) if f"[SP-{self.ticket}]" in one.subject]
        return found if len(found) == 2 else None

    # --- No longer than that ----------------------------------------------------------------------------------------
    def withdraw(self) -> str:
        page = self.marcos.get(self.path)
        form = page.form("stored")
        done = self.marcos.send(page, form, form.filled(stored="erase"))
        expect(done.path == self.path, f"he got to {done.path} ({done.status})")
        return done.seen

    def refuse_the_next(self) -> str:
        status, said = self._send()
        expect(status == 403, f"it was answered with {status}: {said}")
        page: Page = self.marcos.get(self.path)
        expect(f"Trial-{self.mark}" not in page.text, "what was erased is still shown")
        return f"{status}, “{said}”"

    def _send(self, *, token: str = "", ended: bool = False) -> tuple[int, str]:
        """As Alertmanager does; the status, and what was said."""
        alert = {
            "status": "resolved" if ended else "firing",
            "labels": {"alertname": f"Trial-{self.mark}", "instance": "grava-lab:9100", "severity": "warning"},
            "annotations": {"summary": self.title},
            "startsAt": self.started.isoformat(),
            "endsAt": datetime.now(UTC).isoformat() if ended else "0001-01-01T00:00:00Z",
            "fingerprint": self.mark,
        }
        parts = urlsplit(self.address)
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            body = json.dumps({"version": "4", "alerts": [alert]})
            line.request("POST", "/monitoring/in/alertmanager", body, {"Authorization": f"Bearer {token or self.token}"})
            answer = line.getresponse()
            return answer.status, answer.read().decode().strip()
        finally:
            line.close()


def steps(tour: Tour) -> list[tuple[str, Callable[[], str]]]:
    return [
        (f"Marcos authorises monitoring of {ENVIRONMENT}", tour.authorise),
        ("He wants ends to be told at once", tour.settle_at_once),
        ("He makes a token, which is shown once", tour.make_a_token),
        ("A wrong token is refused", tour.refuse_a_wrong_token),
        ("An alert is taken", tour.take_an_alert),
        ("It opens a ticket, and the contact is told", tour.open_a_ticket),
        ("It is repeated, and nobody hears of it", tour.repeat_quietly),
        ("Rodrigo finds it in the queue, and looks at the environment", tour.show_it_to_staff),
        ("Its end is written, and closing proposed", tour.write_its_end),
        ("Marcos withdraws the permission, and has erased what was stored", tour.withdraw),
        ("The next delivery is refused", tour.refuse_the_next),
    ]


def main(arguments: list[str]) -> int:
    """0 when all of it held, 1 with a sentence about the step that did not, 2 for wrong use."""
    if len(arguments) != 2:
        print("Usage: python -m tooling.tour_watch ADDRESS MAIL_FOLDER", file=sys.stderr)
        return 2
    return tell(steps(Tour(arguments[0], Mailbox(Path(arguments[1])))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
