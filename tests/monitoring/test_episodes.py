"""From signals to tickets: one for each situation, whatever the number, order and mixture of what comes in (MON-3)."""

import itertools
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tenancy import as_provider
from contracts import commands as contracts
from helpdesk.lib.moments import zoned
from monitoring import commands, wording
from monitoring.commands import episodes
from monitoring.models import Episode, Heartbeat
from notifications.models import Mail
from tests import factories as make
from tests.monitoring.conftest import alert, at, delivery
from tickets import commands as tickets
from tickets.models import Event

pytestmark = pytest.mark.django_db


def mails(site):
    with as_provider():
        return Mail.objects.filter(customer=site.world.acme).count()


def test_an_alert_opens_one_technical_ticket_with_its_evidence(site):
    site.alerts(alert(severity="critical"))

    site.work()

    [ticket] = site.tickets()
    [body] = site.bodies(ticket)
    assert (ticket.type, ticket.severity, ticket.channel, ticket.requester, ticket.opened_by) == (
        *("technical", "critical", "monitoring"),
        *(None, None),
    )
    assert (ticket.product, ticket.version, ticket.environment) == (site.world.softswitch, site.world.version, site.environment)
    assert ticket.subject == "Main site: DiskFull on a"
    assert not ticket.is_verified
    assert "alertname = DiskFull\ninstance = a:9100\nseverity = critical" in body
    assert "<http://prometheus.acme.example:9090/graph?g0.expr=up>" in body
    assert "Any action in your environment remains yours" in body


def test_contacts_and_team_are_told_of_it(site):
    site.alerts(alert())

    site.work()

    with as_provider():
        told = set(Mail.objects.filter(customer=site.world.acme, kind="ticket_opened").values_list("address", flat=True))
    assert told == {"alan@acme.example", site.world.sara.person.email, site.world.lea.person.email}


def test_repeats_are_counted_and_nobody_hears_of_them(site):
    site.alerts(alert())
    site.work()
    before = mails(site)

    for minute in range(1, 40):
        site.alerts(alert(), minutes=minute)
        site.work(minute)

    [ticket] = site.tickets()
    assert (len(site.bodies(ticket)), mails(site) - before) == (1, 0)
    assert [(one.count, one.seen_at) for one in site.episodes()] == [(40, at(39))]


def test_its_end_is_written_on_the_ticket_when_it_has_settled(site):
    site.alerts(alert())
    site.work()
    site.alerts(alert(ended=10), minutes=10)
    site.work(10)
    [ticket] = site.tickets()
    assert len(site.bodies(ticket)) == 1

    site.work(15)

    [_opening, end] = site.bodies(ticket)
    assert "It was reported 1 time." in end
    assert "We propose to close this ticket." in end
    assert [(one.over_because, one.over_at) for one in site.situations()] == [("ended", at(15))]
    [ticket] = site.tickets()
    assert ticket.status == "new"


def test_what_monitoring_writes_meets_no_promise(site):
    site.alerts(alert())
    site.work()
    site.alerts(alert(ended=10), minutes=10)
    site.work(10)
    site.work(20)

    [ticket] = site.tickets()
    with as_provider():
        kinds = list(Event.objects.filter(ticket=ticket).order_by("position").values_list("kind", "actor", "by_staff"))
        assert set(ticket.promise.clocks.values_list("outcome", flat=True)) == {None}
    assert kinds == [("opened", None, False), ("observed", None, False)]


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


def test_flapping_is_quiet_on_one_ticket(site):
    """On and off every two minutes, for an hour."""
    site.alerts(FIRING)
    site.work()
    before = mails(site)
    for minute in range(2, 60, 4):
        site.alerts(alert(started=minute - 2, ended=minute), minutes=minute)
        site.work(minute)
        site.alerts(alert(started=minute + 2), minutes=minute + 2)
        site.work(minute + 2)

    [ticket] = site.tickets()
    assert (len(site.bodies(ticket)), mails(site) - before) == (1, 0)
    assert site.situations()[0].restarts == 15


