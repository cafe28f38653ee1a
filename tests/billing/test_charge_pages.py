"""Charge requests through the pages: drafted and sent by staff, decided by approvers, asked for by the company itself."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tenancy import as_provider
from billing.commands import requests
from billing.models import ChargeRequest, Decision
from contracts import commands as contracts
from tests import factories as make
from tests.billing import charges
from tests.sla.stories import at
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def now(monkeypatch):
    def move(text):
        monkeypatch.setattr("django.utils.timezone.now", lambda: at(text))

    move("12 Nov 11:00")
    return move


@pytest.fixture
def ticket(world, amy):
    return charges.ticket(world)


def browser(person, **headers):
    client = Client(**headers)
    client.force_login(person)
    return client


def text_of(answer):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def the_only_request():
    with as_provider():
        return ChargeRequest.objects.select_related("ticket", "contract").get()


DRAFT = {
    "kind": "functional_excess",
    "reason": "Two more queues.",
    "minutes": "1 h",
    "rate_cents": "240.00",
    "answer_by": "2026-11-20T18:00",
    "work_from": "",
    "work_until": "",
}


# --- Staff ------------------------------------------------------------------------------------------------------------
def test_staff_draft_see_what_the_customer_will_see_and_send_it(world, ticket, now):
    staff = browser(world.sara.person)

    drafted = staff.post(reverse("console:charge_new", args=[ticket.pk]), DRAFT, follow=True)
    assert "At most R$240.00 Up to 1 h at R$240.00 an hour." in text_of(drafted)
    sent = staff.post(reverse("console:charge_send", args=[the_only_request().pk]), follow=True)

    assert "Sent. Whoever decides next is told by mail." in text_of(sent)
    assert (the_only_request().state, charges.status(ticket)) == ("waiting", "waiting_approval")


def test_a_draft_begins_with_the_contracts_rate_and_all_work_that_nobody_agreed_to(world, ticket, now):
    charges.use_up(world)
    done = charges.log(world, ticket, "11 Nov 14:00", "14:50")
    with as_provider():
        ChargeRequest.objects.update(state="withdrawn", over_at=at("11 Nov 15:00"))

    form = browser(world.sara.person).get(reverse("console:charge_new", args=[ticket.pk])).context["form"]

    assert {name: form.initial[name] for name in ("kind", "minutes", "rate_cents", "logs")} == {
        "kind": "functional_excess",
        "minutes": 60,
        "rate_cents": 24000,
        "logs": [done.pk],
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"minutes": "soon"}, "“soon” is no time."),
        ({"minutes": "0"}, "Ask for at least one minute and at most 200 hours."),
        ({"rate_cents": "0"}, "A rate of zero charges nothing"),
        ({"rate_cents": "1.234"}, "“1.234” could be thousands or cents. Write it like 1234.00."),
        ({"rate_cents": "-5"}, "is not an amount"),
        ({"kind": "off_hours"}, "Help outside business hours has a beginning and an end."),
        ({"kind": "update_service"}, "needs no such approval"),
        ({"reason": " "}, "This field is required."),
        ({"answer_by": "9999-12-31T23:59"}, "That is more than a year away. Check the dates."),
        ({"answer_by": "0001-01-01T00:00"}, "That is more than a year away. Check the dates."),
        ({"work_until": "9999-12-31T23:59"}, "That is more than a year away. Check the dates."),
    ],
)
def test_what_is_wrong_with_a_draft_is_said_and_nothing_is_kept(world, ticket, now, changes, sentence):
    answer = browser(world.sara.person).post(reverse("console:charge_new", args=[ticket.pk]), DRAFT | changes)

    assert answer.status_code == 422
    assert sentence in text_of(answer)
    with as_provider():
        assert not ChargeRequest.objects.exists()


def test_amounts_are_read_in_the_writers_language(world, ticket, now):
    with as_provider():
        type(world.sara.person).objects.filter(pk=world.sara.pk).update(language="pt-br")

    browser(world.sara.person).post(reverse("console:charge_new", args=[ticket.pk]), DRAFT | {"rate_cents": "1.234"})

    assert the_only_request().rate_cents == 123400


def test_another_price_goes_through_the_account_manager(world, ticket, now):
    browser(world.sara.person).post(reverse("console:charge_new", args=[ticket.pk]), DRAFT | {"rate_cents": "200"})
    pk = the_only_request().pk
    page = browser(world.sara.person).get(reverse("console:charge", args=[pk]))
    assert "the account manager releases it first" in text_of(page)
    browser(world.sara.person).post(reverse("console:charge_send", args=[pk]))
    assert the_only_request().state == "to_release"

    browser(world.max.person).post(reverse("console:charge_return", args=[pk]), {"remark": "Usual rate, please."})
    assert "Usual rate, please." in text_of(browser(world.sara.person).get(reverse("console:charge", args=[pk])))
    browser(world.sara.person).post(reverse("console:charge_send", args=[pk]))
    browser(world.max.person).post(reverse("console:charge_release", args=[pk]))

    assert the_only_request().state == "waiting"


def test_who_releases_reads_what_the_contract_charges(world, ticket, now):
    request = charges.drafted(world, ticket, rate_cents=20000)
    requests.send(request=request, actor=world.sara.person, now=at("12 Nov 10:00"))

    page = text_of(browser(world.max.person).get(reverse("console:charge", args=[request.pk])))

    assert "Its price isn't the contract's. Released, the customer's approvers are asked. The contract's is R$240.00 an hour." in page


def test_staff_can_not_answer_for_a_customer(world, ticket, now):
    request = charges.sent(world, ticket)
    page = reverse("portal:approval", args=[request.pk])

    answers = [
        browser(person).post(page, {"shown": charges.shown(request), "answer": "accept"}) for person in (world.max.person, world.lea.person)
    ]

    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(302, "/console/")] * 2
    assert charges.state(request) == "waiting"


# --- Approvers --------------------------------------------------------------------------------------------------------
def posted(page, **changes):
    """What the page's own form sends."""
    shown = re.search(r'name="shown" value="([0-9a-f]{64})"', page.content.decode())
    return {"shown": shown[1], "answer": "accept", "minutes": "1 h"} | changes


