"""People, the sweep and whoever changes a calendar at once, with real commits: one outcome each, and clocks that say what their stories do.

Each race has its control: the same without the lock, which must go wrong, so that the proof can fail.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError

from accounts.tenancy import as_provider
from sla.commands import promises
from sla.models import Breach, Clock, Firing
from sla.queries import calendars
from tests import factories as make
from tests.flows.meeting import Meeting, at_once
from tests.sla.stories import at
from tickets import commands, story
from tickets.commands import clocks
from tickets.models import Event, Ticket
from tickets.queries.verification import differences

pytestmark = pytest.mark.django_db(transaction=True)
DUE = at("23 Nov 11:00")
A_MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def meeting():
    return Meeting()


@pytest.fixture
def ticket(world):
    """High: the first answer is due at 11:00, and what fell due before was noticed."""
    found = make.ticket(world.contract, world.softswitch, world.ada, severity="high", now=at("23 Nov 09:00"))
    commands.notice_due(now=at("23 Nov 10:59"))
    return found


def unlocked(ticket):
    """What `story.lock` would be if it forgot the lock."""
    return Ticket.objects.get(pk=ticket.pk)


def unlocked_due(until, without):
    """What the sweep would take if it forgot the lock."""
    found = Clock.objects.filter(look_at__lt=until).order_by("look_at").values_list("promise_id", flat=True)
    return Ticket.objects.filter(promise__in=list(found)).first()


def events(ticket):
    with as_provider():
        return list(Event.objects.filter(ticket=ticket, at__gte=DUE).order_by("position").values_list("kind", flat=True))


def misses():
    with as_provider():
        return list(Breach.objects.values_list("clock__target", "due_at"))


# --- An answer at the due instant against the sweep ----------------------------------------------------------------------
def answer_and_sweep(world, ticket, meeting, first):
    """Both at once, at the instant at which the answer is due; `first` has the ticket's row."""

    def answer():
        commands.answer(ticket=ticket, agent=world.sara.person, body="On it.", now=DUE)

    def sweep():
        return commands.notice_due(now=DUE + clocks.GRACE + A_MOMENT)

    def second(deed):
        meeting.first_came.wait(10)
        return deed()

    return at_once(answer, lambda: second(sweep)) if first == "answer" else at_once(lambda: second(answer), sweep)


@pytest.fixture
def meet(meeting, monkeypatch):
    """Whoever has the row stays until the other came, or waits for it."""
    monkeypatch.setattr(story, "lock", meeting.after(story.lock))
    monkeypatch.setattr(clocks, "_due", meeting.after(clocks._due))
    return meeting


def test_an_answer_at_the_due_instant_that_comes_first_keeps_the_promise(world, ticket, meet):
    results = answer_and_sweep(world, ticket, meet, first="answer")
    again = commands.notice_due(now=DUE + timedelta(minutes=1))

    assert (results, again) == ([None, 0], 0)
    assert (misses(), events(ticket)) == ([], ["replied", "status_changed"])
    assert list(differences()) == []


def test_an_answer_that_waits_for_the_sweep_is_dated_after_what_the_sweep_noticed(world, ticket, meet):
    results = answer_and_sweep(world, ticket, meet, first="sweep")

    assert results == [None, 1]
    assert (misses(), events(ticket)) == ([("first_response", DUE)], ["missed", "replied", "status_changed"])
    with as_provider():
        assert Event.objects.get(ticket=ticket, kind="replied").at == DUE + A_MOMENT
    assert list(differences()) == []


def test_the_grace_lets_an_answer_in_time_be_seen_that_is_written_a_second_later(world, ticket):
    early = commands.notice_due(now=DUE + clocks.GRACE)
    commands.answer(ticket=ticket, agent=world.sara.person, body="On it.", now=DUE)
    late = commands.notice_due(now=DUE + timedelta(minutes=1))

    assert (early, late, misses()) == (0, 0, [])


def test_without_the_lock_an_answer_and_the_sweep_collide(world, ticket, meeting, monkeypatch, caplog):
    monkeypatch.setattr(story, "lock", unlocked)
    monkeypatch.setattr(clocks, "_due", unlocked_due)
    monkeypatch.setattr(story, "record", meeting.before(story.record))  # both have read what decides

    answered, noticed = answer_and_sweep(world, ticket, meeting, first="answer")

    collided = [type(answered), *(record.exc_info[1].__cause__.__class__ for record in caplog.records if record.exc_info)]
    assert {IntegrityError, OperationalError} & set(collided), (answered, noticed)  # one number twice, or a deadlock


def test_two_sweeps_at_once_tell_a_step_once(ticket, meet):
    results = at_once(*[lambda: commands.notice_due(now=DUE + timedelta(minutes=1))] * 2)

    with as_provider():
        assert (sorted(results), Firing.objects.filter(percent=100).count()) == ([0, 1], 1)
    assert events(ticket) == ["missed"]


# --- A calendar that changes while somebody computes by it ---------------------------------------------------------------
def put_in_force(world):
    """Open an hour earlier from 11:00 on."""
    calendar = world.contract.calendar
    with as_provider():
        content = calendar.versions.get().content()
    content = replace(content, week=tuple((("08:00", "18:00"),) if day < 5 else () for day in range(7)))
    return commands.put_in_force(actor=None, calendar=calendar, content=content, reason="x", expected=1, now=DUE).number


def while_it_changes(world, meeting, monkeypatch, deed, place):
    """The deed has computed and not yet written when the calendar changes."""
    monkeypatch.setattr(promises, place, meeting.before(getattr(promises, place)))

    def change():
        meeting.first_came.wait(10)
        number = put_in_force(world)
        meeting.meet()
        return number

    return at_once(deed, change)


def file(world):
    return lambda: make.ticket(world.contract, world.softswitch, world.alan, severity="medium", now=DUE - A_MOMENT).pk


def test_a_ticket_that_is_being_filed_moves_with_a_change_of_its_calendar(world, meeting, monkeypatch):
    filed, number = while_it_changes(world, meeting, monkeypatch, file(world), "_keep_new")

    assert number == 2
    with as_provider():
        assert Ticket.objects.get(pk=filed).next_due_at == at("23 Nov 15:00") - A_MOMENT
        promise = Ticket.objects.get(pk=filed).promise_id
        assert Clock.objects.get(promise=promise, target="resolution").due_at == at("25 Nov 18:00") - A_MOMENT
    assert list(differences()) == []


def test_an_answer_that_is_being_written_moves_with_a_change_of_its_calendar(world, ticket, meeting, monkeypatch):
    def answer():
        return commands.answer(ticket=ticket, agent=world.sara.person, body="On it.", now=DUE - A_MOMENT).pk

    _answered, number = while_it_changes(world, meeting, monkeypatch, answer, "_keep")

    assert number == 2
    assert list(differences()) == []


def test_without_calendars_held_still_a_ticket_keeps_the_hours_that_were_replaced(world, meeting, monkeypatch):
    for module in (promises, clocks):
        monkeypatch.setattr(module, "hold_calendars_still", lambda: None)
    for module in (calendars, story):
        monkeypatch.setattr(module, "HOLD_STILL", "SELECT")

    filed, number = while_it_changes(world, meeting, monkeypatch, file(world), "_keep_new")

    assert number == 2
    with as_provider():
        name = Ticket.objects.get(pk=filed).number
    assert any(difference.startswith(f"{name}: resolution of event 1: due_at is ") for difference in differences())
