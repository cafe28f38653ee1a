"""That staff corrected what a ticket is about stands in its story. Nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0040_ticket_of_requester")]
    operations = [
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
                    ("rated", "Rated"),
                    ("escalated", "Escalated"),
                    ("missed", "Missed"),
                    ("covered", "Covered"),
                    ("uncovered", "Uncovered"),
                    ("promise_moved", "Promise Moved"),
                    ("issue_linked", "Issue Linked"),
                    ("issue_unlinked", "Issue Unlinked"),
                    ("fix_released", "Fix Released"),
                    ("observed", "Observed"),
                    ("corrected", "Corrected"),
                ],
                max_length=20,
            ),
        ),
    ]
