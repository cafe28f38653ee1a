"""Clocks of several machines differ by seconds or minutes: no story goes backwards, and what is kept stays what it says."""

from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.tenancy import as_provider
from sla.models import Breach, Clock, Firing, Promise
from tests import factories as make
from tests.sla.stories import at
from tickets import commands, promising
from tickets.commands.clocks import GRACE
from tickets.models import Event, Ticket
from tickets.promising import facts_of
from tickets.queries.verification import differences

pytestmark = pytest.mark.django_db

LAGS = [timedelta(seconds=2), timedelta(seconds=45), timedelta(minutes=7)]
OTHER_WEEK = tuple((("08:00", "12:00"), ("13:00", "20:00")) if day < 5 else () for day in range(7))
THIRD_WEEK = tuple((("10:00", "16:00"),) if day < 5 else () for day in range(7))


@pytest.fixture
def ticket(world):
    return make.ticket(world.contract, world.softswitch, world.ada, severity="high", now=at("23 Nov 09:00"))


def answer(world, ticket, now, status=None):
    return commands.answer(ticket=ticket, agent=world.sara.person, body="Looking.", status=status, now=now)


def put_in_force(world, since, week=OTHER_WEEK):
    calendar = world.contract.calendar
    with as_provider():
        last = calendar.versions.order_by("-number").first()
    content = replace(last.content(), week=week)
    return commands.put_in_force(actor=None, calendar=calendar, content=content, reason="x", expected=last.number, now=since + GRACE)


def instants(ticket):
    with as_provider():
        return list(Event.objects.filter(ticket=ticket).order_by("position").values_list("at", flat=True))


def told_at(ticket):
    with as_provider():
        return Promise.objects.get(pk=ticket.promise_id).told_at


def due(ticket, target):
    with as_provider():
        return Clock.objects.filter(promise_id=ticket.promise_id, target=target).latest("begun").due_at


@pytest.mark.parametrize("lag", LAGS)
def test_a_command_that_lags_is_dated_when_the_promise_was_told_last(world, ticket, lag):
    answer(world, ticket, at("23 Nov 10:00"))

    answer(world, ticket, at("23 Nov 10:00") - lag, status="waiting_customer")

    assert instants(ticket)[1:] == [at("23 Nov 10:00")] * len(instants(ticket)[1:])
    assert told_at(ticket) == at("23 Nov 10:00")
    assert list(differences()) == []


@pytest.mark.parametrize("lag", LAGS)
def test_an_answer_that_lags_misses_nothing_that_was_kept(world, ticket, lag):
    """The customer's window moved the promise on at 10:59:59; the answer is dated then, which is in time."""
    commands.change_status(ticket=ticket, agent=world.sara.person, status="open", now=at("23 Nov 10:59:59"))

    answer(world, ticket, at("23 Nov 10:59:59") - lag)

    with as_provider():
        assert Breach.objects.count() == 0
        assert Clock.objects.get(target="first_response").stopped_at == at("23 Nov 10:59:59")
    assert list(differences()) == []


@pytest.mark.parametrize("lead", LAGS)
def test_a_command_that_leads_holds_the_next_ones_at_its_instant(world, ticket, lead):
    answer(world, ticket, at("23 Nov 10:00") + lead)

    answer(world, ticket, at("23 Nov 10:00:01"), status="waiting_customer")
    commands.reply(ticket=ticket, author=world.ada, body="That one.", now=at("23 Nov 12:00"))

    assert instants(ticket) == sorted(instants(ticket))
    assert instants(ticket)[1] == at("23 Nov 10:00") + lead
    assert list(differences()) == []


@pytest.mark.parametrize("lead", LAGS)
def test_a_command_that_leads_past_a_step_has_it_written_once_at_its_own_instant(world, ticket, lead):
    """Half of the resolution's time is used up at 13:30; the answer comes a moment before, by a clock that leads."""
    answer(world, ticket, at("23 Nov 13:29:59") + lead)

    for second in (0, 1, 4, 8):
        commands.notice_due(now=at(f"23 Nov 13:30:0{second}"))
    commands.notice_due(now=at("23 Nov 13:40"))

    with as_provider():
        steps = Event.objects.filter(ticket=ticket, kind="escalated", data__target="resolution")
        assert [event.at for event in steps] == [at("23 Nov 13:30")]
        assert not Firing.objects.filter(told_at=None).exists()
    assert list(differences()) == []


