"""Holding what is kept of clocks against stories: what it asks the database, what it finds, tells, and mends (SLA-11)."""

import logging
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.tenancy import as_provider
from helpdesk.celery import app
from notifications.models import Mail, Page
from sla.commands import promises
from sla.models import Annulment, Breach, Clock, Firing, Promise
from tests import factories as make
from tests.helpdesk.test_figures import figures
from tests.sla.stories import at
from tickets import commands, promising, tasks
from tickets.models import Event, Ticket
from tickets.queries import verification
from tickets.queries.verification import differences

pytestmark = pytest.mark.django_db

# Of a batch: scope and back (two each), tickets, those with promises, clocks, misses, steps, events, calendars twice.
COST = 12
NEVER_HAD = {"type": "functional", "phase": "closed", "round": 7, "entry": 9, "updates": True}


def filed(world, when="23 Nov 09:00", severity="high", subject="Calls drop"):
    return make.ticket(world.contract, world.softswitch, world.ada, severity=severity, subject=subject, now=at(when))


def missed(world):
    """A ticket whose first response was missed, and noticed."""
    ticket = filed(world)
    commands.notice_due(now=at("23 Nov 11:30"))
    return ticket


def alter(ticket, target="resolution", **columns):
    with as_provider():
        Clock.objects.filter(promise_id=ticket.promise_id, target=target).update(**columns)


@contextmanager
def forgetting(monkeypatch):
    """What happens inside leaves neither misses, annulments nor steps."""
    with monkeypatch.context() as patched:
        patched.setattr(promises, "_write_misses", lambda *_args, **_kwargs: None)
        patched.setattr(Firing.objects, "bulk_create", lambda *_args, **_kwargs: [])
        yield


def ran(*arguments, **options):
    """What the command printed, and whether it ended well."""
    out = StringIO()
    try:
        call_command("verify_clocks", *arguments, stdout=out, **options)
    except SystemExit as ended:
        return out.getvalue().splitlines(), ended.code
    return out.getvalue().splitlines(), 0


def told():
    with as_provider():
        return Mail.objects.count(), Page.objects.count(), Event.objects.count(), Firing.objects.filter(told_at=None).count()


# --- What it asks --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("number", [3, 30])
def test_a_batch_asks_as_much_for_few_as_for_many(world, number):
    moved = make.contract(world.acme, world.softswitch, manager=world.max, number="N-2", calendar=make.calendar("Asia/Tokyo"))
    for place in range(number):
        ticket = filed(world, severity=("high", "medium", "low")[place % 3])
        commands.answer(ticket=ticket, agent=world.sara.person, body="Looking.", now=at("23 Nov 12:00"))
        if place % 3 == 1:
            commands.move_to_contract(ticket=ticket, actor=world.lea.person, contract=moved, now=at("23 Nov 12:30"))
    commands.notice_due(now=at("23 Nov 13:00"))
    found = list(differences())  # what versions say is read once in a process

    with CaptureQueriesContext(connection) as queries:
        list(differences())

    assert (found, len(queries)) == ([], COST)


def test_several_batches_find_what_one_finds(world, monkeypatch):
    monkeypatch.setattr(verification, "BATCH", 2)
    tickets = [filed(world) for _ticket in range(5)]
    for ticket in (tickets[1], tickets[4]):
        alter(ticket, reached=80)

    assert [ticket.pk for ticket, _found in verification.differing()] == [tickets[1].pk, tickets[4].pk]


# --- What is no difference -----------------------------------------------------------------------------------------------
def test_what_is_due_and_not_noticed_yet_is_no_difference(world):
    filed(world)
    commands.answer(ticket=filed(world), agent=world.sara.person, body="Looking.", now=at("23 Nov 10:30"))

    assert list(differences()) == []


