"""/metrics: who may read it, what it holds, and that it answers what it can when the database does not."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tenancy import as_provider
from billing.commands.verification import verify_allocations
from helpdesk import metering, sweeps
from monitoring import commands as monitoring
from notifications.models import Mail, Page
from tests import factories as make
from tickets import commands

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-this-test-only"


def ask(**headers):
    return Client().get("/metrics", headers=headers)


def figures(text):
    """Every sample by its name and labels."""
    return {name: float(value) for name, value in re.findall(r"^(helpdesk_\S+) (\S+)$", text, re.MULTILINE)}


@pytest.mark.django_db
def test_without_a_token_only_this_machine_may_read():
    statuses = {
        "here": ask().status_code,
        "by the proxy": ask(x_forwarded_for="127.0.0.1").status_code,
        "elsewhere": Client(REMOTE_ADDR="192.0.2.7").get("/metrics").status_code,
        "posted": Client().post("/metrics").status_code,
    }

    assert statuses == {"here": 200, "by the proxy": 404, "elsewhere": 404, "posted": 405}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "status"),
    [(f"Bearer {TOKEN}", 200), (f"Bearer {TOKEN}x", 404), (TOKEN, 404), ("", 404), ("Bearer tëst", 404)],
)
def test_with_a_token_only_its_holder_may_read(settings, given, status):
    settings.METRICS_TOKEN = TOKEN

    assert ask(authorization=given).status_code == status


@pytest.mark.django_db
def test_the_outbox_and_tickets_are_counted(world):
    make.ticket(world.contract, world.softswitch, world.ada)
    with as_provider():
        waiting = Mail.objects.count()
        Mail.objects.filter(pk=Mail.objects.first().pk).update(state="parked", unknown_outcomes=1)
        Mail.objects.filter(state="due").update(due_at=timezone.now() - timedelta(seconds=90))
    found = figures(ask().content.decode())

    assert found['helpdesk_mails{state="due"}'] == waiting - 1
    assert found['helpdesk_mails{state="parked"}'] == 1
    assert 90 <= found["helpdesk_mail_oldest_due_seconds"] < 100
    assert (found["helpdesk_mail_unknown_outcomes"], found["helpdesk_verdicts_wanted"]) == (1, 1)


@pytest.mark.django_db
def test_pages_are_counted_and_the_relay_of_pages_is_as_late_as_the_oldest(world):
    now = timezone.now()
    make.rota(world.sara)
    make.page("waits", now=now - timedelta(seconds=90))
    failed = make.page("failed", now=now)
    with as_provider():
        Page.objects.filter(pk=failed.pk).update(state="failed")
    found = figures(ask().content.decode())

    assert {state: found[f'helpdesk_pages{{state="{state}"}}'] for state in ("due", "sending", "sent", "failed")} == {
        "due": 1,
        "sending": 0,
        "sent": 0,
        "failed": 1,
    }
    assert 90 <= found["helpdesk_page_oldest_due_seconds"] < 100


@pytest.mark.django_db
def test_steps_of_promises_are_as_late_as_the_oldest_that_nobody_was_told_of(world):
    now = timezone.now()
    make.ticket(world.contract, world.softswitch, world.ada, severity="critical", now=now - timedelta(minutes=15, seconds=90))
    waiting = figures(ask().content.decode())["helpdesk_step_oldest_due_seconds"]
    commands.notice_due(now=now)

    assert 90 <= waiting < 100
    assert figures(ask().content.decode())["helpdesk_step_oldest_due_seconds"] == 0


@pytest.mark.django_db
def test_signals_that_wait_and_signals_that_could_not_be_worked_on_are_told(world, monkeypatch):
    now = timezone.now()
    environment = make.environment(world.acme, contract=world.contract)
    make.authorisation(world.ada, environment, now=now - timedelta(minutes=3))
    _credential, token = make.credential(world.ada, environment, "events")
    monitoring.accept(source="events", token=token, body=b'{"title": "x"}', now=now - timedelta(seconds=90), tick=0.0)
    waiting = figures(ask().content.decode())
    monkeypatch.setattr("monitoring.commands.episodes._sightings", lambda *_any: 1 / 0)
    for _time in range(3):
        monitoring.work_signals(now=now)
    parked = figures(ask().content.decode())

    names = ("helpdesk_signal_oldest_waiting_seconds", "helpdesk_signals_parked")
    assert 90 <= waiting[names[0]] < 100
    assert (waiting[names[1]], parked[names[0]], parked[names[1]]) == (0, 0, 1)


@pytest.mark.django_db
def test_a_sweep_is_as_late_as_it_ought_to_have_ended_again():
    now = timezone.now()
    cache.set("sweeps:since", now - timedelta(days=3), None)
    sweeps.note({"sweep:notifications.tasks.relay_outbox:ended": now - timedelta(seconds=62)})
    late = {sweep.task: round(sweep.late) for sweep in sweeps.sweeps(now)}

    assert late["notifications.tasks.relay_outbox"] == 60
    assert late["tickets.tasks.close_resolved"] == 3 * 86400 - 300
    assert set(late) == set(sweeps.schedule())


@pytest.mark.django_db
def test_a_task_that_ends_is_noted_and_one_that_fails_is_noted_apart():
    from accounts.tasks import sweep_counters  # noqa: PLC0415 - needs Django's models

    sweep_counters.apply()
    before = {sweep.task: (sweep.ended_at, sweep.failed_at) for sweep in sweeps.sweeps(timezone.now())}

    assert before["accounts.tasks.sweep_counters"][0] is not None
    assert before["accounts.tasks.sweep_counters"][1] is None


@pytest.mark.django_db
def test_requests_are_timed_by_page_and_status_without_ids(world):
    client = Client()
    client.force_login(world.ada)
    client.get("/tickets/99999999/")
    found = figures(ask().content.decode())

    assert found['helpdesk_request_seconds_count{status="404",view="portal:ticket"}'] >= 1
    assert not any("99999999" in name for name in found)


@pytest.mark.django_db
def test_a_scrape_asks_little(world):
    with CaptureQueriesContext(connection) as queries:
        ask()

    assert len(queries) < 35


@pytest.mark.django_db
def test_without_the_database_it_answers_what_it_can(monkeypatch):
    ask()  # a request to count
    monkeypatch.setattr("helpdesk.figures.STATEMENT_MILLISECONDS", "no time at all")
    monkeypatch.setattr(connection, "close", lambda: None)
    answer = ask()
    found = figures(answer.content.decode())

    assert (answer.status_code, found["helpdesk_database_up"]) == (200, 0)
    assert any(name.startswith("helpdesk_request_seconds_count") for name in found)


COUNT = "from helpdesk import metering; metering.observe_request('portal:home', 200, 0.2)"


@pytest.mark.django_db
def test_a_question_that_takes_too_long_leaves_the_other_groups(world, monkeypatch):
    def slow(_now):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(10)")

    monkeypatch.setattr("helpdesk.figures.STATEMENT_MILLISECONDS", 200)
    monkeypatch.setattr("helpdesk.figures.outbox_figures", slow)
    monkeypatch.setattr(connection, "close", lambda: None)  # it is that of the test

    found = figures(ask().content.decode())

    assert found["helpdesk_database_up"] == 0
    assert "helpdesk_mail_oldest_due_seconds" not in found
    assert {"helpdesk_page_oldest_due_seconds", "helpdesk_verdicts_wanted"} <= found.keys()


def test_several_processes_are_read_as_one_and_ended_ones_leave_one_file(tmp_path, monkeypatch):
    monkeypatch.setenv(metering.FOLDER, str(tmp_path))
    metering.clear(tmp_path)
    for _process in range(3):
        subprocess.run([sys.executable, "-c", COUNT], check=True, env=os.environ)
    with metering.process_figures() as counted:
        before = counted.get_sample_value("helpdesk_request_seconds_count", {"view": "portal:home", "status": "200"})
    for file in tmp_path.glob("histogram_*.db"):
        metering.fold(int(file.stem.partition("_")[2]), tmp_path)
    with metering.process_figures() as counted:
        after = counted.get_sample_value("helpdesk_request_seconds_count", {"view": "portal:home", "status": "200"})

    assert (before, after) == (3, 3)
    assert [file.name for file in tmp_path.glob("*.db")] == ["histogram_ended.db"]


@pytest.mark.django_db
def test_every_figure_that_an_alert_asks_for_exists(world):
    Client().get("/")
    sweeps.note({f"sweep:accounts.tasks.sweep_counters:{what}": timezone.now() for what in ("ended", "failed")})
    list(commands.verify_clocks(now=timezone.now()))
    list(verify_allocations(now=timezone.now()))
    known = {name.partition("{")[0] for name in figures(ask().content.decode())}
    asked = set(re.findall(r"\bhelpdesk_\w+", (ROOT / "deploy" / "prometheus" / "rules.yml").read_text()))

    assert asked - known == set()
