"""A verdict that makes a missed promise disappear is a lead's, and not the assignee's (SLA-10)."""

import pytest

from accounts.tenancy import as_provider
from sla.models import Annulment, Breach
from tests import factories as make
from tests.flows.meeting import at_once
from tests.sla.stories import at
from tickets import commands

pytestmark = pytest.mark.django_db


@pytest.fixture
def missed(world):
    """T5: critical on Friday night; both promises missed by Monday morning."""
    return make.ticket(world.contract, world.softswitch, world.ada, severity="critical", now=at("27 Nov 20:00"))


def verify(ticket, agent, severity="high", when="30 Nov 09:10"):
    return commands.verify(ticket=ticket, agent=agent.person, type="technical", severity=severity, reason="One trunk.", now=at(when))


def misses():
    with as_provider():
        return Breach.objects.count(), Annulment.objects.count()


def test_an_agent_is_refused_whether_or_not_the_sweep_has_noticed(world, missed):
    for noticed in (False, True):
        if noticed:
            commands.notice_due(now=at("30 Nov 09:00"))
        with pytest.raises(commands.LeadMustDecide) as refusal:
            verify(missed, world.sara)
        assert "First response, Resolution" in str(refusal.value)

    assert misses() == (2, 0)


def test_a_lead_decides_and_the_misses_are_annulled_beside_themselves(world, missed):
    verify(missed, world.lea)

    assert misses() == (2, 2)


def test_the_assignee_is_refused_even_as_a_lead(world, missed):
    commands.assign(ticket=missed, agent=world.lea.person, assignee=world.lea, now=at("28 Nov 09:00"))

    with pytest.raises(commands.LeadMustDecide):
        verify(missed, world.lea)


def test_what_leaves_every_miss_is_anybodys_verdict(world, missed):
    verify(missed, world.sara, severity="critical")

    assert misses() == (2, 0)


def test_before_anything_is_missed_lowering_is_anybodys(world, missed):
    verify(missed, world.sara, when="27 Nov 20:30")

    assert misses() == (0, 0)


def test_a_miss_that_would_disappear_when_the_clock_goes_on_counts_already(world):
    ticket = make.ticket(world.contract, world.softswitch, world.ada, severity="high", now=at("23 Nov 09:00"))
    commands.answer(ticket=ticket, agent=world.sara.person, body="Which trunk?", status="waiting_customer", now=at("25 Nov 10:00"))

    with pytest.raises(commands.LeadMustDecide) as refusal:
        verify(ticket, world.sara, severity="low", when="25 Nov 11:00")

    assert "Resolution" in str(refusal.value)
    assert "First response" not in str(refusal.value)


def test_a_verdict_given_back_after_a_contest_may_not_undo_a_miss_either(world):
    ticket = make.ticket(world.contract, world.softswitch, world.ada, severity="low", now=at("23 Nov 09:00"))
    verify(ticket, world.lea, severity="high", when="23 Nov 09:10")

    with pytest.raises(commands.LeadMustDecide):
        verify(ticket, world.sara, severity="low", when="23 Nov 12:00")


def test_tickets_from_before_promises_were_kept_are_looked_at_as_well(world, missed):
    with as_provider():
        type(missed).objects.filter(pk=missed.pk).update(promise=None)

    with pytest.raises(commands.LeadMustDecide):
        verify(missed, world.sara)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_no_agent_slips_past_the_miss(world, missed):
    results = at_once(lambda: verify(missed, world.sara), lambda: commands.notice_due(now=at("30 Nov 09:05")))

    commands.notice_due(now=at("30 Nov 09:06"))  # the first sweep may have passed over what the verdict held
    assert isinstance(results[0], commands.LeadMustDecide)
    assert misses() == (2, 0)
