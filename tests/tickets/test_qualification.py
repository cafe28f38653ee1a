"""Verdicts, contests and new declarations through the commands (TIC-3)."""

import uuid
from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from accounts.tenancy import as_provider
from notifications.models import Mail
from tests import factories as make
from tickets import commands
from tickets.models import Event, Message, Status, Ticket

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture
def ticket(world):
    return make.ticket(world.contract, world.softswitch, world.ada)


@pytest.fixture
def lowered(world, ticket):
    """Sara made it low; that verdict is event 2, and the change to open event 3."""
    return verify(ticket, world.sara, "low", "One extension only.")


def verify(ticket, agent, severity, reason="", **changes):
    values = {"type": "technical", "severity": severity, "reason": reason, "now": NOW} | changes
    return commands.verify(ticket=ticket, agent=agent.person, **values)


def contest(ticket, person, verdict=2, reason="It is every extension.", **changes):
    return commands.contest(ticket=ticket, person=person, reason=reason, verdict=verdict, **({"now": NOW} | changes))


def declare(ticket, person, severity, reason="", **changes):
    return commands.declare(
        ticket=ticket, person=person, reason=reason, **({"type": "technical", "severity": severity, "now": NOW} | changes)
    )


def state(ticket):
    """What counts, whether it is verified, and whether staff see that a verdict is wanted."""
    with as_provider():
        row = Ticket.objects.get(pk=ticket.pk)
        in_queue = Ticket.objects.wanting_verdict().filter(pk=ticket.pk).exists()
    assert row.wants_verdict == in_queue
    return row.severity, row.is_verified, in_queue


def last_event(ticket, kind):
    with as_provider():
        return Event.objects.filter(ticket=ticket, kind=kind).order_by("position").last()


def told_by(act):
    """Who is owed mail by what `act` does, with the headline."""
    with as_provider():
        known = set(Mail.objects.values_list("pk", flat=True))
    act()
    with as_provider():
        return [(m.address, m.headline) for m in Mail.objects.exclude(pk__in=known).order_by("pk")]


# --- Contesting --------------------------------------------------------------------------------------------------------
def test_a_new_ticket_wants_a_verdict_until_it_gets_one(world, ticket):
    before = state(ticket)
    verify(ticket, world.sara, "high")

    assert (before, state(ticket)) == (("high", False, True), ("high", True, False))


def test_a_contest_changes_no_value_and_wants_another_verdict(world, lowered):
    told = told_by(lambda: contest(lowered, world.alan))

    assert state(lowered) == ("low", True, True)
    headline = f"Alan Turing contests the qualification of {lowered.number}."
    assert told == [("ada@acme.example", headline), ("sara@support.example", headline), ("lea@lead.example", headline)]


def test_a_verdict_is_contested_once(world, lowered):
    contest(lowered, world.ada)
    with pytest.raises(commands.AlreadyContested):
        contest(lowered, world.alan, reason="I think so too.")


def test_there_is_nothing_to_contest_before_a_verdict(world, ticket):
    with pytest.raises(commands.NothingToContest):
        contest(ticket, world.ada, verdict=1)


def test_the_same_contest_twice_is_one(world, lowered):
    key = uuid.uuid4()
    contest(lowered, world.ada, submission_key=key)
    contest(lowered, world.ada, submission_key=key)

    with as_provider():
        assert Event.objects.filter(ticket=lowered, kind="contested").count() == 1


def test_a_contest_says_why(world, lowered):
    with pytest.raises(commands.ContestReasonMissing):
        contest(lowered, world.ada, reason="  ")


def test_a_contest_of_a_verdict_that_was_replaced_is_refused(world, lowered):
    verify(lowered, world.lea, "medium", "Two extensions.")
    with pytest.raises(commands.VerdictChanged):
        contest(lowered, world.ada)


def test_whoever_gave_the_verdict_cannot_decide_its_contest(world, lowered):
    contest(lowered, world.ada)
    with pytest.raises(commands.OwnVerdictContested):
        verify(lowered, world.sara, "high", "You are right.")


