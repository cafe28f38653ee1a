"""With real commits: a signal and a withdrawal at once, and two workers at once."""

import itertools
import threading

import pytest

from accounts.tenancy import acting_for
from monitoring import commands
from monitoring.commands import episodes, intake
from tests.flows.meeting import at_once
from tests.monitoring.conftest import alert, at
from tickets.models import Ticket

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_withdrawal_waits_for_the_signal_that_is_being_stored_and_takes_it_along(site, monkeypatch):
    """Stored before the withdrawal, so it is there; not worked on, since the watch ended with it."""
    stored, order, ended = threading.Event(), [], threading.Event()
    real = intake._store

    def store_slowly(*arguments):
        found = real(*arguments)
        stored.set()
        ended.wait(1.5)  # the withdrawal can't end before this one commits: it is given all the time that it may need
        order.append("stored")
        return found

    def withdraw():
        assert stored.wait(30)
        done = commands.withdraw(actor=site.world.ada, environment=site.environment, erase=False, now=at(1))
        order.append("withdrawn")
        ended.set()
        return done

    monkeypatch.setattr(intake, "_store", store_slowly)
    results = at_once(lambda: site.alerts(alert()), withdraw)

    assert (order, results[1]) == (["stored", "withdrawn"], True)
    assert [one.worked_at for one in site.signals()] == [at(1)]
    assert site.work(2) == 0
    assert (site.tickets(), site.episodes()) == ([], [])


def test_a_withdrawal_between_the_look_at_the_gate_and_the_storing_is_seen(site, monkeypatch):
    real = intake._store

    def store_late(*arguments):
        thread = threading.Thread(target=withdraw)
        thread.start()
        thread.join(30)
        return real(*arguments)

    def withdraw():
        at_once(lambda: commands.withdraw(actor=site.world.ada, environment=site.environment, erase=False, now=at(1)))

    monkeypatch.setattr(intake, "_store", store_late)
    with pytest.raises(commands.GateShut):
        site.alerts(alert())

    assert (site.signals(), site.rejections()) == ([], {"unauthorised": 1})


def test_two_workers_at_once_open_one_ticket(site):
    for _each in range(6):
        site.alerts(alert())

    worked = at_once(lambda: commands.work_signals(now=at(1), most=3), lambda: commands.work_signals(now=at(1), most=3))

    assert sum(worked) in {3, 6}
    assert site.work(1) in {0, 3}
    assert (len(site.tickets()), [one.count for one in site.episodes()]) == (1, [6])


def test_an_environment_that_another_worker_has_is_passed_over(site):
    site.alerts(alert())
    has_it, may_go = threading.Event(), threading.Event()

    def hold():
        with acting_for(site.world.acme.pk):
            assert episodes.locked_watch(site.environment.pk) is not None
            has_it.set()
            may_go.wait(30)

    def work():
        assert has_it.wait(30)
        try:
            return commands.work_signals(now=at(1))
        finally:
            may_go.set()

    assert at_once(hold, work)[1] == 0
    assert site.work(1) == 1


def test_what_is_sent_from_many_at_once_is_all_counted(site):
    ticks = itertools.count(step=1000.0)
    token = site.tokens["alertmanager"]

    def refuse():
        with pytest.raises(intake.NotUnderstood):
            commands.accept(source="alertmanager", token=token, body=b"{", now=at(0), tick=next(ticks))

    at_once(*[refuse] * 6)

    assert site.rejections() == {"not_understood": 6}


def test_a_ticket_that_somebody_has_locked_parks_no_signal(site, settings):
    """However often the sweep comes meanwhile."""
    site.alerts(alert())
    site.work()
    site.alerts(alert(ended=1), minutes=1)
    site.work(1)
    site.work(8)  # it is over: coming back is written on the ticket
    site.alerts(alert(started=9), alert("Other", started=9), minutes=9)
    [ticket] = site.tickets()[:1]
    settings.TIMEOUTS = settings.TIMEOUTS | {"shell": ("300s", "100ms", "900s")}
    has_it, may_go = threading.Event(), threading.Event()

    def hold():
        with acting_for(site.world.acme.pk):
            Ticket.objects.select_for_update().get(pk=ticket.pk)
            has_it.set()
            may_go.wait(60)

    def work():
        assert has_it.wait(30)
        try:
            return [site.work(9 + round / 10) for round in range(5)]
        finally:
            may_go.set()

    assert at_once(hold, work)[1] == [0] * 5
    assert [(one.attempts, one.parked_at) for one in site.signals()] == [(0, None)] * 3
    assert site.work(10) == 1
