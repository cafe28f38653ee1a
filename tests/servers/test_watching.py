"""The whole way with the real programs: a node exporter's figure becomes one ticket, and without the permission nothing comes in."""

import pytest
from django.utils import timezone

from accounts.tenancy import as_provider
from monitoring import commands, curves
from monitoring.models import Episode, Rejection, Signal, Situation, Target
from tests import factories as make
from tests.servers.starting import desk
from tests.servers.watching import Programs
from tickets.models import Message, Ticket
from tooling import ports
from tooling.processes import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.servers]
PATIENCE = 90  # seconds, on a busy machine
DISCOVERY_TOKEN = "discovery-" + "d" * 24
SETTINGS = {"product": None, "usual_severity": "medium", "storm_count": 20, "storm_minutes": 5, "settle_minutes": 0, "keep_days": 90}


def sweep() -> None:
    now = timezone.now()
    commands.work_signals(now=now)
    commands.settle_due(now=now)


def until(holds) -> bool:
    """Waits until it holds, working on what came in meanwhile."""

    def look() -> bool:
        sweep()
        with as_provider():
            return bool(holds())

    return wait_until(look, PATIENCE, pause=0.5)


def offer(environment, address, by) -> None:
    """As a row: on loopback, where all of this runs, nobody may offer one."""
    row = {"customer": environment.customer, "environment": environment, "address": address, "job": "node"}
    with as_provider():
        Target.objects.create(**row, added_by=by, added_at=timezone.now())


def bodies() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("body", flat=True))


def test_a_node_exporters_alert_is_one_ticket_from_its_start_to_its_end(world, tmp_path, settings):
    environment = make.environment(world.acme, contract=world.contract, contacts=(world.alan,), installed={world.softswitch: world.version})
    make.authorisation(world.ada, environment)
    commands.set_watch(actor=world.ada, environment=environment, rules=[], settings=SETTINGS, now=make.NOW)
    _credential, token = make.credential(world.ada, environment)
    folder = tmp_path / "watching"
    folder.mkdir()
    with desk(tmp_path / "desk") as started:
        started.start("web", DISCOVERY_TOKEN=DISCOVERY_TOKEN)
        programs = Programs(started, folder, DISCOVERY_TOKEN)
        programs.start_exporter()
        programs.start_alertmanagers(token)
        programs.start_prometheus()
        address = f"{ports.LOOPBACK}:{programs.exporter}"

        # Nobody offered anything yet; then it is scraped because the customer offers it.
        assert programs.targets() == []
        offer(environment, address, by=world.ada)
        assert wait_until(lambda: programs.targets() == [address], PATIENCE, pause=0.5), started.log("prometheus")

        # It fires: one ticket, and repeats of two Alertmanagers are counted quietly.
        programs.fill_disk(full=True)
        assert until(lambda: Episode.objects.filter(count__gte=6).exists()), started.log("alertmanager-1")
        with as_provider():
            [ticket], [episode] = Ticket.objects.all(), Episode.objects.all()
            [body] = bodies()
        assert (ticket.severity, ticket.subject, episode.lasts) == ("critical", "Main site: The disk of the trial is full", True)
        assert f"environment_id = {environment.pk}" in body
        assert "alertname = TrialDiskFull" in body

        # Its curve comes from that server.
        settings.PROMETHEUS_URL = programs.prometheus_address
        reachable = curves.points(curves.BY_KEY["reachable"], environment.pk, curves.SPANS["day"], timezone.now())
        assert reachable[-1][1] == 100
        assert curves.points(curves.BY_KEY["reachable"], environment.pk + 1, curves.SPANS["day"], timezone.now()) == []

        # It ends, which is written on the same ticket; closing is proposed, not done.
        programs.fill_disk(full=False)
        assert until(lambda: Situation.objects.filter(over_because="ended").exists()), started.log("alertmanager-1")
        with as_provider():
            assert [len(bodies()), Ticket.objects.get().status] == [2, "new"]
            assert "We propose to close this ticket." in bodies()[1]

        # It fires again; then the permission is withdrawn.
        programs.fill_disk(full=True)
        assert until(lambda: Episode.objects.filter(ended_at=None).exists()), started.log("alertmanager-1")
        commands.withdraw(actor=world.ada, environment=environment, erase=False, now=timezone.now())
        with as_provider():
            stored = Signal.objects.count()
            assert list(Situation.objects.values_list("over_because", flat=True)) == ["watch_ended"]
            assert "The watch ended" in bodies()[-1]

        # The next deliveries are refused, and the address is offered no more.
        assert until(lambda: Rejection.objects.filter(reason="unauthorised", count__gte=2).exists()), started.log("alertmanager-1")
        assert wait_until(lambda: programs.targets() == [], PATIENCE, pause=0.5), started.log("prometheus")
        with as_provider():
            assert (Signal.objects.count(), Ticket.objects.count()) == (stored, 1)
        assert started.errors("web") == []
