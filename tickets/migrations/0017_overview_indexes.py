"""What is counted by week of opening or solving is read from these indexes alone."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0016_identifier_tenancy")]
    operations = [
        AddIndexConcurrently(
            "ticket",
            models.Index(fields=["opened_at"], name="ticket_by_opening", include=["customer", "product", "environment", "team"]),
        ),
        AddIndexConcurrently(
            "ticket",
            models.Index(
                fields=["resolved_at"],
                name="ticket_by_solving",
                include=["customer", "team"],
                condition=models.Q(resolved_at__isnull=False),
            ),
        ),
    ]