def test_the_link_leads_to_a_page_that_changes_nothing(world, ticket, amy, now):
    request = charges.sent(world, ticket)

    page = browser(amy).get(reverse("portal:approval", args=[request.pk]), {"company": world.acme.pk})

    assert page.status_code == 200
    assert "At most R$240.00" in text_of(page)
    assert charges.state(request) == "waiting"


def test_an_approver_accepts_what_the_page_shows(world, ticket, amy, now):
    request = charges.sent(world, ticket)
    client = browser(amy, headers={"user-agent": "Lynx"})
    page = reverse("portal:approval", args=[request.pk])

    answer = client.post(page, posted(client.get(page)), follow=True)

    assert "Amy Approver approved this on Thu 12 Nov 11:00" in text_of(answer)
    with as_provider():
        kept = Decision.objects.get()
    assert (kept.by, kept.minutes, kept.address, kept.user_agent) == (amy, 60, "127.0.0.1", "Lynx")


def test_an_approver_accepts_less(world, ticket, amy, now):
    request = charges.sent(world, ticket)
    client, page = browser(amy), reverse("portal:approval", args=[request.pk])

    too_much = client.post(page, posted(client.get(page), minutes="2 h"))
    assert "That is more than was asked for: at most 1 h." in text_of(too_much)
    client.post(page, posted(client.get(page), minutes="30 min"))

    assert (charges.state(request), charges.again(request).accepted_minutes) == ("accepted", 30)


def test_an_approver_declines_with_a_reason(world, ticket, amy, now):
    request = charges.sent(world, ticket)
    client, page = browser(amy), reverse("portal:approval", args=[request.pk])

    answer = client.post(page, posted(client.get(page), answer="decline", minutes="", reason="Too dear."), follow=True)

    assert "Amy Approver declined this on Thu 12 Nov 11:00 (Sao Paulo, UTC−3). Too dear." in text_of(answer)


