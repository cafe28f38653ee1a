"""The index of unverified tickets, in whose place the one of wanted verdicts is."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0007_index_verdict_wanted")]
    operations = [RemoveIndexConcurrently(model_name="ticket", name="ticket_unverified")]
