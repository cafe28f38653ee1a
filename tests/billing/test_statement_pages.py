"""The account manager's desk and the customer's pages of hours and statements, through the front door."""

import csv
import html
import io
import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import AuditEntry, Person
from accounts.tenancy import as_provider
from billing.commands import statements, work
from billing.models import Review, Timer
from billing.pdf import pdf_of
from billing.queries.hours import Allowance, Granted, allowance_of, ends_on
from billing.queries.readiness import Need, readiness_of
from billing.queries.statements import closed_statement, open_month
from contracts.models import Contract
from notifications.models import Mail
from tests import factories as make
from tests.billing.desk import NOVEMBER, Desk
from tests.sla.stories import at
from tickets import commands

pytestmark = pytest.mark.django_db
LATER = at("2 Dec 09:00")


@pytest.fixture
def desk(world):
    return Desk(world)


@pytest.fixture
def m1(desk):
    """M1, with its request accepted."""
    desk.log("a", "A", "10 Nov 09:00", "10:30")
    desk.log("b", "B", "11 Nov 14:00", "14:50", note="Routes\nof <b>trunk 7</b>")
    desk.approve("more", "B", 60, "12 Nov 10:00", listed=["b"])
    return desk


@pytest.fixture(autouse=True)
def _december(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER)


def browser(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def max_at_work(world):
    return browser(world.max.person)


def month_url(desk, name="statement", month=NOVEMBER):
    return reverse(f"console:{name}", args=[desk.contract.pk, month])


def text(answer):
    plain = html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))
    return re.sub(r"\s+", " ", plain)


def word(desk, verdict, *, log="b", request="more", seen=30, **values):
    return {
        "log": desk.logs[log].pk,
        "request": desk.requests[request].pk if request else 0,
        "seen": seen,
        "verdict": verdict,
        **values,
    }


def close(desk):
    statements.approve_all(actor=desk.world.max, contract=desk.contract, month=NOVEMBER, now=at("1 Dec 09:00"))
    return statements.close_month(actor=desk.world.max, contract=desk.contract, month=NOVEMBER, now=at("1 Dec 10:00"))


# --- The desk -------------------------------------------------------------------------------------------------------------
def test_m1_is_reviewed_looked_at_and_closed_on_the_desk(m1, max_at_work):
    opened = max_at_work.get(month_url(m1))
    reviewed = max_at_work.post(month_url(m1, "statement_review"), word(m1, "approved"))
    preview = max_at_work.get(month_url(m1, "statement_preview"))
    closed = max_at_work.post(month_url(m1, "statement_close"), follow=True)

    assert opened.context["open"].to_review == 1
    assert reviewed["Location"] == f"{month_url(m1)}#line-{m1.logs['b'].pk}-{m1.requests['more'].pk}"
    assert "Total R$120.00" in text(preview)
    assert "November 2026 is closed as statement 2026-0001, and the customer is told." in text(closed)


def test_all_lines_that_are_left_are_approved_at_once(m1, max_at_work):
    seen = max_at_work.get(month_url(m1)).context["state"].unseen
    answer = max_at_work.post(month_url(m1, "statement_approve"), {"seen": seen}, follow=True)

    assert "One line approved." in text(answer)


def test_each_line_of_the_page_is_found_by_its_own_address(m1, max_at_work):
    m1.log("d", "D", "1 Dec 09:00", "11:20")  # two hours are included, the rest is not approved

    page = max_at_work.get(month_url(m1, month=date(2026, 12, 1))).content.decode()

    ids = re.findall(r' id="(line-[^"]+)"', page)
    assert ids == [f"line-{m1.logs['d'].pk}-0"]


def test_lines_that_changed_since_the_page_was_read_are_not_approved_with_the_others(m1, max_at_work):
    page = max_at_work.get(month_url(m1))
    m1.log("c", "B", "12 Nov 14:00", "14:20")
    refused = max_at_work.post(month_url(m1, "statement_approve"), {"seen": page.context["state"].unseen}, follow=True)

    assert "Lines came or were changed while you read them." in text(refused)
    with as_provider():
        assert not Review.objects.exists()


def test_a_reason_that_was_written_is_there_again_beside_what_was_wrong(m1, max_at_work):
    values = {"minutes": "45", "reason": "Half of it was our own test"}
    page = max_at_work.post(month_url(m1, "statement_review"), word(m1, "reduced") | values).content.decode()

    assert 'value="Half of it was our own test"' in page
    assert re.search(r'name="minutes"[^>]*value="45"', page)
    assert '<details class="review-less" open>' in page