def test_what_changed_while_it_was_read_is_shown_again(world, ticket, amy, now):
    charges.use_up(world)
    done = charges.log(world, ticket, "11 Nov 14:00", "14:50")
    request = charges.sent(world, ticket, logs=[done.pk])
    client, page = browser(amy), reverse("portal:approval", args=[request.pk])
    form = posted(client.get(page))
    with as_provider():
        type(done).objects.filter(pk=done.pk).update(note="Routing, and more")

    refused = client.post(page, form)
    assert refused.status_code == 422
    assert "It changed while you read it: look again. Nothing was done." in text_of(refused)
    client.post(page, posted(refused))

    assert charges.state(request) == "accepted"


@pytest.mark.parametrize("tampered", [{"shown": "0" * 64}, {"shown": ""}, {"answer": "maybe"}])
def test_a_tampered_answer_does_nothing(world, ticket, amy, now, tampered):
    request = charges.sent(world, ticket)
    client, page = browser(amy), reverse("portal:approval", args=[request.pk])

    answer = client.post(page, posted(client.get(page)) | tampered)

    assert (answer.status_code, charges.state(request)) == (422, "waiting")


def test_a_late_answer_is_told_so(world, ticket, amy, now):
    request = charges.sent(world, ticket)
    client, page = browser(amy), reverse("portal:approval", args=[request.pk])
    form = posted(client.get(page))
    now("20 Nov 18:01")

    answer = client.post(page, form, follow=True)

    assert "The time to answer this is over. Ask our staff to send it again." in text_of(answer)
    assert charges.state(request) == "waiting"


def test_members_read_and_do_not_decide(world, ticket, now):
    request = charges.sent(world, ticket)
    client, page = browser(world.alan), reverse("portal:approval", args=[request.pk])

    assert "Approvers and admins of your company decide about this." in text_of(client.get(page))
    assert client.post(page, {"shown": charges.shown(request), "answer": "accept"}).status_code == 403


def test_another_customers_approver_finds_nothing(world, ticket, now):
    request = charges.sent(world, ticket)
    client, page = browser(world.grace), reverse("portal:approval", args=[request.pk])

    assert [client.get(page).status_code, client.post(page, {"shown": charges.shown(request), "answer": "accept"}).status_code] == [
        404,
        404,
    ]


def test_drafts_do_not_exist_for_customers(world, ticket, amy, now):
    drafted = charges.drafted(world, ticket)
    requests.send(request=charges.drafted(world, ticket, rate_cents=100), actor=world.sara.person, now=at("12 Nov 10:00"))

    client = browser(amy)

    assert client.get(reverse("portal:approval", args=[drafted.pk])).status_code == 404
    assert "Nothing waits for an approval" in text_of(client.get(reverse("portal:approvals")))
    assert "Functional work beyond" not in text_of(client.get(ticket.portal_url))


def test_what_was_withdrawn_before_it_was_sent_was_never_there_for_customers(world, ticket, amy, now):
    drafted = charges.drafted(world, ticket)
    requests.withdraw(request=drafted, actor=world.sara.person, remark="They owe us three invoices.", now=at("12 Nov 10:30"))

    client = browser(amy)
    pages = [text_of(client.get(address)) for address in (reverse("portal:approvals"), ticket.portal_url)]

    assert client.get(reverse("portal:approval", args=[drafted.pk])).status_code == 404
    assert [page for page in pages if "Functional work beyond" in page] == []


def test_what_was_withdrawn_after_it_was_sent_says_so_to_customers(world, ticket, amy, now):
    request = charges.sent(world, ticket)
    requests.withdraw(request=request, actor=world.sara.person, remark="Solved by phone.", now=at("12 Nov 10:30"))

    page = text_of(browser(amy).get(reverse("portal:approval", args=[request.pk])))

    assert "Sara withdrew this on Thu 12 Nov 10:30" in page
    assert "Solved by phone." in page


