"""People of several customers and staff, all at once, through a pooler with fewer connections than clients: nobody gets anything of another.

Every customer's rows carry a canary, a word that only its own pages may hold.
"""

import http.client
import itertools
import os
import re
import signal
import threading
import uuid
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
from django.db import DatabaseError, connection

from accounts import tenancy
from accounts.models import Customer, Person
from accounts.tenancy import as_provider, as_tenant
from tests import factories as make
from tests.servers.starting import browser_of, desk
from tickets.models import Message, Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.servers]
ROUNDS = 50  # of a person's four requests
SCOPES = 150  # of each thread in one process


@dataclass(frozen=True)
class Tenant:
    customer: Customer
    canary: str
    people: tuple[Person, Person]
    tickets: tuple[int, ...]


@pytest.fixture
def tenants(world):
    """Acme, Globex and Initech: two people and two tickets each."""
    initech = make.customer("Initech")
    contract = make.contract(initech, world.softswitch, manager=world.max, number="I-1")
    grown = [
        (world.acme, world.contract, (world.ada, world.alan)),
        (world.globex, world.globex_contract, (world.grace, make.member(world.globex, "Gus Gram"))),
        (initech, contract, (make.member(initech, "Ida Rhodes"), make.member(initech, "Ivan Sutherland"))),
    ]
    found = []
    for customer, signed, people in grown:
        canary = f"canary-{customer.name.lower()}"
        tickets = [make.ticket(signed, world.softswitch, people[0], subject=f"{canary} {n}", description=canary).pk for n in range(2)]
        found.append(Tenant(customer, canary, people, tuple(tickets)))
    return found


@dataclass
class Tally:
    """What came of all requests. `kept`: the words of messages that were answered as written."""

    answers: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)
    kept: list = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what, wrong=None):
        with self.lock:
            self.answers[what] += 1
            if wrong:
                self.wrong.append(wrong)


def judge(tally, path, answer, expected, canaries):
    """A page must have the status expected, and these canaries and no other."""
    status, page = answer
    found = set(re.findall(r"canary-[a-z]+", page))
    right = status == expected and found == canaries
    tally.note(status, None if right else (path, status, found))


def asks(browser, tally, path, expected, canaries, **form):
    try:
        judge(tally, path, browser.ask(path, **form), expected, canaries)
    except (OSError, http.client.HTTPException):
        tally.note("cut off")
    else:
        if form:
            tally.kept.append(form["body"])


def customers_day(browser, tenant, others, tally):
    """Reads the list and a ticket, looks for another company's, replies, and every fourth time hangs up at once."""
    for number, ticket, foreign in zip(range(ROUNDS), itertools.cycle(tenant.tickets), itertools.cycle(others), strict=False):
        asks(browser, tally, "/tickets/?state=all", 200, {tenant.canary})
        asks(browser, tally, f"/tickets/{ticket}/", 200, {tenant.canary})
        asks(browser, tally, f"/tickets/{foreign}/", 404, set())
        form = {"body": f"{tenant.canary} {uuid.uuid4()}", "submission_key": str(uuid.uuid4())}
        if number % 4 == 3:
            browser.ask_and_go(f"/tickets/{ticket}/reply/", **form)
            tally.note("hung up")
        else:
            asks(browser, tally, f"/tickets/{ticket}/reply/", 302, set(), **form)


def staffs_day(browser, tenants, tally):
    """Reads the tickets of one customer after another, and answers."""
    for _number, tenant in zip(range(ROUNDS), itertools.cycle(tenants), strict=False):
        for ticket in tenant.tickets:
            asks(browser, tally, f"/console/tickets/{ticket}/", 200, {tenant.canary})
            form = {"kind": "public", "state": "", "body": f"{tenant.canary} {uuid.uuid4()}"}
            asks(browser, tally, f"/console/tickets/{ticket}/answer/", 302, set(), **form)


def days(world, tenants, stack, port, tally):
    """What each of the eight does, as something to call."""

    def browser(person):
        return stack.enter_context(browser_of(person, port))

    found = [partial(staffs_day, browser(member.person), tenants, tally) for member in (world.sara, world.lea)]
    for tenant in tenants:
        others = [pk for other in tenants if other is not tenant for pk in other.tickets]
        found += [partial(customers_day, browser(person), tenant, others, tally) for person in tenant.people]
    return found


def run_all(deeds):
    threads = [threading.Thread(target=_and_close, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    return threads


def _and_close(deed):
    try:
        deed()
    finally:
        connection.close()


def test_nobody_gets_a_page_of_another_company(world, tenants, tmp_path, record_property):
    tally = Tally()
    with desk(tmp_path) as running, ExitStack() as stack:
        running.start("web")
        threads = run_all(days(world, tenants, stack, running.port, tally))
        for killed in range(1, 4):  # some requests die midway, with the process that answers them
            while sum(tally.answers.values()) < killed * 300:
                threads[0].join(0.05)
            os.kill(running.workers_of_web()[0], signal.SIGKILL)
        for thread in threads:
            thread.join()
        errors = running.errors("web")

    record_property("counted", f"{sum(tally.answers.values())} requests, {len(tally.wrong)} wrong: {dict(tally.answers)}")
    assert (tally.wrong, written_elsewhere(tenants), tally.answers["cut off"] > 0) == ([], [], True), errors
    with as_provider():
        bodies = Counter(Message.objects.values_list("body", flat=True))
    assert [body for body in tally.kept if bodies[body] != 1] == []


def written_elsewhere(tenants):
    """Messages that are kept under another customer than their words say."""
    with as_provider():
        found = list(Message.objects.values_list("customer_id", "body"))
    names = {tenant.customer.pk: tenant.canary for tenant in tenants}
    return [(customer, body) for customer, body in found if not body.startswith(names[customer])]


# --- The same in one process, and its control --------------------------------------------------------------------------
def look(tenants, tally):
    """Enters one customer's scope after another and reads what it shows; every seventh time something fails in it."""
    for number, tenant in zip(range(SCOPES), itertools.cycle(tenants), strict=False):
        try:
            with as_tenant(tenant.customer.pk, tenant.people[0].pk):
                seen = {subject.split()[0] for subject in Ticket.objects.values_list("subject", flat=True)}
                tally.note("read", None if seen == {tenant.canary} else (tenant.canary, seen))
                if number % 7 == 6:
                    raise LookupError
        except LookupError:
            tally.note("failed")
        except DatabaseError as error:
            tally.note("refused", (tenant.canary, str(error)))


def hammer(tenants):
    tally = Tally()
    for thread in run_all([lambda: look(tenants, tally) for _client in range(8)]):
        thread.join()
    return tally


def test_no_scope_shows_rows_of_another(tenants):
    tally = hammer(tenants)

    assert (tally.answers["read"], tally.wrong) == (8 * SCOPES, [])


@contextmanager
def for_the_session(scope):
    """What `tenancy.enter` must never be: settings that stay with the connection, which a pooler hands to somebody else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', %s, false), set_config('app.customer', %s, false)", [scope.role, str(scope.customer_id)])
    yield


@pytest.fixture
def _connections_are_thrown_away():
    """They keep the settings of the test."""
    yield
    with connection.cursor() as cursor:
        cursor.execute(
            "RESET ROLE; RESET ALL; SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = session_user AND datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.usefixtures("_connections_are_thrown_away")
def test_with_settings_of_the_session_the_hammer_finds_wrong_rows(tenants, monkeypatch):
    monkeypatch.setattr(tenancy, "enter", for_the_session)

    tally = hammer(tenants)

    assert len(tally.wrong) > 0
