"""Customers, their people, and invitations."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts import commands
from accounts.models import AuditEntry, Customer, Invitation, Membership
from accounts.tenancy import as_provider
from notifications.models import Mail
from tests import factories as make

pytestmark = pytest.mark.django_db


def invite(world, number, now=make.NOW, customer=None, actor=None):
    return commands.invite(
        actor=actor or world.ada,
        customer=customer or world.acme,
        email=f"guest-{number}@acme.example",
        name="Guest",
        role="member",
        language="en",
        now=now,
    )


def test_a_company_has_a_bounded_number_of_open_invitations(world):
    first, *_others = [invite(world, number) for number in range(commands.OPEN_INVITATIONS)]
    with pytest.raises(commands.TooManyInvitations):
        invite(world, "one more")
    invite(world, 0, customer=world.globex, actor=world.grace)

    commands.revoke_invitation(actor=world.ada, invitation=first, now=make.NOW)
    invite(world, "one more")


def test_a_company_invites_a_bounded_number_a_day(world, monkeypatch):
    monkeypatch.setattr(commands, "INVITATIONS_A_DAY", 2)
    for number in range(2):
        commands.revoke_invitation(actor=world.ada, invitation=invite(world, number), now=make.NOW)

    with pytest.raises(commands.TooManyInvitations):
        invite(world, 3)
    invite(world, 3, now=make.NOW + timedelta(days=1, seconds=1))


def test_expired_invitations_do_not_count(world):
    for number in range(commands.OPEN_INVITATIONS):
        invite(world, number)

    assert invite(world, "later", now=make.NOW + timedelta(days=8)).accepted_at is None


def test_an_invitation_names_staff_as_customers_know_them(world):
    invite(world, "of-staff", actor=world.max.person)

    with as_provider():
        mail = Mail.objects.get(kind="invitation")
    path = mail.action_url.partition("//")[2].partition("/")[2]
    with as_provider():
        Invitation.objects.update(expires_at="2999-01-01T00:00Z")
    page = Client().get(f"/{path}").content.decode()
    assert mail.headline.startswith("Max invites you")
    assert "Max invites guest-of-staff@acme.example" in page
    assert "Manager" not in mail.headline + page


def test_an_invitation_names_a_colleague(world):
    invite(world, 1)

    with as_provider():
        assert Mail.objects.get(kind="invitation").headline.startswith("Ada Lovelace invites you")


def test_a_person_leaves_once(world):
    with as_provider():
        membership = Membership.objects.get(person=world.alan)
    commands.remove_member(actor=world.ada, membership=membership, now=make.NOW)

    commands.remove_member(actor=world.ada, membership=membership, now=make.NOW + timedelta(days=1))
    commands.change_role(actor=world.ada, membership=membership, role="admin", now=make.NOW)

    with as_provider():
        membership.refresh_from_db()
        assert (membership.ended_at, membership.role) == (make.NOW, "member")
        assert AuditEntry.objects.filter(verb__in=["remove_member", "change_role"]).count() == 1


def test_an_old_form_of_the_staff_leaves_what_the_customer_decided(world):
    client = Client()
    client.force_login(world.max.person)
    commands.change_customer(actor=world.ada, customer=world.acme, second_factor_required=True, language="pt-br", now=make.NOW)
    with as_provider():
        acme = Customer.objects.get(pk=world.acme.pk)

    values = {"name": "Acme Ltd", "language": acme.language, "time_zone": acme.time_zone, "second_factor_required": ""}
    client.post(reverse("console:customer_edit", args=[acme.pk]), values)

    with as_provider():
        assert list(Customer.objects.filter(pk=acme.pk).values_list("name", "language", "second_factor_required")) == [
            ("Acme Ltd", "pt-br", True)
        ]
        assert AuditEntry.objects.filter(verb="change_customer").latest("pk").after == {"name": "Acme Ltd"}
