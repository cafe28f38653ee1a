"""PostgreSQL gone, back, and silent: nothing acknowledged is lost, nothing is doubled, and everybody is told within seconds."""

import json
import socket
import time
from collections import Counter

import pytest
from django.db import connection
from django.test import Client

from accounts.tenancy import as_provider
from tests.faults.load import Load
from tests.faults.mail_server import HOLD
from tests.faults.outbox import all_sent, owed, states, unknown_outcomes
from tests.faults.system import CUT
from tickets.models import Message, Ticket
from tooling.processes import wait_until

pytestmark = pytest.mark.slow
RECOVERY_SECONDS = 30


def written():
    """How often each text of a client was kept."""
    with as_provider():
        return Counter(Message.objects.values_list("body", flat=True))


def test_crashes_and_cut_lines_under_load_lose_and_double_nothing(desk, town, counted):
    visitors = [desk.visitor(person) for person in (town.ada, town.alan, town.grace) * 2]
    cut, recoveries = 0, []
    with Load(visitors, town.softswitch) as load:
        for _time in range(2):
            load.more(12)
            desk.crash_database()
            desk.start_database()
            recoveries.append(load.more(1))
            for _cut in range(3):
                load.more(6)
                cut += int(desk.sql(CUT))
        load.more(12)

    connection.close()
    kept = written()
    assert set(load.answers) <= {200, 503, "Failed", "RemoteDisconnected", "ConnectionResetError"}
    assert {words: kept[words] for words in load.done} == dict.fromkeys(load.done, 1)
    assert max(kept.values()) == 1
    with as_provider():
        assert Ticket.objects.count() == Ticket.objects.values("subject").distinct().count()
    assert max(recoveries) < RECOVERY_SECONDS
    counted(
        f"2 crashes, {cut} lines cut: {len(load.done)} acknowledged writes, 0 lost, 0 doubled; answers {dict(load.answers)}; "
        f"working again {max(recoveries):.1f} s after the server was"
    )


def test_without_the_database_every_page_says_come_back_and_then_works_again(desk, town, counted):
    visitor = desk.visitor(town.ada)
    pages = ["/", "/tickets/", "/tickets/new/", "/account/login/", "/console/queues/all/", "/no-such-page/"]
    assert visitor.get("/tickets/").status == 200
    desk.crash_database()
    seen = [visitor.get(path) for path in pages]
    script = visitor.post("/uploads/", [], [], Accept="application/json")

    assert {(page.status, page.headers["Retry-After"], page.marked("<h1>")[0]) for page in seen} == {(503, "5", "Back in a moment")}
    assert {page.language for page in seen} == {"en"}
    assert (script.status, json.loads(script.body)) == (503, {"error": "Nothing can be kept right now. Try again in a moment."})
    assert max(page.milliseconds for page in seen) < 10_000
    assert [visitor.get(path).status for path in ("/readyz", "/healthz", "/robots.txt")] == [503, 200, 200]
    desk.start_database()
    begun = time.monotonic()
    assert wait_until(lambda: visitor.get("/tickets/").status == 200, RECOVERY_SECONDS)
    assert visitor.get("/readyz").status == 200
    counted(f"{len(pages)} pages, all 503 with Retry-After; 200 again {time.monotonic() - begun:.1f} s after the server was back")


def test_a_form_sent_while_the_database_is_away_counts_once_when_it_is_sent_again(desk, town):
    visitor = desk.visitor(town.ada)
    page = visitor.get("/tickets/new/")
    form = page.form("subject", "submission_key")
    values = form.filled(type="technical", severity="high", product=str(town.softswitch.pk), subject="Calls drop", description="Since ten.")
    desk.crash_database()
    away = visitor.send(page, form, values)
    desk.start_database()

    again = [visitor.send(page, form, values) for _click in range(2)]

    assert away.status == 503
    assert "Reload this page to send your form again." in away.text
    assert {answer.status for answer in again} == {200}
    assert again[0].path == again[1].path
    assert written() == {"Since ten.": 1}


def test_worker_and_beat_go_on_after_a_crash(desk, town):
    desk.start_worker()
    desk.start_beat()
    desk.crash_database()
    assert wait_until(lambda: "OperationalError" in (desk.system.place.logs / "worker.log").read_text(), 20)
    desk.start_database()

    owed(3)

    assert all_sent(desk.mail) == 3
    assert [desk.child(name).has_ended() for name in ("worker", "beat")] == [False, False]


def test_what_the_mail_server_took_is_noted_when_the_database_is_back(desk, counted):
    """The relay lives on: to send it again would be a double that nobody was killed for."""
    owed(2)
    desk.mail.rule("DATA", HOLD)
    desk.start_relay()
    desk.mail.wait_for("DATA")
    desk.crash_database()
    desk.mail.let_go()
    log = desk.child("relay-1").log
    assert wait_until(lambda: "noted as soon as it is back" in log.read_text(), 20)
    desk.start_database()
    desk.wait_for_end("relay-1")

    assert (states(), unknown_outcomes(), sorted(desk.mail.counts().values())) == ({"sent": 2}, 0, [1, 1])
    counted("2 mails, 1 crash between acceptance and mark: each accepted once, no outcome unknown")


def test_a_server_that_accepts_and_never_answers_is_told_within_seconds(desk):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        connection.close()
        connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": str(silent.getsockname()[1])}
        begun = time.monotonic()

        answer = Client(raise_request_exception=False).get("/readyz")

    assert (answer.status_code, json.loads(answer.content)) == (503, {"database": "unreachable"})
    assert time.monotonic() - begun < 10
