"""What a list page asks the database does not grow with its rows; the numbers are what it costs today."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla.commands import policies
from tests import factories as make
from tickets import commands

pytestmark = pytest.mark.django_db

# address: queries, the same for one row of everything and for three
COSTS = {
    "portal:home": 11,
    "portal:tickets": 12,
    "portal:contracts": 9,
    "portal:environments": 9,
    "portal:people": 11,
    "console:queue": 11,
    "console:search": 15,
    "console:customers": 14,
    "console:customer": 16,
    "console:calendars": 10,
    "console:outbox": 12,
    "console:policies": 11,
    "console:policy": 16,
    "console:audit": 17,
}


def more_of_everything(world, number):
    name = f"P{number} Person"
    member = make.member(world.acme, name)
    contract = make.contract(world.acme, world.softswitch, manager=world.max, number=f"N-{number}")
    make.environment(world.acme, name=f"Site {number}", contract=contract, contacts=(member,), installed={world.softswitch: world.version})
    make.ticket(contract, world.softswitch, member, subject=f"Calls drop at site {number}")
    make.customer(f"Customer {number}")
    policies.add_policy(actor=None, name=f"Policy {number}", now=make.NOW)
    make.policy_version(make.policy(), resolution=540 - number)
    make.calendar(("Europe/Lisbon", "America/Manaus", "Asia/Tokyo")[number - 1])


def cost(client, name, world):
    arguments = {"console:queue": ["all"], "console:customer": [world.acme.pk], "console:policy": [make.policy().pk]}.get(name)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(reverse(name, args=arguments), {"q": "calls"} if name == "console:search" else {})
    assert answer.status_code == 200
    return len(queries)


@pytest.mark.parametrize("name", COSTS)
def test_the_cost_of_a_list_page(name, world):
    client = Client()
    client.force_login(world.lea.person if name.startswith("console") else world.ada)
    more_of_everything(world, 1)
    client.get(reverse("portal:home"))
    with_one = cost(client, name, world)
    more_of_everything(world, 2)
    more_of_everything(world, 3)
    with_three = cost(client, name, world)

    assert (with_one, with_three) == (COSTS[name], COSTS[name])


# What a ticket's page costs, however much happened on it.
PAGES = {"console:ticket": 18, "portal:ticket": 13}


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
        client.get(reverse(name, args=[ticket.pk]))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(name, args=[ticket.pk]))
        counts.append(len(queries))

    assert counts == [PAGES[name]] * 3
