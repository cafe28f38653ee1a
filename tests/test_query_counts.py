"""What a list page asks the database does not grow with its rows; the numbers are what it costs today."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import as_provider
from billing.commands import requests as charges
from billing.commands import work
from contracts.models import Environment
from monitoring import commands as monitoring
from notifications.commands import acknowledge, paging
from releases import commands as releases
from releases.models import Release
from sla.commands import policies
from tests import factories as make
from tickets import commands

pytestmark = pytest.mark.django_db

# address: queries, the same for one row of everything and for three
COSTS = {
    "portal:home": 11,
    "portal:tickets": 12,
    "portal:reports": 14,
    "portal:reports_missed": 11,
    "portal:contracts": 9,
    "portal:products": 14,
    "portal:environments": 9,
    "portal:people": 11,
    "portal:watching": 10,
    "portal:watch": 25,
    "console:watching": 12,
    "console:watch": 26,
    "portal:approvals": 11,
    "portal:hours": 17,
    "portal:statements": 9,
    "console:queue": 13,
    "console:search": 16,
    "console:reports": 18,
    "console:reports_missed": 13,
    "console:customers": 14,
    "console:customer": 17,
    "console:calendars": 10,
    "console:releases": 12,
    "console:release": 17,
    "console:release_customers": 15,
    "console:versions": 16,
    "console:known_issues": 12,
    "console:licences": 12,
    "console:outbox": 12,
    "console:policies": 11,
    "console:policy": 18,
    "console:on_call": 18,
    "console:reach": 12,
    "console:audit": 20,
    "console:my_time": 12,
    "console:charges": 12,
    "console:statements": 21,
}


def more_of_everything(world, number):
    name = f"P{number} Person"
    member = make.member(world.acme, name)
    contract = make.contract(world.acme, world.softswitch, manager=world.max, number=f"N-{number}")
    make.environment(world.acme, name=f"Site {number}", contract=contract, contacts=(member,), installed={world.softswitch: world.version})
    ticket = make.ticket(contract, world.softswitch, member, subject=f"Calls drop at site {number}")
    make.charge(ticket, world.sara.person)
    charges.withdraw(request=make.charge(ticket, world.sara.person), actor=world.sara.person, now=make.NOW)
    log(ticket, world.lea, number)
    make.statement(world, number=f"P-{number}")
    watch_more(world, number)
    make.customer(f"Customer {number}")
    make.calendar(("Europe/Lisbon", "America/Manaus", "Asia/Tokyo")[number - 1])
    policies.add_policy(actor=None, name=f"Policy {number}", now=make.NOW)
    make.policy_version(make.policy(), resolution=540 - number)
    on_call = make.staff(f"O{number} OnCall", "agent")
    make.way(on_call.person)
    rota = make.rota(on_call, world.sara, name=f"Rota {number}", is_default=number == 1, teams=(make.team(f"Team {number}", on_call),))
    make.override(rota, on_call, timezone.now(), timezone.now() + timedelta(days=1))
    acknowledge(actor=on_call.person, page=make.page(f"page-{number}", customer_id=world.acme.pk, rota=rota), now=make.NOW)
    release = make.release(world.softswitch, f"8.{number}", fixes=[make.known_issue(world.softswitch, f"Issue {number}")])
    make.licence(contract, world.softswitch, f"{number}.key")
    releases.distribute(now=make.NOW)
    with as_provider():
        file = release.artifacts.get()
    releases.count_download(customer_id=world.acme.pk, person=member, file=file, link=f"{number:032}", now=make.NOW)
    make.page(f"another-{number}", customer_id=world.acme.pk, rota=rota)
    paging.address_due(make.NOW)


def watch_more(world, number):
    """At one environment, and at one more of it each time."""
    with as_provider():
        first = Environment.objects.select_related("customer").filter(customer=world.acme).earliest("pk")
        latest = Environment.objects.select_related("customer").filter(customer=world.acme).latest("pk")
    make.authorisation(world.ada, latest)
    _credential, token = make.credential(world.ada, first, "heartbeat", name=f"Token {number}")
    beat = make.heartbeat(world.ada, first, name=f"Beat {number}")
    make.maintenance(world.ada, first, timezone.now(), timezone.now() + timedelta(days=number))
    monitoring.add_target(actor=world.ada, environment=first, address=f"a{number}.example:9100", job="node", now=make.NOW)
    ping = monitoring.Ping(beat.slug, "fail")
    monitoring.accept(source="heartbeat", token=token, body=b"x", ping=ping, now=make.NOW, tick=number * 1000.0)
    monitoring.work_signals(now=make.NOW)


def log(ticket, agent, number):
    began_at = make.NOW - timedelta(minutes=10 * number)
    work.log_work(ticket=ticket, agent=agent, began_at=began_at, ended_at=began_at + timedelta(minutes=9), note="Looked", now=make.NOW)


def _staff(name, world):
    return make.staff("Ines Installer", "administrator").person if name == "console:reach" else world.lea.person


def cost(client, name, world):
    with as_provider():
        environment = Environment.objects.filter(customer=world.acme).earliest("pk").pk
        release = Release.objects.order_by("pk").values_list("pk", flat=True).first()
    arguments = {key: [release] for key in ("console:release", "console:release_customers")} | {"console:licences": [world.contract.pk]}
    arguments |= {"portal:watch": [environment], "console:watch": [environment]}
    arguments |= {"console:queue": ["all"], "console:customer": [world.acme.pk], "console:policy": [make.policy().pk]}
    asked = {
        "console:search": {"q": "calls"},
        "console:my_time": {"day": make.NOW.date().isoformat()},
        "console:charges": {"list": "decided"},
    }
    address, query = reverse(name, args=arguments.get(name)), asked.get(name, {})
    client.get(address, query)  # what a process reads once, whichever test comes first
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address, query)
    assert answer.status_code == 200
    return len(queries)


@pytest.mark.parametrize("name", COSTS)
def test_the_cost_of_a_list_page(name, world):
    client = Client()
    client.force_login(_staff(name, world) if name.startswith("console") else world.ada)
    more_of_everything(world, 1)
    client.get(reverse("portal:home"))
    with_one = cost(client, name, world)
    more_of_everything(world, 2)
    more_of_everything(world, 3)
    with_three = cost(client, name, world)

    assert (with_one, with_three) == (COSTS[name], COSTS[name])


# What a ticket's page costs, however much happened on it.
PAGES = {"console:ticket": 12, "portal:ticket": 15}


@pytest.mark.parametrize("name", PAGES)
def test_the_cost_of_a_tickets_page(name, world):
    ticket = make.ticket(world.contract, world.softswitch, world.ada)
    client = Client()
    client.force_login(world.lea.person if name.startswith("console") else world.ada)
    counts = []
    for number in range(3):
        commands.watch(
            ticket=ticket,
            person=[world.alan, world.lea.person, world.sara.person][number],
            actor=world.ada,
            by_staff=number > 0,
            now=make.NOW,
        )
        commands.answer(ticket=ticket, agent=world.sara.person, body=f"Answer {number}", now=make.NOW)
        log(ticket, world.sara, number + 1)
        client.get(reverse(name, args=[ticket.pk]))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(name, args=[ticket.pk]))
        counts.append(len(queries))

    assert counts == [PAGES[name]] * 3


# Its promises cost one of these; explaining them asks for the story and, where hours are closed in between, the calendar's versions
# besides, and each clock costs nothing.
TICKET_COSTS = PAGES | {"portal:ticket_promise": 18, "console:ticket_promise": 19}


@pytest.mark.parametrize("name", TICKET_COSTS)
def test_the_cost_of_a_ticket_does_not_grow_with_its_clocks(name, world):
    tickets = [make.ticket(world.contract, world.softswitch, world.ada, now=make.NOW) for _each in range(2)]
    for minutes in (10, 20, 30):
        commands.answer(ticket=tickets[1], agent=world.sara.person, body="We look.", now=make.NOW + timedelta(minutes=minutes))
    commands.answer(ticket=tickets[0], agent=world.sara.person, body="We look.", now=make.NOW + timedelta(minutes=10))
    client = Client()
    client.force_login(world.lea.person if name.startswith("console") else world.ada)
    for ticket in tickets:
        client.get(reverse(name, args=[ticket.pk]))  # the first look also notes that it was looked at
    costs = []
    for ticket in tickets:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(name, args=[ticket.pk])).status_code == 200
        costs.append(len(queries))

    assert costs == [TICKET_COSTS[name]] * 2


def test_the_cost_of_the_review_of_moving_tickets(world, monkeypatch):
    policy, administrator = make.policy(), make.staff("Ines Installer", "administrator")
    client = Client()
    client.force_login(administrator.person)
    monkeypatch.setattr("django.utils.timezone.now", lambda: make.NOW + timedelta(hours=1))
    counts = []
    for number in range(3):
        make.ticket(world.contract, world.softswitch, world.ada, now=make.NOW)
        make.policy_version(policy, now=make.NOW + timedelta(minutes=number), resolution=500 - number)
        address = reverse("console:policy_move", args=[policy.pk])
        client.get(address)  # what a version promises is read once in a process
        with CaptureQueriesContext(connection) as queries:
            page = client.get(address)
        counts.append((page.context["effect"].tickets, len(queries)))

    assert counts == [(1, 15), (2, 15), (3, 15)]
