"""The indexes that the queues could not use: they asked for what is not closed, the queues for what is active."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0019_ticket_queue_indexes")]
    operations = [RemoveIndexConcurrently("ticket", "ticket_of_assignee"), RemoveIndexConcurrently("ticket", "ticket_of_team")]