@pytest.mark.parametrize("lag", LAGS)
def test_what_lags_behind_a_calendars_change_comes_after_it(world, ticket, lag):
    put_in_force(world, at("23 Nov 10:00"))

    answer(world, ticket, at("23 Nov 10:00") - lag, status="waiting_customer")

    assert instants(ticket)[1] == at("23 Nov 10:00")
    assert list(differences()) == []


@pytest.mark.parametrize("lag", LAGS)
def test_a_ticket_filed_by_a_clock_that_lags_is_promised_by_the_calendar_that_rules(world, lag):
    put_in_force(world, at("23 Nov 17:00"))

    late = make.ticket(world.contract, world.softswitch, world.ada, severity="high", now=at("23 Nov 17:00") - lag)

    assert due(late, "first_response") == at("23 Nov 19:00")
    assert list(differences()) == []


@pytest.mark.parametrize("lead", LAGS)
def test_a_calendars_change_takes_in_what_a_clock_that_leads_told_already(world, ticket, lead):
    other = make.ticket(world.contract, world.softswitch, world.ada, severity="high", now=at("23 Nov 09:30"))
    answer(world, ticket, at("23 Nov 10:00") + lead)

    put_in_force(world, at("23 Nov 10:00"))

    assert due(other, "resolution") != at("24 Nov 09:30")
    assert list(differences()) == []


@pytest.mark.parametrize("lag", LAGS)
def test_a_second_change_that_lags_rules_after_the_first(world, ticket, lag):
    put_in_force(world, at("23 Nov 10:00"))

    version = put_in_force(world, at("23 Nov 10:00") - lag, week=THIRD_WEEK)

    assert version.rules_from == at("23 Nov 10:00") + timedelta(microseconds=1)
    assert list(differences()) == []


@pytest.mark.parametrize("lag", LAGS)
def test_a_promise_that_moves_to_a_calendar_just_changed_is_dated_after_that(world, ticket, lag):
    abroad = make.calendar("Europe/Lisbon")
    contract = make.contract(world.acme, world.softswitch, manager=world.max, number="C-2", calendar=abroad)
    with as_provider():
        content = replace(abroad.versions.get().content(), week=OTHER_WEEK)
    values = {"content": content, "reason": "x", "expected": 1}
    commands.put_in_force(actor=None, calendar=abroad, now=at("23 Nov 10:00") + GRACE, **values)

    commands.move_to_contract(ticket=ticket, actor=world.lea.person, contract=contract, now=at("23 Nov 10:00") - lag)

    assert told_at(ticket) == at("23 Nov 10:00")
    assert list(differences()) == []


def test_events_from_before_promises_held_the_order_are_told_in_the_order_of_their_story(world, ticket):
    written = [
        ("verified", "23 Nov 08:59:57", {"type": "technical", "severity": "low", "from_type": "technical", "from_severity": "high"}),
        ("status_changed", "23 Nov 10:00:00", {"to": "waiting_customer"}),
        ("status_changed", "23 Nov 09:59:15", {"to": "open"}),
    ]
    with as_provider():
        for position, (kind, when, data) in enumerate(written, start=2):
            event = {"kind": kind, "position": position, "at": at(when), "by_staff": True, "data": data}
            Event.objects.create(customer_id=ticket.customer_id, ticket=ticket, **event)
        Ticket.objects.filter(pk=ticket.pk).update(event_count=len(written) + 1)
        ticket.refresh_from_db()
        facts = facts_of(ticket)
        promising.mend(ticket, at("23 Nov 10:01"))

    assert [fact.at for fact in facts] == [at("23 Nov 09:00"), at("23 Nov 09:00"), at("23 Nov 10:00"), at("23 Nov 10:00")]
    assert due(ticket, "resolution") == at("4 Dec 18:00")
    assert list(differences()) == []


def test_an_answer_in_time_that_waited_for_a_calendars_change_is_in_time(world, ticket):
    """Promised by 11:00, written a moment before, and told only when the change is done."""
    a_moment = timedelta(milliseconds=100)
    put_in_force(world, at("23 Nov 11:00") + a_moment - GRACE)

    answer(world, ticket, at("23 Nov 11:00") - a_moment)

    with as_provider():
        assert Breach.objects.count() == 0
        assert Clock.objects.get(target="first_response").stopped_at == at("23 Nov 11:00") - a_moment
    assert list(differences()) == []
