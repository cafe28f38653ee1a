"""An identifier is as visible as the message that it stands in, or that its file came with."""

from django.db import migrations

from accounts.rls import tenant_table

# Of the same customer, as internal as its message, and its file one of that message: the database holds all three together.
SAME_SECRECY = """
    ALTER TABLE tickets_identifier ADD CONSTRAINT tickets_identifier_message_same_customer
        FOREIGN KEY (customer_id, message_id, internal) REFERENCES tickets_message (customer_id, id, internal) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE tickets_identifier ADD CONSTRAINT tickets_identifier_file_same_customer
        FOREIGN KEY (customer_id, file_id, message_id) REFERENCES tickets_file (customer_id, id, message_id) DEFERRABLE INITIALLY DEFERRED;
"""
UNDO_SECRECY = """
    ALTER TABLE tickets_identifier DROP CONSTRAINT tickets_identifier_file_same_customer;
    ALTER TABLE tickets_identifier DROP CONSTRAINT tickets_identifier_message_same_customer;
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0015_file_of_message")]
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
