"""The indexes by last change that the queues were sorted by; until the new code is there, the old sorts the few active ones itself."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0034_ticket_due_indexes")]
    operations = [
        RemoveIndexConcurrently("ticket", "ticket_active"),
        RemoveIndexConcurrently("ticket", "ticket_active_of_assignee"),
        RemoveIndexConcurrently("ticket", "ticket_active_of_team"),
        RemoveIndexConcurrently("ticket", "ticket_verdict_wanted"),
    ]
