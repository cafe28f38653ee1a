"""Moving open tickets to the version of their policy that is in force: what it would do, and doing it (SLA-1)."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from accounts.tenancy import as_provider
from sla.commands import policies
from sla.models import Breach, Clock, Firing
from sla.queries.policies import rules, version_for
from sla.rules import Row, Step, Target, Told
from tests import factories as make
from tests.sla.stories import at
from tickets import commands, story
from tickets.models import Event, Ticket
from tickets.queries import policies as queries
from tickets.queries.verification import differences

pytestmark = pytest.mark.django_db

NOON = at("23 Nov 12:00")


def filed(world, when="23 Nov 09:00", severity="high", **changes):
    return make.ticket(world.contract, world.softswitch, world.ada, severity=severity, now=at(when), **changes)


def version(when="23 Nov 10:00", **minutes):
    """Technical, high: 2 h, 4 h and 9 h in the first."""
    return make.policy_version(make.policy(), now=at(when), **(minutes or {"first_response": 60}))


def version_with_row(row, when="23 Nov 10:00"):
    with as_provider():
        latest = version_for(make.policy().pk, at(when))
        before = rules(latest.pk)
    return policies.change_policy(
        actor=None,
        policy=make.policy(),
        rows={**before.rows, ("technical", "high"): row(before.rows["technical", "high"])},
        steps=before.steps,
        reason="Agreed",
        expected_number=latest.number,
        now=at(when),
    )


def moved(world, when="23 Nov 12:00", expected=2, **changes):
    return commands.move_open_tickets(actor=world.lea.person, policy=make.policy(), expected=expected, now=at(when), **changes)


def effect(now=NOON):
    with as_provider():
        return queries.effect_of_moving(make.policy(), now)


def left(now=NOON):
    with as_provider():
        return queries.tickets_behind(make.policy(), now).count


def dues(ticket):
    with as_provider():
        return {clock.target: clock.due_at for clock in Clock.objects.filter(promise_id=ticket.promise_id, outcome=None)}


def follows(*tickets):
    """The number of the version that each follows."""
    with as_provider():
        found = {
            t.pk: t.promise.version.number for t in Ticket.objects.select_related("promise__version").filter(pk__in=[t.pk for t in tickets])
        }
    return [found[ticket.pk] for ticket in tickets]


# --- What it would do -------------------------------------------------------------------------------------------------
def test_the_effect_is_counted_and_nothing_is_written(world):
    ticket = filed(world, "23 Nov 11:00")
    version("23 Nov 11:10", first_response=60, resolution=600)
    newer = filed(world, "23 Nov 11:20")
    before = dues(ticket)

    found = effect(at("23 Nov 11:30"))

    assert (found.tickets, found.clocks, found.earlier, found.later, found.unmoved, found.late) == (1, 2, 1, 1, 0, 0)
    assert [(one.ticket, str(one.target), one.before, one.after) for one in found.first] == [
        (ticket, "First response", at("23 Nov 13:00"), at("23 Nov 12:30")),
        (ticket, "Resolution", at("24 Nov 11:00"), at("24 Nov 12:00")),
    ]
    assert (dues(ticket), follows(ticket, newer)) == (before, [1, 2])


def test_what_the_review_says_is_what_moving_does(world):
    tickets = [filed(world, f"23 Nov 09:{minute}", severity=severity) for minute in (10, 20, 30) for severity in ("high", "low")]
    for number, ticket in enumerate(tickets):
        status = "waiting_customer" if number % 3 == 0 else None
        commands.answer(ticket=ticket, agent=world.sara.person, body="Looking.", status=status, now=at("23 Nov 10:30"))
    version("23 Nov 11:00", next_update=60, resolution=300)
    before = {ticket.pk: dues(ticket) for ticket in tickets}

    found = effect()
    moved(world)

    after = {ticket.pk: dues(ticket) for ticket in tickets}
    pairs = [(before[pk][target], after[pk][target]) for pk in before for target in before[pk]]
    assert found.earlier == sum(then < until for until, then in pairs if until and then) > 0
    assert found.later == sum(then > until for until, then in pairs if until and then)
    assert found.paused == sum(until is None for until, _then in pairs) > 0
    assert {(one.ticket.pk, one.before, one.after) for one in found.first} == {
        (pk, before[pk][target], after[pk][target]) for pk in before for target in before[pk] if before[pk][target] != after[pk][target]
    }
    assert list(differences()) == []


def test_what_was_missed_stays_so_and_stands_first(world):
    late, in_time = filed(world, "23 Nov 09:00"), filed(world, "23 Nov 10:30")
    version("23 Nov 10:40", first_response=240)

    found = effect()
    moved(world)

    assert (found.late, found.undone, found.later) == (0, 0, 2)
    assert [(one.ticket, one.is_late, one.after) for one in found.first] == [
        (late, True, at("23 Nov 13:00")),
        (in_time, False, at("23 Nov 14:30")),
    ]
    with as_provider():
        assert list(Breach.objects.values_list("clock__promise", "due_at", "annulment")) == [(late.promise_id, at("23 Nov 11:00"), None)]
    assert list(differences()) == []


def test_clocks_that_the_version_ends_and_begins_are_counted(world):
    filed(world, "23 Nov 11:00")
    version_with_row(lambda row: replace(row, seconds={t: s for t, s in row.seconds.items() if t != Target.RESOLUTION}), "23 Nov 11:10")

    ends = effect()
    moved(world)
    version_with_row(lambda row: replace(row, seconds={**row.seconds, Target.RESOLUTION: 9 * 3600}), "23 Nov 12:10")
    begins = effect(at("23 Nov 12:20"))

    assert (ends.ended, ends.unmoved, [one.after for one in ends.first]) == (1, 1, [None])
    assert (begins.begun, begins.unmoved, [(one.before, one.after) for one in begins.first]) == (1, 1, [(None, at("24 Nov 12:20"))])


def test_tickets_that_on_call_is_paged_for_are_counted(world):
    filed(world, "23 Nov 11:00")
    version_with_row(lambda row: Row(always=True, seconds=row.seconds), "23 Nov 11:10")

    assert effect().covered == 1


def test_steps_that_are_reached_at_once_are_counted(world):
    ticket = filed(world, "23 Nov 09:00", severity="low")
    with as_provider():
        before = rules(version_for(make.policy().pk, NOON).pk)
    early = Step(10, frozenset({Told.LEAD}))
    policies.change_policy(
        actor=None,
        policy=make.policy(),
        rows=before.rows,
        steps=[early, *before.steps],
        reason="x",
        expected_number=1,
        now=at("23 Nov 10:00"),
    )

    found = effect()
    moved(world)

    assert found.steps == 1
    with as_provider():
        assert list(Firing.objects.values_list("clock__promise", "clock__target", "percent", "at")) == [
            (ticket.promise_id, "first_response", 10, NOON)
        ]
    assert list(differences()) == []


def test_the_cost_grows_with_batches_and_not_with_tickets(world, monkeypatch):
    policy = make.policy()

    def cost():
        with as_provider():
            queries.effect_of_moving(policy, NOON)  # what versions promise is read once in a process
            with CaptureQueriesContext(connection) as asked:
                found = queries.effect_of_moving(policy, NOON)
        return found.tickets, len(asked)

    costs = []
    for _times in range(2):
        for _ticket in range(3):
            filed(world)
        version("23 Nov 10:00", first_response=60 - len(costs))
        costs.append(cost())
    monkeypatch.setattr(queries, "BATCH", 4)
    costs.append(cost())

    assert costs == [(3, 5), (6, 5), (6, 8)]


def test_what_is_shown_is_limited_and_what_is_counted_is_not(world, monkeypatch):
    monkeypatch.setattr(queries, "SHOWN", 2)
    tickets = [filed(world, f"23 Nov 11:{minute}") for minute in (10, 20, 30)]
    version("23 Nov 11:40", first_response=60)

    found = effect(at("23 Nov 11:50"))

    assert (found.tickets, found.earlier, [one.ticket for one in found.first]) == (3, 3, tickets[:2])


# --- Moving -----------------------------------------------------------------------------------------------------------
def test_only_open_tickets_of_the_policy_that_follow_an_older_version_move(world):
    other = policies.add_policy(actor=None, name="Carrier", now=at("23 Nov 08:00"))
    carrier = make.contract(world.acme, world.softswitch, manager=world.max, number="C-9", policy=other)
    elsewhere = make.ticket(carrier, world.softswitch, world.ada, now=at("23 Nov 09:00"))
    still_open, solved = filed(world), filed(world)
    commands.answer(ticket=solved, agent=world.sara.person, body="Fixed.", status="resolved", now=at("23 Nov 09:30"))
    version()
    newer = filed(world, "23 Nov 11:00")

    count = moved(world)

    assert (count, left(), follows(elsewhere, still_open, solved, newer)) == (1, 0, [1, 2, 1, 2])
    assert list(differences()) == []


def _before_it_is_locked(monkeypatch, ticket, deed):
    """Somebody does something to a ticket after it was chosen, and before the command has it."""
    lock, waiting = story.lock, [deed]

    def lock_later(locked):
        if locked.pk == ticket.pk and waiting:
            waiting.pop()()
        return lock(locked)

    monkeypatch.setattr(story, "lock", lock_later)


def test_one_that_is_solved_meanwhile_stays_with_its_version(world, monkeypatch):
    solved, still_open = filed(world), filed(world)
    version()
    answer = {"agent": world.sara.person, "body": "Fixed.", "status": "resolved"}
    _before_it_is_locked(monkeypatch, solved, lambda: commands.answer(ticket=solved, **answer, now=NOON))

    count = moved(world)

    assert (count, follows(solved, still_open)) == (1, [1, 2])


def test_one_that_comes_under_another_policy_meanwhile_stays_there(world, monkeypatch):
    other = policies.add_policy(actor=None, name="Carrier", now=at("23 Nov 08:00"))
    carrier = make.contract(world.acme, world.softswitch, manager=world.max, number="C-9", policy=other)
    ticket, still_open = filed(world), filed(world)
    version()
    goes = {"actor": world.max.person, "contract": carrier}
    _before_it_is_locked(monkeypatch, ticket, lambda: commands.move_to_contract(ticket=ticket, **goes, now=NOON))

    count = moved(world)

    assert count == 1
    with as_provider():
        assert Ticket.objects.get(pk=ticket.pk).promise.version.policy == other
    assert follows(still_open) == [2]


def test_each_story_and_the_trail_say_it(world):
    ticket = filed(world)
    newer = version()

    moved(world)

    with as_provider():
        event = Event.objects.get(ticket=ticket, kind="promise_moved")
        entry = AuditEntry.objects.get(verb="move_open_tickets")
    assert (event.actor, event.internal, event.data["version"]) == (world.lea.person, False, newer.pk)
    assert (entry.actor, entry.target_id, entry.after) == (world.lea.person, make.policy().pk, {"version": 2, "tickets": 1})


def test_the_same_again_changes_nothing_and_leaves_no_trail(world):
    ticket = filed(world)
    version()
    moved(world)

    again = moved(world, "23 Nov 12:01")

    assert again == 0
    with as_provider():
        assert Event.objects.filter(ticket=ticket, kind="promise_moved").count() == 1
        assert AuditEntry.objects.filter(verb="move_open_tickets").count() == 1


def test_many_move_in_turns(world):
    tickets = [filed(world) for _ticket in range(3)]
    version()

    turns = [(moved(world, most=2), left()) for _turn in range(3)]

    assert turns == [(2, 1), (1, 0), (0, 0)]
    assert follows(*tickets) == [2, 2, 2]


def test_a_turn_is_done_wholly_or_not_at_all(world, monkeypatch):
    tickets = [filed(world) for _ticket in range(3)]
    version()
    record = story.record

    def fails_at_last(*, ticket, **facts):
        if ticket.pk == tickets[-1].pk:
            raise RuntimeError("killed")
        return record(ticket=ticket, **facts)

    monkeypatch.setattr(story, "record", fails_at_last)
    with pytest.raises(RuntimeError):
        moved(world)
    monkeypatch.undo()

    assert (follows(*tickets), left()) == ([1, 1, 1], 3)
    assert moved(world) == 3


def test_another_version_than_was_looked_at_is_refused(world):
    ticket = filed(world)
    version()
    version("23 Nov 11:00", first_response=45)

    with pytest.raises(commands.VersionReplaced, match="Version 3 of this policy is in force now"):
        moved(world, expected=2)

    assert follows(ticket) == [1]


def test_a_version_that_is_not_in_force_yet_is_not_moved_to(world):
    """A machine whose clock leads made it."""
    ticket = filed(world)
    version("23 Nov 12:30", first_response=60)

    assert left() == 0
    with pytest.raises(commands.VersionReplaced):
        moved(world, expected=2)
    assert follows(ticket) == [1]


def test_nobody_is_moved_back(world):
    """Opened by a machine whose clock leads, on a version that is not in force yet by this one's."""
    version("23 Nov 12:30", first_response=60)
    ticket = filed(world, "23 Nov 12:31")

    assert moved(world, expected=1) == 0
    assert follows(ticket) == [2]
