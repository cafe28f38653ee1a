"""A mail is withdrawn also from a reader who may no longer see what it tells of: only the word for it changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0013_announcements")]
    operations = [
        migrations.AlterField(
            "mail",
            "state",
            models.CharField(
                choices=[
                    ("due", "Waiting to be sent"),
                    ("sending", "Being sent"),
                    ("sent", "Sent"),
                    ("joined", "Sent within another mail"),
                    ("parked", "Failed: needs a person"),
                    ("delivered", "Delivered"),
                    ("bounced", "Bounced"),
                    ("complained", "Marked as spam"),
                    ("muted", "Not sent: muted"),
                    ("cancelled", "Not sent: withdrawn"),
                ],
                default="due",
                max_length=10,
            ),
        ),
    ]
