"""What narrows the lists, how it stays in the address, and what a wrong address says."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories as make
from tickets import commands

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture
def tickets(world):
    """One of each kind, by the word of its subject."""
    other = make.product("Billing engine", world.core)
    contract = make.contract(world.acme, other, manager=world.max, number="C-9")
    site = make.environment(world.acme, name="Lab")
    found = {
        "plain": make.ticket(world.contract, world.softswitch, world.ada, subject="plain one"),
        "late": make.ticket(world.contract, world.softswitch, world.ada, subject="late one", now=NOW + timedelta(days=1)),
        "low": make.ticket(world.contract, world.softswitch, world.alan, subject="low one", severity="low", type="functional"),
        "placed": make.ticket(contract, other, world.alan, subject="placed one", environment=site),
    }
    commands.assign(ticket=found["plain"], agent=world.lea.person, assignee=world.sara, now=NOW)
    return found


def sign_in(person):
    client = Client()
    client.force_login(person)
    return client


def listed(client, address, filters):
    return sorted(row.subject.partition(" ")[0] for row in client.get(address, filters).context["rows"])


def test_the_customers_list(world, tickets):
    client, address = sign_in(world.ada), reverse("portal:tickets")
    placed = tickets["placed"]

    assert listed(client, address, {}) == ["late", "low", "placed", "plain"]
    assert listed(client, address, {"q": "placed"}) == ["placed"]
    assert listed(client, address, {"mine": "on"}) == ["late", "plain"]
    assert listed(client, address, {"severity": "low"}) == ["low"]
    assert listed(client, address, {"type": "functional"}) == ["low"]
    assert listed(client, address, {"environment": placed.environment_id}) == ["placed"]
    assert listed(client, address, {"product": placed.product_id}) == ["placed"]
    assert listed(client, address, {"opened_from": "2026-11-24"}) == ["late"]
    assert listed(client, address, {"opened_to": "2026-11-23", "mine": "on"}) == ["plain"]
    assert listed(client, address, {"state": "solved"}) == []


def test_a_queue(world, tickets):
    client, address = sign_in(world.lea.person), reverse("console:queue", args=["all"])

    assert listed(client, address, {"customer": "glob"}) == []
    assert listed(client, address, {"customer": "ACME", "severity": "low"}) == ["low"]
    assert listed(client, address, {"product": tickets["placed"].product_id}) == ["placed"]
    assert listed(client, address, {"team": world.core.pk, "severity": "low"}) == ["low"]
    assert listed(client, address, {"assignee": world.sara.pk}) == ["plain"]
    assert listed(client, address, {"status": "open"}) == ["plain"]
    assert listed(client, address, {"opened_from": "2026-11-24", "opened_to": "2026-11-24"}) == ["late"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("nobody", "No customer has this in its name."), ("o", "Several have: Acme Nord, Globex. Write more of the name.")],
)
def test_a_name_that_fits_no_customer_or_several_is_explained(world, typed, sentence):
    make.customer("Acme Nord")
    answer = sign_in(world.lea.person).get(reverse("console:queue", args=["all"]), {"customer": typed})

    assert answer.context["form"].errors == {"customer": [sentence]}


def test_days_are_the_readers(world):
    late_evening = make.ticket(world.contract, world.softswitch, world.ada, now=NOW.replace(hour=2))  # the 22nd at 23:00 in São Paulo
    client, address = sign_in(world.ada), reverse("portal:tickets")

    assert [row.number for row in client.get(address, {"opened_to": "2026-11-22"}).context["rows"]] == [late_evening.number]
    assert list(client.get(address, {"opened_from": "2026-11-23"}).context["rows"]) == []


WRONG = {
    "severity": "huge",
    "type": "odd",
    "product": "abc",
    "opened_from": "0000-99-99",
    "opened_to": "9999-12-31",
    "q": "x" * 301,
}


@pytest.mark.parametrize("name", [*WRONG, "environment", "state", "customer", "team", "assignee", "status"])
def test_a_wrong_value_is_explained_and_filters_nothing(world, tickets, name):
    is_console = name in {"customer", "team", "assignee", "status"}
    client = sign_in(world.lea.person if is_console else world.ada)
    address = reverse("console:queue", args=["all"]) if is_console else reverse("portal:tickets")

    answer = client.get(address, {name: WRONG.get(name, "99999999999999999999999")})

    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [name]
    assert len(answer.context["rows"]) == 4
    assert answer.content.decode().count('role="alert"') == 1


def test_one_mistake_leaves_the_other_filters_in_force(world, tickets):
    assert listed(sign_in(world.ada), reverse("portal:tickets"), {"severity": "huge", "type": "functional"}) == ["low"]


def test_days_in_the_wrong_order_are_explained(world, tickets):
    answer = sign_in(world.ada).get(reverse("portal:tickets"), {"opened_from": "2026-11-24", "opened_to": "2026-11-23"})

    assert answer.context["form"].errors == {"opened_to": ["This day is before the first one."]}


def test_every_filter_in_use_can_be_taken_away(world, tickets):
    address = reverse("portal:tickets")
    answer = sign_in(world.ada).get(
        address, {"state": "all", "severity": "high", "mine": "on", "opened_from": "2026-11-01", "before": "1-1"}
    )

    assert [(str(chip.label), chip.value, chip.url) for chip in answer.context["chips"]] == [
        ("Only what I opened", "", f"{address}?state=all&severity=high&opened_from=2026-11-01"),
        ("Severity", "High", f"{address}?state=all&mine=on&opened_from=2026-11-01"),
        ("Opened from", "1 Nov 2026", f"{address}?state=all&severity=high&mine=on"),
    ]
    assert answer.context["clear_url"] == f"{address}?state=all"


def test_filters_go_along_to_pages_tabs_and_files(world):
    for number in range(51):
        make.ticket(world.contract, world.softswitch, world.ada, subject=f"Ticket {number}", severity="low")
    answer = sign_in(world.ada).get(reverse("portal:tickets"), {"severity": "low"})

    assert answer.context["next_url"].startswith(f"{reverse('portal:tickets')}?severity=low&before=")
    assert [tab["url"].partition("?")[2] for tab in answer.context["tabs"]][1] == "severity=low&state=unread"
    assert answer.context["exports"][1]["url"] == f"{reverse('portal:tickets_export')}?severity=low&format=xlsx"


def test_a_customer_is_offered_only_its_own_products_and_environments(world, tickets):
    pages = [sign_in(person).get(reverse("portal:tickets")).content.decode() for person in (world.ada, world.grace)]

    assert [(f">{name}</option>" in page) for page in pages for name in ("Billing engine", "Lab")] == [True, True, False, False]
