"""Seeing to a ticket acknowledges the pages about it."""

import pytest

from accounts.tenancy import acting_for, as_provider
from notifications.commands import acknowledge_about, paging
from notifications.models import Page, PageDelivery
from tests import factories as make
from tickets import commands
from tickets.models import Status, Ticket

pytestmark = pytest.mark.django_db

NOW = make.NOW


@pytest.fixture
def ticket(world):
    """One about which Sara was paged, with a second way still to be used."""
    make.rota(world.sara)
    make.way(world.sara.person, label="Chat")
    make.way(world.sara.person, label="Call", after_minutes=5)
    ticket = make.ticket(world.contract, world.softswitch, world.ada)
    with as_provider():
        Page.objects.all().delete()
    paged(ticket)
    paging.address_due(NOW)
    return ticket


def paged(ticket, key="paged"):
    make.page(key, about_table=Ticket._meta.db_table, about_id=ticket.pk, customer_id=ticket.customer_id)


def acknowledged():
    with as_provider():
        return list(Page.objects.order_by("pk").values_list("state", "acknowledged_by_id"))


def answered(world, ticket):
    commands.answer(ticket=ticket, agent=world.lea.person, body="We are on it.", now=NOW)


def assigned(world, ticket):
    commands.assign(ticket=ticket, agent=world.lea.person, assignee=world.sara, now=NOW)


def solved(world, ticket):
    commands.change_status(ticket=ticket, agent=world.lea.person, status=Status.RESOLVED, now=NOW)


@pytest.mark.parametrize("act", [answered, assigned, solved])
def test_whoever_sees_to_a_ticket_acknowledges_its_page_and_nothing_more_is_sent(world, ticket, act):
    act(world, ticket)

    paging.give_up_lost(NOW)
    with as_provider():
        states = set(PageDelivery.objects.values_list("state", flat=True))
    assert (acknowledged(), states) == ([("acknowledged", world.lea.pk)], {"dropped"})


def replied(world, ticket):
    commands.reply(ticket=ticket, author=world.ada, body="Still down.", now=NOW)


def noted(world, ticket):
    commands.note(ticket=ticket, author=world.lea.person, body="Odd.", now=NOW)


def left_to_nobody(world, ticket):
    commands.move_to_team(ticket=ticket, agent=world.lea.person, team=make.team("Other", world.max), now=NOW)


@pytest.mark.parametrize("act", [replied, noted, left_to_nobody])
def test_what_is_no_seeing_to_leaves_the_page_open(world, ticket, act):
    act(world, ticket)

    assert acknowledged() == [("sending", None)]


def test_pages_about_something_else_stay_open(world, ticket):
    other = make.ticket(world.contract, world.softswitch, world.ada)
    with as_provider():
        Page.objects.exclude(key="paged").delete()
    paged(other, "other")

    answered(world, ticket)

    assert [state for state, _who in acknowledged()] == ["acknowledged", "due"]


def test_a_customer_acknowledges_nothing(world, ticket):
    with acting_for(ticket.customer_id):
        count = acknowledge_about(table=Ticket._meta.db_table, row_id=ticket.pk, customer_id=ticket.customer_id, person=world.ada, now=NOW)

    assert (count, [who for _state, who in acknowledged()]) == (0, [None])