def test_whoever_flaps_slowly_is_told_less_each_time(site):
    """Quiet for twenty minutes each time: the third time that is not long enough to be over."""
    minute = 0
    for _round in range(6):
        site.alerts(alert(started=minute), minutes=minute)
        site.work(minute)
        site.alerts(alert(started=minute, ended=minute + 1), minutes=minute + 1)
        site.work(minute + 1)
        site.work(minute + 20)
        minute += 21

    [ticket] = site.tickets()
    assert sum("It is over" in body for body in site.bodies(ticket)) == 2
    assert sum("It is there again" in body for body in site.bodies(ticket)) == 2


def test_what_comes_again_after_its_ticket_was_solved_is_a_follow_up(site):
    site.alerts(FIRING)
    site.alerts(RESOLVED, minutes=10)
    site.work(10)
    [first] = site.tickets()
    tickets.answer(ticket=first, agent=site.world.sara.person, body="Cleaned.", status="resolved", now=at(20))

    site.alerts(alert(started=60), minutes=60)
    site.work(60)

    _first, second = site.tickets()
    assert second.follow_up_of == first


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


def test_a_storm_in_one_delivery_is_one_ticket_with_a_list(site):
    site.alerts(*(alert(f"Alert{number:02}", severity="low") for number in range(60)), alert("Worst", severity="high"))

    site.work()

    [ticket] = site.tickets()
    [body] = site.bodies(ticket)
    assert (ticket.subject, ticket.severity) == ("Main site: 61 alerts at once", "high")
    assert body.count("- Alert") == 50
    assert "- and 11 more" in body


def test_a_storm_takes_over_what_came_just_before(site):
    for number in range(19):
        site.alerts(alert(f"Alert{number:02}"), minutes=number / 10)
        site.work(number / 10)
    taken = site.tickets()[3]
    tickets.assign(ticket=taken, agent=site.world.sara.person, assignee=site.world.sara, now=at(2))

    site.alerts(alert("Twentieth"), minutes=2)
    site.work(2)

    active = [ticket for ticket in site.tickets() if ticket.status != "resolved"]
    assert [ticket.pk for ticket in active] == [taken.pk, site.tickets()[-1].pk]
    assert active[1].subject == "Main site: 20 alerts at once"
    with as_provider():
        assert Episode.objects.filter(situation__ticket=active[1]).count() == 19


def test_what_a_storm_takes_over_was_neither_kept_nor_missed(site):
    for number in range(20):
        site.alerts(alert(f"Alert{number:02}"), minutes=number / 10)
        site.work(number / 10)

    with as_provider():
        outcomes = list(site.tickets()[0].promise.clocks.values_list("outcome", "missed_at"))
    assert set(outcomes) == {("cancelled", None)}


def test_what_joins_a_storm_is_counted_quietly(site):
    site.alerts(*(alert(f"Alert{number:02}") for number in range(20)))
    site.work()
    before = mails(site)

    site.alerts(alert("Late"), minutes=4)
    site.work(4)

    [ticket] = site.tickets()
    assert (len(site.bodies(ticket)), mails(site) - before) == (1, 0)
    with as_provider():
        assert Episode.objects.filter(situation__ticket=ticket).count() == 21


def test_what_comes_after_a_storm_has_a_ticket_of_its_own(site):
    site.alerts(*(alert(f"Alert{number:02}") for number in range(20)))
    site.work()

    site.alerts(alert("Later", started=6), minutes=6)
    site.work(6)

    assert len(site.tickets()) == 2


def test_a_storms_measure_is_the_environments(site):
    values = {"product": None, "usual_severity": "low", "storm_count": 3, "storm_minutes": 5, "settle_minutes": 5, "keep_days": 90}
    commands.set_watch(actor=site.world.ada, environment=site.environment, rules=[], settings=values, now=make.NOW)

    site.alerts(*(alert(f"Alert{number}") for number in range(3)))
    site.work()

    assert [ticket.subject for ticket in site.tickets()] == ["Main site: 3 alerts at once"]


def test_severity_is_by_the_environments_rules_first(site):
    values = {"product": None, "usual_severity": "low", "storm_count": 20, "storm_minutes": 5, "settle_minutes": 5, "keep_days": 90}
    rules = [("team", "voip", "critical"), ("team", "billing", "medium")]
    commands.set_watch(actor=site.world.ada, environment=site.environment, rules=rules, settings=values, now=make.NOW)

    site.alerts(
        *(
            alert("A", team="voip"),
            alert("B", team="billing", severity="critical"),
            alert("C", severity="Warning"),
            alert("D", severity="?"),
        )
    )
    site.work()

    assert [ticket.severity for ticket in site.tickets()] == ["critical", "medium", "medium", "low"]


