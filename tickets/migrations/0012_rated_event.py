"""A story tells how the customer says that it was solved. Nothing changes in the database."""

from django.db import migrations, models

KINDS = [
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
    ("rated", "Rated"),
]


class Migration(migrations.Migration):
    dependencies = [("tickets", "0011_satisfaction")]
    operations = [migrations.AlterField("event", "kind", models.CharField(choices=KINDS, max_length=20))]
