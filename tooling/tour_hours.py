"""Hours from the log to the statement, over HTTP and SMTP alone: python -m tooling.tour_hours ADDRESS MAIL_FOLDER.

A contract of the tour's own has two hours a month. Work on one ticket uses an hour and a half of them, work on another the rest and
more: it is split before it is saved, asked for, approved from the mail, and costs what was agreed, to the cent. This month can't be
closed yet; one that is over, and was left open in the demo, is reviewed and closed, and its PDF and CSV say the same.
"""

import csv
import io
import re
import secrets
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tooling.tour_mail import Mailbox
from tooling.tour_reading import is_one, sign_in, tell, why
from tooling.tour_story import ANA
from tooling.tour_web import Failed, Form, Page, Visitor, expect

KAREN, BEATRIZ = "karen.walsh@sippulse.example", "beatriz.lima@telesul.example"
FERNANDA, GUSTAVO = "fernanda.lopes@sippulse.example", "gustavo.heinzen@sippulse.example"
PRODUCT = "SIP Pulse Softswitch"
ZONE = ZoneInfo("America/Sao_Paulo")
DAYS_BACK = 6  # work may lie a week before its ticket
RATE, ASKED_MINUTES, COST = "240,00", 60, "120,00"
HOURS = (9, 11, 13, 15)


