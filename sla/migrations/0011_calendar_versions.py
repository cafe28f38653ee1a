"""What a calendar says, from an instant on."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_tenancy"), ("sla", "0010_calendar_follows")]

    operations = [
        migrations.CreateModel(
            name="CalendarVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("first", "As shipped"), ("changed", "Changed"), ("extended", "Holidays of further years")], max_length=10
                    ),
                ),
                ("rules_from", models.DateTimeField(null=True, verbose_name="rules from")),
                ("week", models.JSONField()),
                ("dates", models.JSONField()),
                ("holidays", models.JSONField()),
                ("breaks", models.JSONField()),
                ("proposals", models.JSONField()),
                ("holidays_until", models.PositiveSmallIntegerField(null=True)),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                ("created_at", models.DateTimeField()),
                (
                    "author",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("calendar", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="sla.calendar")),
            ],
            options={
                "ordering": ["calendar_id", "number"],
                "constraints": [
                    models.UniqueConstraint(fields=("calendar", "number"), name="one_row_per_calendar_version"),
                    models.UniqueConstraint(fields=("calendar", "rules_from"), name="one_calendar_version_at_a_time"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("number", 1), ("rules_from", None)),
                            models.Q(("number__gt", 1), ("rules_from__isnull", False)),
                            _connector="OR",
                        ),
                        name="first_calendar_version_rules_always",
                    ),
                ],
            },
        ),
    ]
