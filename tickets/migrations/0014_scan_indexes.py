"""What waits to be scanned, and a key by which an identifier names its file together with that file's message."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0013_identifiers")]
    operations = [
        AddIndexConcurrently(
            "file", models.Index(fields=["id"], name="file_not_scanned", condition=models.Q(scanned_at=None, message__isnull=False))
        ),
        AddIndexConcurrently("message", models.Index(fields=["id"], name="message_not_scanned", condition=models.Q(scanned_at=None))),
        # A build that was interrupted leaves an index that counts for nothing.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS tickets_file_of_message;", migrations.RunSQL.noop),
        migrations.RunSQL(
            "CREATE UNIQUE INDEX CONCURRENTLY tickets_file_of_message ON tickets_file (customer_id, id, message_id);",
            "DROP INDEX CONCURRENTLY IF EXISTS tickets_file_of_message;",
        ),
    ]
