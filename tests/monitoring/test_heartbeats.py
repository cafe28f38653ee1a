"""Jobs that are expected to call, and what comes of one that does not (MON-3)."""

import pytest

from accounts.tenancy import as_provider
from monitoring import commands
from monitoring.models import Heartbeat
from tests import factories as make
from tests.monitoring.conftest import at

pytestmark = pytest.mark.django_db


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