def test_maintenance_opens_no_ticket_until_it_is_over(site):
    make.maintenance(site.world.ada, site.environment, at(0), at(30))
    site.alerts(alert("Short", started=1), alert("Long", started=1), minutes=1)
    site.work(1)
    site.alerts(alert("Short", started=1, ended=20), minutes=20)
    site.work(20)
    assert site.tickets() == []

    site.work(30)

    assert [ticket.subject for ticket in site.tickets()] == ["Main site: Long on a"]


def test_a_withdrawal_ends_what_lasts_and_the_ticket_stays(site):
    site.alerts(FIRING)
    site.work()
    site.alerts(alert("Waiting"), minutes=1)

    commands.withdraw(actor=site.world.ada, environment=site.environment, erase=False, now=at(2))

    [ticket] = site.tickets()
    assert site.work(3) == 0
    assert [(one.ended_at, one.ended_because) for one in site.episodes()] == [(at(2), "watch_ended")]
    assert [one.over_because for one in site.situations()] == ["watch_ended"]
    assert (ticket.status, "The watch ended" in site.bodies(ticket)[-1]) == ("new", True)


def test_a_contract_that_runs_out_ends_the_watch(site):
    site.alerts(FIRING)
    site.work()
    contracts.set_standing(
        actor=None, contract=site.world.contract, state="suspended", from_date=at(0).date() + timedelta(days=1), reason="x", now=at(1)
    )
    tomorrow = at(60 * 24)

    assert commands.shut_gates(now=at(10)) == 0
    assert commands.shut_gates(now=tomorrow) == 1

    assert [one.ended_because for one in site.episodes()] == ["watch_ended"]


def test_signals_are_erased_with_the_withdrawal_where_the_customer_says_so(site):
    site.alerts(FIRING)
    site.work()

    commands.withdraw(actor=site.world.ada, environment=site.environment, erase=True, now=at(2))

    assert [one.body for one in site.signals()] == [None]
    assert [one.evidence for one in site.episodes()] == [{}]


def test_signals_are_erased_when_they_are_old(site):
    site.alerts(FIRING)
    site.work()
    site.alerts(RESOLVED, minutes=10)
    site.work(10)

    assert commands.erase_old_signals(now=at(10) + timedelta(days=89)) == 0
    assert commands.erase_old_signals(now=at(11) + timedelta(days=90)) == 2
    assert [one.evidence for one in site.episodes()] == [{}]


def test_a_signal_that_cannot_be_worked_on_is_parked_and_holds_up_no_other(site, monkeypatch):
    first = site.alerts(FIRING)
    site.alerts(alert("Other"))
    real = episodes._sightings
    monkeypatch.setattr(episodes, "_sightings", lambda signal, gate: 1 / 0 if signal.pk == first else real(signal, gate))

    for minute in range(4):
        site.work(minute)

    assert [(one.attempts, one.parked_at, one.worked_at is None) for one in site.signals()] == [(3, at(2), True), (0, None, False)]
    assert [ticket.subject for ticket in site.tickets()] == ["Main site: Other on a"]


def test_zabbix_and_events_open_tickets_too(site):
    site.send(
        {"event_value": "1", "event_id": "7", "trigger_id": "3", "event_name": "High CPU", "event_severity": "Disaster"}, source="zabbix"
    )
    site.send({"key": "backup", "title": "Backup failed", "severity": "high", "log": "No space"}, source="events")
    site.work()
    site.send({"event_value": "0", "event_id": "7", "trigger_id": "3", "event_name": "High CPU"}, 5, source="zabbix")
    site.send({"key": "backup", "status": "resolved"}, 5, source="events")
    site.work(5)

    assert [(ticket.subject, ticket.severity) for ticket in site.tickets()] == [
        ("Main site: High CPU", "critical"),
        ("Main site: Backup failed", "high"),
    ]
    assert [one.ended_at for one in site.episodes()] == [at(5), at(5)]


