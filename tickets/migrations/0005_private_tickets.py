"""A private ticket exists for its requester and the company's admins alone, with everything that hangs on it (TIC-7)."""

from django.db import migrations

from accounts.rls import CUSTOMER, PERSON, tenant_sees

# Conditions are written as PostgreSQL shows them. Whether somebody is an admin depends on no row, so it is asked once a query.
IS_ADMIN = (
    f"EXISTS (SELECT 1 FROM accounts_membership m WHERE m.customer_id = {CUSTOMER} AND m.person_id = {PERSON}"
    " AND m.role = 'admin' AND m.ended_at IS NULL)"
)
FOR_THEM = f"(NOT private OR requester_id = {PERSON} OR {IS_ADMIN})"


def of_ticket(table: str) -> str:
    """The ticket's own policy decides: one that is not there for the reader hides what hangs on it."""
    return f"EXISTS (SELECT 1 FROM tickets_ticket t WHERE t.id = {table}.ticket_id)"


OF_MESSAGE = "EXISTS (SELECT 1 FROM tickets_message m WHERE m.id = tickets_file.message_id)"
FILE_BEFORE = f"NOT internal AND (message_id IS NOT NULL OR uploader_id = {PERSON})"


class Migration(migrations.Migration):
    atomic = False  # each table's lock is taken and let go by itself; no ticket is private while this runs
    dependencies = [("tickets", "0004_verdict_wanted"), ("accounts", "0002_tenancy")]
    operations = [
        tenant_sees("tickets_ticket", visible=FOR_THEM),
        tenant_sees("tickets_message", visible=f"NOT internal AND {of_ticket('tickets_message')}", before="NOT internal"),
        tenant_sees("tickets_event", visible=f"NOT internal AND {of_ticket('tickets_event')}", before="NOT internal"),
        tenant_sees(
            "tickets_file",
            visible=f"NOT internal AND (message_id IS NULL AND uploader_id = {PERSON} OR {OF_MESSAGE})",
            before=FILE_BEFORE,
        ),
        tenant_sees("tickets_hold", visible=of_ticket("tickets_hold")),
        tenant_sees("tickets_watcher", visible=f"NOT internal AND {of_ticket('tickets_watcher')}", before="NOT internal"),
    ]
