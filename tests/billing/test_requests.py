"""Charge requests until they are answered: who may write, price, send and take them back, and what time does to them."""

import pytest

from accounts.tenancy import as_provider, as_tenant
from billing.commands import requests
from billing.commands.charging import ChangedMeanwhile, Settled
from billing.models import ChargeRequest
from notifications.models import Mail
from tests import factories as make
from tests.billing import charges
from tests.sla.stories import at
from tickets import commands as tickets
from tickets.models import Hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(world, amy):
    return charges.ticket(world)


def told(act):
    """Who is owed mail about charge requests by an act, with the first line."""
    with as_provider():
        last = Mail.objects.order_by("pk").last()
    act()
    with as_provider():
        mails = Mail.objects.filter(pk__gt=last.pk if last else 0, kind="charge_request").order_by("address")
        return [(mail.address.partition("@")[0], mail.headline) for mail in mails]


def test_a_draft_is_nothing_for_the_customer(world, ticket):
    assert told(lambda: charges.drafted(world, ticket)) == []

    assert charges.status(ticket) == "new"
    with as_tenant(world.acme.pk, world.ada.pk):
        assert not ChargeRequest.objects.exists()


def test_sent_at_the_contracts_rate_it_waits_for_the_approvers_and_so_does_the_ticket(world, ticket):
    request = charges.drafted(world, ticket)

    mails = told(lambda: requests.send(request=request, actor=world.sara.person, now=at("12 Nov 10:00")))

    headline = f"Sara asks for your approval on {ticket.number}: Functional work beyond what is included."
    assert mails == [("ada", headline), ("amy", headline)]
    assert (charges.state(request), charges.status(ticket)) == ("waiting", "waiting_approval")


def test_the_mail_says_what_it_costs_and_by_when_to_answer(world, ticket):
    request = charges.sent(world, ticket)

    with as_provider():
        mail = Mail.objects.get(kind="charge_request", address="amy@acme.example")

    assert mail.body_text == (
        "Two more queues.\n\n- Functional work beyond what is included: **up to 1 h at R$240.00 an hour: at most R$240.00**"
    )
    assert mail.needs == "Please approve or decline by Fri 20 Nov 18:00 (Sao Paulo, UTC−3)."
    assert mail.action_url.endswith(f"/approvals/{request.pk}/?company={world.acme.pk}")


def test_another_price_is_released_by_the_account_manager_first(world, ticket):
    request = charges.drafted(world, ticket, rate_cents=20000)

    mails = told(lambda: requests.send(request=request, actor=world.sara.person, now=at("12 Nov 10:00")))

    assert mails == [("max", f"Sara drafted a charge request on {ticket.number} whose price isn't the contract's. Please release it.")]
    assert (charges.state(request), charges.status(ticket)) == ("to_release", "new")
    with pytest.raises(requests.NotReleased):
        requests.release(request=request, actor=world.lea.person, now=at("12 Nov 10:05"))
    requests.release(request=request, actor=world.max.person, now=at("12 Nov 10:10"))
    assert (charges.state(request), charges.again(request).released_by) == ("waiting", world.max.person)


def test_an_account_manager_who_sends_another_price_has_released_it(world, ticket):
    request = charges.drafted(world, ticket, rate_cents=20000)

    requests.send(request=request, actor=world.max.person, now=at("12 Nov 10:00"))

    assert (charges.state(request), charges.again(request).released_by) == ("waiting", world.max.person)


def test_what_comes_back_from_the_account_manager_says_why(world, ticket):
    request = requests.send(request=charges.drafted(world, ticket, rate_cents=20000), actor=world.sara.person, now=at("12 Nov 10:00"))
    with pytest.raises(requests.RemarkMissing):
        requests.give_back(request=request, actor=world.max.person, remark=" ", now=at("12 Nov 10:05"))

    requests.give_back(request=request, actor=world.max.person, remark="Ask for the usual rate.", now=at("12 Nov 10:05"))

    assert (charges.state(request), charges.again(request).remark) == ("draft", "Ask for the usual rate.")
    again = requests.revise(request=request, actor=world.sara.person, asked=charges.asked(), now=at("12 Nov 10:10"))
    requests.send(request=again, actor=world.sara.person, now=at("12 Nov 10:11"))
    assert (charges.state(request), charges.again(request).remark) == ("waiting", "")