def test_a_word_on_a_month_that_was_closed_meanwhile_is_refused_in_sight(m1, max_at_work):
    close(m1)

    page = max_at_work.post(month_url(m1, "statement_review"), word(m1, "written_off", reason="Too late"), follow=True)

    assert "November 2026 is closed as 2026-0001 and stays as it is." in text(page)


def test_the_way_to_the_next_month_ends_at_the_present_one(m1, max_at_work):
    pages = [max_at_work.get(month_url(m1, month=month)) for month in (NOVEMBER, date(2026, 12, 1))]

    assert [page.context["next_url"] for page in pages] == [month_url(m1, month=date(2026, 12, 1)), ""]


def test_no_month_is_closed_in_place_of_one_that_is_not_offered(m1, max_at_work):
    statements.approve_all(actor=m1.world.max, contract=m1.contract, month=NOVEMBER, now=LATER)

    max_at_work.post(reverse("console:statements_close"), {"month": "2016-11", "contract": [m1.contract.pk]})

    with as_provider():
        assert not m1.contract.statements.exists()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"verdict": "reduced", "minutes": "soon", "reason": "x"}, "is no time"),
        ({"verdict": "reduced", "minutes": "45", "reason": "x"}, "more than the 30 min"),
        ({"verdict": "reduced", "minutes": "15", "reason": ""}, "Say why"),
        ({"verdict": "approved", "seen": "45"}, "it has 30 min now, not 45 min"),
        ({"verdict": "approved", "log": "999999"}, "not on the statement any more"),
        ({"verdict": "burned"}, "Select a valid choice"),
        ({"verdict": "approved", "request": "999999"}, "not on the statement any more"),
    ],
)
def test_mistakes_and_tampering_are_answered_with_a_sentence_and_change_nothing(m1, max_at_work, values, sentence):
    answer = max_at_work.post(month_url(m1, "statement_review"), word(m1, "approved") | values)

    assert answer.status_code == 422
    assert sentence in text(answer)
    with as_provider():
        assert not Review.objects.exists()


def test_a_line_of_another_contract_is_not_reviewed_here(m1, max_at_work, world):
    other = Desk(world, world.globex_contract)
    other.tickets["X"] = make.ticket(world.globex_contract, world.softswitch, world.grace, type="functional", now=at("1 Nov 00:00"))
    other.log("x", "X", "10 Nov 12:00", "13:00", agent=world.lea)

    answer = max_at_work.post(
        month_url(m1, "statement_review"), word(m1, "returned", reason="x") | {"log": other.logs["x"].pk, "request": 0}
    )

    assert answer.status_code == 422


def test_what_is_in_the_way_is_listed_with_the_way_out(m1, max_at_work):
    m1.log("c", "C", "16 Nov 09:00", "10:00")
    work.start_timer(ticket=m1.tickets["A"], agent=m1.world.lea, now=at("30 Nov 17:00"))

    page = max_at_work.get(month_url(m1))
    refused = max_at_work.post(month_url(m1, "statement_close"), follow=True)

    with as_provider():
        draft = m1.tickets["C"].charge_requests.get()
    assert f"#line-{m1.logs['c'].pk}-0" in page.content.decode()
    assert reverse("console:charge", args=[draft.pk]) in page.content.decode()
    assert "It can't be closed yet: a timer runs; one line is not approved by the customer; one line is not reviewed." in text(refused)


def test_a_timer_of_somebody_who_is_away_is_discarded_and_they_are_told(m1, max_at_work, world):
    timer = work.start_timer(ticket=m1.tickets["A"], agent=world.lea, now=at("30 Nov 17:00"))
    address = reverse("console:statement_timer", args=[m1.contract.pk, NOVEMBER, timer.pk])
    elsewhere = reverse("console:statement_timer", args=[world.globex_contract.pk, NOVEMBER, timer.pk])

    assert address in max_at_work.get(month_url(m1)).content.decode()
    max_at_work.post(elsewhere)
    with as_provider():
        assert Timer.objects.count() == 1
    answers = [text(max_at_work.post(address, follow=True)) for _twice in range(2)]

    assert ["The timer is discarded" in answer for answer in answers] == [True, False]
    with as_provider():
        assert Timer.objects.count() == 0
        mails = Mail.objects.filter(kind="timer_discarded")
        assert list(mails.values_list("recipient__name", flat=True)) == [world.lea.person.name]
        assert AuditEntry.objects.get(verb="discard_timer").before["ticket"] == m1.tickets["A"].number


