"""A full disk and killed web processes: a clear word, and nothing half-done."""

import contextlib
import http.client
import os
import resource
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.tenancy import as_provider
from tests.faults.load import filing_form
from tickets import commands
from tickets.models import File, Ticket
from tickets.uploads import INCOMING
from tooling import ports
from tooling.processes import wait_until
from tooling.tour_web import Failed, Form, Upload, _multipart

pytestmark = pytest.mark.slow
ROOM = 512 * 1024  # the largest file that the web processes may write while the disk is "full"
SMALL, LARGE = Upload("calls.log", b"INVITE 503\r\n" * 100), Upload("trace.pcap", bytes(range(256)) * 4 * 1024)
UNLIMITED = resource.RLIM_INFINITY


def web_processes(desk):
    parent = desk.child("web").process.pid
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


@pytest.fixture
def full_disk(desk):
    """Writing stops in the middle of a large file, as on a full disk; small ones still fit."""
    pids = web_processes(desk)
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM, UNLIMITED))
    yield pids
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))


def stored(desk):
    """What lies on the disk: files kept, and files that arrive."""
    files = [path.relative_to(desk.system.place.files) for path in desk.system.place.files.rglob("*") if path.is_file()]
    return sorted(len(path.parent.name) for path in files)


def rows():
    with as_provider():
        return Ticket.objects.count(), File.objects.count()


def test_a_full_disk_is_told_the_text_is_kept_and_nothing_is_left(desk, town, full_disk):
    ada = desk.visitor(town.ada)
    page, values = filing_form(ada, town.softswitch, "Calls drop")
    answer = ada.send(page, Form("", "post"), values, [("files", LARGE)])

    assert answer.status == 422
    assert "There is no room for “trace.pcap” on our side right now." in answer.text
    assert dict(answer.form("subject", "description").values)["description"] == "About Calls drop"
    assert (rows(), stored(desk)) == ((0, 0), [])
    again = ada.send(answer, answer.form("subject", "submission_key"), answer.form("subject", "submission_key").values)
    assert (again.status, rows()) == (200, (1, 0))


def test_a_file_sent_by_itself_to_a_full_disk_is_answered_with_a_sentence(desk, town, full_disk):
    ada = desk.visitor(town.ada)
    token = ada.get("/tickets/new/").form("subject").value("csrfmiddlewaretoken")
    fits = ada.post("/uploads/", [("csrfmiddlewaretoken", token)], [("file", SMALL)], Accept="application/json")
    answer = ada.post("/uploads/", [("csrfmiddlewaretoken", token)], [("file", LARGE)], Accept="application/json")

    assert (fits.status, answer.status) == (201, 507)
    assert "There is no room for" in answer.body.decode()
    assert (rows(), stored(desk)) == ((0, 1), [2])


# --- kill -9 of the web process ----------------------------------------------------------------------------------------
def kill_web(desk):
    for pid in web_processes(desk):
        os.kill(pid, 9)


def sent_in_background(visitor, page, values, files):
    """A browser that sends a form and waits; its line breaks."""
    thread = threading.Thread(target=lambda: swallow(lambda: visitor.send(page, Form("", "post"), values, files)), daemon=True)
    thread.start()
    return thread


def swallow(deed):
    with contextlib.suppress(Failed, OSError, http.client.HTTPException):
        deed()


def swept(desk):
    """What the sweeps remove two days later, and what is left then."""
    later = timezone.now() + timedelta(days=2)
    removed = commands.sweep_uploads(now=later) + commands.sweep_orphans(now=later)
    return removed, stored(desk)


def test_a_web_process_killed_while_it_files_leaves_nothing_and_the_same_form_makes_one_ticket(desk, town, counted):
    ada = desk.visitor(town.ada)
    page, values = filing_form(ada, town.softswitch, "Calls drop")
    with desk.holding("LOCK TABLE tickets_message IN SHARE MODE"):  # it stops after the bytes are stored and the ticket is inserted
        thread = sent_in_background(ada, page, values, [("files", LARGE)])
        desk.wait_for_lock()
        kill_web(desk)
        thread.join(30)
    assert (rows(), stored(desk)) == ((0, 0), [2])
    assert swept(desk) == (1, [])

    answers = [ada.send(page, Form("", "post"), values, [("files", LARGE)]) for _click in range(2)]

    assert (answers[0].status, answers[0].path) == (200, answers[1].path)
    with as_provider():
        assert list(File.objects.filter(message__ticket__subject="Calls drop").values_list("size", flat=True)) == [len(LARGE.content)]
    counted("killed in the middle of filing: 0 rows, 1 file swept; sent again twice: 1 ticket with its file")


def test_a_web_process_killed_while_a_file_arrives_leaves_one_that_is_swept(desk, town, counted):
    ada = desk.visitor(town.ada)
    page, values = filing_form(ada, town.softswitch, "Calls drop")
    kind, body = _multipart(values, [("files", LARGE)])
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in ada.jar)
    line = http.client.HTTPConnection("127.0.0.1", ports.number(desk.application.web), timeout=30)
    with contextlib.closing(line):
        line.putrequest("POST", "/tickets/new/")
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), "Cookie": cookies, "Origin": desk.address}.items():
            line.putheader(name, value)
        line.endheaders(body[: len(body) // 2])
        assert wait_until(lambda: stored(desk) == [len(INCOMING)], 20)  # half of it is here
        kill_web(desk)
        assert wait_until(lambda: desk.visitor(town.alan).get("/tickets/").status == 200, 20)

    assert (rows(), stored(desk)) == ((0, 0), [len(INCOMING)])
    assert swept(desk) == (1, [])
    assert ada.send(page, Form("", "post"), values, [("files", LARGE)]).status == 200
    counted("killed while a file arrived: 0 rows, 1 file swept; the same form made 1 ticket")