def test_help_that_began_since_the_story_ended_is_no_difference(world):
    ticket = filed(world, severity="low")
    help = {"key": "a", "start": at("23 Nov 20:00"), "until": at("23 Nov 22:00")}
    commands.cover(ticket=ticket, actor=world.ada, by_staff=False, **help, now=at("23 Nov 09:30"))
    before = list(differences())

    commands.notice_due(now=at("23 Nov 20:01"))

    assert (before, list(differences())) == ([], [])


def test_a_sweep_does_not_come_back_to_help_that_began_while_a_requalified_ticket_waits(world):
    ticket = filed(world, severity="low")
    help = {"key": "a", "start": at("23 Nov 20:00"), "until": at("23 Nov 22:00")}
    commands.cover(ticket=ticket, actor=world.ada, by_staff=False, **help, now=at("23 Nov 09:30"))
    commands.answer(ticket=ticket, agent=world.sara.person, body="Which?", status="waiting_customer", now=at("23 Nov 09:40"))
    with as_provider():
        ticket.refresh_from_db()
    values = {"type": "technical", "severity": "medium", "reason": "Half of them."}
    commands.verify(ticket=ticket, agent=world.lea.person, **values, now=at("23 Nov 09:50"))

    noticed = [commands.notice_due(now=at("23 Nov 20:01")) for _sweep in range(2)]

    assert noticed == [1, 0]
    assert list(differences()) == []


# --- What is told --------------------------------------------------------------------------------------------------------
def test_each_night_is_told_in_the_log_by_ids_and_in_a_figure_by_how_many(world, caplog):
    good, spoilt = filed(world), filed(world, subject="Somebody's secret words")
    alter(spoilt, due_at=at("23 Nov 19:00"), reached=50)

    tasks.verify_clocks.apply()

    assert [(record.levelno, record.getMessage()) for record in caplog.records if record.name == "tickets.tasks"] == [
        (logging.ERROR, f"ticket {spoilt.pk}: 2 differences between its clocks and its story")
    ]
    assert figures(Client().get("/metrics").content.decode())["helpdesk_clock_differences"] == 2
    assert good.pk != spoilt.pk


def test_the_figure_is_that_of_the_last_complete_check(world, monkeypatch):
    ticket = filed(world)
    before = figures(Client().get("/metrics").content.decode()).get("helpdesk_clock_differences")
    alter(ticket, reached=50)
    ran()
    ran(f"{filed(world).pk}")
    interrupted = commands.verify_clocks(now=at("24 Nov 09:00"))
    next(interrupted)
    interrupted.close()

    assert (before, verification.last_found()) == (None, 1)
    ran(mend=True)
    assert verification.last_found() == 0


def test_beat_rings_for_it_every_night():
    (entry,) = [entry for entry in app.conf.beat_schedule.values() if entry["task"] == tasks.verify_clocks.name]

    assert entry["schedule"].hour == {3}


def test_a_story_that_can_not_be_replayed_hides_no_other(world):
    spoilt, altered = filed(world), filed(world)
    alter(altered, reached=50)
    with as_provider():
        event = {"kind": "verified", "position": 2, "at": at("23 Nov 09:05"), "by_staff": True, "data": {}}
        Event.objects.create(customer_id=spoilt.customer_id, ticket=spoilt, **event)

    lines, code = ran(mend=True)

    assert lines[0] == f"{spoilt.number}: its story can't be replayed: KeyError"
    assert (lines[-2:], code) == ([f"{altered.number}: mended", "2 differences, 1 of them left."], 1)


