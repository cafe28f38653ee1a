"""A ticket has a promise, and says when its nearest clock is due. What was opened before gets its promise from a sweep."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.rls import same_customer


class Migration(migrations.Migration):
    dependencies = [("tickets", "0025_ticket_active_of_customer"), ("sla", "0031_promises_tenancy")]
    operations = [
        migrations.AddField("ticket", "next_due_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "ticket",
            "promise",
            models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="sla.promise"),
        ),
        same_customer("tickets_ticket", "promise_id", "sla_promise", check_rows=False),
    ]
