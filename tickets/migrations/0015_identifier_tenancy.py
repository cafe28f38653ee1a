"""An identifier is as visible as the message that it stands in, or that its file came with."""

from django.db import migrations

from accounts.rls import tenant_table

# Of the same customer, as internal as its message, and its file one of that message: the database holds all three together.
SAME_SECRECY = """
    ALTER TABLE tickets_file ADD CONSTRAINT tickets_file_of_message UNIQUE USING INDEX tickets_file_of_message;
    ALTER TABLE tickets_identifier ADD CONSTRAINT tickets_identifier_message_same_customer
        FOREIGN KEY (customer_id, message_id, internal) REFERENCES tickets_message (customer_id, id, internal) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE tickets_identifier ADD CONSTRAINT tickets_identifier_file_same_customer
        FOREIGN KEY (customer_id, file_id, message_id) REFERENCES tickets_file (customer_id, id, message_id) DEFERRABLE INITIALLY DEFERRED;
"""
# Undone, the index goes with its constraint; the migration before makes it again.
UNDO_SECRECY = """
    ALTER TABLE tickets_identifier DROP CONSTRAINT tickets_identifier_file_same_customer;
    ALTER TABLE tickets_identifier DROP CONSTRAINT tickets_identifier_message_same_customer;
    ALTER TABLE tickets_file DROP CONSTRAINT tickets_file_of_message;
    CREATE UNIQUE INDEX tickets_file_of_message ON tickets_file (customer_id, id, message_id);
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0014_scan_indexes")]
    operations = [
        migrations.RunSQL(SAME_SECRECY, UNDO_SECRECY),
        tenant_table(
            "tickets_identifier",
            # Whatever else hides a message from a customer hides what stands in it. No EXISTS: the planner would look at all messages
            # of the customer once to answer it for a few rows.
            visible="NOT internal AND (SELECT m.id FROM tickets_message m WHERE m.id = tickets_identifier.message_id) IS NOT NULL",
            changes="INSERT, DELETE",
        ),
    ]