def test_ready_contracts_are_closed_from_the_list_and_each_says_what_became_of_it(m1, max_at_work, world):
    packed = make.contract(world.globex, world.softswitch, manager=world.max, number="G-9", package_minutes=300, package_fee_cents=900_00)

    listed = max_at_work.get(reverse("console:statements"), {"month": "2026-11"})
    answer = max_at_work.post(reverse("console:statements_close"), {"month": "2026-11", "contract": [packed.pk, m1.contract.pk]})

    rows = {row.contract.number: (row.is_ready, row.to_review, row.total_cents) for row in listed.context["rows"]}
    assert rows == {"C-1": (False, 1, 120_00), "G-9": (True, 0, 900_00)}
    assert "2026-0001 R$900.00" in text(answer)
    assert "one line is not reviewed" in text(answer)


def test_nothing_ticked_closes_nothing(m1, max_at_work):
    answer = max_at_work.post(reverse("console:statements_close"), {"month": "2026-11", "contract": ["x", "9" * 30]}, follow=True)

    assert "Tick the contracts" in text(answer)


def test_a_month_before_the_contract_or_ahead_is_none(m1, max_at_work):
    answers = [max_at_work.get(month_url(m1, month=month)).status_code for month in (date(2024, 12, 1), date(2027, 1, 1))]

    assert answers == [404, 404]


def test_an_agent_reads_the_desk_and_changes_nothing(m1, world):
    client = browser(world.sara.person)

    page = client.get(month_url(m1))
    refused = [client.post(month_url(m1, name)).status_code for name in ("statement_review", "statement_approve", "statement_close")]

    assert (page.status_code, refused) == (200, [403] * 3)
    assert "Approve" not in text(page).replace("Approved request", "")


def test_a_closed_month_tells_what_it_owes_since(m1, max_at_work):
    close(m1)
    m1.correct("b", "11 Nov 14:00", "14:28", entered="2 Dec 08:00")

    page = max_at_work.get(month_url(m1))

    assert "Since it was closed, the month changed by −R$120.00: that is a line on the statement of December 2026." in text(page)


def test_work_that_nobody_approved_is_on_the_desks_list(m1, max_at_work):
    m1.log("c", "C", "16 Nov 09:00", "10:00")

    page = max_at_work.get(reverse("console:charges"), {"list": "unauthorised"})

    assert [(row.log.pk, row.minutes) for row in page.context["rows"]] == [(m1.logs["c"].pk, 60)]


# --- The customer -----------------------------------------------------------------------------------------------------
def test_the_customer_gets_page_pdf_and_csv(m1, world):
    statement = close(m1)
    client = browser(world.ada)

    page = client.get(reverse("portal:statement", args=[statement.pk]))
    pdf = client.get(reverse("portal:statement_pdf", args=[statement.pk]))
    sheet = client.get(reverse("portal:statement_csv", args=[statement.pk]))

    assert "Routes<br>of &lt;b&gt;trunk 7&lt;/b&gt;" in page.content.decode()
    assert (pdf["Content-Type"], pdf.content[:5], pdf["Content-Disposition"]) == (
        "application/pdf",
        b"%PDF-",
        'attachment; filename="statement-2026-0001.pdf"',
    )
    rows = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert [(row[6], row[7], row[8], row[10]) for row in rows[1:]] == [
        ("Allowance", "90", "0", "0.00"),
        ("Allowance", "30", "0", "0.00"),
        (f"Approved request {m1.requests['more'].pk}", "30", "30", "120.00"),
        ("", "", "", "120.00"),
    ]


def test_the_worked_minutes_of_a_statement_are_those_that_were_charged_by(m1):
    began_at = at("13 Nov 10:00")
    ended_at = began_at + timedelta(minutes=45, milliseconds=300)
    work.log_work(ticket=m1.tickets["A"], agent=m1.world.sara, began_at=began_at, ended_at=ended_at, note="By timer", now=ended_at)

    with as_provider():
        contract = Contract.objects.select_related("calendar", "customer", "account_manager").get(pk=m1.contract.pk)
        shown = open_month(contract, NOVEMBER, reader_id=m1.world.max.pk, now=LATER).shown

    timed = next(one for group in shown.tickets for one in group.works if one.note == "By timer")
    assert (timed.worked_minutes, timed.minutes) == (46, 60)


