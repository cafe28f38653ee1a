"""Celery's processes killed, doubled and absent: what is owed is sent once and what is due is closed once."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tenancy import as_provider
from tests import factories as make
from tests.faults.load import file_ticket
from tests.faults.mail_server import HOLD
from tests.faults.outbox import all_sent, leases_run_out, owed, states, unknown_outcomes
from tests.faults.workers import EITHER, ask_for, kill
from tickets import commands
from tickets.models import Event
from tooling.processes import wait_until

pytestmark = pytest.mark.slow
DUE = 20


@pytest.fixture
def solved(town):
    """Tickets that were solved more than a week ago, the oldest first."""
    long_ago = timezone.now() - timedelta(days=8)
    tickets = [make.ticket(town.contract, town.softswitch, town.ada, subject=f"Event {n}", now=long_ago) for n in range(DUE)]
    for ticket in tickets:
        commands.answer(ticket=ticket, agent=town.sara.person, body="Fixed.", status="resolved", now=long_ago)
    return tickets


def closings():
    """How often each ticket was closed."""
    with as_provider():
        return Counter(Event.objects.filter(kind="status_changed", data__to="closed").values_list("ticket", flat=True))


@EITHER
def test_a_worker_killed_while_it_sends_loses_nothing(desk, counted, whom):
    owed(1)
    desk.mail.rule("DATA", HOLD)
    desk.start_worker()
    ask_for(desk, "notifications.tasks.relay_outbox")
    desk.mail.wait_for("DATA")
    kill(desk, whom)
    desk.mail.let_go()
    assert leases_run_out() == 1
    ask_for(desk, "notifications.tasks.relay_outbox")

    assert wait_until(lambda: states() == {"sent": 1}, 30)
    assert (unknown_outcomes(), list(desk.mail.counts().values())) == (1, [2])
    counted("1 mail, killed after its acceptance: accepted twice with the same Message-ID, 1 unknown outcome")


@EITHER
def test_a_worker_killed_while_it_closes_tickets_closes_each_once(desk, solved, counted, whom):
    desk.start_worker()
    with desk.holding(f"SELECT FROM tickets_ticket WHERE id = {solved[DUE // 2].pk} FOR UPDATE"):
        ask_for(desk, "tickets.tasks.close_resolved")
        desk.wait_for_lock()  # it has closed half of them
        kill(desk, whom)
    before = len(closings())
    ask_for(desk, "tickets.tasks.close_resolved")

    assert wait_until(lambda: len(closings()) == DUE, 30)
    assert (before, set(closings().values())) == (DUE // 2, {1})
    counted(f"{DUE} tickets, killed after {before}: {DUE} closed once each")


def test_two_beats_and_two_workers_do_nothing_twice(desk, solved, counted):
    for name in ("worker", "worker-2"):
        desk.start_worker(name)
    for _time in range(4):
        ask_for(desk, "tickets.tasks.close_resolved")
    for name in ("beat", "beat-2"):
        desk.start_beat(name)

    sent = all_sent(desk.mail)
    assert wait_until(lambda: len(closings()) == DUE, 30)
    assert (set(closings().values()), unknown_outcomes()) == ({1}, 0)
    counted(f"{sent} mails sent once each, {DUE} tickets closed once each")


def test_without_beat_the_bell_sends_what_leaves_at_once(desk, town):
    desk.start_worker()
    file_ticket(desk.visitor(town.ada), town.softswitch, "Calls drop")

    assert all_sent(desk.mail) == 3


def test_without_a_worker_everything_waits_for_the_next_one(desk, town, solved):
    file_ticket(desk.visitor(town.ada), town.softswitch, "Calls drop")
    assert set(states()) == {"due"}

    desk.start_worker()
    desk.start_beat()
    ask_for(desk, "tickets.tasks.close_resolved")  # beat's own comes after five minutes

    all_sent(desk.mail)
    assert wait_until(lambda: len(closings()) == DUE, 30)


def test_tickets_that_can_not_be_closed_hold_up_no_other(desk, solved, counted, caplog):
    """More of them than one batch, and the oldest of all."""
    desk.sql("UPDATE tickets_ticket SET event_count = 0 WHERE id IN (SELECT id FROM tickets_ticket ORDER BY id LIMIT 3)")

    closed = [commands.close_resolved(now=timezone.now(), most=2) for _sweep in range(2)]

    assert (closed, set(closings().values())) == ([DUE - 3, 0], {1})
    assert sorted(set(caplog.messages)) == [f"{ticket.number} could not be closed; the others go on" for ticket in solved[:3]]
    counted(f"{DUE} tickets, 3 of them spoilt: {DUE - 3} closed in one sweep, 3 told in the log")