def test_markup_in_an_alert_is_shown_and_not_read(site):
    hostile = alert() | {"annotations": {"summary": "**x** <script>alert(1)</script> [a](javascript:b)", "log": "```\n# no heading\n````"}}
    site.send(delivery(hostile))
    site.work()

    [ticket] = site.tickets()
    with as_provider():
        html = ticket.messages.get().shown
    assert "<script" not in html
    assert "<h1>" not in html
    assert 'href="javascript' not in html
    assert "**x** &lt;script&gt;" in html


# --- Heartbeats -------------------------------------------------------------------------------------------------------
def state(beat):
    with as_provider():
        return Heartbeat.objects.values_list("state", "due_at").get(pk=beat.pk)


def test_a_heartbeat_is_expected_from_its_first_sign_on(site):
    beat = make.heartbeat(site.world.ada, site.environment)
    site.work(600)
    assert state(beat) == ("new", None)

    site.ping(beat.slug, minutes=600)
    site.work(600)

    assert state(beat) == ("up", at(606))


def test_one_that_does_not_come_opens_a_ticket_and_one_that_comes_again_ends_it(site):
    beat = make.heartbeat(site.world.ada, site.environment)
    site.ping(beat.slug)
    site.work(5.99)
    assert site.tickets() == []

    site.work(6)
    [ticket] = site.tickets()
    site.ping(beat.slug, minutes=20)
    site.work(20)

    assert ticket.subject == "Main site: Nightly backup: no sign of life"
    assert [(one.started_at, one.ended_at) for one in site.episodes()] == [(at(6), at(20))]
    assert state(beat) == ("up", at(26))


def test_a_failure_opens_a_ticket_with_the_end_of_its_log(site):
    beat = make.heartbeat(site.world.ada, site.environment)
    site.ping(beat.slug, "fail", log=b"tar: no space left", exit_code=2)
    site.work()

    [ticket] = site.tickets()
    assert ticket.subject == "Main site: Nightly backup: it failed with exit code 2"
    assert "tar: no space left" in site.bodies(ticket)[0]
    assert state(beat) == ("down", None)


def test_a_run_that_began_and_does_not_end_is_late(site):
    beat = make.heartbeat(site.world.ada, site.environment)
    site.ping(beat.slug, "start")
    site.work(0.5)
    assert state(beat) == ("up", at(1))

    site.work(1)

    assert state(beat)[0] == "down"


def test_a_paused_heartbeat_is_not_expected_until_it_comes(site):
    beat = make.heartbeat(site.world.ada, site.environment)
    site.ping(beat.slug)
    site.work()
    commands.pause_heartbeat(actor=site.world.ada, heartbeat=beat, now=at(1))
    site.work(60)
    assert (state(beat), site.tickets()) == (("paused", None), [])

    site.ping(beat.slug, minutes=61)
    site.work(61)

    assert state(beat) == ("up", at(67))


def test_what_waits_to_be_worked_on_is_looked_at_before_anything_is_late(site, monkeypatch):
    beat = make.heartbeat(site.world.ada, site.environment)
    site.ping(beat.slug)
    site.work()
    site.ping(beat.slug, minutes=5)

    assert commands.notice_late(now=at(7)) == 0

    site.work(7)
    assert (state(beat), site.tickets()) == (("up", at(11)), [])


def test_signs_that_come_in_the_wrong_order_count_by_their_time(site):
    beat = make.heartbeat(site.world.ada, site.environment)
    site.ping(beat.slug, minutes=5)
    site.ping(beat.slug, "fail", minutes=3)
    site.work(5)

    assert state(beat) == ("up", at(11))


def test_a_removed_heartbeat_frees_its_name(site):
    beat = make.heartbeat(site.world.ada, site.environment)
    with pytest.raises(commands.NameTaken):
        make.heartbeat(site.world.ada, site.environment)
    commands.remove_heartbeat(actor=site.world.ada, heartbeat=beat, now=at(1))

    assert make.heartbeat(site.world.ada, site.environment).slug == beat.slug