def test_what_an_agent_wrote_is_never_a_formula_of_the_csv(desk, world):
    desk.log("a", "A", "10 Nov 09:00", "10:30", note='=HYPERLINK("http://evil.example")')
    statement = close(desk)

    sheet = browser(world.ada).get(reverse("portal:statement_csv", args=[statement.pk])).content.decode("utf-8-sig")

    assert next(csv.reader(io.StringIO(sheet.splitlines()[1])))[5] == """'=HYPERLINK("http://evil.example")"""


def test_members_may_not_read_statements_and_strangers_find_none(m1, world):
    address = reverse("portal:statement", args=[close(m1).pk])
    approver = make.member(world.acme, "Amy Approver", "approver")

    answers = {who.name: browser(who).get(address).status_code for who in (world.ada, approver, world.alan, world.grace)}

    assert answers == {"Ada Lovelace": 200, "Amy Approver": 200, "Alan Turing": 403, "Grace Hopper": 404}


def test_private_tickets_are_one_sum_for_approvers_and_lines_for_admins(m1, world):
    commands.set_private(ticket=m1.tickets["B"], person=world.ada, private=True, by_staff=False, now=at("12 Nov 12:00"))
    statement = close(m1)
    approver = make.member(world.acme, "Amy Approver", "approver")
    address = reverse("portal:statement", args=[statement.pk])

    of_admin, of_approver = (text(browser(who).get(address)) for who in (world.ada, approver))

    assert "Ticket B" in of_admin
    assert "Private tickets" not in of_admin
    assert "Ticket B" not in of_approver
    assert re.search(r"Private tickets which only who opened them and your administrators see 1 h R\$120\.00", of_approver)
    assert "Total R$120.00" in of_approver


def test_a_correction_names_no_private_ticket_to_approvers(m1, world):
    commands.set_private(ticket=m1.tickets["B"], person=world.ada, private=True, by_staff=False, now=at("12 Nov 12:00"))
    close(m1)
    m1.correct("b", "11 Nov 14:00", "14:28", entered="2 Dec 08:00")
    later = statements.close_month(actor=world.max, contract=m1.contract, month=date(2026, 12, 1), now=at("2 Jan 2027 09:00"))
    approver = make.member(world.acme, "Amy Approver", "approver")
    number = m1.tickets["B"].number

    pages = [text(browser(who).get(reverse("portal:statement", args=[later.pk]))) for who in (world.ada, approver)]

    assert [number in page for page in pages] == [True, False]
    assert all("Correction of November 2026, statement 2026-0001" in page for page in pages)


def test_hours_by_ticket_say_what_covered_them(m1, world):
    page = browser(world.alan).get(reverse("portal:hours"), {"month": "2026-11"})

    groups = {group.ticket.subject: [(one.source, one.minutes) for one in group.taken] for group in page.context["hours"].tickets}
    assert groups == {"Ticket A": [("allowance", 90)], "Ticket B": [("allowance", 30), ("approval", 30)]}
    assert "0 min left of 2 h" in text(page)


def test_what_was_written_off_waits_for_no_approval_once_the_month_is_closed(m1, world):
    m1.log("c", "C", "16 Nov 09:00", "10:00")
    hours = {"month": "2026-11"}

    before = text(browser(world.ada).get(reverse("portal:hours"), hours))
    statements.approve_all(actor=world.max, contract=m1.contract, month=NOVEMBER, now=at("1 Dec 09:00"))
    _closed_whatever(m1)
    after = text(browser(world.ada).get(reverse("portal:hours"), hours))

    assert ["Not approved yet 1 h" in page for page in (before, after)] == [True, False]
    assert "Not charged 1 h" in after


def test_only_the_present_month_says_when_there_are_new_hours(m1, world):
    pages = [text(browser(world.ada).get(reverse("portal:hours"), {"month": month})) for month in ("2026-11", "2026-12")]

    assert ["New hours on 1 Jan 2027" in page for page in pages] == [False, True]
    assert "New hours on 1 Dec 2026" not in pages[0]


