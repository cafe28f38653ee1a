"""Pages while relays are killed and services fail: each arrives, or is shown as failed and goes on to somebody else (NOT-6)."""

import socket
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import as_provider
from notifications import commands
from notifications.commands import paging
from notifications.courier import ANSWER_SECONDS
from notifications.models import Page, PageDelivery, Way
from tests import factories as make
from tests.faults.load import file_ticket
from tests.faults.mail_server import HOLD
from tests.faults.workers import CHILDREN
from tests.service import HANG, serving
from tooling.processes import wait_until

pytestmark = pytest.mark.slow
RELAY = "page_relay"
PAGES = 40


@pytest.fixture
def service():
    with serving() as service:
        yield service


@pytest.fixture
def on_call(town):
    make.rota(town.sara, first_date=timezone.localdate() - timedelta(days=1))
    return town.sara.person


def owed(number):
    """So many pages, due now."""
    for index in range(number):
        commands.page(key=f"page-{index}", title=f"Page {index}", now=timezone.now())


def states():
    with as_provider():
        return Counter(PageDelivery.objects.values_list("state", flat=True))


def page_states():
    with as_provider():
        return Counter(Page.objects.values_list("state", flat=True))


def unknown_outcomes():
    with as_provider():
        return PageDelivery.objects.aggregate(sum=Sum("unknown_outcomes"))["sum"] or 0


def leases_run_out():
    """A minute passes for every relay that died holding a delivery; returns how many were held."""
    with as_provider():
        return PageDelivery.objects.filter(state="sending").update(lease_until=timezone.now() - timedelta(seconds=1))


def pauses_pass():
    """The next attempt of what failed is due now."""
    with as_provider():
        PageDelivery.objects.filter(state="due").update(due_at=timezone.now() - paging.LEASE)


def test_a_relay_killed_between_claim_and_send_loses_nothing(desk, on_call, service, counted):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        way = make.way(on_call, f"json://127.0.0.1:{deaf.getsockname()[1]}/phone")
        owed(1)
        desk.start_relay(of=RELAY)
        assert wait_until(lambda: states() == {"sending": 1}, 30, 0.1)
        desk.kill("relay-1")
        desk.end_widows()
    with as_provider():
        Way.objects.filter(pk=way.pk).update(url=service.url())
    assert leases_run_out() == 1
    desk.relay(RELAY)

    assert (states(), unknown_outcomes(), len(service.received)) == ({"sent": 1}, 1, 1)
    counted("1 page, 1 kill before it was sent: arrived once, 1 unknown outcome noted")


def test_a_relay_killed_after_the_service_took_it_sends_it_again_and_says_so(desk, town, on_call, service, counted):
    service.rules["phone"] = [HANG, 200]
    make.way(on_call, service.url())
    owed(1)
    desk.start_relay(of=RELAY)
    service.wait_for(1)
    desk.kill("relay-1")
    desk.end_widows()
    assert leases_run_out() == 1
    desk.relay(RELAY)

    assert (states(), unknown_outcomes()) == ({"sent": 1}, 1)
    assert ["may have reached you before" in message for message in service.messages()] == [False, True]
    shown = desk.visitor(town.lea.person).get(reverse("console:on_call"))
    assert "Outcome unknown once: it may have gone out before" in shown.text
    counted("1 page, 1 kill after the service took it: arrived twice, the second says so, 1 unknown outcome noted and shown")


def test_relays_killed_again_and_again_lose_nothing(desk, on_call, service, counted):
    make.way(on_call, service.url())
    owed(PAGES)
    kills = 3
    for kill in range(kills):
        desk.start_relay(of=RELAY)
        service.wait_for((kill + 1) * 8)
        desk.kill("relay-1")
        desk.end_widows()
        leases_run_out()
    while set(states()) != {"sent"}:
        desk.relay(RELAY)
        leases_run_out()

    times = Counter(body["title"] for _path, body in service.received)
    assert (states(), len(times)) == ({"sent": PAGES}, PAGES)
    assert sum(times.values()) - PAGES <= unknown_outcomes() <= 8 * kills
    counted(f"{PAGES} pages, {kills} kills: all arrived, {sum(times.values()) - PAGES} twice, {unknown_outcomes()} outcomes unknown")


@pytest.mark.parametrize("way_of_failing", ["answers 500", "hangs", "refuses"])
def test_a_service_that_fails_for_good_ends_in_a_mail_and_the_next_in_line(desk, town, on_call, service, way_of_failing, counted):
    service.rules["phone"] = [HANG if way_of_failing == "hangs" else 500]
    make.way(on_call, service.url())
    if way_of_failing == "refuses":
        service.server.socket.close()
    owed(1)
    begun = time.monotonic()
    for _attempt in range(paging.ATTEMPTS):
        pauses_pass()
        desk.relay(RELAY)
    desk.relay(RELAY)

    assert states() == {"failed": 1, "sent": 2}  # by mail: whoever is on call as a last resort, and the lead
    assert page_states() == {"sent": 1}
    desk.relay()
    assert sorted(str(mail["To"]) for mail in desk.mail.accepted) == sorted([on_call.email, town.lea.person.email])
    counted(f"a service that {way_of_failing}: {paging.ATTEMPTS} attempts in {time.monotonic() - begun:.0f} s, then two mails")


def test_a_service_that_comes_back_gets_every_page(desk, on_call, service):
    service.rules["phone"] = [500] * 5 + [200]
    make.way(on_call, service.url())
    owed(5)
    for _attempt in range(2):
        pauses_pass()
        desk.relay(RELAY)

    assert (states(), page_states()) == ({"sent": 5}, {"sent": 5})


def test_a_service_that_hangs_holds_up_no_other(desk, town, on_call, service):
    service.rules["hanging"] = [HANG]
    make.way(on_call, service.url("hanging"))
    make.way(town.lea.person, service.url("good"))
    owed(3)
    commands.page(key="other", title="Other", people=[town.lea.person], now=timezone.now())
    desk.start_relay(of=RELAY)

    assert wait_until(lambda: service.messages("hanging"), 90, 0.1)
    assert wait_until(lambda: service.messages("good"), ANSWER_SECONDS - 1, 0.1), "it came only when the other was given up"


def test_the_worker_carries_pages_by_the_bell_and_by_the_sweep(desk, on_call, service):
    make.way(on_call, service.url())
    desk.start_worker()
    owed(1)
    service.wait_for(1)
    desk.stop_queue()
    commands.page(key="silent", title="Nobody hears the bell", now=timezone.now())
    desk.start_queue()
    desk.start_beat()
    service.wait_for(2)

    assert wait_until(lambda: states() == {"sent": 2}, 60, 0.1), states()


def test_pages_arrive_while_a_mail_server_holds_every_process_of_the_worker(desk, town, on_call, service):
    desk.mail.rules["CONNECT"] = lambda _number: HOLD
    make.way(on_call, service.url())
    desk.start_worker()
    desk.start_worker("worker-pages", "pages")
    desk.start_beat()
    file_ticket(desk.visitor(town.ada), town.softswitch, "Calls drop")
    assert wait_until(lambda: desk.mail.held >= CHILDREN, 60, 0.1), desk.mail.held

    commands.page(key="page", title="Page", now=timezone.now())

    assert wait_until(lambda: "Page" in {body["title"] for _path, body in service.received}, 30, 0.1), service.received
    assert desk.mail.held >= CHILDREN