def test_the_same_form_twice_makes_one_draft(world, ticket):
    key = "0b2f3c1e-7d3c-4b43-9d2b-000000000001"
    both = [
        requests.draft(ticket=ticket, actor=world.sara.person, asked=charges.asked(), submission_key=key, now=at("12 Nov 10:00"))
        for _click in range(2)
    ]

    assert both[0] == both[1]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"reason": "  "}, requests.ReasonMissing),
        ({"minutes": 0}, requests.MinutesOutOfRange),
        ({"minutes": 12_001}, requests.MinutesOutOfRange),
        ({"rate_cents": 0}, requests.RateMissing),
        ({"kind": "off_hours"}, requests.WindowMissing),
        ({"kind": "off_hours", "work_from": "28 Nov 11:00", "work_until": "28 Nov 11:00"}, tickets.WindowReversed),
        ({"kind": "off_hours", "work_from": "28 Nov 11:00", "work_until": "30 Dec 11:00"}, requests.WindowTooLong),
        ({"kind": "update_service"}, requests.KindDoesNotFit),
        ({"logs": [999]}, requests.WorkUnknown),
    ],
)
def test_what_can_not_be_drafted(world, ticket, changes, refusal):
    with pytest.raises(refusal):
        charges.drafted(world, ticket, **changes)

    with as_provider():
        assert not ChargeRequest.objects.exists()


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"answer_by": "12 Nov 10:00"}, requests.AnswerTooSoon),
        ({"work_until": "12 Nov 09:00"}, tickets.WindowOver),
        ({"work_until": "19 Nov 18:00"}, requests.AnswerAfterWork),
        ({"kind": "off_hours", "work_from": "24 Nov 10:00", "work_until": "24 Nov 17:00"}, requests.OnlyBusinessHours),
    ],
)
def test_what_can_not_be_sent(world, ticket, changes, refusal):
    request = charges.drafted(world, ticket, **changes)

    with pytest.raises(refusal):
        requests.send(request=request, actor=world.sara.person, now=at("12 Nov 10:00"))

    assert charges.state(request) == "draft"


def test_work_on_another_ticket_is_not_listed(world, ticket):
    other = charges.ticket(world, subject="Another question")
    work = charges.log(world, other, "10 Nov 09:00", "10:00")

    with pytest.raises(requests.WorkUnknown):
        charges.drafted(world, ticket, logs=[work.pk])


def test_help_for_what_is_covered_around_the_clock_is_not_asked_for(world, amy):
    critical = charges.ticket(world, type="technical", severity="critical")

    with pytest.raises(tickets.CoveredAlready):
        requests.draft(ticket=critical, actor=world.sara.person, asked=charges.help_asked(), now=at("12 Nov 10:00"))


def test_nobody_is_asked_where_nobody_may_approve(world):
    grace_left = make.customer("Initech")
    member = make.member(grace_left, "Milton Member")
    contract = make.contract(grace_left, world.softswitch, manager=world.max)
    ticket = charges.ticket(world, contract=contract, requester=member)
    request = charges.drafted(world, ticket)

    with pytest.raises(requests.NobodyApproves, match="Nobody of Initech"):
        requests.send(request=request, actor=world.sara.person, now=at("12 Nov 10:00"))


def test_a_private_tickets_request_reaches_admins_alone(world, amy):
    private = charges.ticket(world, private=True)

    mails = told(lambda: charges.sent(world, private))

    assert [name for name, _headline in mails] == ["ada"]


def test_withdrawn_before_an_answer_the_ticket_goes_on(world, ticket):
    request = charges.sent(world, ticket)

    mails = told(lambda: requests.withdraw(request=request, actor=world.lea.person, remark="Solved by phone.", now=at("12 Nov 12:00")))

    assert [name for name, _headline in mails] == ["ada", "amy", "sara"]
    assert (charges.state(request), charges.again(request).over_by, charges.status(ticket)) == ("withdrawn", world.lea.person, "open")
    assert told(lambda: requests.withdraw(request=request, actor=world.lea.person, now=at("12 Nov 12:01"))) == []


def test_what_was_answered_is_not_withdrawn(world, ticket, amy):
    request = charges.accept(charges.sent(world, ticket), amy)

    with pytest.raises(Settled, match=r"Amy Approver approved this on Thu 12 Nov 11:00"):
        requests.withdraw(request=request, actor=world.sara.person, now=at("12 Nov 12:00"))