class Hours:
    """Each step is a method that returns what it observed."""

    def __init__(self, address: str, mailbox: Mailbox) -> None:
        self.address, self.mailbox = address, mailbox
        self.fernanda, self.ana, self.karen = Visitor(address), Visitor(address), Visitor(address)
        self.beatriz, self.gustavo = Visitor(address), Visitor(address)
        self.mark = secrets.token_hex(3).upper()
        self.today = datetime.now(ZONE).date()
        self.tickets: list[str] = []
        self.contract = self.charge = self.closed = ""
        self.month = self.today

    # --- The contract and its tickets ---------------------------------------------------------------------------------
    def register_a_contract(self) -> str:
        sign_in(self.fernanda, FERNANDA)
        customer = self.fernanda.get("/console/customers/", q="Telesul").links("/console/customers/")
        address = next((to for words, to in customer.items() if words.startswith("Telesul")), "")
        expect(address, "the list of customers has no Telesul")
        page = self.fernanda.get(f"{address}contracts/new/")
        form = page.form("number", "first_date", "allowance_minutes", "functional_rate_cents")
        first = (self.today.replace(day=1) - timedelta(days=1)).replace(day=1)
        values = {
            "number": f"TOUR-{self.mark}",
            "signed_date": first.isoformat(),
            "first_date": first.isoformat(),
            "last_date": first.replace(year=first.year + 2).isoformat(),
            "products": self._ticked(page, PRODUCT),
            "account_manager": form.choice("account_manager", "Fernanda Lopes"),
            "allowance_minutes": "120",
            "increment_minutes": "15",
            "functional_rate_cents": RATE,
            "off_hours_rate_cents": "360,00",
            "update_rate_cents": "300,00",
        }
        done = self.fernanda.send(page, form, form.filled(**values))
        expect(done.status == 200 and is_one(done.path), f"she got to {done.path} ({done.status}): {why(done)}")
        self.contract = done.path.strip("/").rpartition("/")[2]
        return f"{done.seen}, TOUR-{self.mark}: two hours a month, then R$ {RATE} an hour"

    def _ticked(self, page: Page, words: str) -> str:
        """The value of the box beside these words."""
        found = re.search(r'<input[^>]*name="products"[^>]*value="(\d+)"[^>]*>\s*' + re.escape(words), page.body.decode())
        if found is None:
            raise Failed(f"there is no box for {words}")
        return found[1]

    def file_two_questions(self) -> str:
        sign_in(self.ana, ANA)
        for name in ("A", "B"):
            page = self.ana.get("/tickets/new/")
            form = page.form("type", "severity", "contract", "subject", "description")
            values = form.filled(
                type="functional",
                severity="medium",
                contract=next(value for words, value in form.options["contract"].items() if self.mark in words),
                product=form.choice("product", PRODUCT),
                subject=f"Dúvida {name} ({self.mark})",
                description="Como se faz?",
            )
            done = self.ana.send(page, form, values)
            expect(done.status == 200 and is_one(done.path), f"she got to {done.path} ({done.status}): {why(done)}")
            self.tickets.append(done.path)
        return ", ".join(self._number(path) for path in self.tickets)

    # --- Work ---------------------------------------------------------------------------------------------------------
    def log_what_is_included(self) -> str:
        sign_in(self.karen, KAREN)
        return self._log(self.tickets[0], 90, "1 h 30 from the allowance")

    def see_the_split_before_saving(self) -> str:
        return self._log(self.tickets[1], 50, "30 min from the allowance", "30 min over: approval needed", same_month=True)

    def _log(self, ticket: str, minutes: int, *said: str, same_month: bool = False) -> str:
        """Logs so much at the first time of the last days at which it is business hours and she was at nothing else."""
        for day in self._days(same_month):
            for hour in HOURS:
                began = datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)
                if began + timedelta(minutes=minutes) > datetime.now(ZONE):
                    continue
                if preview := self._try(ticket, began, minutes, said):
                    self.month = day
                    return f"{day:%d %b} {hour:02d}:00, {minutes} min: “{preview}”"
        raise Failed(f"on no day could {minutes} min be logged in business hours")

    def _days(self, same_month: bool) -> list[date]:
        days = [self.today - timedelta(days=back) for back in range(DAYS_BACK + 1)]
        days = [day for day in days if (day.year, day.month) == (self.month.year, self.month.month)] if same_month else days
        return [day for day in reversed(days) if day.weekday() < 5] if same_month else [day for day in days if day.weekday() < 5]

    def _try(self, ticket: str, began: datetime, minutes: int, said: tuple[str, ...]) -> str:
        """What was said before it was saved; nothing where it is refused, or would be taken from elsewhere."""
        page = self.karen.get(f"/console{ticket}time/")
        form = page.form("day", "began", "ended", "note")
        until = began + timedelta(minutes=minutes)
        values = {"day": f"{began:%Y-%m-%d}", "began": f"{began:%H:%M}", "ended": f"{until:%H:%M}", "note": f"Explained. {self.mark}"}
        shown = self.karen.send(page, form, [*form.filled(**values), ("show", "1")])
        if not all(words in shown.text for words in said):
            return ""
        again = shown.form("day", "began", "ended", "note")
        done = self.karen.send(shown, again, again.filled(**values))
        return ", ".join(said) if done.path == f"/console{ticket}" else ""

    # --- The request ------------------------------------------------------------------------------------------------------
    def ask_for_the_rest(self) -> str:
        """The system drafted a request when the hours ran out; she sets what it asks for and sends it."""
        drafts = [link for link in self.karen.get(f"/console{self.tickets[1]}").addresses("/console/charges/") if is_one(link)]
        expect(drafts, "no charge request was drafted when the hours ran out")
        self.charge = drafts[0]
        page = self.karen.get(f"{self.charge}edit/")
        form = page.form("kind", "reason", "minutes", "rate_cents")
        changed = self.karen.send(page, form, form.filled(minutes=str(ASKED_MINUTES), reason=f"Mais uma hora. {self.mark}"))
        expect(changed.path == self.charge, f"she got to {changed.path} ({changed.status}): {why(changed)}")
        send = next((one for one in changed.forms() if one.action.endswith("/send/")), None)
        if send is None:
            raise Failed(f"the draft ({changed.status}) can't be sent")
        done = self.karen.send(changed, send, send.values)
        expect(done.status == 200, f"sending was answered with {done.status}: {why(done)}")
        return f"{done.seen}, {ASKED_MINUTES} min at most"

    def approve_from_the_mail(self) -> str:
        letter, seconds = self.mailbox.wait(BEATRIZ, self._number(self.tickets[1]), "240,00")
        link = re.search(r'href="[^"]*?(/approvals/\d+/[^"]*)"', letter.html)
        if link is None:
            raise Failed("the mail has no link to the request")
        asked = self.beatriz.get(link[1].replace("&amp;", "&"))
        expect(asked.path == "/account/login/", f"whoever has the link gets to {asked.path} without signing in")
        form = asked.form("login", "password")
        page = self.beatriz.send(asked, form, form.filled(login=BEATRIZ, password="demo-pulse-2026"))  # noqa: S106
        accept = page.form("shown", "answer", "minutes")
        done = self.beatriz.send(page, accept, accept.values)
        expect(done.status == 200, f"approving was answered with {done.status}: {why(done)}")
        return f"mail after {seconds:.1f} s, approved: {done.seen}"

    def see_the_amount(self) -> str:
        page = self.fernanda.get(f"/console/statements/{self.contract}/{self.month:%Y-%m}/")
        totals = page.marked(".statement-total")
        expect(totals and COST in totals[-1], f"the month comes to {totals}, not to R$ {COST}")
        customers = self.ana.get("/hours/", contract=self.contract, month=f"{self.month:%Y-%m}")
        expect(customers.status == 200 and self._number(self.tickets[1]) in customers.text, "her page does not show the ticket's hours")
        return f"{page.seen}, R$ {COST}: thirty minutes of fifty were included"

    # --- A month that is over ---------------------------------------------------------------------------------------------
    def close_a_month(self) -> str:
        sign_in(self.gustavo, GUSTAVO)
        last = (self.today.replace(day=1) - timedelta(days=1)).replace(day=1)
        listed = self.gustavo.get("/console/statements/", month=f"{last:%Y-%m}", mine="1")
        for address in listed.addresses("/console/statements/"):
            if address.count("/") == 5:
                page = self._settled(address)
                closing = next((form for form in page.forms() if form.action.endswith("/close/")), None)
                if closing is not None:
                    done = self.gustavo.send(page, closing, closing.values)
                    numbers = re.findall(r"\b\d{4}-\d{4}\b", done.text)
                    expect(done.status == 200 and numbers, f"closing was answered with {done.status}: {why(done)}")
                    self.closed = address
                    return f"{done.seen}, {numbers[0]}, {self._total(done)}"
        raise Failed(f"none of {len(listed.addresses('/console/statements/'))} months of {last:%Y-%m} could be closed")

    def _settled(self, address: str) -> Page:
        """What nobody approved is written off, the rest is approved."""
        page = self.gustavo.get(address)
        while form := self._unapproved(page):
            page = self.gustavo.send(page, form, [*form.filled(reason="Cortesia"), ("verdict", "written_off")])
            if page.status != 200:
                break
        all_left = next((form for form in page.forms() if form.action.endswith("/approve/")), None)
        return self.gustavo.send(page, all_left, all_left.values) if all_left is not None else page

    def _unapproved(self, page: Page) -> Form | None:
        """The first line's form that stands in the list of what is in the way."""
        in_the_way = set(re.findall(r'href="#line-(\d+)-0"', page.body.decode()))
        forms = page.forms("verdict", "log", "request", "reason")
        return next((form for form in forms if form.value("log") in in_the_way and form.value("request") == "0"), None)

    def find_it_closed_for_good(self) -> str:
        again = self.gustavo.get(self.closed)
        expect(not [form for form in again.forms() if form.action.endswith("/close/")], "it can be closed a second time")
        return again.seen

    def read_its_files(self) -> str:
        total = self._total(self.gustavo.get(self.closed))
        pdf, sheet = self.gustavo.get(f"{self.closed}pdf/"), self.gustavo.get(f"{self.closed}csv/")
        expect(pdf.status == 200 and pdf.body.startswith(b"%PDF-"), f"the PDF's answer is {pdf.status}: {pdf.body[:20]!r}")
        expect(total in _subject(pdf.body), f"the PDF says “{_subject(pdf.body)}”, the page {total}")
        rows = list(csv.reader(io.StringIO(sheet.body.decode("utf-8-sig")), delimiter=";"))
        amounts = [round(float(row[10].replace(",", ".")) * 100) for row in rows[1:]]
        expect(sum(amounts[:-1]) == amounts[-1], f"the CSV's lines come to {sum(amounts[:-1])} cents, its total says {amounts[-1]}")
        expect(re.sub(r"\D", "", total) == str(abs(amounts[-1])).zfill(3), f"the CSV says {amounts[-1]} cents, the page {total}")
        return f"PDF of {len(pdf.body)} bytes and CSV of {len(rows) - 2} lines, both {total}"

    def _total(self, page: Page) -> str:
        found = re.search(r"(?:R\$|US\$|€)\s*[\d.,]+", page.marked(".statement-total")[0])
        if found is None:
            raise Failed(f"{page.path} has no total")
        return found[0].replace("\N{NO-BREAK SPACE}", " ")

    def _number(self, path: str) -> str:
        return f"SP-{path.strip('/').rpartition('/')[2]}"


