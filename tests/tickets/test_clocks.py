"""Promises on tickets: the worked examples through the commands, steps and misses by the sweep, and who is told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tenancy import as_provider
from sla.calendar import OutOfReach
from sla.checking import TooFewHours
from sla.models import Breach, Clock, Firing
from tests import factories as make
from tests.sla.stories import at
from tickets import commands
from tickets.commands import clocks as clock_commands
from tickets.models import Event, Ticket
from tickets.queries.calendars import effect_on_tickets
from tickets.queries.verification import differences

pytestmark = pytest.mark.django_db


def filed(world, when, type="technical", severity="critical"):
    return make.ticket(world.contract, world.softswitch, world.ada, type=type, severity=severity, now=at(when))


def clocks(ticket):
    with as_provider():
        return {c.target: c for c in Clock.objects.filter(promise_id=ticket.promise_id, outcome=None)}


def dues(ticket):
    return {target: clock.due_at for target, clock in clocks(ticket).items()}


def reread(tickets):
    with as_provider():
        return list(Ticket.objects.filter(pk__in=[t.pk for t in tickets]).order_by("pk"))


def put_in_force(world, now, *, week):
    """Other usual hours from `now` on."""
    calendar = world.contract.calendar
    with as_provider():
        last = calendar.versions.order_by("-number").first()
    content = replace(last.content(), week=tuple(week.get(day, ()) for day in range(7)))
    return commands.put_in_force(actor=None, calendar=calendar, content=content, reason="x", expected=last.number, now=now)


def test_a_critical_ticket_is_promised_an_answer_on_saturday_night(world):  # T1
    ticket = filed(world, "21 Nov 23:50")

    assert dues(ticket) == {"first_response": at("22 Nov 00:20"), "resolution": at("22 Nov 03:50")}
    assert ticket.next_due_at == at("22 Nov 00:20")


def test_steps_are_noticed_by_the_sweep_and_written_at_their_instant(world):  # T13
    ticket = filed(world, "21 Nov 22:00")

    noticed = commands.notice_due(now=at("22 Nov 01:00"))
    again = commands.notice_due(now=at("22 Nov 01:00"))

    assert (noticed, again) == (1, 0)
    with as_provider():
        events = Event.objects.filter(ticket=ticket, kind__in=["escalated", "missed"]).order_by("position")
        assert [(e.kind, e.at, e.data["late"]) for e in events if e.data["target"] == "first_response"] == [
            ("escalated", at("21 Nov 22:15"), True),
            ("escalated", at("21 Nov 22:24"), True),
            ("missed", at("21 Nov 22:30"), True),
        ]
        assert list(Breach.objects.values_list("due_at", "cause")) == [(at("21 Nov 22:30"), "late_work")]
        assert not Firing.objects.filter(told_at=None).exists()


def test_many_tickets_that_can_not_be_noticed_hide_no_other(world, caplog):
    """With two clocks each they fill more than what a sweep looks at in one go."""
    spoilt = [filed(world, "21 Nov 10:00") for _ticket in range(25)]
    with as_provider():
        Ticket.objects.filter(pk__in=[t.pk for t in spoilt]).update(event_count=0)
    good = filed(world, "21 Nov 12:00")

    noticed = commands.notice_due(now=at("22 Nov 01:00"))

    assert noticed == 1
    with as_provider():
        assert set(Event.objects.filter(kind="missed").values_list("ticket", flat=True)) == {good.pk}
    assert len(caplog.messages) == len(spoilt)


def test_many_steps_that_can_not_be_told_hide_no_other(world, caplog):
    """Those were noticed by whoever answered, and the sweep only tells of them."""
    tickets = [filed(world, "21 Nov 10:00") for _ticket in range(8)]
    for ticket in tickets:
        commands.answer(ticket=ticket, agent=world.sara.person, body="Fixed.", status="resolved", now=at("21 Nov 22:00"))
    with as_provider():
        Ticket.objects.filter(pk__in=[t.pk for t in tickets[:7]]).update(event_count=0)

    noticed = commands.notice_due(now=at("22 Nov 01:00"))

    assert noticed == 1
    with as_provider():
        assert set(Event.objects.filter(kind="missed").values_list("ticket", flat=True)) == {tickets[7].pk}
    assert len(caplog.messages) == 7


def test_what_is_kept_is_what_the_stories_say(world):
    for hours, severity in enumerate(("critical", "high", "medium", "low")):
        ticket = filed(world, f"23 Nov {9 + hours}:00", severity=severity)
        commands.answer(ticket=ticket, agent=world.sara.person, body="Which one?", status="waiting_customer", now=at("23 Nov 13:00"))
        commands.reply(ticket=ticket, author=world.ada, body="That one.", now=at("24 Nov 10:00"))
    commands.notice_due(now=at("25 Nov 12:00"))

    assert list(differences()) == []


def test_another_version_of_the_calendar_moves_open_clocks_as_a_replay_does(world):
    tickets = [filed(world, f"{day} Nov {hour}:10", severity=s) for day in (19, 23) for hour in (10, 17) for s in ("high", "medium", "low")]
    commands.answer(ticket=tickets[-1], agent=world.sara.person, body="Looking.", now=at("23 Nov 17:30"))
    commands.notice_due(now=at("23 Nov 17:40"))
    before = [t.next_due_at for t in reread(tickets)]

    put_in_force(world, at("23 Nov 17:45"), week=dict.fromkeys(range(5), (("08:00", "12:00"), ("13:00", "20:00"))))

    assert list(differences()) == []
    assert [t.next_due_at for t in reread(tickets)] != before


def test_hours_by_which_an_open_promise_would_never_be_due_are_refused(world):
    ticket = filed(world, "23 Nov 09:00", severity="medium")
    before = dues(ticket)

    with pytest.raises(TooFewHours):
        put_in_force(world, at("23 Nov 10:00"), week={3: (("09:00", "12:00"),)})

    assert dues(ticket) == before


def test_a_promise_that_can_not_be_computed_refuses_the_change(world, monkeypatch):
    def out_of_reach(**_values):
        raise OutOfReach

    monkeypatch.setattr("sla.recalculation.move", out_of_reach)

    with pytest.raises(TooFewHours):
        put_in_force(world, at("23 Nov 10:00"), week=dict.fromkeys(range(5), (("08:00", "18:00"),)))

    with as_provider():
        assert world.contract.calendar.versions.count() == 1


def test_a_miss_stays_when_the_calendar_changes(world):
    ticket = filed(world, "23 Nov 09:00", severity="high")
    commands.notice_due(now=at("23 Nov 11:30"))

    put_in_force(world, at("23 Nov 12:00"), week=dict.fromkeys(range(5), (("14:00", "18:00"),)))

    assert dues(ticket)["first_response"] == at("23 Nov 11:00")
    assert list(differences()) == []


def test_a_late_answer_keeps_no_other_promise_of_a_helped_ticket_where_it_was(world):
    ticket = filed(world, "23 Nov 09:00", severity="medium")
    window = {"start": at("24 Nov 03:00"), "until": at("24 Nov 04:00")}
    commands.cover(ticket=ticket, actor=world.ada, by_staff=False, key="a", **window, now=at("23 Nov 09:30"))

    put_in_force(world, at("24 Nov 15:00"), week=dict.fromkeys(range(5), (("09:00", "12:00"), ("13:00", "18:00"))))

    assert dues(ticket) == {"first_response": at("23 Nov 13:00"), "resolution": at("26 Nov 10:00")}
    assert list(differences()) == []


def test_days_that_close_fire_no_step_of_a_helped_ticket(world):
    """Counted back from the old due instant by the new hours, half of the time would have been used up last week."""
    ticket = filed(world, "23 Nov 09:00", severity="medium")
    window = {"start": at("24 Nov 20:00"), "until": at("24 Nov 20:30")}
    commands.cover(ticket=ticket, actor=world.ada, by_staff=False, key="a", **window, now=at("23 Nov 09:30"))

    put_in_force(world, at("23 Nov 17:59"), week=dict.fromkeys((0, 3, 4), (("09:00", "18:00"),)))

    with as_provider():
        assert not Firing.objects.filter(clock__target="resolution").exists()
    assert list(differences()) == []


def test_a_miss_that_a_restoration_brings_back_stands_beside_the_annulled_one(world):
    olga = make.staff("Olga Other", "agent", "lead")
    ticket = filed(world, "23 Nov 09:00", severity="high")
    commands.notice_due(now=at("23 Nov 11:30"))
    values = {"ticket": ticket, "type": "technical", "reason": "As it is."}

    lowered = commands.verify(agent=world.lea.person, severity="medium", now=at("23 Nov 11:38"), **values)
    commands.contest(ticket=ticket, person=world.ada, reason="No.", verdict=lowered.event_count - 1, now=at("23 Nov 11:47"))
    commands.verify(agent=olga.person, severity="high", now=at("23 Nov 12:19"), **values)

    with as_provider():
        standing = Breach.objects.filter(annulment=None).values_list("due_at", "noticed_at", "cause")
        assert list(standing) == [(at("23 Nov 11:00"), at("23 Nov 12:19"), "late_work")]
    assert list(differences()) == []


def test_help_outside_hours_covers_answers(world):  # T10
    ticket = filed(world, "27 Nov 17:30", severity="medium")

    commands.cover(
        ticket=ticket, actor=world.ada, by_staff=False, key="a", start=at("28 Nov 11:00"), until=at("28 Nov 15:00"), now=at("28 Nov 11:00")
    )
    first = dues(ticket)["first_response"]
    commands.answer(ticket=ticket, agent=world.sara.person, body="On it.", now=at("28 Nov 11:20"))

    assert first == at("28 Nov 14:30")
    assert dues(ticket) == {"next_update": at("30 Nov 14:20"), "resolution": at("2 Dec 17:30")}
    assert list(differences()) == []


def test_help_that_ends_early_covers_no_longer(world):
    ticket = filed(world, "27 Nov 17:30", severity="medium")
    window = {"start": at("28 Nov 11:00"), "until": at("28 Nov 15:00")}
    commands.cover(ticket=ticket, actor=world.ada, by_staff=False, key="a", **window, now=at("28 Nov 11:00"))

    commands.uncover(ticket=ticket, actor=None, by_staff=True, key="a", now=at("28 Nov 12:00"))

    assert dues(ticket)["first_response"] == at("30 Nov 11:30")
    assert list(differences()) == []


def other_contract(world):
    """With the same policy, in another zone."""
    return make.contract(world.acme, world.softswitch, manager=world.max, number="C-2", calendar=make.calendar("Europe/Lisbon"))


def test_a_ticket_moved_to_a_newer_version_keeps_it_under_another_contract_with_the_same_policy(world):
    ticket = filed(world, "23 Nov 09:00", severity="high")
    version = make.policy_version(make.policy(), first_response=60, now=at("23 Nov 09:10"))
    commands.move_open_tickets(actor=world.lea.person, policy=version.policy, expected=2, now=at("23 Nov 09:20"))

    commands.move_to_contract(ticket=ticket, actor=world.lea.person, contract=other_contract(world), now=at("23 Nov 09:30"))

    with as_provider():
        assert Ticket.objects.select_related("promise").get(pk=ticket.pk).promise.version_id == version.pk
    assert list(differences()) == []


def test_a_ticket_without_a_promise_yet_follows_its_contract_too(world):
    ticket, other = filed(world, "23 Nov 09:00", severity="high"), other_contract(world)
    without_promises(ticket)

    commands.move_to_contract(ticket=ticket, actor=world.lea.person, contract=other, now=at("23 Nov 09:30"))

    with as_provider():
        promise = Ticket.objects.select_related("promise").get(pk=ticket.pk).promise
    assert (promise.opened_calendar_id, promise.calendar_id) == (world.contract.calendar_id, other.calendar_id)
    assert list(differences()) == []


@pytest.mark.parametrize(("days", "refusal"), [(0, commands.Solved), (8, commands.ClosedTicket)])
def test_a_ticket_that_is_over_gets_no_help_until_it_is_opened_again(world, days, refusal):
    ticket = filed(world, "23 Nov 09:00", severity="high")
    commands.answer(ticket=ticket, agent=world.sara.person, body="Fixed.", status="resolved", now=at("23 Nov 10:00"))
    now = at("23 Nov 11:00") + timedelta(days=days)
    commands.close_resolved(now=now)
    window = {"start": now, "until": now + timedelta(hours=4)}

    with pytest.raises(refusal):
        commands.cover(ticket=ticket, actor=world.ada, by_staff=False, key="a", **window, now=now)


def test_a_new_version_of_the_policy_rules_open_tickets_only_when_they_are_moved(world):
    ticket = filed(world, "23 Nov 09:00", severity="high")
    version = make.policy_version(make.policy(), first_response=60, now=at("23 Nov 09:10"))
    kept = dues(ticket)["first_response"]

    moved = commands.move_open_tickets(actor=world.lea.person, policy=version.policy, expected=2, now=at("23 Nov 09:20"))

    assert (kept, moved, dues(ticket)["first_response"]) == (at("23 Nov 11:00"), 1, at("23 Nov 10:20"))
    assert list(differences()) == []


def test_an_altered_clock_is_found(world):
    ticket = filed(world, "23 Nov 09:00", severity="high")
    with as_provider():
        Clock.objects.filter(promise_id=ticket.promise_id, target="resolution").update(due_at=at("23 Nov 19:00"))

    found = list(differences())

    assert found == [f"{ticket.number}: resolution of event 1: due_at is 2026-11-23T22:00:00+00:00, not 2026-11-23T21:00:00+00:00"]


def test_tickets_from_before_promises_get_the_ones_that_they_had_all_along(world):
    ticket = filed(world, "23 Nov 09:00", severity="high")
    commands.answer(ticket=ticket, agent=world.sara.person, body="Fixed.", status="resolved", now=at("23 Nov 12:00"))
    with as_provider():
        Firing.objects.filter(clock__promise=ticket.promise_id).update(told_at=at("23 Nov 12:00"))
        Ticket.objects.filter(pk=ticket.pk).update(promise=None, next_due_at=None)

    kept = commands.keep_promises(now=at("24 Nov 12:00"))

    assert kept == 1
    assert commands.notice_due(now=at("24 Nov 12:00")) == 0
    with as_provider():
        promise = Ticket.objects.get(pk=ticket.pk).promise
        assert set(promise.clocks.values_list("target", "outcome", "due_at")) >= {("first_response", "met", at("23 Nov 11:00"))}
    assert list(differences()) == []


def without_promises(*tickets):
    with as_provider():
        Ticket.objects.filter(pk__in=[t.pk for t in tickets]).update(promise=None, next_due_at=None)


def with_promises(*tickets):
    with as_provider():
        return list(Ticket.objects.filter(pk__in=[t.pk for t in tickets]).exclude(promise=None).select_related("promise").order_by("pk"))


def test_a_story_that_can_not_be_replayed_keeps_no_other_from_its_promise(world, caplog):
    old, spoilt = filed(world, "23 Nov 09:00"), filed(world, "23 Nov 10:00")
    without_promises(old, spoilt)
    with as_provider():
        event = {"position": 2, "kind": Event.Kind.STATUS_CHANGED, "at": at("23 Nov 10:30"), "by_staff": True, "data": {}}
        Event.objects.create(customer_id=spoilt.customer_id, ticket=spoilt, **event)

    kept = commands.keep_promises(now=at("24 Nov 12:00"))

    assert (kept, with_promises(old, spoilt)) == (1, [old])
    assert caplog.messages == [f"ticket {spoilt.pk} could not be given its promise; the others go on"]


@pytest.mark.parametrize("answers", [0, 2])
def test_a_promise_with_many_late_clocks_is_written_by_as_many_statements_as_one_with_few(world, answers):
    """Every clock has a miss and its steps."""
    ticket = filed(world, "23 Nov 09:00")
    for hour in range(answers):
        commands.answer(ticket=ticket, agent=world.sara.person, body="Looking.", now=at(f"24 Nov 1{hour * 3}:00"))
    without_promises(ticket)
    commands.keep_promises(now=at("25 Nov 12:00"))  # what versions say is read once in a process
    without_promises(ticket)

    with CaptureQueriesContext(connection) as queries:
        commands.keep_promises(now=at("25 Nov 12:00"))

    written = [query["sql"].split('"')[1] for query in queries if query["sql"].startswith("INSERT")]
    with as_provider():
        promise = with_promises(ticket)[0].promise
        assert Breach.objects.filter(clock__promise=promise).count() == 2 + answers
    assert written == ["sla_breach", "sla_firing"]
    assert len(queries) == 40  # the promise and its clocks by statements that the connection knows
    assert len([query for query in queries if 'FROM "sla_breach"' in query["sql"]]) == 1
    assert list(differences()) == []


def test_tickets_that_still_run_get_their_promises_before_newer_ones_that_are_over(world, monkeypatch):
    running, solved = filed(world, "23 Nov 09:00"), filed(world, "23 Nov 10:00")
    commands.answer(ticket=solved, agent=world.sara.person, body="Fixed.", status="resolved", now=at("23 Nov 12:00"))
    without_promises(running, solved)
    seconds = iter([0, 29, 31])
    monkeypatch.setattr(clock_commands.time, "monotonic", lambda: next(seconds))

    kept = commands.keep_promises(now=at("24 Nov 12:00"), seconds=30)

    assert (kept, with_promises(running, solved)) == (1, [running])


def test_a_promise_given_late_was_told_all_that_its_story_holds(world):
    """The round began before somebody answered."""
    ticket = filed(world, "23 Nov 09:00", severity="high")
    commands.answer(ticket=ticket, agent=world.sara.person, body="Looking.", now=at("23 Nov 11:00"))
    without_promises(ticket)

    commands.keep_promises(now=at("23 Nov 10:59:50"))

    assert with_promises(ticket)[0].promise.told_at == at("23 Nov 11:00")
    assert list(differences()) == []


def test_the_review_says_what_a_calendars_change_does_to_open_tickets(world):
    ticket = filed(world, "23 Nov 10:00", severity="low")
    calendar = world.contract.calendar
    with as_provider():
        content = calendar.versions.order_by("-number").first().content()
        longer = replace(content, week=(*[(("08:00", "20:00"),)] * 5, (), ()))

        found = effect_on_tickets(calendar, longer, at("23 Nov 14:00"))

    assert (found.clocks.running, found.clocks.earlier, found.clocks.later, found.unmoved) == (2, 2, 0, 0)
    assert [(one.ticket, one.before, one.after) for one in found.soonest] == [
        (ticket, at("24 Nov 10:00"), at("23 Nov 19:00")),
        (ticket, at("7 Dec 10:00"), at("2 Dec 16:00")),
    ]
