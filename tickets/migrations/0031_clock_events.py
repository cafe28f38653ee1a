"""Kinds of events that clocks bring; and a promise is seen by whoever sees its ticket."""

from django.db import migrations, models

from accounts.rls import tenant_sees

OF_TICKET = "EXISTS (SELECT 1 FROM tickets_ticket t WHERE t.promise_id = sla_promise.id)"


class Migration(migrations.Migration):
    dependencies = [("tickets", "0030_promise")]
    operations = [
        migrations.AlterField(
            "event",
            "kind",
            models.CharField(
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
                ],
                max_length=20,
            ),
        ),
        tenant_sees("sla_promise", visible=OF_TICKET),
    ]