def test_a_contest_is_answered_with_a_reason_even_when_nothing_changes(world, lowered):
    contest(lowered, world.ada)
    with pytest.raises(commands.AnswerMissing):
        verify(lowered, world.lea, "low")

    told = told_by(lambda: verify(lowered, world.lea, "low", "The log shows one."))

    assert state(lowered) == ("low", True, False)
    assert told == [
        ("ada@acme.example", f"Lea (SIP Pulse) decided what you contested on {lowered.number}: the qualification stays as it is.")
    ]


def test_a_contests_verdict_that_gives_the_value_back_is_a_restoration(world, lowered):
    contest(lowered, world.ada)
    told = told_by(lambda: verify(lowered, world.lea, "high", "You are right."))

    event = last_event(lowered, "verified")
    assert {name: event.data.get(name) for name in ("from_severity", "severity", "contest", "restores")} == {
        "from_severity": "low",
        "severity": "high",
        "contest": 4,
        "restores": 2,
    }
    sentence = f"Lea (SIP Pulse) decided what you contested on {lowered.number}: the qualification from before is given back."
    assert told == [("ada@acme.example", sentence)]


def test_a_contests_verdict_settles_it(world, lowered):
    contest(lowered, world.ada)
    verify(lowered, world.lea, "medium", "Somewhere between.")
    with pytest.raises(commands.VerdictSettled):
        contest(lowered, world.ada, verdict=last_event(lowered, "verified").position)


def test_the_deciders_own_correction_is_a_restoration(world, lowered):
    verify(lowered, world.sara, "high", "I mistook the log.")

    event = last_event(lowered, "verified")
    assert (event.data.get("restores"), event.data.get("contest")) == (2, None)


def test_when_only_the_contested_agent_would_hear_the_leads_are_told(world, lowered):
    with as_provider():
        world.core.members.through.objects.exclude(member=world.sara).delete()
    told = told_by(lambda: contest(lowered, world.ada))

    assert [address for address, _headline in told] == ["sara@support.example", "lea@lead.example"]


def test_a_contested_ticket_stays_open_for_its_verdict(world, lowered):
    commands.answer(ticket=lowered, agent=world.sara.person, body="Fixed.", status="resolved", now=NOW)
    contest(lowered, world.ada, now=NOW + timedelta(days=6))
    closed_before = commands.close_resolved(now=NOW + timedelta(days=8))
    verify(lowered, world.lea, "low", "As it was.", now=NOW + timedelta(days=8))
    closed_after = commands.close_resolved(now=NOW + timedelta(days=8))

    assert (closed_before, closed_after) == (0, 1)


def test_a_closed_ticket_is_neither_contested_nor_declared_anew(world, lowered):
    commands.answer(ticket=lowered, agent=world.sara.person, body="Fixed.", status="resolved", now=NOW)
    commands.close_resolved(now=NOW + timedelta(days=8))
    with pytest.raises(commands.ClosedForCustomer):
        contest(lowered, world.ada)
    with pytest.raises(commands.ClosedForCustomer):
        declare(lowered, world.ada, "high", "Worse.")


# --- Declaring anew ----------------------------------------------------------------------------------------------------
def test_before_a_verdict_a_declaration_takes_the_others_place(world, ticket):
    effect = declare(ticket, world.alan, "critical")

    assert (effect, state(ticket)) == ("replaced", ("critical", False, True))
    with as_provider():
        audit = AuditEntry.objects.get(verb="declare")
    assert (audit.actor, audit.before["severity"], audit.after["severity"]) == (world.alan, "high", "critical")


def test_after_a_verdict_a_higher_one_must_say_what_changed(world, lowered):
    with pytest.raises(commands.ChangeMissing):
        declare(lowered, world.ada, "high")


def test_the_first_higher_one_counts_at_once_and_later_ones_need_staff(world, lowered):
    first = declare(lowered, world.ada, "high", "It spread.")
    raised = state(lowered)
    second = declare(lowered, world.ada, "critical", "Everything is down.")

    assert (first, raised) == ("raised", ("high", False, True))
    assert (second, state(lowered)) == ("claimed", ("high", False, True))


def test_a_lower_one_counts_at_once_and_staff_verify_it(world, ticket):
    verify(ticket, world.sara, "high")
    effect = declare(ticket, world.ada, "low")

    assert (effect, state(ticket)) == ("lowered", ("low", False, True))


@pytest.fixture
def claimed(world, lowered):
    """Raised once, verified low again, and asked to be critical."""
    declare(lowered, world.ada, "high", "It spread.")
    verify(lowered, world.sara, "low", "It did not.")
    declare(lowered, world.ada, "critical", "Everything is down.")
    return lowered