def _subject(pdf: bytes) -> str:
    """What a PDF says that it is about."""
    found = re.search(rb"/Subject \((.*?)(?<!\\)\)|/Subject <([0-9A-Fa-f]+)>", pdf, re.DOTALL)
    if found is None:
        return ""
    raw = bytes.fromhex(found[2].decode()) if found[2] else re.sub(rb"\\([()\\])", rb"\1", found[1])
    text = raw.decode("utf-16") if raw[:2] in (b"\xfe\xff", b"\xff\xfe") else raw.decode("latin-1")
    return text.replace("\N{NO-BREAK SPACE}", " ")


def steps(tour: Hours) -> list[tuple[str, Callable[[], str]]]:
    return [
        ("Fernanda registers a contract with two hours a month", tour.register_a_contract),
        ("Ana asks two questions under it", tour.file_two_questions),
        ("Karen logs an hour and a half on the first", tour.log_what_is_included),
        ("She sees how fifty minutes on the second are split, and logs them", tour.see_the_split_before_saving),
        ("She asks for approval of what went beyond", tour.ask_for_the_rest),
        ("Beatriz approves it from the mail, signed in", tour.approve_from_the_mail),
        ("The month comes to what was agreed, to the cent", tour.see_the_amount),
        ("Gustavo reviews and closes a month that is over", tour.close_a_month),
        ("It can't be closed twice", tour.find_it_closed_for_good),
        ("Its PDF and CSV say what the page says", tour.read_its_files),
    ]


if __name__ == "__main__":
    sys.exit(tell(steps(Hours(sys.argv[1], Mailbox(Path(sys.argv[2]))))))
