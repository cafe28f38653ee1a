"""What is new to whom: on the lists, on the ticket, and when it stops being new."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from accounts.tenancy import as_provider, as_tenant
from notifications.commands import set_mutes
from tests import factories as make
from tests.conftest import _sign_in_as
from tickets import commands
from tickets.models import Reading, Ticket
from tickets.queries.unread import unread

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture
def ticket(world):
    return make.ticket(world.contract, world.softswitch, world.ada)


def answer(ticket, world, **changes):
    commands.answer(ticket=ticket, agent=world.sara.person, body="Which trunk?", now=NOW, **changes)


def is_unread(ticket, person):
    with as_tenant(ticket.customer_id, person.pk):
        return unread(Ticket.objects.all(), person.pk).filter(pk=ticket.pk).exists()


def sign_in(person):
    client = Client()
    client.force_login(person)
    return client


def listed(client, state="unread"):
    return [row.number for row in client.get(reverse("portal:tickets"), {"state": state}).context["rows"]]


def readings():
    with as_provider():
        return sorted(Reading.objects.values_list("person__name", "position"))


def test_an_answer_is_unread_until_the_ticket_is_opened(world, ticket):
    client = sign_in(world.ada)
    before = listed(client)
    answer(ticket, world)
    after = listed(client)
    client.get(ticket.portal_url)

    assert (before, after, listed(client)) == ([], [ticket.number], [])


def test_what_was_muted_is_unread_all_the_same(world, ticket):
    set_mutes(person=world.ada, kinds=["ticket_replied"])
    answer(ticket, world)

    assert listed(sign_in(world.ada)) == [ticket.number]


def test_what_one_did_oneself_or_what_is_internal_is_no_news(world, ticket):
    commands.mark_solved(ticket=ticket, person=world.ada, now=NOW)
    commands.note(ticket=ticket, author=world.sara.person, body="Hm.", now=NOW)
    commands.assign(ticket=ticket, agent=world.lea.person, assignee=world.sara, now=NOW)

    assert not is_unread(ticket, world.ada)


def test_the_first_step_and_the_closing_by_time_are_no_news(world, ticket):
    commands.assign(ticket=ticket, agent=world.lea.person, assignee=world.sara, now=NOW)
    commands.mark_solved(ticket=ticket, person=world.ada, now=NOW)
    commands.close_resolved(now=NOW + timedelta(days=8))

    assert not is_unread(ticket, world.ada)


def test_followers_and_contacts_have_it_unread_and_other_colleagues_do_not(world, ticket):
    environment = make.environment(world.acme, contacts=(world.alan,))
    nobodys = make.ticket(world.contract, world.softswitch, None, environment=environment, opened_by=world.sara.person, channel="staff")
    ada, alan = sign_in(world.ada), sign_in(world.alan)
    answer(ticket, world)
    assert (listed(ada), listed(alan)) == ([ticket.number], [nobodys.number])

    commands.watch(ticket=ticket, person=world.alan, actor=world.ada, by_staff=False, now=NOW)

    assert sorted(listed(alan)) == sorted([ticket.number, nobodys.number])


def test_what_they_never_looked_at_is_listed_counted_and_marked(world):
    filed = make.ticket(world.contract, world.softswitch, world.ada, opened_by=world.sara.person, channel="staff")
    client = sign_in(world.ada)
    page = client.get(reverse("portal:tickets"), {"state": "unread"})

    assert ([row.number for row in page.context["rows"]], page.context["tabs"][1]["count"]) == ([filed.number], "1")
    assert is_unread(filed, world.ada)
    client.post(reverse("portal:tickets_read"), {"until": "2100-01-01T00:00:00.000000+0000"})
    assert listed(client) == []


def test_a_reply_reads_what_came_before(world, ticket):
    answer(ticket, world)
    commands.reply(ticket=ticket, author=world.ada, body="The second.", now=NOW)

    assert not is_unread(ticket, world.ada)


def test_the_mark_stands_on_every_list_and_counts_on_the_tab(world, ticket):
    answer(ticket, world)
    client = sign_in(world.ada)
    home, every = client.get(reverse("portal:home")), client.get(reverse("portal:tickets"), {"state": "all"})

    assert [page.content.decode().count("Has news") for page in (home, every)] == [1, 1]
    assert "1 ticket has news that you have not read." in home.content.decode()
    assert [tab["count"] for tab in every.context["tabs"]] == ["", "1", "", "", ""]


def test_the_line_stands_before_the_first_thing_not_seen(world, ticket):
    client = sign_in(world.ada)
    client.get(ticket.portal_url)
    answer(ticket, world)
    commands.answer(ticket=ticket, agent=world.sara.person, body="Hello?", now=NOW)
    seen = client.get(ticket.portal_url)
    again = client.get(ticket.portal_url)

    story = seen.context["story"]
    assert [entry.first_new for entry in story] == [False, False, True, False]
    assert "Which trunk?" in story[2].html
    assert seen.content.decode().count('id="news"') == 1
    assert 'id="news"' not in again.content.decode()


def test_a_first_look_has_no_line(world, ticket):
    assert 'id="news"' not in sign_in(world.alan).get(ticket.portal_url).content.decode()
    assert readings() == [("Ada Lovelace", 1), ("Alan Turing", 1)]


def test_a_page_without_news_writes_nothing(world, ticket):
    client = sign_in(world.ada)
    commands.note(ticket=ticket, author=world.sara.person, body="Hm.", now=NOW)
    with as_provider():
        before = list(Reading.objects.values())
    client.get(ticket.portal_url)

    with as_provider():
        assert list(Reading.objects.values()) == before


def test_reading_never_goes_back(world, ticket):
    answer(ticket, world)
    for position in (3, 2):
        commands.mark_read(ticket=ticket, person=world.ada, position=position, now=NOW)

    assert readings() == [("Ada Lovelace", 3)]


def test_all_can_be_marked_as_read_but_for_what_came_since(world, ticket):
    other = make.ticket(world.contract, world.softswitch, world.ada, subject="Another one")
    answer(ticket, world)
    commands.answer(ticket=other, agent=world.sara.person, body="Now.", now=NOW + timedelta(minutes=2))
    client = sign_in(world.ada)
    assert client.get(reverse("portal:tickets"), {"state": "unread"}).content.decode().count('name="until"') == 1

    client.post(reverse("portal:tickets_read"), {"until": (NOW + timedelta(minutes=1)).isoformat(timespec="microseconds")})

    assert listed(client) == [other.number]


@pytest.mark.parametrize("offset", ["+23:59", "+15:59:59.5", "-23:00"])
@pytest.mark.parametrize("day", ["0001-01-01", "2026-11-23", "9999-12-31"])
def test_whatever_instant_is_sent_is_understood_or_left_out(world, day, offset):
    answered = sign_in(world.ada).post(reverse("portal:tickets_read"), {"until": f"{day}T23:59:59.000000{offset}"})

    assert answered.status_code == 302


def test_what_became_private_is_neither_counted_nor_read_for_a_colleague(world, ticket):
    commands.watch(ticket=ticket, person=world.alan, actor=world.ada, by_staff=False, now=NOW)
    commands.set_private(ticket=ticket, person=world.ada, private=True, by_staff=False, now=NOW)
    answer(ticket, world)
    until = {"until": "2100-01-01T00:00:00.000000+0000"}
    told = [sign_in(person).post(reverse("portal:tickets_read"), until, follow=True).content.decode() for person in (world.alan, world.ada)]

    assert ["0 tickets marked as read" in told[0], "1 ticket marked as read" in told[1]] == [True, True]
    assert readings() == [("Ada Lovelace", 5)]


def test_nobody_sees_what_a_colleague_has_read(world, ticket):
    with as_tenant(world.acme.pk, world.alan.pk):
        assert not Reading.objects.exists()
    with as_tenant(world.acme.pk, world.ada.pk):
        assert Reading.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_was_there_before_counts_as_read():
    from tests.world import build  # noqa: PLC0415 - needs Django's models

    world = build()
    ticket = make.ticket(world.contract, world.softswitch, world.ada)
    commands.watch(ticket=ticket, person=world.alan, actor=world.ada, by_staff=False, now=NOW)
    answer(ticket, world)
    fill = import_module("tickets.migrations.0010_reading_baseline").fill
    _sign_in_as("DATABASE_OWNER_URL")
    Reading.objects.all().delete()
    fill(apps, None)
    fill(apps, None)
    _sign_in_as("DATABASE_URL")

    assert (is_unread(ticket, world.ada), is_unread(ticket, world.alan)) == (False, False)
    answer(ticket, world)
    assert (is_unread(ticket, world.ada), is_unread(ticket, world.alan)) == (True, True)
