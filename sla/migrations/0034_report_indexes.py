"""What reports of promises look for: when clocks were met, when those fell due that were missed, and misses by their due instant."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sla", "0031_promises_tenancy")]
    operations = [
        AddIndexConcurrently(
            "clock",
            models.Index(
                fields=["stopped_at"],
                name="clock_met",
                condition=models.Q(outcome="met"),
                include=("customer", "promise", "target", "severity", "used_seconds", "missed_at", "started_at"),
            ),
        ),
        AddIndexConcurrently("clock", models.Index(fields=["missed_at"], name="clock_missed", condition=models.Q(missed_at__isnull=False))),
        AddIndexConcurrently("breach", models.Index(fields=["-due_at", "-id"], name="breach_by_due_instant")),
    ]
