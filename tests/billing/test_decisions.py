"""What approvers decide, bound to what they were shown, and what comes of it: worked examples M1, M8, M9, M10, M13, M17, M19."""

import hashlib
import json

import pytest

from accounts.commands import add_member
from accounts.tenancy import as_provider
from billing.commands import decisions, requests, stories, work
from billing.commands.charging import ChangedMeanwhile, Settled
from billing.models import ChargeRequest, ContractMonth, Decision
from contracts import commands as contracts
from tests import factories as make
from tests.billing import charges
from tests.billing.test_requests import told
from tests.sla.stories import at
from tickets import commands as tickets
from tickets.models import Event, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(world, amy):
    return charges.ticket(world)


@pytest.fixture
def technical(world, amy):
    return charges.ticket(world, "27 Nov 17:30", type="technical", severity="medium")


def decision(request):
    with as_provider():
        return Decision.objects.get(request=request)


# --- The answer -------------------------------------------------------------------------------------------------------
def test_accepted_it_is_kept_who_saw_what_when_and_from_where(world, ticket, amy):
    request = charges.sent(world, ticket)

    charges.accept(request, amy)

    kept = decision(request)
    text = json.dumps(kept.shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert kept.shown_hash == hashlib.sha256(text.encode()).hexdigest()
    assert (kept.by, kept.at, kept.address, kept.user_agent) == (amy, at("12 Nov 11:00"), "192.0.2.7", "Firefox")
    assert kept.shown == {
        "request": str(request.submission_key),
        "kind": "functional_excess",
        "ticket": ticket.pk,
        "subject": "How do we route by time of day?",
        "contract": "C-1",
        "currency": "BRL",
        "reason": "Two more queues.",
        "minutes": 60,
        "rate_cents": 24000,
        "most_cents": 24000,
        "answer_by": "2026-11-20T21:00:00+00:00",
        "work_from": None,
        "work_until": None,
        "listed": [],
    }
    assert (charges.state(request), charges.status(ticket)) == ("accepted", "open")


def test_whoever_is_concerned_hears_of_the_answer(world, ticket, amy):
    request = charges.sent(world, ticket)

    mails = told(lambda: charges.accept(request, amy))

    headline = f"Amy Approver approved the charge request on {ticket.number}: Functional work beyond what is included."
    assert mails == [(name, headline) for name in ("ada", "lea", "max", "sara")]


def test_declined_nothing_is_charged_and_the_ticket_goes_on(world, ticket, amy):
    request = charges.sent(world, ticket)

    charges.decline(request, amy, reason="Too dear.")

    assert (charges.state(request), decision(request).reason, charges.status(ticket)) == ("declined", "Too dear.", "open")
    assert charges.again(request).accepted_minutes is None


def test_a_double_click_is_one_answer(world, ticket, amy):
    request = charges.sent(world, ticket)
    charges.accept(request, amy)

    assert told(lambda: charges.accept(request, amy, "12 Nov 11:01")) == []
    assert decision(request).at == at("12 Nov 11:00")


def test_the_second_of_two_approvers_sees_who_decided_what_and_when(world, ticket, amy):
    request = charges.sent(world, ticket)
    charges.decline(request, amy)

    with pytest.raises(Settled) as refused:
        charges.accept(request, world.ada, "12 Nov 11:01")

    assert str(refused.value) == "Amy Approver declined this on Thu 12 Nov 11:00 (Sao Paulo, UTC−3). Nothing was changed by you."
    assert decision(request).by == amy


def test_who_accepted_does_not_decline_by_a_second_click(world, ticket, amy):
    request = charges.sent(world, ticket)
    charges.accept(request, amy)

    with pytest.raises(Settled):
        charges.decline(request, amy)


def test_an_answer_exactly_in_time_counts_and_a_later_one_does_not(world, ticket, amy):
    first, second = charges.sent(world, ticket), charges.sent(world, ticket)

    charges.accept(first, amy, "20 Nov 18:00")
    with pytest.raises(decisions.AnsweredTooLate):
        charges.accept(second, amy, "20 Nov 18:00:01")

    assert [charges.state(one) for one in (first, second)] == ["accepted", "waiting"]


def test_after_it_expired_nobody_accepts_it(world, ticket, amy):
    request = charges.sent(world, ticket)
    requests.expire_due(now=at("20 Nov 18:01"))

    with pytest.raises(Settled, match="Nobody answered in time"):
        charges.accept(request, amy, "20 Nov 18:00")


def test_an_answer_to_something_else_than_the_present_request_does_nothing(world, ticket, amy):
    request = charges.sent(world, ticket)
    with pytest.raises(ChangedMeanwhile):
        charges.accept(request, amy, shown_hash="0" * 64)

    other = charges.sent(world, ticket)
    with pytest.raises(ChangedMeanwhile):
        charges.accept(request, amy, shown_hash=charges.shown(other))

    assert charges.state(request) == "waiting"


def test_work_that_is_corrected_meanwhile_is_looked_at_again(world, ticket, amy):
    charges.use_up(world)
    done = charges.log(world, ticket, "11 Nov 14:00", "14:50")
    request = charges.sent(world, ticket, logs=[done.pk])
    seen = charges.shown(request)
    work.correct_work(
        log=done, actor=world.sara, began_at=done.began_at, ended_at=at("11 Nov 14:20"), note=done.note, now=at("12 Nov 10:30")
    )

    with pytest.raises(ChangedMeanwhile):
        charges.accept(request, amy, shown_hash=seen)

    charges.accept(request, amy)
    assert charges.minutes(done) == {"approval": 30}


@pytest.mark.parametrize("minutes", [0, 61])
def test_a_ceiling_beyond_what_was_asked_is_refused(world, ticket, amy, minutes):
    with pytest.raises(decisions.CeilingOutOfRange):
        charges.accept(charges.sent(world, ticket), amy, minutes=minutes)


def test_only_approvers_and_admins_of_the_company_decide(world, ticket, amy):
    request = charges.sent(world, ticket)
    stranger = make.member(world.globex, "Gus Globex", "approver")

    for person in (world.alan, stranger, world.grace, world.sara.person, world.max.person):
        with pytest.raises(decisions.NotAnApprover):
            charges.accept(request, person)

    assert charges.state(request) == "waiting"


def test_staff_who_are_members_of_the_company_decide_by_that_role_alone(world, ticket, amy):
    request = charges.sent(world, ticket)
    add_member(actor=None, customer=world.acme, person=world.max.person, role="member", now=make.NOW)
    with pytest.raises(decisions.NotAnApprover):
        charges.accept(request, world.max.person)

    add_member(actor=None, customer=world.acme, person=world.lea.person, role="approver", now=make.NOW)

    assert charges.accept(request, world.lea.person).state == "accepted"


def test_a_decision_never_changes(world, ticket, amy):
    request = charges.sent(world, ticket)
    charges.accept(request, amy)

    with as_provider(), pytest.raises(Exception, match=r"permission denied|only ever added to"):
        Decision.objects.filter(request=request).update(minutes=1)


# --- An end -----------------------------------------------------------------------------------------------------------
def test_ended_what_was_done_stays_approved_and_what_comes_is_not(world, ticket, amy):
    charges.use_up(world)
    request = charges.sent(world, ticket)
    charges.accept(request, amy)
    before = charges.log(world, ticket, "12 Nov 14:00", "14:30")

    decisions.end(request=request, actor=amy, by_staff=False, now=at("12 Nov 15:00"))
    after = charges.log(world, ticket, "12 Nov 16:00", "16:30")

    assert (charges.state(request), charges.again(request).over_by) == ("ended", amy)
    assert (charges.minutes(before), charges.minutes(after)) == ({"approval": 30}, {"unauthorised": 30})
    assert told(lambda: decisions.end(request=request, actor=amy, by_staff=False, now=at("12 Nov 17:00"))) == []


def test_account_managers_end_an_approval_with_a_reason_and_nobody_else_of_the_staff(world, ticket, amy):
    request = charges.sent(world, ticket)
    charges.accept(request, amy)
    with pytest.raises(requests.NotReleased):
        decisions.end(request=request, actor=world.lea.person, by_staff=True, remark="x", now=at("12 Nov 15:00"))
    with pytest.raises(requests.RemarkMissing):
        decisions.end(request=request, actor=world.max.person, by_staff=True, now=at("12 Nov 15:00"))

    decisions.end(request=request, actor=world.max.person, by_staff=True, remark="The project was stopped.", now=at("12 Nov 15:00"))

    assert (charges.state(request), charges.again(request).remark) == ("ended", "The project was stopped.")


def test_what_nobody_accepted_is_not_ended(world, ticket, amy):
    with pytest.raises(Settled):
        decisions.end(request=charges.sent(world, ticket), actor=amy, by_staff=False, now=at("12 Nov 15:00"))


# --- Hours ------------------------------------------------------------------------------------------------------------
def test_m1_an_accepted_request_covers_the_work_that_it_lists(world, amy):
    a, b = charges.ticket(world, subject="Ticket A here"), charges.ticket(world, subject="Ticket B here")
    charges.log(world, a, "10 Nov 09:00", "10:30")
    done = charges.log(world, b, "11 Nov 14:00", "14:50")
    assert charges.minutes(done) == {"allowance": 30, "unauthorised": 30}

    request = charges.sent(world, b, logs=[done.pk])
    charges.accept(request, amy)

    assert charges.minutes(done) == {"allowance": 30, "approval": 30}
    row = charges.again(request)
    assert (row.used_minutes, decision(request).shown["listed"][0]["open_minutes"]) == (30, 30)


def test_work_that_is_not_listed_stays_unapproved(world, ticket, amy):
    charges.use_up(world)
    done = charges.log(world, ticket, "11 Nov 14:00", "14:30")

    charges.accept(charges.sent(world, ticket), amy)

    assert charges.minutes(done) == {"unauthorised": 30}


def test_m8_an_approval_keeps_its_rate(world, ticket, amy):
    charges.use_up(world)
    request = charges.sent(world, ticket, now="10 Nov 11:30")
    charges.accept(request, amy, "10 Nov 12:00")
    contracts.amend(
        actor=world.max.person,
        contract=world.contract,
        from_date=at("15 Nov 00:00").date(),
        changes={"functional_rate_cents": 26000, "reason": "Yearly"},
        now=at("14 Nov 10:00"),
    )

    done = charges.log(world, ticket, "20 Nov 09:00", "10:00")

    assert charges.minutes(done) == {"approval": 60}
    assert (charges.again(request).rate_cents, charges.again(request).most_cents) == (24000, 24000)


def test_m9_a_lower_ceiling_counts(world, ticket, amy):
    charges.use_up(world)
    request = charges.sent(world, ticket, minutes=120)
    charges.accept(request, amy, minutes=60)

    done = charges.log(world, ticket, "12 Nov 14:00", "15:15")

    assert charges.minutes(done) == {"approval": 60, "unauthorised": 15}
    assert (charges.again(request).accepted_minutes, charges.again(request).most_cents) == (60, 24000)


def test_m17_the_next_months_allowance_is_used_first(world, ticket, amy):
    charges.use_up(world)
    request = charges.sent(world, ticket)
    charges.accept(request, amy)

    done = charges.log(world, ticket, "1 Dec 09:00", "10:00")

    assert (charges.minutes(done), charges.again(request).used_minutes) == ({"allowance": 60}, 0)


def test_m19_a_functional_approval_covers_business_hours_only(world, ticket, amy):
    charges.accept(charges.sent(world, ticket), amy)

    done = charges.log(world, ticket, "12 Nov 20:00", "20:30")

    assert charges.minutes(done) == {"unauthorised": 30}


# --- Verdicts ---------------------------------------------------------------------------------------------------------
def verdict(world, ticket, now, type="technical", severity="high"):
    tickets.verify(ticket=ticket, agent=world.lea.person, type=type, severity=severity, reason="A bug of ours.", now=at(now))
    stories.take_in(now=at(now))


def test_m10_an_approval_that_is_no_longer_needed_is_cancelled_with_notice(world, ticket, amy):
    charges.use_up(world)
    request = charges.sent(world, ticket)
    charges.accept(request, amy)
    done = charges.log(world, ticket, "12 Nov 14:00", "14:45")

    mails = told(lambda: verdict(world, ticket, "12 Nov 16:00"))

    assert charges.minutes(done) == {"included": 45}
    assert (charges.state(request), charges.again(request).over_at) == ("cancelled", at("12 Nov 16:00"))
    assert [name for name, _headline in mails] == ["ada", "amy", "lea", "max", "sara"]


def test_why_a_draft_was_given_back_does_not_outlive_it(world, ticket):
    request = requests.send(request=charges.drafted(world, ticket, rate_cents=100), actor=world.sara.person, now=at("12 Nov 10:00"))
    requests.give_back(request=request, actor=world.max.person, remark="Too cheap for them.", now=at("12 Nov 11:00"))

    verdict(world, ticket, "12 Nov 16:00")

    assert (charges.state(request), charges.again(request).remark) == ("cancelled", "")


def test_a_request_that_waits_is_cancelled_too_and_the_ticket_goes_on(world, ticket, amy):
    request = charges.sent(world, ticket)

    verdict(world, ticket, "12 Nov 16:00")

    assert (charges.state(request), charges.status(ticket)) == ("cancelled", "open")
    with pytest.raises(Settled, match="no longer needed"):
        charges.accept(request, amy, "12 Nov 16:10")


def test_a_verdict_that_leaves_the_need_leaves_the_request(world, ticket, amy):
    request = charges.sent(world, ticket)

    verdict(world, ticket, "12 Nov 16:00", type="functional", severity="medium")

    assert charges.state(request) == "waiting"


# --- Off hours --------------------------------------------------------------------------------------------------------
def ask(world, on, approver, now="28 Nov 10:00", **changes):
    asked = charges.help_asked(**changes)
    key = "0b2f3c1e-7d3c-4b43-9d2b-0000000000aa"
    with as_provider():
        row = Ticket.objects.select_related("contract__calendar").get(pk=on.pk)
    shown = decisions.hash_of(decisions.facts_shown(decisions.would_be(row, asked, key), ()))
    return decisions.ask_for_help(
        ticket=on, approver=approver, asked=asked, submission_key=key, shown_hash=shown, answer=charges.ANSWER, now=at(now)
    )


def covered(ticket):
    """Events of coverage, with their instants."""
    with as_provider():
        events = Event.objects.filter(ticket=ticket, kind__in=["covered", "uncovered"]).order_by("position")
        return [(event.kind, event.at) for event in events]


def test_an_approver_asks_and_approves_in_one_act(world, technical, amy):
    request = ask(world, technical, amy, work_from="28 Nov 11:00")

    row = charges.again(request)
    assert (row.state, row.accepted_minutes, row.rate_cents, row.wished_by, decision(request).by) == ("accepted", 120, 36000, amy, amy)
    assert covered(technical) == [("covered", at("28 Nov 10:00"))]
    assert charges.status(technical) == "new"
    assert ask(world, technical, amy, now="28 Nov 10:01") == request


def test_a_member_does_not_approve_their_own_wish(world, technical):
    with pytest.raises(decisions.NotAnApprover):
        ask(world, technical, world.alan)


def test_an_own_wish_is_bound_to_what_was_shown(world, technical, amy):
    asked = charges.help_asked()
    with pytest.raises(ChangedMeanwhile):
        decisions.ask_for_help(
            ticket=technical,
            approver=amy,
            asked=asked,
            submission_key="0b2f3c1e-7d3c-4b43-9d2b-0000000000ab",
            shown_hash="0" * 64,
            answer=charges.ANSWER,
            now=at("28 Nov 10:00"),
        )


def test_a_wish_is_granted_at_the_contracts_rate_of_that_day(world, technical, amy):
    wished = requests.wish(ticket=technical, person=world.alan, asked=charges.help_asked(), now=at("27 Nov 19:00"))
    seen = charges.shown(wished)
    contracts.amend(
        actor=world.max.person,
        contract=world.contract,
        from_date=at("28 Nov 00:00").date(),
        changes={"off_hours_rate_cents": 40000, "reason": "Yearly"},
        now=at("27 Nov 20:00"),
    )

    with pytest.raises(ChangedMeanwhile):
        charges.accept(wished, amy, "28 Nov 11:00", shown_hash=seen)
    with as_provider():
        ChargeRequest.objects.filter(pk=wished.pk).update(rate_cents=40000)
    charges.accept(wished, amy, "28 Nov 11:00")

    assert (charges.state(wished), charges.again(wished).rate_cents) == ("accepted", 40000)
    assert covered(technical) == [("covered", at("28 Nov 11:00"))]


def test_a_refused_wish_reaches_who_wished_and_nobody_of_the_staff(world, technical, amy):
    wished = requests.wish(ticket=technical, person=world.alan, asked=charges.help_asked(), now=at("27 Nov 19:00"))

    mails = told(lambda: charges.decline(wished, amy, "27 Nov 20:00", reason="It can wait."))

    assert [name for name, _headline in mails] == ["ada", "alan"]
    assert covered(technical) == []


def test_m13_coverage_ends_by_the_entry_that_reaches_the_ceiling(world, technical, amy):
    request = requests.send(
        request=requests.draft(ticket=technical, actor=world.sara.person, asked=charges.help_asked(), now=at("28 Nov 10:00")),
        actor=world.sara.person,
        now=at("28 Nov 10:00"),
    )
    charges.accept(request, amy, "28 Nov 11:00")

    first = charges.log(world, technical, "28 Nov 11:05", "12:20")
    assert covered(technical) == [("covered", at("28 Nov 11:00"))]
    second = charges.log(world, technical, "28 Nov 13:00", "13:50", entered="28 Nov 13:55")

    assert (charges.minutes(first), charges.minutes(second)) == ({"approval": 75}, {"approval": 45, "unauthorised": 15})
    assert covered(technical) == [("covered", at("28 Nov 11:00")), ("uncovered", at("28 Nov 13:55"))]
    assert (charges.state(request), charges.again(request).used_minutes) == ("accepted", 120)


def test_ended_help_ends_its_coverage(world, technical, amy):
    request = ask(world, technical, amy)

    decisions.end(request=request, actor=world.ada, by_staff=False, now=at("28 Nov 12:00"))

    assert covered(technical) == [("covered", at("28 Nov 10:00")), ("uncovered", at("28 Nov 12:00"))]


def test_help_on_a_ticket_that_was_solved_meanwhile_is_refused_whole(world, technical, amy):
    wished = requests.wish(ticket=technical, person=world.alan, asked=charges.help_asked(), now=at("27 Nov 19:00"))
    tickets.mark_solved(ticket=technical, person=world.ada, now=at("27 Nov 20:00"))

    with pytest.raises(tickets.Solved):
        charges.accept(wished, amy, "28 Nov 10:00")

    assert charges.state(wished) == "wished"
    with as_provider():
        assert not Decision.objects.exists()


# --- The system's own drafts ------------------------------------------------------------------------------------------
def drafts(ticket):
    with as_provider():
        rows = ChargeRequest.objects.filter(ticket=ticket).order_by("pk")
        return [(row.state, row.minutes, list(row.listed.values_list("log_id", flat=True))) for row in rows]


def test_within_15_minutes_of_what_is_left_the_system_drafts_a_request_once(world, ticket, amy):
    charges.log(world, ticket, "10 Nov 09:00", "10:30")
    assert drafts(ticket) == []

    mails = told(lambda: charges.log(world, ticket, "10 Nov 10:30", "10:45"))
    charges.log(world, ticket, "10 Nov 10:45", "11:00")

    assert drafts(ticket) == [("draft", 60, [])]
    assert [name for name, _headline in mails] == ["lea", "sara"]
    with as_provider():
        assert ChargeRequest.objects.get().drafted_by is None


def test_its_draft_lists_what_is_unapproved_already(world, ticket, amy):
    done = charges.log(world, ticket, "10 Nov 09:00", "11:45")

    assert drafts(ticket) == [("draft", 105, [done.pk])]


def test_its_draft_lists_what_comes_after_it_until_somebody_takes_it_in_hand(world, ticket, amy):
    charges.log(world, ticket, "10 Nov 09:00", "10:45")
    later = charges.log(world, ticket, "10 Nov 10:45", "11:30")
    assert drafts(ticket) == [("draft", 90, [later.pk])]

    with as_provider():
        draft = ChargeRequest.objects.get()
    requests.revise(request=draft, actor=world.sara.person, asked=charges.asked(logs=[later.pk]), now=at("10 Nov 12:00"))
    charges.log(world, ticket, "10 Nov 14:00", "14:30")

    assert drafts(ticket) == [("draft", 60, [later.pk])]


def test_what_an_approval_still_covers_needs_no_draft(world, ticket, amy):
    charges.use_up(world)
    charges.accept(charges.sent(world, ticket, minutes=120), amy)

    charges.log(world, ticket, "12 Nov 14:00", "14:30")

    assert [state for state, _minutes, _logs in drafts(ticket)] == ["accepted"]


def test_a_request_that_is_open_keeps_the_system_from_drafting(world, ticket, amy):
    charges.sent(world, ticket, now="9 Nov 10:00")

    charges.log(world, ticket, "10 Nov 09:00", "11:45")

    assert [state for state, _minutes, _logs in drafts(ticket)] == ["waiting"]


def test_technical_work_is_drafted_nothing_for(world, amy):
    technical = charges.ticket(world, type="technical", severity="high")

    charges.log(world, technical, "10 Nov 09:00", "13:00")

    assert drafts(technical) == []
    with as_provider():
        assert ContractMonth.objects.get().allowance_used_minutes == 0
