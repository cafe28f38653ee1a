"""What a mail is about, what became of it after it was handed over, and that it was not sent because its reader muted it."""

from django.db import migrations, models

STATES = [
    ("due", "Waiting to be sent"),
    ("sending", "Being sent"),
    ("sent", "Sent"),
    ("joined", "Sent within another mail"),
    ("parked", "Failed: needs a person"),
    ("delivered", "Delivered"),
    ("bounced", "Bounced"),
    ("complained", "Marked as spam"),
    ("muted", "Not sent: muted"),
]


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_tenancy")]
    operations = [
        migrations.AddField("mail", "about_table", models.CharField(blank=True, db_default="", default="", max_length=60)),
        migrations.AddField("mail", "about_id", models.BigIntegerField(null=True)),
        migrations.AddField("mail", "service_id", models.CharField(blank=True, db_default="", default="", max_length=200)),
        migrations.AddField("mail", "outcome_at", models.DateTimeField(null=True)),
        migrations.AlterField("mail", "state", models.CharField(choices=STATES, default="due", max_length=10)),
    ]
