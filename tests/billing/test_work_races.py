"""Agents who log at once, with real commits: no minute is granted twice.

Each race has its control: the same without the lock (or the constraint's turn), which must go wrong, so that the proof can fail.
"""

import uuid

import pytest

from accounts.tenancy import as_provider
from billing import reckoning
from billing.commands import stories, work
from billing.models import Allocation, Entry, Ledger, WorkLog
from billing.queries.verification import differences_of
from billing.reckoning import MovedMeanwhile
from contracts.models import Contract
from tests import factories as make
from tests.billing.desk import NOVEMBER, Desk
from tests.flows.meeting import Meeting, at_once
from tests.sla.stories import at
from tickets import commands as tickets
from tickets.models import Ticket

pytestmark = pytest.mark.django_db(transaction=True)
AGENTS = 8


@pytest.fixture
def desk(world):
    return Desk(world)


@pytest.fixture
def meeting():
    return Meeting()


@pytest.fixture
def agents(world):
    return [make.staff(f"Agent{number} Smith", "agent") for number in range(AGENTS)]


def differences(contract):
    with as_provider():
        return differences_of(Contract.objects.select_related("calendar").get(pk=contract.pk))


def again(ticket):
    """As a page finds it now."""
    with as_provider():
        return Ticket.objects.get(pk=ticket.pk)


def half_an_hour(ticket, agent, start="10 Nov 10:00", **changes):
    return work.log_work(
        ticket=ticket,
        agent=agent,
        began_at=at(start),
        ended_at=at(start).replace(minute=30),
        note="At once",
        now=at("10 Nov 18:00"),
        **changes,
    )


def from_allowance():
    with as_provider():
        return sum(Allocation.objects.filter(source="allowance").values_list("minutes", flat=True))


def log_at_once(desk, agents):
    """Half an hour each, on tickets of their own: eight want twice of what the month grants."""
    on = [desk.ticket(f"T{place}") for place in range(len(agents))]
    return at_once(*(lambda ticket=ticket, agent=agent: half_an_hour(ticket, agent) for ticket, agent in zip(on, agents, strict=True)))


def test_eight_agents_at_once_get_no_more_than_the_allowance(desk, agents):
    results = log_at_once(desk, agents)

    assert [type(result) for result in results] == [WorkLog] * AGENTS
    assert (from_allowance(), desk.month(NOVEMBER)) == (120, (120, 120))
    with as_provider():
        assert list(Entry.objects.order_by("number").values_list("number", flat=True)) == list(range(1, AGENTS + 1))
    assert differences(desk.contract) == []


def test_without_the_lock_the_numbers_of_entries_collide(desk, agents, monkeypatch, meeting, without_lock):
    """The control of the one above, and what stands behind the lock: of two entries that know nothing of each other one is refused."""
    desk.log("first", "first", "9 Nov 10:00", "10:01")
    monkeypatch.setattr(reckoning, "alone_with", meeting.after(without_lock))

    results = log_at_once(desk, agents[:2])

    assert sorted(type(result).__name__ for result in results) == ["IntegrityError", "WorkLog"]
    assert differences(desk.contract) == []


def test_one_agent_is_let_in_once_under_two_contracts_at_once(desk, meeting, monkeypatch):
    """Each holds the lock of its own contract: the database's constraint keeps the agent's time apart."""
    world = desk.world
    there = make.ticket(world.globex_contract, world.softswitch, world.grace, type="functional", severity="low", now=at("1 Nov 09:00"))
    here = desk.ticket("A")
    monkeypatch.setattr(work, "_insert", meeting.before(work._insert))

    results = at_once(lambda: half_an_hour(here, world.sara), lambda: half_an_hour(there, world.sara))

    assert sorted(type(result).__name__ for result in results) == ["Overlaps", "WorkLog"]
    with as_provider():
        assert WorkLog.objects.count() == 1


def test_the_same_form_twice_at_once_is_one_log(desk, meeting, monkeypatch):
    key, ticket = uuid.uuid4(), desk.ticket("A")
    monkeypatch.setattr(work, "_insert", meeting.before(work._insert))

    results = at_once(*(lambda: half_an_hour(ticket, desk.world.sara, submission_key=key) for _window in range(2)))

    assert results[0].pk == results[1].pk
    with as_provider():
        assert (WorkLog.objects.count(), Entry.objects.count()) == (1, 1)


def test_a_log_corrected_and_deleted_at_once_ends_in_order(desk):
    desk.log("a", "A", "10 Nov 10:00", "11:00")
    log, sara = desk.logs["a"], desk.world.sara
    span = {"began_at": at("10 Nov 10:00"), "ended_at": at("10 Nov 10:30")}

    results = at_once(
        lambda: work.correct_work(log=log, actor=sara, note="Less", now=at("10 Nov 12:00"), **span),
        lambda: work.delete_work(log=log, actor=sara, now=at("10 Nov 12:00")),
    )

    assert [type(result).__name__ for result in results] in (["WorkLog", "WorkLog"], ["WorkDeleted", "WorkLog"])
    assert differences(desk.contract) == []
    with as_provider():
        assert Ledger.objects.get().last_number == Entry.objects.count()


def test_tickets_that_change_places_while_work_is_logged_lose_nothing(desk, agents):
    """One moves from the first contract to the second, one the other way round; two sweeps and two agents are at it."""
    world = desk.world
    other = Desk(world, make.contract(world.acme, world.softswitch, manager=world.max, number="N-2"))
    desk.log("a", "A", "10 Nov 09:00", "10:00", agent=agents[0])
    other.log("b", "B", "10 Nov 09:00", "10:00", agent=agents[1])
    a, b = desk.tickets["A"], other.tickets["B"]
    a = tickets.move_to_contract(ticket=a, actor=world.max.person, contract=other.contract, now=at("10 Nov 12:00"))
    b = tickets.move_to_contract(ticket=b, actor=world.max.person, contract=desk.contract, now=at("10 Nov 12:00"))

    results = at_once(
        lambda: stories.take_in(now=at("10 Nov 12:01")),
        lambda: stories.take_in(now=at("10 Nov 12:01")),
        lambda: half_an_hour(again(a), agents[2]),
        lambda: half_an_hour(again(b), agents[3]),
    )
    stories.take_in(now=at("10 Nov 12:02"))
    refused = [result for result in results if isinstance(result, Exception)]
    assert [result for result in refused if not isinstance(result, MovedMeanwhile)] == []
    for ticket, agent, result in ((a, agents[2], results[2]), (b, agents[3], results[3])):
        if isinstance(result, MovedMeanwhile):
            half_an_hour(again(ticket), agent)

    assert (differences(desk.contract), differences(other.contract)) == ([], [])
    with as_provider():
        under = {log.ticket_id: set() for log in WorkLog.objects.all()}
        for log in WorkLog.objects.all():
            under[log.ticket_id].add(log.contract_id)
        assert WorkLog.objects.count() == 4
    assert under == {a.pk: {other.contract.pk}, b.pk: {desk.contract.pk}}
