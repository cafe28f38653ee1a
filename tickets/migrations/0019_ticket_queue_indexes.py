"""What the queues are read and counted by."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

ACTIVE = models.Q(status__in=("new", "open", "waiting_customer", "waiting_approval", "waiting_third_party"))
INDEXES = (
    models.Index(fields=["-changed_at", "-id"], name="ticket_active", condition=ACTIVE),
    models.Index(fields=["assignee", "-changed_at", "-id"], name="ticket_active_of_assignee", condition=ACTIVE),
    models.Index(fields=["team", "-changed_at", "-id"], name="ticket_active_of_team", condition=ACTIVE),
    models.Index(fields=["status", "-changed_at", "-id"], name="ticket_of_status"),
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0018_message_html")]
    operations = [AddIndexConcurrently("ticket", index) for index in INDEXES]