def test_a_heartbeat_that_is_paused_or_removed_while_it_is_down_leaves_no_alert_that_never_ends(site):
    paused, removed = (
        make.heartbeat(site.world.ada, site.environment, "Paused"),
        make.heartbeat(site.world.ada, site.environment, "Removed"),
    )
    for beat in (paused, removed):
        site.ping(beat.slug, "fail")
    site.work()

    commands.pause_heartbeat(actor=site.world.ada, heartbeat=paused, now=at(3))
    commands.remove_heartbeat(actor=site.world.ada, heartbeat=removed, now=at(3))
    site.work(8)

    assert [(one.ended_at, one.ended_because) for one in site.episodes()] == [(at(3), "watch_ended")] * 2
    assert [one.over_at for one in site.situations()] == [at(8)] * 2
    assert all("It is not watched any more since" in site.bodies(ticket)[-1] for ticket in site.tickets())


# --- In the wrong order -----------------------------------------------------------------------------------------------
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


def test_an_event_with_a_long_key_and_no_title_is_taken(site):
    event = {"key": "k" * 1000, "status": "resolved", "started_at": at(-5).isoformat()}
    site.send(event, source="events")
    site.work()

    assert [(len(one.title), one.ended_at) for one in site.episodes()] == [(200, at(0))]


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


def test_what_still_lasts_when_the_watch_begins_again_is_seen_at_once(site):
    site.alerts(FIRING)
    site.work()
    commands.withdraw(actor=site.world.ada, environment=site.environment, erase=False, now=at(2))
    make.authorisation(site.world.ada, site.environment, now=at(3))

    site.alerts(FIRING, minutes=4)
    site.work(4)

    assert [(one.ended_because, one.lasts) for one in site.episodes()] == [("watch_ended", False), ("", True)]
    [ticket] = site.tickets()
    assert "It is there again" in site.bodies(ticket)[-1]


def test_the_end_of_an_earlier_problem_of_a_trigger_does_not_end_the_later_one(site):
    """Zabbix: one trigger may have several problems at a time."""
    problem = {"event_value": "1", "trigger_id": "3", "event_name": "Error in log"}
    site.send(problem | {"event_id": "7"}, source="zabbix")
    site.send(problem | {"event_id": "8"}, 1, source="zabbix")
    site.work(1)

    site.send(problem | {"event_id": "7", "event_value": "0"}, 30, source="zabbix")
    site.work(30)

    assert [(one.mark, one.lasts) for one in site.episodes()] == [("event 7", False), ("event 8", True)]


def test_one_alert_that_flaps_makes_no_storm_of_two(site):
    for second in range(0, 240, 12):
        site.alerts(alert(started=second / 60), minutes=second / 60)
        site.alerts(alert(started=second / 60, ended=(second + 6) / 60), minutes=(second + 6) / 60)
        site.work((second + 6) / 60)
    assert len(site.episodes()) == 20

    site.alerts(alert("Other", started=4.5), minutes=4.5)
    site.work(4.5)

    assert [one.is_storm for one in site.situations()] == [False, False]


def test_a_storm_leaves_alone_what_the_customer_wrote_on(site):
    site.alerts(*(alert(f"Alert{number:02}") for number in range(2)))
    site.work()
    written, _other = site.tickets()
    tickets.reply(ticket=written, author=site.world.ada, body="We are working on it.", now=at(1))

    site.alerts(*(alert(f"More{number:02}") for number in range(20)), minutes=2)
    site.work(2)

    assert [ticket.status for ticket in site.tickets()] == ["new", "resolved", "new"]


def test_a_signal_that_was_parked_is_erased_when_it_is_old(site, monkeypatch):
    site.alerts(FIRING)
    monkeypatch.setattr(episodes, "_sightings", lambda *_any: 1 / 0)
    for minute in range(3):
        site.work(minute)
    assert [one.parked_at for one in site.signals()] == [at(2)]

    assert commands.erase_old_signals(now=at(1) + timedelta(days=90)) == 1


def test_a_flood_of_new_alerts_is_placed_in_few_statements(site):
    site.alerts(*(alert(f"Few{number:03}") for number in range(50)))
    site.alerts(*(alert(f"Many{number:03}", started=10) for number in range(300)), minutes=10)
    with CaptureQueriesContext(connection) as few:
        commands.work_signals(now=at(), most=1)
    with CaptureQueriesContext(connection) as many:
        commands.work_signals(now=at(10), most=1)

    assert len(site.episodes()) == 350
    assert len(many) <= len(few) + 5
