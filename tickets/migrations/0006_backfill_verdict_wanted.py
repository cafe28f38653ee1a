"""Tickets that nobody has verified want a verdict since they were opened. The queue is right without it, before and after."""

from typing import Any

from django.db import migrations
from django.db.models import F

BATCH = 1000


def fill(apps: Any, schema_editor: Any) -> None:
    """In small transactions, so that nobody waits; stopped, it goes on from where it was."""
    tickets = apps.get_model("tickets", "Ticket").objects
    missing = tickets.filter(verdict_wanted_since=None, verified_at=None, closed_at=None).order_by("pk")
    while found := list(missing.values_list("pk", flat=True)[:BATCH]):
        tickets.filter(pk__in=found, verified_at=None).update(verdict_wanted_since=F("opened_at"))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0005_private_tickets")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
