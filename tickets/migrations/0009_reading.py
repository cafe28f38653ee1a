"""How far each person has read each ticket, which only they see."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.rls import PERSON, same_customer, tenant_table


class Migration(migrations.Migration):
    dependencies = [("tickets", "0008_drop_index_unverified")]
    operations = [
        migrations.CreateModel(
            name="Reading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("read_at", models.DateTimeField()),
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
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="readings", to="tickets.ticket"),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("customer", "person", "ticket"), name="one_reading_per_person")],
            },
        ),
        same_customer("tickets_reading", "ticket_id", "tickets_ticket"),
        tenant_table("tickets_reading", visible=f"person_id = {PERSON}"),
    ]
