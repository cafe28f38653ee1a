"""How customers say that their tickets were solved."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.rls import same_customer, tenant_table

# The ticket's own policy decides: one that is private and not the reader's hides what hangs on it.
OF_TICKET = "EXISTS (SELECT 1 FROM tickets_ticket t WHERE t.id = tickets_satisfaction.ticket_id)"


class Migration(migrations.Migration):
    dependencies = [("tickets", "0010_reading_baseline")]
    operations = [
        migrations.CreateModel(
            name="Satisfaction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "level",
                    models.CharField(
                        choices=[("satisfied", "Solved well"), ("neutral", "Solved so-so"), ("dissatisfied", "Solved badly")], max_length=12
                    ),
                ),
                ("rated_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer"),
                ),
                (
                    "person",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
                (
                    "ticket",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="satisfaction", to="tickets.ticket"),
                ),
            ],
            options={"abstract": False},
        ),
        same_customer("tickets_satisfaction", "ticket_id", "tickets_ticket"),
        tenant_table("tickets_satisfaction", visible=OF_TICKET),
    ]
