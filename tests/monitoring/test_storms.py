"""Many alerts at once are one ticket with a list, and a flood costs few statements (MON-3)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tenancy import as_provider
from monitoring import commands
from monitoring.models import Episode
from tests import factories as make
from tests.monitoring.conftest import alert, at
from tickets import commands as tickets

pytestmark = pytest.mark.django_db


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
    before = site.mails()

    site.alerts(alert("Late"), minutes=4)
    site.work(4)

    [ticket] = site.tickets()
    assert (len(site.bodies(ticket)), site.mails() - before) == (1, 0)
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


def test_a_flood_of_new_alerts_is_placed_in_few_statements(site):
    site.alerts(*(alert(f"Few{number:03}") for number in range(50)))
    site.alerts(*(alert(f"Many{number:03}", started=10) for number in range(300)), minutes=10)
    with CaptureQueriesContext(connection) as few:
        commands.work_signals(now=at(), most=1)
    with CaptureQueriesContext(connection) as many:
        commands.work_signals(now=at(10), most=1)

    assert len(site.episodes()) == 350
    assert len(many) <= len(few) + 5
