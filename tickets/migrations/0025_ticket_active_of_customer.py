"""What a customer has open, beside each of its tickets: without it every ticket that it ever had is read."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

ACTIVE = models.Q(status__in=("new", "open", "waiting_customer", "waiting_approval", "waiting_third_party"))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0021_file_of_day")]
    operations = [
        AddIndexConcurrently(
            "ticket", models.Index(fields=["customer", "-changed_at", "-id"], name="ticket_active_of_customer", condition=ACTIVE)
        )
    ]
