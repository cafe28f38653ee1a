"""What migrations do to rows that are there."""

from importlib import import_module

import pytest
from django.apps import apps

from accounts.tenancy import as_provider
from tests import factories as make
from tickets import commands
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def test_tickets_that_nobody_verified_want_a_verdict_since_they_were_opened(world):
    unverified, verified = (make.ticket(world.contract, world.softswitch, world.ada) for _ in range(2))
    commands.verify(ticket=verified, agent=world.sara.person, type="technical", severity="high", now=make.NOW)
    migration = import_module("tickets.migrations.0006_backfill_verdict_wanted")
    with as_provider():
        Ticket.objects.update(verdict_wanted_since=None)
        migration.fill(apps, None)
        migration.fill(apps, None)

        assert dict(Ticket.objects.values_list("pk", "verdict_wanted_since")) == {unverified.pk: make.NOW, verified.pk: None}
