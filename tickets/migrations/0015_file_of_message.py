"""A file is addressed with its customer and message. By itself: a reply holds messages before files, the next migration the other way."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tickets", "0014_scan_indexes")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE tickets_file ADD CONSTRAINT tickets_file_of_message UNIQUE USING INDEX tickets_file_of_message;",
            # Undone, the index goes with its constraint; the migration before makes it again.
            "ALTER TABLE tickets_file DROP CONSTRAINT tickets_file_of_message;"
            " CREATE UNIQUE INDEX tickets_file_of_message ON tickets_file (customer_id, id, message_id);",
        )
    ]
