"""What queues of promises are read and counted by."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

NOT_MISSED = models.Q(outcome=None, missed_at=None)
INDEXES = (
    models.Index(fields=["due_at"], name="clock_next_due", include=["promise"], condition=NOT_MISSED),
    models.Index(fields=["warns_at"], name="clock_next_warning", include=["promise"], condition=NOT_MISSED),
    models.Index(fields=["promise"], name="clock_running_missed", condition=models.Q(outcome=None, missed_at__isnull=False)),
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sla", "0034_report_indexes")]
    operations = [AddIndexConcurrently("clock", index) for index in INDEXES]