def test_each_request_has_a_hold_of_its_own(world, ticket):
    first, second = charges.sent(world, ticket), charges.sent(world, ticket)

    requests.withdraw(request=first, actor=world.sara.person, now=at("12 Nov 12:00"))

    with as_provider():
        assert [hold.released_at is None for hold in Hold.objects.order_by("pk")] == [False, True]
    assert (charges.state(second), charges.status(ticket)) == ("waiting", "waiting_approval")


def test_help_outside_hours_puts_no_hold(world, amy):
    technical = charges.ticket(world, "27 Nov 17:30", type="technical", severity="medium")
    request = requests.draft(ticket=technical, actor=world.sara.person, asked=charges.help_asked(), now=at("27 Nov 18:00"))

    requests.send(request=request, actor=world.sara.person, now=at("27 Nov 18:00"))

    assert (charges.state(request), charges.status(technical)) == ("waiting", "new")


def test_a_request_about_done_work_leaves_a_solved_ticket_solved(world, ticket):
    tickets.answer(ticket=ticket, agent=world.sara.person, body="Done.", status="resolved", now=at("11 Nov 10:00"))

    charges.sent(world, ticket)

    assert charges.status(ticket) == "resolved"


# --- Time -------------------------------------------------------------------------------------------------------------
def test_unanswered_it_expires_just_after_the_instant(world, ticket):
    request = charges.sent(world, ticket)
    assert requests.expire_due(now=at("20 Nov 18:00")) == 0

    mails = told(lambda: requests.expire_due(now=at("20 Nov 18:01")))

    assert [name for name, _headline in mails] == ["ada", "amy", "lea", "max", "sara"]
    assert (charges.state(request), charges.status(ticket)) == ("expired", "open")
    assert requests.expire_due(now=at("20 Nov 18:02")) == 0


def test_approvers_are_reminded_once_on_the_last_day(world, ticket):
    charges.sent(world, ticket)
    assert requests.remind_due(now=at("19 Nov 17:59")) == 0

    mails = told(lambda: requests.remind_due(now=at("19 Nov 18:00")))

    assert [name for name, _headline in mails] == ["ada", "amy"]
    assert told(lambda: requests.remind_due(now=at("19 Nov 18:10"))) == []


def test_of_a_short_time_approvers_are_reminded_when_half_of_it_is_over(world, ticket):
    charges.sent(world, ticket, answer_by="12 Nov 14:00")

    assert [requests.remind_due(now=at(f"12 Nov {time}")) for time in ("11:59", "12:00", "12:01")] == [0, 1, 0]


def test_one_request_that_fails_holds_up_no_other(world, ticket, monkeypatch, caplog):
    broken, fine = charges.sent(world, ticket), charges.sent(world, ticket)
    finish = requests.finish

    def fail_once(row, *args, **kwargs):
        if row == broken:
            raise RuntimeError
        finish(row, *args, **kwargs)

    monkeypatch.setattr(requests, "finish", fail_once)

    assert requests.expire_due(now=at("21 Nov 18:00")) == 1
    assert [charges.state(row) for row in (broken, fine)] == ["waiting", "expired"]
    assert f"charge request {broken.pk} could not be looked at" in caplog.text


# --- Wishes -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def technical(world, amy):
    return charges.ticket(world, "27 Nov 17:30", type="technical", severity="medium")


def test_a_members_wish_reaches_the_approvers_and_nobody_of_the_staff(world, technical):
    mails = told(lambda: requests.wish(ticket=technical, person=world.alan, asked=charges.help_asked(), now=at("27 Nov 19:00")))

    headline = f"Alan Turing asks for help outside business hours on {technical.number}, which costs extra."
    assert mails == [("ada", headline), ("amy", headline)]
    assert charges.status(technical) == "new"


def test_a_wish_is_only_for_people_of_the_company_at_the_contracts_rate(world, technical):
    with pytest.raises(requests.NotTheirs):
        requests.wish(ticket=technical, person=world.sara.person, asked=charges.help_asked(), now=at("27 Nov 19:00"))
    with pytest.raises(ChangedMeanwhile):
        requests.wish(ticket=technical, person=world.alan, asked=charges.help_asked(rate_cents=100), now=at("27 Nov 19:00"))


def test_a_wish_that_nobody_answers_expires_and_who_wished_hears_of_it(world, technical):
    requests.wish(ticket=technical, person=world.alan, asked=charges.help_asked(), now=at("27 Nov 19:00"))

    mails = told(lambda: requests.expire_due(now=at("28 Nov 14:01")))

    assert [name for name, _headline in mails] == ["ada", "alan", "amy"]
