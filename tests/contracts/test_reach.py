"""A contract of which nobody can be told by mail is its account manager's problem at once (NOT-5)."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.commands import set_staff_roles
from accounts.tenancy import as_provider
from contracts.tasks import announce_unreachable
from notifications import commands
from notifications.commands import Letter, owe
from notifications.models import BouncingAddress, Mail
from notifications.tasks import relay_outbox
from tests import factories as make

pytestmark = pytest.mark.django_db


def bounce(person, server, key="x"):
    """A mail to them comes back."""
    server.refusals[person.email] = "550 5.1.1 User unknown"
    letter = Letter(subject="x", headline="x")
    owe(customer_id=None, person=person, address=person.email, language="en", kind="x", key=key, letter=letter, now=timezone.now())
    relay_outbox()
    announce_unreachable()


def announced():
    with as_provider():
        mails = Mail.objects.filter(kind="contract_out_of_reach").order_by("pk")
        return [(mail.address, mail.about_id, mail.subject) for mail in mails]


def page_of(world):
    client = Client()
    client.force_login(world.max.person)
    return client.get(reverse("console:customer", args=[world.acme.pk])).content.decode()


def test_the_account_manager_hears_when_the_last_address_bounces(world, server):
    bounce(world.ada, server, "first")
    assert announced() == []
    assert "can be reached by mail" not in page_of(world)

    bounce(world.alan, server, "second")
    assert announced() == [("max@manager.example", world.contract.pk, "Acme can't be reached by mail")]
    assert "Nobody of contract C-1 can be reached by mail" in page_of(world)
    assert "Mail to this address comes back since" in page_of(world)


def test_the_only_contact_of_a_contract_is_enough(world, server):
    make.environment(world.acme, contract=world.contract, contacts=(world.ada,))
    bounce(world.ada, server)

    assert announced() == [("max@manager.example", world.contract.pk, "Acme can't be reached by mail")]


def test_one_of_two_contacts_is_not(world, server):
    make.environment(world.acme, contract=world.contract, contacts=(world.ada, world.alan))
    bounce(world.ada, server)

    assert announced() == []


def test_an_episode_is_announced_once(world, server):
    make.environment(world.acme, contract=world.contract, contacts=(world.ada,))
    bounce(world.ada, server, "first")
    with as_provider():
        mark = BouncingAddress.objects.get()
    announce_unreachable()
    with as_provider():
        BouncingAddress.objects.update(considered_at=None)
    announce_unreachable()
    assert len(announced()) == 1

    commands.try_address_again(actor=world.sara.person, mark=mark, now=timezone.now())
    assert "can be reached by mail" not in page_of(world)
    bounce(world.ada, server, "second")
    assert len(announced()) == 2


def test_the_deputy_hears_too_and_alone_when_the_manager_left(world, server):
    deputy = make.staff("Dora Deputy", "account_manager")
    contract = make.contract(world.acme, world.softswitch, manager=world.max, number="C-2")
    with as_provider():
        contract.deputy = deputy
        contract.save(update_fields=["deputy"])
    set_staff_roles(actor=None, person=world.max.person, display_name="Max", roles=[], now=timezone.now())
    make.environment(world.acme, contract=contract, contacts=(world.ada,))
    bounce(world.ada, server)

    assert [address for address, *_rest in announced()] == ["dora@deputy.example"]


def test_another_customers_bounce_concerns_nobody_here(world, server):
    bounce(world.grace, server)

    assert [about for _address, about, _subject in announced()] == [world.globex_contract.pk]
    assert "can be reached by mail" not in page_of(world)
