"""Identifiers of calls, and notes of what was searched for them. Nothing is read or rewritten: a sweep does what is there already."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_tenancy"), ("tickets", "0012_rated_event")]
    operations = [
        migrations.AddField("file", "scan_attempts", models.SmallIntegerField(db_default=0, default=0)),
        migrations.AddField("file", "scan_due_at", models.DateTimeField(null=True)),
        migrations.AddField("file", "scanned_at", models.DateTimeField(null=True)),
        migrations.AddField("message", "scanned_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="Identifier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("internal", models.BooleanField(default=False)),
                ("value", models.CharField(db_collation="C", max_length=256)),
                ("folded", models.CharField(db_collation="C", max_length=256)),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "file",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="identifiers", to="tickets.file"
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="identifiers", to="tickets.message"),
                ),
            ],
        ),
        migrations.AddIndex("identifier", models.Index(fields=["folded"], name="identifier_by_value")),
        migrations.AddConstraint(
            "identifier",
            models.UniqueConstraint(fields=("customer", "message", "file", "value"), name="one_row_per_identifier", nulls_distinct=False),
        ),
    ]
