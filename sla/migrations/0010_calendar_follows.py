"""Whose holidays a calendar has."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sla", "0002_tenancy")]

    operations = [
        migrations.AddField(
            model_name="calendar",
            name="follows",
            field=models.CharField(
                blank=True,
                choices=[("", "None: days are entered by hand"), ("br", "Brazil"), ("br_florianopolis", "Brazil and Florianópolis")],
                db_default="",
                default="",
                max_length=20,
                verbose_name="holidays",
            ),
        ),
    ]
