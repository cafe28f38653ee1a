"""The index of the queue of tickets that want a verdict."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0006_backfill_verdict_wanted")]
    operations = [
        AddIndexConcurrently(
            model_name="ticket",
            index=models.Index(
                fields=["-changed_at", "-id"],
                name="ticket_verdict_wanted",
                condition=Q(closed_at=None)
                & (
                    Q(verdict_wanted_since__gte=F("verified_at"))
                    | Q(verified_at=None) & (Q(resolved_at=None) | Q(verdict_wanted_since__gt=F("resolved_at")))
                ),
            ),
        )
    ]