# --- What is mended ------------------------------------------------------------------------------------------------------
def test_an_altered_clock_is_mended_by_its_story(world):
    ticket = missed(world)
    other = filed(world, "23 Nov 09:10")
    alter(ticket, due_at=at("23 Nov 19:00"), look_at=None, seconds=5, left_seconds=1.5)
    alter(ticket, "first_response", missed_at=None, reached=0)
    with as_provider():
        Promise.objects.filter(pk=ticket.promise_id).update(**NEVER_HAD)
        Ticket.objects.filter(pk=ticket.pk).update(next_due_at=None)
    alter(other, due_at=at("23 Nov 19:00"))

    unmended, code = ran(ticket.pk)
    mended, end = ran(ticket.pk, mend=True)

    assert (len(unmended), code) == (1 + 2 + 4 + len(NEVER_HAD) + 1, 1)
    assert (mended, end) == ([*unmended[:-1], f"{ticket.number}: mended", f"{len(unmended) - 1} differences, 0 of them left."], 0)
    assert [found.pk for found, _lines in verification.differing()] == [other.pk]


def test_what_was_lost_is_restored_and_nobody_is_told(world, monkeypatch):
    with forgetting(monkeypatch):
        ticket = missed(world)
        values = {"type": "technical", "severity": "low", "reason": "Few."}
        commands.verify(ticket=ticket, agent=world.lea.person, **values, now=at("23 Nov 11:40"))
    make.rota(world.sara)
    before = told()

    lines, code = ran(mend=True)
    noticed = commands.notice_due(now=at("23 Nov 11:45"))

    assert [sum(f": {what} is not kept" in line for line in lines) for what in ("miss", "annulment", "step")] == [1, 1, 3]
    assert (lines[-1], code) == ("5 differences, 0 of them left.", 0)
    assert (told(), noticed) == (before, 0)
    with as_provider():
        assert [model.objects.count() for model in (Breach, Annulment, Firing)] == [1, 1, 3]
    assert list(differences()) == []


def test_a_ticket_that_lost_its_promise_gets_it_and_nobody_is_told(world):
    ticket = missed(world)
    before = told()
    with as_provider():
        Ticket.objects.filter(pk=ticket.pk).update(promise=None, next_due_at=None)

    lines, code = ran(mend=True)

    assert (lines, code) == ([f"{ticket.number}: it has no promise", f"{ticket.number}: mended", "1 differences, 0 of them left."], 0)
    assert (told(), list(differences())) == (before, [])


def test_a_step_that_was_never_noticed_is_told_by_the_sweep_after_mending(world):
    ticket = filed(world)
    alter(ticket, "first_response", look_at=None)
    ran(mend=True)

    noticed = commands.notice_due(now=at("23 Nov 10:05"))

    assert noticed == 1
    with as_provider():
        assert list(Event.objects.filter(ticket=ticket, kind="escalated").values_list("at", flat=True)) == [at("23 Nov 10:00")]


def test_what_older_code_wrote_and_told_no_promise_is_told_by_mending_before_it_is_missed(world, monkeypatch):
    ticket = filed(world)
    with monkeypatch.context() as older:
        older.setattr(promising, "tell", lambda _ticket, _event: None)
        commands.answer(ticket=ticket, agent=world.sara.person, body="Fixed.", status="resolved", now=at("23 Nov 10:00"))

    _lines, code = ran(mend=True)
    commands.notice_due(now=at("25 Nov 10:00"))

    assert (code, list(differences())) == (0, [])
    with as_provider():
        assert not Breach.objects.exists()
        assert set(Clock.objects.values_list("outcome", flat=True)) == {"met"}


def test_a_miss_without_reason_is_never_removed_and_told_as_such(world):
    ticket = filed(world)
    with as_provider():
        clock = Clock.objects.get(promise_id=ticket.promise_id, target="resolution")
        due = at("23 Nov 10:00")
        Breach.objects.create(customer_id=ticket.customer_id, clock=clock, number=1, due_at=due, noticed_at=due, cause="late_work")
    alter(ticket, missed_at=at("23 Nov 10:00"))

    lines, code = ran(mend=True)

    assert code == 1
    assert [line.endswith("(can't be mended)") for line in lines] == [False, False, True, False]
    with as_provider():
        assert Clock.objects.get(pk=clock.pk).missed_at is None
