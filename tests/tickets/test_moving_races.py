"""Two administrators at once, a new version, an answer: with real commits. Each ticket moves once, and the clocks are what the stories say."""

from functools import partial

import pytest

from accounts.models import AuditEntry
from accounts.tenancy import as_provider
from tests import factories as make
from tests.flows.meeting import Meeting, at_once
from tests.sla.stories import at
from tests.world import build
from tickets import commands
from tickets.commands import coverage
from tickets.models import Event, Ticket
from tickets.queries.verification import differences

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(db):
    return build()


@pytest.fixture
def tickets(world):
    filed = [make.ticket(world.contract, world.softswitch, world.ada, now=at("23 Nov 09:00")) for _ticket in range(4)]
    make.policy_version(make.policy(), first_response=60, now=at("23 Nov 10:00"))
    return filed


def move(world, most=250):
    deed = partial(commands.move_open_tickets, actor=world.lea.person, policy=make.policy(), expected=2, now=at("23 Nov 10:20"))
    return partial(deed, most=most)


def moves():
    """How often each ticket was moved, and how many tickets the trail tells of."""
    with as_provider():
        events = Event.objects.filter(kind="promise_moved").values_list("ticket", flat=True)
        trail = AuditEntry.objects.filter(verb="move_open_tickets").values_list("after", flat=True)
        return sorted(events), sum(after["tickets"] for after in trail)


def test_two_at_once_move_each_ticket_once(world, tickets, monkeypatch):
    monkeypatch.setattr(coverage, "behind", Meeting().after(coverage.behind))

    results = at_once(move(world), move(world))

    assert sorted(results) == [0, 4]
    assert moves() == (sorted(t.pk for t in tickets), 4)
    assert list(differences()) == []


def test_two_at_once_share_the_turns(world, tickets, monkeypatch):
    monkeypatch.setattr(coverage, "behind", Meeting().after(coverage.behind))

    results = at_once(move(world, most=2), move(world, most=2))

    assert results == [2, 2]
    assert moves() == (sorted(t.pk for t in tickets), 4)


def test_a_version_that_is_made_meanwhile_waits_until_all_have_moved(world, tickets, monkeypatch):
    """So that the one that was looked at is in force for as long as tickets move to it."""
    meeting = Meeting()
    monkeypatch.setattr(coverage, "version_for", meeting.after(coverage.version_for))

    def make_another():
        assert meeting.first_came.wait(10)
        return make.policy_version(make.policy(), first_response=45, now=at("23 Nov 10:10")).number

    results = at_once(move(world), make_another)

    assert results == [4, 3]
    with as_provider():
        assert set(Ticket.objects.values_list("promise__version__number", flat=True)) == {2}
