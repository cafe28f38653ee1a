"""What is new to a person is found among the tickets that they asked, from this index alone."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0039_ticket_due_monitoring")]
    operations = [
        AddIndexConcurrently(
            "ticket",
            models.Index(fields=["customer", "requester"], name="ticket_of_requester", include=["id", "event_count", "private"]),
        )
    ]
