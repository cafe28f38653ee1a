"""From signals to tickets: one for each situation, whatever the number and mixture of what comes in (MON-3)."""

from datetime import timedelta

import pytest

from accounts.tenancy import as_provider
from contracts import commands as contracts
from monitoring import commands
from monitoring.commands import episodes
from notifications.models import Mail
from tests import factories as make
from tests.monitoring.conftest import alert, at, delivery
from tickets import commands as tickets
from tickets.models import Event

pytestmark = pytest.mark.django_db
FIRING, RESOLVED = alert(), alert(ended=10)


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
    before = site.mails()

    for minute in range(1, 40):
        site.alerts(alert(), minutes=minute)
        site.work(minute)

    [ticket] = site.tickets()
    assert (len(site.bodies(ticket)), site.mails() - before) == (1, 0)
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


def test_flapping_is_quiet_on_one_ticket(site):
    """On and off every two minutes, for an hour."""
    site.alerts(FIRING)
    site.work()
    before = site.mails()
    for minute in range(2, 60, 4):
        site.alerts(alert(started=minute - 2, ended=minute), minutes=minute)
        site.work(minute)
        site.alerts(alert(started=minute + 2), minutes=minute + 2)
        site.work(minute + 2)

    [ticket] = site.tickets()
    assert (len(site.bodies(ticket)), site.mails() - before) == (1, 0)
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


def test_an_event_with_a_long_key_and_no_title_is_taken(site):
    event = {"key": "k" * 1000, "status": "resolved", "started_at": at(-5).isoformat()}
    site.send(event, source="events")
    site.work()

    assert [(len(one.title), one.ended_at) for one in site.episodes()] == [(200, at(0))]


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


def test_a_signal_that_was_parked_is_erased_when_it_is_old(site, monkeypatch):
    site.alerts(FIRING)
    monkeypatch.setattr(episodes, "_sightings", lambda *_any: 1 / 0)
    for minute in range(3):
        site.work(minute)
    assert [one.parked_at for one in site.signals()] == [at(2)]

    assert commands.erase_old_signals(now=at(1) + timedelta(days=90)) == 1