def test_the_home_page_shows_approvers_what_waits_and_members_nothing_of_it(world, ticket, amy, now):
    charges.sent(world, ticket)

    pages = [text_of(browser(person).get(reverse("portal:home"))) for person in (amy, world.alan)]

    assert ["Waits for your approval" in page for page in pages] == [True, False]


def test_the_page_says_what_is_left_and_that_the_next_month_comes_first(world, ticket, amy, now):
    charges.use_up(world)
    request = charges.sent(world, ticket)

    page = text_of(browser(amy).get(reverse("portal:approval", args=[request.pk])))

    assert "November's included 2 h are used up." in page
    assert "What is done in December uses December's included hours first." in page


def test_an_approver_ends_what_was_approved(world, ticket, amy, now):
    request = charges.sent(world, ticket)
    charges.accept(request, amy, "12 Nov 10:30")

    answer = browser(amy).post(reverse("portal:approval_end", args=[request.pk]), follow=True)

    assert "Amy Approver ended this approval on Thu 12 Nov 11:00" in text_of(answer)


# --- Help that the company asks for -----------------------------------------------------------------------------------
HELP = {"reason": "A trunk is down.", "work_from": "2026-11-28T11:00", "work_until": "2026-11-28T15:00", "minutes": "2 h"}


@pytest.fixture
def technical(world, amy, now):
    now("28 Nov 10:00")
    return charges.ticket(world, "27 Nov 17:30", type="technical", severity="medium")


def ask(client, ticket, **changes):
    """Chosen, looked at, sent: what a person does."""
    page = reverse("portal:ticket_help", args=[ticket.pk])
    key = re.search(r'name="submission_key" value="([^"]+)"', client.get(page).content.decode())[1]
    shown = client.post(page, HELP | {"submission_key": key} | changes)
    found = re.search(r'name="shown" value="([0-9a-f]{64})"', shown.content.decode())
    if found is None:
        return shown, shown
    return shown, client.post(page, HELP | {"submission_key": key, "shown": found[1]} | changes, follow=True)


def test_an_approver_is_shown_the_most_that_it_costs_then_asks_and_approves_at_once(world, technical, amy):
    shown, done = ask(browser(amy), technical)

    assert "At most R$720.00 Up to 2 h at R$360.00 an hour." in text_of(shown)
    assert "Agreed. Our staff are told" in text_of(done)
    assert (the_only_request().state, the_only_request().most_cents) == ("accepted", 72000)


def test_a_members_wish_is_granted_from_the_approvals_page(world, technical, amy, now):
    _shown, done = ask(browser(world.alan), technical)
    assert "Your company's approvers are asked." in text_of(done)
    wish = the_only_request()
    assert wish.state == "wished"

    client, page = browser(amy), reverse("portal:approval", args=[wish.pk])
    assert reverse("portal:approval", args=[wish.pk]) in client.get(reverse("portal:approvals")).content.decode()
    client.post(page, posted(client.get(page), minutes="1 h"))

    assert (the_only_request().state, the_only_request().accepted_minutes) == ("accepted", 60)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"work_until": "2026-11-28T10:30"}, "The help must end after it begins."),
        ({"work_from": "2026-11-27T11:00", "work_until": "2026-11-27T15:00"}, "That time is over already."),
        ({"work_from": "2026-11-30T10:00", "work_until": "2026-11-30T12:00"}, "That time lies in business hours"),
        ({"minutes": "201 h"}, "Ask for at least one minute and at most 200 hours."),
        ({"work_from": "9999-12-31T20:00", "work_until": "9999-12-31T23:59"}, "That is more than a year away."),
    ],
)
def test_what_can_not_be_asked_for_is_said(world, technical, amy, changes, sentence):
    shown, _same = ask(browser(amy), technical, **changes)

    assert shown.status_code == 422
    assert sentence in text_of(shown)
    with as_provider():
        assert not ChargeRequest.objects.exists()


