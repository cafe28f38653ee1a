"""Tickets belong to their customer; internal rows don't exist for it; the story is only ever added to."""

from django.db import migrations

from accounts.rls import PERSON, addressable, append_only, same_customer, tenant_table

# An event or file carries its message's `internal`, and the database holds the two together: a public event can't show a note.
SAME_SECRECY = """
    ALTER TABLE tickets_message ADD CONSTRAINT tickets_message_secrecy UNIQUE (customer_id, id, internal);
    ALTER TABLE tickets_event ADD CONSTRAINT tickets_event_message_same_customer
        FOREIGN KEY (customer_id, message_id, internal) REFERENCES tickets_message (customer_id, id, internal) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE tickets_file ADD CONSTRAINT tickets_file_message_same_customer
        FOREIGN KEY (customer_id, message_id, internal) REFERENCES tickets_message (customer_id, id, internal) DEFERRABLE INITIALLY DEFERRED;
"""
UNDO_SECRECY = """
    ALTER TABLE tickets_file DROP CONSTRAINT tickets_file_message_same_customer;
    ALTER TABLE tickets_event DROP CONSTRAINT tickets_event_message_same_customer;
    ALTER TABLE tickets_message DROP CONSTRAINT tickets_message_secrecy;
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0002_tickets"), ("contracts", "0002_tenancy")]
    operations = [
        addressable("tickets_ticket"),
        migrations.RunSQL(SAME_SECRECY, UNDO_SECRECY),
        same_customer("tickets_ticket", "contract_id", "contracts_contract"),
        same_customer("tickets_ticket", "environment_id", "contracts_environment"),
        same_customer("tickets_ticket", "follow_up_of_id", "tickets_ticket"),
        same_customer("tickets_message", "ticket_id", "tickets_ticket"),
        same_customer("tickets_event", "ticket_id", "tickets_ticket"),
        same_customer("tickets_hold", "ticket_id", "tickets_ticket"),
        same_customer("tickets_watcher", "ticket_id", "tickets_ticket"),
        tenant_table("tickets_ticket"),
        tenant_table("tickets_message", visible="NOT internal"),
        tenant_table("tickets_event", visible="NOT internal", changes="INSERT"),
        tenant_table(
            "tickets_file",
            visible=f"NOT internal AND (message_id IS NOT NULL OR uploader_id = {PERSON})",
            changes="INSERT, UPDATE, DELETE",
        ),
        tenant_table("tickets_hold"),
        tenant_table("tickets_watcher", visible="NOT internal", changes="INSERT, UPDATE, DELETE"),
        append_only("tickets_event"),
        migrations.RunSQL(
            "ALTER TABLE tickets_ticket ALTER COLUMN id SET START WITH 10001 RESTART WITH 10001;",
            "ALTER TABLE tickets_ticket ALTER COLUMN id SET START WITH 1;",
        ),
    ]
