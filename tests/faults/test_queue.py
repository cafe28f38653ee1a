"""Redis dead, silent, emptied and back: people file and read all the same, nobody waits for it, and mail goes out afterwards."""

import pytest
from django.urls import reverse

from accounts.tenancy import as_provider
from tests.faults.load import file_ticket
from tests.faults.mail_server import HOLD
from tests.faults.outbox import all_sent, owed, states, unknown_outcomes
from tests.faults.system import ask
from tests.faults.workers import ask_for
from tickets.models import Ticket
from tooling.processes import wait_until

pytestmark = pytest.mark.slow
LONGEST_MILLISECONDS = 10_000  # a guard against hanging, not a measurement
RECEIPTS = 3  # the requester and both of the team


def main_job(desk, town, subject):
    """Ada files, Sara reads and answers, Ada reads the answer and replies: every page that came."""
    ada, sara = desk.visitor(town.ada), desk.visitor(town.sara.person)
    filed = file_ticket(ada, town.softswitch, subject)
    with as_provider():
        ticket = Ticket.objects.get(subject=subject)
    page = sara.get(reverse("console:ticket", args=[ticket.pk]))
    form = page.form("kind", "body")
    answered = sara.send(page, form, form.filled(kind="public", body="Use this route."))
    read = ada.get(f"/tickets/{ticket.pk}/")
    form = read.form("body", "submission_key")
    replied = ada.send(read, form, form.filled(body="It works."))
    assert "Use this route." in read.text
    return [filed, page, answered, read, replied]


def break_off(desk):
    desk.stop_queue()
    desk.start_queue()


def ring(desk):
    """As beat does, again and again: what is asked while the worker comes back may be lost."""
    ask_for(desk, "notifications.tasks.relay_outbox")
    return True


def judge(pages):
    assert {page.status for page in pages} == {200}
    slowest = max(page.milliseconds for page in pages)
    assert slowest < LONGEST_MILLISECONDS
    return f"{len(pages)} pages of the main job, all 200, the slowest in {slowest:.0f} ms"


def test_with_queue_workers_and_mail_server_dead_a_customer_files_and_a_colleague_reads(desk, town, counted):
    desk.stop_queue()
    desk.mail.stop()

    counted(judge(main_job(desk, town, "Calls drop")))
    assert set(states()) == {"due"}


def test_a_queue_that_refuses_and_comes_back_holds_nothing_up(desk, town, counted):
    desk.start_worker()
    desk.start_beat()
    desk.stop_queue()
    said = judge(main_job(desk, town, "Calls drop"))
    assert set(states()) == {"due"}
    desk.start_queue()

    sent = all_sent(desk.mail)
    assert [desk.child(name).has_ended() for name in ("worker", "beat")] == [False, False]
    counted(f"{said}; {sent} mails went out once each when the queue was back")


def test_a_queue_that_never_answers_holds_nothing_up(desk, town, counted):
    desk.start_worker()
    desk.start_beat()
    desk.freeze("valkey")
    said = judge(main_job(desk, town, "Calls drop"))
    assert set(states()) == {"due"}
    desk.wake("valkey")

    counted(f"{said}; {all_sent(desk.mail)} mails went out once each when the queue answered again")


def test_a_queue_that_is_full_holds_nothing_up(desk, town, counted):
    ask(desk.system.valkey.socket, b"CONFIG SET maxmemory 1\r\n")
    try:
        counted(judge(main_job(desk, town, "Calls drop")))
    finally:
        ask(desk.system.valkey.socket, b"CONFIG SET maxmemory 0\r\n")
    assert set(states()) == {"due"}


def test_a_queue_that_forgets_its_work_loses_nothing(desk, town, counted):
    for number in range(3):
        file_ticket(desk.visitor(town.ada), town.softswitch, f"Event {number}")
    assert wait_until(lambda: desk.queued() == 3, 10), desk.queued()
    desk.flush_queue()
    assert states() == {"due": 3 * RECEIPTS}
    desk.start_worker()
    desk.start_beat()

    assert all_sent(desk.mail) == 3 * RECEIPTS
    counted(f"3 bells forgotten, {3 * RECEIPTS} mails sent once each by the sweep")


def test_a_queue_that_is_back_hears_the_next_bell(desk, town):
    """Every process of the web keeps a line, which is gone."""
    for round in ("before", "after"):
        for number in range(4):
            file_ticket(desk.visitor(town.ada), town.softswitch, f"Event {number} {round}")
        assert wait_until(lambda: desk.queued() == 4, 10), desk.queued()
        break_off(desk)


@pytest.mark.parametrize("times", [1, 12])
def test_a_queue_that_breaks_off_ends_no_mail_on_its_way(times, desk, counted):
    """A relay that were ended with it could not say whether the server took the mail. And the worker hears the queue again, however often: Celery may end itself while it closes a line."""
    desk.start_worker()
    for number in range(1, times):
        break_off(desk)
        owed(number)
        assert wait_until(lambda number=number: ring(desk) and states() == {"sent": number}, 60, 0.2), states()
    desk.mail.rule("DATA", HOLD)
    owed(times + 1)
    assert wait_until(lambda: ring(desk) and desk.mail.held, 60, 0.5)
    break_off(desk)

    # Another sends the second: the worker is back.
    assert wait_until(lambda: ring(desk) and states() == {"sending": 1, "sent": times}, 60, 0.5), states()
    desk.mail.let_go()

    assert wait_until(lambda: states() == {"sent": times + 1}, 30)
    assert (unknown_outcomes(), sorted(desk.mail.counts().values())) == (0, [1] * (times + 1))
    assert not desk.child("worker").has_ended()
    counted(f"1 mail on its way while the queue broke off for the {times}. time: accepted once, 0 outcomes unknown")
