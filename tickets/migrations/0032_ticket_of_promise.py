"""From a promise to its ticket, and to the tickets that have none yet."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0031_clock_events")]
    operations = [
        AddIndexConcurrently(
            "ticket", models.Index(fields=["promise"], name="ticket_of_promise", condition=models.Q(promise__isnull=False))
        ),
        AddIndexConcurrently("ticket", models.Index(fields=["id"], name="ticket_without_promise", condition=models.Q(promise=None))),
    ]