def test_a_claim_changes_nothing_until_staff_accept_it(world, claimed):
    before = state(claimed)
    told = told_by(lambda: verify(claimed, world.sara, "critical"))

    assert (before, state(claimed)) == (("low", True, True), ("critical", True, False))
    assert told == [("ada@acme.example", f"Sara (SIP Pulse) checked what you declared anew on {claimed.number}, and accepted it.")]
    assert last_event(claimed, "verified").data["claim"] == last_event(claimed, "declared").position


def test_a_claim_is_refused_with_a_reason(world, claimed):
    with pytest.raises(commands.AnswerMissing):
        verify(claimed, world.sara, "low")
    verify(claimed, world.sara, "low", "Calls go through.")

    assert state(claimed) == ("low", True, False)


def test_declaring_what_counts_already_is_refused(world, claimed):
    for severity in ("low", "critical"):
        with pytest.raises(commands.DeclaredAlready):
            declare(claimed, world.ada, severity, "Again.")


def test_the_same_declaration_twice_is_one(world, lowered):
    key = uuid.uuid4()
    effects = [declare(lowered, world.ada, "high", "It spread.", submission_key=key) for _ in range(2)]
    with pytest.raises(commands.AlreadySent):
        declare(lowered, world.ada, "critical", "It spread.", submission_key=key)

    assert effects == ["raised", "raised"]
    with as_provider():
        assert Event.objects.filter(ticket=lowered, kind="declared").count() == 1
        assert Message.objects.filter(ticket=lowered, body="It spread.").count() == 1


def test_only_technical_is_critical_anew_too(world, ticket):
    with pytest.raises(commands.OnlyTechnicalIsCritical):
        declare(ticket, world.ada, "critical", type="functional")


# --- What came meanwhile -----------------------------------------------------------------------------------------------
def test_another_verdict_on_what_was_decided_meanwhile_is_refused(world, ticket):
    verify(ticket, world.lea, "medium", "One site only.", seen=1)
    with pytest.raises(commands.DecidedMeanwhile, match="Lea changed the qualification from “Technical, high” to “Technical, medium”"):
        verify(ticket, world.sara, "low", "There is a way around.", seen=1)

    assert state(ticket) == ("medium", True, False)


def test_the_same_verdict_on_what_was_decided_meanwhile_is_one(world, ticket):
    verify(ticket, world.lea, "high", seen=1)
    verify(ticket, world.sara, "high", seen=1)

    with as_provider():
        assert Event.objects.filter(ticket=ticket, kind="verified").count() == 1


def test_confirming_what_was_declared_anew_meanwhile_is_refused(world, ticket):
    declare(ticket, world.ada, "critical")
    with pytest.raises(commands.DecidedMeanwhile, match="Ada Lovelace declared it anew"):
        verify(ticket, world.sara, "high", seen=1)


def test_a_declaration_whose_effect_changed_meanwhile_is_refused(world, ticket):
    verify(ticket, world.sara, "low", "One extension only.")
    with pytest.raises(commands.DeclaredMeanwhile):
        declare(ticket, world.ada, "critical", "Worse.", seen=1)


# --- Rows that earlier code writes -------------------------------------------------------------------------------------
def written(ticket, **columns):
    with as_provider():
        Ticket.objects.filter(pk=ticket.pk).update(**columns)
    return state(ticket)[2]


def test_the_queue_is_right_for_rows_of_code_without_the_column(ticket):
    later = NOW + timedelta(hours=1)

    assert written(ticket, verdict_wanted_since=None), "opened by it"
    assert not written(ticket, verified_at=later), "opened and verified by it"
    assert not written(ticket, verdict_wanted_since=NOW), "verified by it, opened by this code"
    assert written(ticket, verdict_wanted_since=later), "contested afterwards"
    assert not written(ticket, closed_at=later, resolved_at=later, status=Status.CLOSED)


def test_solved_without_a_verdict_it_wants_none_unless_asked_afterwards(ticket):
    later = NOW + timedelta(hours=1)

    assert not written(ticket, status=Status.RESOLVED, resolved_at=later)
    assert written(ticket, verdict_wanted_since=later + timedelta(seconds=1))
