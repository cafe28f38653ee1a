"""What comes twice, late or in the wrong order comes to the same as if it had come once and in time (MON-3)."""

import itertools

import pytest

from helpdesk.lib.moments import zoned
from monitoring import wording
from tests.monitoring.conftest import alert, at

pytestmark = pytest.mark.django_db
FIRING, RESOLVED = alert(), alert(ended=10)


@pytest.mark.parametrize("order", sorted(set(itertools.permutations([0, 0, 1, 1]))))
@pytest.mark.parametrize("together", [True, False])
def test_two_peers_deliveries_come_to_the_same_in_any_order(site, order, together):
    """Peers send the same; a delivery that was tried again overtakes another."""
    for place, which in enumerate(order):
        site.alerts((FIRING, RESOLVED)[which], minutes=11 + place)
        if not together:
            site.work(11 + place)

    site.work(15)

    [episode] = site.episodes()
    assert (episode.started_at, episode.ended_at, episode.ended_because) == (at(0), at(10), "resolved")
    assert len(site.tickets()) <= 1
    assert len(site.tickets()) == int(order[0] == 0)


def test_a_start_that_is_told_again_long_after_its_end_is_another_episode(site):
    """Alertmanager gives an alert up when Prometheus is away, and tells the same start again when that is back."""
    site.alerts(FIRING)
    site.alerts(RESOLVED, minutes=10)
    site.work(10)
    site.alerts(FIRING, minutes=40)
    site.work(40)
    site.alerts(FIRING, minutes=60)
    site.work(60)

    assert [(one.lasts, one.started_at, one.count) for one in site.episodes()] == [(False, at(0), 1), (True, at(40), 2)]
    site.alerts(alert(ended=70), minutes=70)
    site.work(70)
    assert [one.ended_at for one in site.episodes()] == [at(10), at(70)]


def test_a_new_start_ends_the_episode_whose_end_was_lost(site):
    site.alerts(FIRING)
    site.alerts(alert(started=30), minutes=30)
    site.work(30)

    assert [(one.ended_at, one.ended_because) for one in site.episodes()] == [(at(30), "followed"), (None, "")]
    assert (len(site.tickets()), site.situations()[0].restarts) == (1, 0)


def test_word_of_an_earlier_start_changes_nothing(site):
    site.alerts(alert(started=30), minutes=30)
    site.work(30)
    site.alerts(FIRING, minutes=31)
    site.work(31)

    assert [(one.started_at, one.count) for one in site.episodes()] == [(at(30), 2)]


def test_what_ended_while_the_worker_was_away_has_its_ticket_all_the_same(site):
    site.alerts(FIRING)
    site.alerts(RESOLVED, minutes=10)

    site.work(12)
    site.work(30)

    [ticket] = site.tickets()
    assert len(site.bodies(ticket)) == 2


def test_an_alert_that_is_only_known_by_its_end_opens_no_ticket(site):
    site.alerts(RESOLVED, minutes=10)
    site.work(10)

    assert (len(site.episodes()), site.tickets()) == (1, [])


@pytest.mark.parametrize("together", [True, False])
def test_a_start_that_comes_after_its_own_end_does_not_last_for_ever(site, together):
    """One peer tells of the second start only that it is over, the other one is slower and tells that it began."""
    deliveries = [alert(), alert(started=20, ended=25), alert(started=20)]
    for minute, one in enumerate(deliveries, 26):
        site.alerts(one, minutes=minute)
        if not together:
            site.work(minute)
    site.work(29)
    site.work(40)

    assert [(one.started_at, one.ended_at, one.ended_because) for one in site.episodes()] == [
        (at(0), at(20), "followed"),
        (at(20), at(25), "resolved"),
    ]
    [ticket] = site.tickets()
    with wording.spoken_to(site.world.acme):
        assert f"It is over since {zoned(at(25))}" in site.bodies(ticket)[-1]


def test_the_end_of_an_event_is_harmless_however_often_it_is_told(site):
    """No start is named: nothing lasts, so nothing ends."""
    for minute in range(3):
        site.send({"key": "backup", "status": "resolved", "ended_at": at(-1).isoformat()}, minute, source="events")
        site.work(minute)

    assert (site.episodes(), [one.attempts for one in site.signals()]) == ([], [0, 0, 0])


def test_an_event_that_comes_and_goes_a_hundred_times_in_one_delivery_is_worked_on(site):
    flaps = [{"key": "x", "title": "X", "status": status} for _each in range(100) for status in ("firing", "resolved")]
    site.send(flaps, source="events")

    assert site.work() == 1
    assert (len(site.episodes()), len({one.mark for one in site.episodes()}), len(site.tickets())) == (100, 100, 1)


def test_a_sender_whose_clock_is_ahead_tells_one_start(site):
    for minute in range(3):
        site.alerts(alert(started=5), minutes=minute)
        site.work(minute)

    assert [(one.started_at, one.count) for one in site.episodes()] == [(at(0), 3)]


def test_the_end_of_an_earlier_problem_of_a_trigger_does_not_end_the_later_one(site):
    """Zabbix: one trigger may have several problems at a time."""
    problem = {"event_value": "1", "trigger_id": "3", "event_name": "Error in log"}
    site.send(problem | {"event_id": "7"}, source="zabbix")
    site.send(problem | {"event_id": "8"}, 1, source="zabbix")
    site.work(1)

    site.send(problem | {"event_id": "7", "event_value": "0"}, 30, source="zabbix")
    site.work(30)

    assert [(one.mark, one.lasts) for one in site.episodes()] == [("event 7", False), ("event 8", True)]
