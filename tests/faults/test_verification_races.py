"""Holding clocks against stories while people, the sweep and whoever changes a calendar work, with real commits (SLA-11).

In each, something comes in between two reads of one batch. The control has no second look, and must go wrong.
"""

from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.db import connection

from accounts.tenancy import as_provider
from sla.models import Clock
from tests import factories as make
from tests.flows.meeting import Meeting, at_once
from tests.sla.stories import at
from tickets import commands, promising
from tickets.models import Ticket
from tickets.queries.verification import differences, differences_of

pytestmark = pytest.mark.django_db(transaction=True)

READ_IN_TURN = ("tickets_ticket", "sla_clock", "sla_breach", "sla_firing", "tickets_event", "sla_calendarversion")


@pytest.fixture
def ticket(world):
    return make.ticket(world.contract, world.softswitch, world.ada, severity="high", now=at("23 Nov 09:00"))


@pytest.fixture(autouse=True)
def _new_connection(ticket):
    """One that knows no statement yet: what it knows it is asked by name, and nobody sees what that reads."""
    connection.close()


def alter(ticket):
    with as_provider():
        Clock.objects.filter(promise_id=ticket.promise_id, target="first_response").update(started_at=at("23 Nov 08:00"))


def answer(world, ticket):
    commands.answer(ticket=ticket, agent=world.sara.person, body="On it.", status="waiting_customer", now=at("23 Nov 10:30"))


def sweep(_world, _ticket):
    commands.notice_due(now=at("23 Nov 11:30"))


def requalify(world, ticket):
    with as_provider():
        found = Ticket.objects.get(pk=ticket.pk)
    commands.verify(ticket=found, agent=world.lea.person, type="technical", severity="low", reason="Few.", now=at("23 Nov 10:30"))


def change_calendar(world, _ticket):
    calendar = world.contract.calendar
    with as_provider():
        content = calendar.versions.get().content()
    content = replace(content, week=tuple((("08:00", "18:00"),) if day < 5 else () for day in range(7)))
    commands.put_in_force(actor=None, calendar=calendar, content=content, reason="x", expected=1, now=at("23 Nov 10:30"))


@contextmanager
def before_reading(table, deed):
    """The deed is done by another connection, just before the first statement that reads this table; what came before was read."""
    done = []

    def execute(execute, sql, *arguments):
        if not done and f'FROM "{table}"' in sql:
            done.append(at_once(deed))
        return execute(sql, *arguments)

    with connection.execute_wrapper(execute):
        yield
    assert done == [[None]]


@pytest.mark.parametrize("table", READ_IN_TURN)
@pytest.mark.parametrize("deed", [answer, sweep, requalify, change_calendar])
def test_what_happens_between_two_reads_is_no_difference(world, ticket, deed, table):
    with before_reading(table, lambda: deed(world, ticket)):
        assert list(differences()) == []


@pytest.mark.parametrize(
    ("deed", "table"),
    [(answer, "tickets_event"), (sweep, "sla_clock"), (requalify, "sla_firing"), (change_calendar, "sla_calendarversion")],
)
def test_without_a_second_look_it_would_be_one(world, ticket, deed, table):
    with as_provider(), before_reading(table, lambda: deed(world, ticket)):
        assert differences_of([ticket.pk])[ticket.pk] != []


def test_an_altered_clock_is_found_whatever_happens_between_two_reads(world, ticket):
    alter(ticket)

    with before_reading("tickets_event", lambda: answer(world, ticket)):
        (found,) = differences()

    assert found.startswith(f"{ticket.number}: first_response of event 1: started_at is 2026-11-23T11:00:00+00:00")


def test_the_second_look_waits_for_whoever_has_the_ticket(ticket, monkeypatch):
    """Somebody mends it and has not ended yet when it is seen to differ."""
    alter(ticket)
    meeting = Meeting()
    monkeypatch.setattr(promising, "mend", meeting.after(promising.mend))

    def verify():
        meeting.first_came.wait(10)
        return list(differences())

    assert at_once(lambda: commands.mend_clocks(ticket=ticket, now=at("23 Nov 10:00")), verify) == [[], []]
