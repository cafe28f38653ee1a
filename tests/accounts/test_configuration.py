"""The administrators' pages: all of them work, none shows a secret, and what they change is written down."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib import admin
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import commands
from accounts.models import AuditEntry, Person
from accounts.tenancy import as_provider
from notifications.models import Mail
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(world):
    return make.staff("Ines Installer", "administrator").person


@pytest.fixture
def client(administrator):
    client = Client()
    client.force_login(administrator)
    return client


def test_every_page_of_the_configuration_works_and_shows_no_secret(client, world):
    secret = generate_totp_secret()
    TOTP.activate(world.ada, secret)
    make.calendar(), make.policy()
    seen, waiting = set(), ["/admin/"]
    while waiting:
        path = waiting.pop()
        answer = client.get(path)
        page = answer.content.decode()
        assert (path, answer.status_code, secret in page) == (path, 200, False)
        seen.add(path)
        waiting += set(re.findall(r'href="(/admin/[^"?#]*)"', page)) - seen - set(waiting) - {"/admin/logout/"}

    assert reverse("admin:accounts_person_change", args=[world.ada.pk]) in seen


def test_only_our_own_rows_are_configured(client, world):
    TOTP.activate(world.ada, generate_totp_secret())

    assert {model._meta.app_label for model in admin.site._registry} == {"accounts", "contracts", "sla"}
    assert client.get(f"/admin/mfa/authenticator/{Authenticator.objects.get().pk}/change/").status_code == 404


def _act(client, *people):
    chosen = {"action": "remove_second_factor", "_selected_action": [person.pk for person in people]}
    return client.post(reverse("admin:accounts_person_changelist"), chosen)


def test_a_lost_second_factor_is_removed_written_down_and_told(client, administrator, world):
    for person in (world.ada, world.grace):
        TOTP.activate(person, generate_totp_secret())

    _act(client, world.ada, world.alan)

    assert [factor.user_id for factor in Authenticator.objects.all()] == [world.grace.pk]
    with as_provider():
        entries = AuditEntry.objects.filter(verb="remove_second_factor")
        assert [(entry.actor, entry.target_id) for entry in entries] == [(administrator, world.ada.pk)]
        assert list(Mail.objects.filter(kind="second_factor_removed").values_list("address", "subject")) == [
            (world.ada.email, "Your second factor was removed")
        ]


def test_staff_cannot_read_what_is_in_a_second_factor(world):
    with as_provider():
        for read in (lambda: list(Authenticator.objects.all()), lambda: list(Authenticator.objects.values_list("data"))):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                read()
        assert commands.remove_second_factor(actor=world.sara.person, person=world.ada, now=make.NOW) is False


def _save(client, person, **changes):
    values = {"email": person.email, "name": person.name, "language": person.language, "time_zone": person.time_zone, "is_active": "on"}
    values["initial-time_zone"] = person.time_zone  # the page sends it along, since the column has a computed default
    return client.post(reverse("admin:accounts_person_change", args=[person.pk]), values | changes)


def test_a_change_writes_down_what_changed_and_never_a_password(client, world):
    _save(client, world.ada, name="Ada King")
    client.post(reverse("admin:accounts_person_add"), {"email": "new@acme.example", "name": "Nina", "language": "en", "time_zone": "UTC"})

    with as_provider():
        changed, added = AuditEntry.objects.filter(verb="configure").order_by("pk")
    assert (changed.before, changed.after) == ({"name": "Ada Lovelace"}, {"name": "Ada King"})
    assert added.after == {"email": "new@acme.example", "name": "Nina", "language": "en", "time_zone": "UTC", "is_active": False}


def test_only_the_columns_that_changed_are_saved(client, world):
    with CaptureQueriesContext(connection) as statements:
        _save(client, world.ada, name="Ada King")

    (update,) = (query["sql"] for query in statements if query["sql"].startswith('UPDATE "accounts_person"'))
    assert re.findall(r'"(\w+)" = ', update.partition(" WHERE ")[0]) == ["name"]


def test_a_form_without_changes_leaves_no_line(client, world):
    _save(client, world.ada)

    with as_provider():
        assert not AuditEntry.objects.filter(verb="configure").exists()
        assert Person.objects.get(pk=world.ada.pk).name == "Ada Lovelace"
