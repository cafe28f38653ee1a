"""Since when a verdict is wanted, and whether a ticket is private. Code without these columns goes on writing rows that are right."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0003_tenancy")]
    operations = [
        migrations.AddField(model_name="ticket", name="verdict_wanted_since", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="ticket", name="private", field=models.BooleanField(db_default=False, default=False, verbose_name="private")
        ),
        migrations.AlterField(
            model_name="event",
            name="kind",
            field=models.CharField(
                choices=[
                    ("opened", "Opened"),
                    ("replied", "Replied"),
                    ("noted", "Noted"),
                    ("declared", "Declared"),
                    ("verified", "Verified"),
                    ("contested", "Contested"),
                    ("status_changed", "Status Changed"),
                    ("assigned", "Assigned"),
                    ("team_changed", "Team Changed"),
                    ("hold_placed", "Hold Placed"),
                    ("hold_released", "Hold Released"),
                    ("watcher_added", "Watcher Added"),
                    ("watcher_removed", "Watcher Removed"),
                    ("followed_up", "Followed Up"),
                    ("reply_held", "Reply Held"),
                    ("contract_moved", "Contract Moved"),
                    ("privacy_changed", "Privacy Changed"),
                ],
                max_length=20,
            ),
        ),
    ]
