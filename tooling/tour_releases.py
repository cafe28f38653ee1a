"""A release from draft to download, over HTTP and SMTP alone: python -m tooling.tour_releases ADDRESS MAIL_FOLDER.

It is announced to everybody with a contract in force, fetched in parts after two interruptions and compared by its checksum; somebody
whose contract ended yesterday gets nothing.
"""

import hashlib
import re
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tooling.tour_mail import Mailbox
from tooling.tour_reading import is_one, sign_in, tell, wait_for, why
from tooling.tour_story import ANA
from tooling.tour_web import Page, Visitor, expect

BRUNO, GUSTAVO = "bruno.schmitt@sippulse.example", "gustavo.heinzen@sippulse.example"
JANDIRA, HER_COMPANY = "jandira.castro@vianorte.example", "Via Norte Internet"
READER = ANA
PRODUCT, VERSION = "SIP Pulse SBC", "5.1"
NAME = "sippulse-sbc-5.1.tar.gz"
PACKAGE_BYTES = 3_000_000


class Releases:
    """Each step is a method that returns what it observed."""

    def __init__(self, address: str, mailbox: Mailbox) -> None:
        self.address, self.mailbox = address, mailbox
        self.bruno, self.ana, self.jandira, self.gustavo = (Visitor(address) for _each in range(4))
        self.mark = secrets.token_hex(4)
        self.package = secrets.token_bytes(PACKAGE_BYTES)
        self.checksum = hashlib.sha256(self.package).hexdigest()
        self.desk = ""
        self.seen: Page
        self.file = ""

    # --- The release manager's side -----------------------------------------------------------------------------------
    def draft(self) -> str:
        sign_in(self.bruno, BRUNO)
        page = self.bruno.get("/console/releases/new/")
        form = page.form("product", "number", "notes_en", "notes_pt")
        notes = {"notes_en": f"- Faster ({self.mark})", "notes_pt": f"- Mais rápido ({self.mark})"}
        values = form.filled(product=form.choice("product", PRODUCT), number=VERSION, kind="update", nature="technical", **notes)
        done = self.bruno.send(page, form, values)
        self.desk = done.path
        expect(done.status == 200 and is_one(self.desk), f"he got to {done.path} ({done.status}): {why(done)}")
        return f"{done.seen}, {PRODUCT} {VERSION}"

    def refuse_without_files(self) -> str:
        done = self._publish()
        expect(done.status == 422, f"a release without files was answered with {done.status}")
        said = done.marked(".notice-body")
        expect(said, "it does not say what is missing")
        return f"422: “{said[0]}”"

    def upload(self) -> str:
        page = self.bruno.get(self.desk)
        done = self.bruno.stream(page, f"{self.desk}artifacts/", self.package, name=NAME, kind="package", sha256=self.checksum)
        expect(done.status == 201, f"the upload was answered with {done.status}: {done.text[:200]}")
        expect(self.checksum in self.bruno.get(self.desk).text, "the release does not show the checksum")
        return f"{PACKAGE_BYTES / 1e6:.0f} MB {done.seen}, SHA-256 {self.checksum[:12]}…"

    def see_who_will_hear(self) -> str:
        page = self.bruno.get(f"{self.desk}publish/")
        said = page.marked(".release-reach")
        expect(said, f"the page before publication ({page.status}) says nothing of who will hear of it")
        return f"“{said[0]}”"

    def publish(self) -> str:
        done = self._publish()
        expect(done.status == 200 and done.path == self.desk, f"he got to {done.path} ({done.status}): {why(done)}")
        return done.seen

    def be_told_once(self) -> str:
        _page, seconds = wait_for(self._all_told, "not everybody is told")
        letters = [letter for letter in self.mailbox.letters() if f"{PRODUCT} {VERSION}" in letter.subject]
        readers = [letter.to for letter in letters]
        expect(readers and len(readers) == len(set(readers)), f"{len(readers)} mails went to {len(set(readers))} people")
        return f"{len(readers)} mails to as many people within {seconds:.1f} s"

    # --- The customer's side -----------------------------------------------------------------------------------------
    def read_the_mail(self) -> str:
        found = next(
            (letter for letter in self.mailbox.letters() if f"{PRODUCT} {VERSION}" in letter.subject and self._is_hers(letter.to)), None
        )
        expect(found, "nobody of her company got the announcement")
        assert found is not None, "said above"
        listed, link = str(found.message["List-Id"]), re.search(r"https?://\S+/releases/link/\S+", found.text)
        expect("sip-pulse-sbc.releases" in listed, f"the announcement's List-Id is {listed}")
        expect(link and self.mark in found, "the announcement has no link, or not what is new")
        assert link is not None, "said above"
        sign_in(self.ana, found.to)
        self.seen = self.ana.get(link[0])
        expect(self.seen.status == 200 and self.mark in self.seen.text, f"its link led to {self.seen.path} ({self.seen.status})")
        return f"List-Id {listed}, its button leads to {self.seen.path}"

    def fetch_in_parts(self) -> str:
        expect(self.checksum in self.seen.text, "the release's page does not show the checksum")
        self.file = next(iter(self.seen.addresses("/releases/files/")), "")
        link = self.ana.fetch(self.file, Range="bytes=0-0").url
        whole, cuts = b"", (0, PACKAGE_BYTES // 3, PACKAGE_BYTES * 2 // 3)
        for start, end in zip(cuts, (*cuts[1:], None), strict=True):
            part = self.ana.fetch(link, Range=f"bytes={start}-{'' if end is None else end - 1}")
            expect(part.status == 206, f"the part from {start} was answered with {part.status}")
            whole += part.body
        expect(hashlib.sha256(whole).hexdigest() == self.checksum, "the parts do not make the file that was uploaded")
        return f"{len(cuts)} parts after two interruptions, together SHA-256 {self.checksum[:12]}…"

    def be_counted_once(self) -> str:
        page = self.bruno.get(f"{self.desk}customers/", only="fetched")
        rows = page.addresses("/console/customers/")
        companies = [address for address in rows if is_one(address)]
        expect(len(companies) == 1, f"{len(companies)} customers are said to have it, not 1")
        return f"{page.seen}, 1 customer has it"

    def end_a_contract(self) -> str:
        sign_in(self.gustavo, GUSTAVO)
        company = self.gustavo.get("/console/customers/", q=HER_COMPANY).links("/console/customers/").get(HER_COMPANY, "")
        contracts = [address for address in self.gustavo.get(company).addresses("/console/contracts/") if is_one(address)]
        yesterday = (datetime.now(UTC) - timedelta(hours=30)).date().isoformat()
        for address in contracts:
            page = self.gustavo.get(address)
            form = page.form("state", "from_date", "reason")
            shown = self.gustavo.send(page, form, form.filled(state="ended", from_date=yesterday, reason="Tour"))
            confirm = shown.form("state", "from_date", "reason")
            done = self.gustavo.send(shown, confirm, confirm.values)
            expect(done.status == 200 and done.path == address, f"ending {address} was answered with {done.status}: {why(done)}")
        expect(contracts, f"{HER_COMPANY} has no contract")
        return f"{len(contracts)} contract of {HER_COMPANY} ended with {yesterday}"

    def refuse_whose_contract_ended(self) -> str:
        sign_in(self.jandira, JANDIRA)
        answers = [self.jandira.get(path).status for path in (self.seen.path, self.file)]
        expect(answers == [404, 404], f"release and file were answered with {answers}, not 404")
        page = self.jandira.get("/products/")
        said = next((text for text in page.marked(".notice-title") if "VN-2021/012" in text), "")
        expect(said, f"her products ({page.status}) do not say why")
        return f"404 for release and file; her products say “{said}”"

    # --- How ----------------------------------------------------------------------------------------------------------
    def _publish(self) -> Page:
        page = self.bruno.get(f"{self.desk}publish/")
        form = next(form for form in page.forms() if "at" not in form.names and (not form.action or form.action.endswith("/publish/")))
        return self.bruno.post(f"{self.desk}publish/", [*form.values, ("publish", "1")], Referer=page.url)

    def _all_told(self) -> Page | None:
        page = self.bruno.get(f"{self.desk}progress/")
        return page if "100 %" in page.text else None

    def _is_hers(self, address: str) -> bool:
        return address.partition("@")[2] == READER.partition("@")[2]


def main(arguments: list[str]) -> int:
    """0 when all of it held, 1 with a sentence about the step that did not, 2 for wrong use."""
    if len(arguments) != 2:
        print("Usage: python -m tooling.tour_releases ADDRESS MAIL_FOLDER", file=sys.stderr)
        return 2
    tour = Releases(arguments[0], Mailbox(Path(arguments[1])))
    story: list[tuple[str, Callable[[], str]]] = [
        (f"Bruno drafts {PRODUCT} {VERSION}", tour.draft),
        ("It can't be published without files", tour.refuse_without_files),
        ("He uploads the package as a stream", tour.upload),
        ("He sees who will hear of it", tour.see_who_will_hear),
        ("He publishes it", tour.publish),
        ("Everybody is told once", tour.be_told_once),
        ("A customer's engineer follows the mail to the release", tour.read_the_mail),
        ("It is fetched in parts after two interruptions, and the checksum holds", tour.fetch_in_parts),
        ("It counts as one download", tour.be_counted_once),
        ("Gustavo ends a contract with yesterday", tour.end_a_contract),
        ("Whose contract ended yesterday is refused, and told why", tour.refuse_whose_contract_ended),
    ]
    return tell(story)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