def test_hours_on_private_tickets_are_one_sum_for_colleagues(m1, world):
    commands.set_private(ticket=m1.tickets["A"], person=world.ada, private=True, by_staff=False, now=at("12 Nov 12:00"))

    page = browser(world.alan).get(reverse("portal:hours"), {"month": "2026-11"})

    assert page.context["hours"].private_minutes == 90
    assert "Ticket A" not in text(page)


@pytest.mark.parametrize("month", ["", "soon", "2026-13", "1999-01", "2999-01", "2026-11-01"])
def test_whatever_month_is_asked_for_hours_are_of_one_of_the_contracts(m1, world, month):
    page = browser(world.ada).get(reverse("portal:hours"), {"month": month, "contract": "x"})

    assert page.context["month"] in {date(2026, 12, 1), date(2025, 2, 1)}


@pytest.mark.parametrize("looked_at", ["12 Nov 12:00", "30 Nov 23:30"])  # the latter is December's already in UTC
def test_the_home_page_shows_what_is_left(m1, world, monkeypatch, looked_at):
    monkeypatch.setattr("django.utils.timezone.now", lambda: at(looked_at))
    commands.set_private(ticket=m1.tickets["A"], person=world.ada, private=True, by_staff=False, now=at("12 Nov 12:00"))

    assert "0 min left of 2 h this month" in text(browser(world.alan).get(reverse("portal:home")))


def test_the_consoles_ticket_shows_what_is_left(m1, world, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: at("10 Nov 12:00"))
    page = browser(world.sara.person).get(m1.tickets["B"].console_url)

    assert "0 min left of 2 h this month" in text(page)


# --- Forecast -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("used", "when", "ends"),
    [
        (60, "6 Nov 18:00", date(2026, 11, 13)),  # five working days used half of it, five more use the rest
        (60, "6 Nov 13:30", date(2026, 11, 12)),  # four and a half
        (30, "6 Nov 18:00", date(2026, 11, 27)),
        (28, "6 Nov 18:00", None),  # sixteen and a half more, and the month has sixteen
        (10, "16 Nov 18:00", None),
        (0, "6 Nov 18:00", None),
        (120, "6 Nov 18:00", None),
        (60, "1 Nov 12:00", None),  # a Sunday: no business hour has passed
    ],
)
def test_the_forecast_goes_by_business_hours_so_far(world, used, when, ends):
    with as_provider():
        contract = Contract.objects.select_related("calendar").get(pk=world.contract.pk)
        found = ends_on(Allowance(contract, NOVEMBER, Granted(120, 0), Granted(used, 0)), at(when))

    assert found == ends


def test_months_outside_the_contract_grant_nothing(world):
    with as_provider():
        contract = Contract.objects.select_related("calendar").get(pk=world.contract.pk)
        found = allowance_of(contract, date(2025, 1, 1)).granted, allowance_of(contract, date(2025, 2, 1)).granted

    assert found == (Granted(0, 0), Granted(120, 0))


# --- Filing, verdicts, amendments -----------------------------------------------------------------------------------------
def test_filing_says_what_is_left_and_when_an_approval_is_needed(desk, world, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: at("12 Nov 12:00"))
    client, address = browser(world.alan), reverse("portal:ticket_new")
    before = text(client.get(address))
    desk.log("a", "A", "10 Nov 09:00", "11:00")

    after = text(client.get(address))
    part = text(client.get(reverse("portal:ticket_hours"), {"product": world.softswitch.pk}))

    assert "Uses the hours that your contract includes: 2 h left until" in before
    assert "This month's included hours are used up" in after
    assert "This month's included hours are used up" in part


def test_the_qualify_page_says_that_the_allowance_is_no_longer_used(m1, world):
    page = text(browser(world.lea.person).get(reverse("console:ticket_qualify", args=[m1.tickets["A"].pk])))

    assert "November 2026: 1 h of the hours included are free again. R$120.00 less to pay." in page


