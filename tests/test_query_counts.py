"""What a list page asks the database does not grow with its rows; the numbers are what it costs today."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla.commands import policies
from tests import factories as make

pytestmark = pytest.mark.django_db

# address: queries, the same for one row of everything and for three
COSTS = {
    "portal:home": 19,
    "portal:tickets": 12,
    "portal:contracts": 12,
    "portal:environments": 11,
    "portal:people": 11,
    "console:queue": 13,
    "console:search": 15,
    "console:customers": 14,
    "console:customer": 21,
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