def test_help_that_has_no_price_is_not_asked_for(world, technical, amy):
    changes = {"off_hours_rate_cents": 0, "reason": "No price was found"}
    contracts.amend(
        actor=world.max.person, contract=world.contract, from_date=at("28 Nov 00:00").date(), changes=changes, now=at("27 Nov 20:00")
    )

    shown, _same = ask(browser(amy), technical)

    assert shown.status_code == 422
    assert "Your contract names no price for help outside business hours." in text_of(shown)


def test_looking_again_at_the_cost_agrees_to_nothing(world, technical, amy):
    client, page = browser(amy), reverse("portal:ticket_help", args=[technical.pk])
    key = re.search(r'name="submission_key" value="([^"]+)"', client.get(page).content.decode())[1]
    shown = client.post(page, HELP | {"submission_key": key})

    client.post(page, HELP | {"submission_key": key, "shown": posted(shown)["shown"], "again": "1"})

    with as_provider():
        assert not ChargeRequest.objects.exists()


def test_who_files_and_asks_for_help_goes_on_to_its_page(world, amy, now):
    event = {
        "type": "technical",
        "severity": "medium",
        "product": world.softswitch.pk,
        "subject": "A trunk is down",
        "description": "Since an hour.",
        "submission_key": "0b2f3c1e-7d3c-4b43-9d2b-000000000009",
    }

    answer = browser(amy).post(reverse("portal:ticket_new_help"), event)

    with as_provider():
        filed = Ticket.objects.get()
    assert answer["Location"] == reverse("portal:ticket_help", args=[filed.pk])


def test_what_is_wrong_with_the_filing_is_said_there(world, amy, now):
    answer = browser(amy).post(reverse("portal:ticket_new_help"), {"type": "technical"})

    assert answer.status_code == 422
    assert "Please look at this again" in text_of(answer)


# --- Help with an update ----------------------------------------------------------------------------------------------
@pytest.fixture
def site(world):
    return make.environment(world.acme, contract=world.contract, installed={world.softswitch: world.version})


def test_help_with_an_update_opens_a_ticket_with_a_draft_for_staff(world, site, amy, now):
    newer = make.version(world.softswitch, "8.0")
    page = reverse("portal:help_update", args=[world.softswitch.pk])
    client = browser(world.alan)
    form = client.get(page, {"version": newer.pk}).context["form"]
    assert form["version"].value() == str(newer.pk)

    answer = client.post(page, {"environment": site.pk, "version": newer.pk, "wanted_at": "2026-11-28T22:00", "note": "At night, please."})

    request = the_only_request()
    assert (request.kind, request.state, request.rate_cents, request.wished_by) == ("update_service", "draft", 30000, world.alan)
    assert answer["Location"] == f"{reverse('portal:ticket', args=[request.ticket_id])}?filed=1"
    with as_provider():
        ticket = Ticket.objects.get(pk=request.ticket_id)
        assert (ticket.type, ticket.version, ticket.subject) == ("update_service", newer, "Help with updating Main site to Softswitch 8.0")
        assert ticket.messages.get().body == "When: Sat 28 Nov 22:00 (Sao Paulo, UTC−3).\n\nAt night, please."


def test_an_update_of_another_companys_site_is_not_asked_for(world, site, now):
    page = reverse("portal:help_update", args=[world.softswitch.pk])

    answer = browser(world.grace).post(page, {"environment": site.pk, "version": world.version.pk})

    assert answer.status_code == 422
    with as_provider():
        assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    ("wanted_at", "sentence"),
    [("2026-11-01T10:00", "The time that you would like is over."), ("9999-12-31T23:59", "That is more than a year away.")],
)
def test_an_update_at_no_possible_time_is_refused(world, site, now, wanted_at, sentence):
    page = reverse("portal:help_update", args=[world.softswitch.pk])

    answer = browser(world.ada).post(page, {"environment": site.pk, "version": world.version.pk, "wanted_at": wanted_at})

    assert sentence in text_of(answer)