def test_an_amendment_is_previewed_before_it_is_registered(m1, max_at_work):
    form = {"from_date": "2026-11-01", "reason": "Less", "shown_date": "2026-12-02", "last_date": "2099-12-31", "policy": make.policy().pk}
    form |= {"allowance_minutes": "60", "package_minutes": "0", "package_fee_cents": "0.00", "functional_rate_cents": "240.00"}
    form |= {"off_hours_rate_cents": "360.00", "update_rate_cents": "300.00", "increment_minutes": "15"}

    page = max_at_work.post(reverse("console:contract_amend_preview", args=[m1.contract.pk]), form)
    with as_provider():
        rows = m1.contract.terms.count()
    done = max_at_work.post(reverse("console:contract_amend", args=[m1.contract.pk]), dict(page.context["written"]))

    november = next(effect for effect in page.context["effects"] if effect.month == NOVEMBER)
    assert november.sentences[0] == "The allowance grants 1 h instead of 2 h."
    assert (rows, done.status_code) == (1, 302)
    with as_provider():
        assert m1.contract.terms.count() == 2


def test_a_backdated_suspension_is_previewed(m1, max_at_work):
    form = {"state": "suspended", "from_date": "2026-11-10", "reason": "Unpaid"}

    page = max_at_work.post(reverse("console:contract_standing_preview", args=[m1.contract.pk]), form)

    assert [(effect.month, effect.logs) for effect in page.context["effects"]][:1] == [(NOVEMBER, 2)]
    assert "1 h 30 become unauthorised." in " ".join(page.context["effects"][0].sentences)
    with as_provider():
        assert not m1.contract.standings.exists()


@pytest.mark.parametrize("address", ["console:contract_amend_preview", "console:contract_standing_preview"])
def test_a_preview_with_a_mistake_is_the_form_again(m1, max_at_work, address):
    answer = max_at_work.post(reverse(address, args=[m1.contract.pk]), {"from_date": "soon"})

    assert answer.status_code == 422


# --- PDF ----------------------------------------------------------------------------------------------------------------
def test_the_pdf_has_many_pages_and_every_letter(desk, world):
    for number in range(60):
        day, hour = 3 + number // 8, 9 + number % 8
        desk.log(f"l{number}", "A", f"{day} Nov {hour:02d}:00", f"{hour:02d}:10", note=f"Żółw → ção № {number} 🙂 " + "words " * 40)
    statement = _closed_whatever(desk)

    with as_provider(), translation.override("pt-br"):
        shown = closed_statement(statement.pk)
        body = pdf_of(shown)
        again = pdf_of(shown)

    assert body == again
    assert len(re.findall(rb"/Type /Page\b", body)) > 3


def test_the_pdf_says_of_a_line_that_was_written_off_that_nothing_of_it_is_charged(m1, monkeypatch):
    statements.review(
        actor=m1.world.max,
        contract=m1.contract,
        month=NOVEMBER,
        log_id=m1.logs["b"].pk,
        request_id=m1.requests["more"].pk,
        verdict="written_off",
        reason="Goodwill",
        seen_minutes=30,
        now=at("1 Dec 09:00"),
    )
    statement, rows = close(m1), []
    monkeypatch.setattr("billing.pdf._Paper._row", lambda _paper, texts: rows.append(texts))

    with as_provider():
        pdf_of(closed_statement(statement.pk))

    assert [row[3:] for row in rows if "Goodwill" in row[2]] == [["0 min\nof 30 min", "R$0.00"]]


def _closed_whatever(desk):
    """Everything beyond the allowance is written off."""
    with as_provider():
        contract = Contract.objects.select_related("calendar").get(pk=desk.contract.pk)
        state = readiness_of(contract, NOVEMBER, at("1 Dec 09:00"))
    for key, need in state.needs.items():
        if need == Need.UNAUTHORISED:
            statements.review(
                actor=desk.world.max,
                contract=desk.contract,
                month=NOVEMBER,
                log_id=key.log,
                request_id=None,
                verdict="written_off",
                reason="Goodwill",
                seen_minutes=state.minutes[key],
                now=at("1 Dec 09:00"),
            )
    return statements.close_month(actor=desk.world.max, contract=desk.contract, month=NOVEMBER, now=at("1 Dec 10:00"))


def test_a_reader_in_portuguese_gets_a_file_as_programs_there_read_it(m1, world):
    statement = close(m1)
    Person.objects.filter(pk=world.ada.pk).update(language="pt-br")

    sheet = browser(world.ada).get(reverse("portal:statement_csv", args=[statement.pk])).content.decode("utf-8-sig")

    assert next(csv.reader([sheet.splitlines()[-1]], delimiter=";"))[10] == "120,00"
