"""Hours and money belong to their customer: work and requests of the tickets it sees, statements; never drafts, timers and reviews.

What was entered, answered, said of a line and closed stays as it is.
"""

from django.db import migrations

from accounts.rls import addressable, append_only, provider_table, same_customer, tenant_table


def of(parent: str, table: str, column: str) -> str:
    """The parent's own policy decides: one that is not there for the reader hides what hangs on it."""
    return f"EXISTS (SELECT 1 FROM {parent} p WHERE p.id = {table}.{column})"


# Requests that staff still write are none yet for the customer.
SENT = "state::text <> ALL (ARRAY['draft'::text, 'to_release'::text])"
CONTRACT, TICKET, LOG, REQUEST = "contracts_contract", "tickets_ticket", "billing_worklog", "billing_chargerequest"
PARENTS = {
    "billing_worklog": {"ticket_id": TICKET, "contract_id": CONTRACT},
    "billing_entry": {"contract_id": CONTRACT, "log_id": LOG, "ticket_id": TICKET},
    "billing_timer": {"ticket_id": TICKET},
    "billing_takenin": {"ticket_id": TICKET, "contract_id": CONTRACT},
    "billing_ledger": {"contract_id": CONTRACT},
    "billing_chargerequest": {"contract_id": CONTRACT, "ticket_id": TICKET, "hold_id": "tickets_hold"},
    "billing_listedlog": {"request_id": REQUEST, "log_id": LOG},
    "billing_decision": {"request_id": REQUEST},
    "billing_contractmonth": {"contract_id": CONTRACT},
    "billing_slice": {"log_id": LOG, "contract_id": CONTRACT},
    "billing_allocation": {"slice_id": "billing_slice", "contract_id": CONTRACT, "request_id": REQUEST},
    "billing_threshold": {"contract_id": CONTRACT},
    "billing_correction": {"contract_id": CONTRACT},
    "billing_review": {"contract_id": CONTRACT, "log_id": LOG, "request_id": REQUEST},
    "billing_statement": {"contract_id": CONTRACT},
    "billing_statementline": {"statement_id": "billing_statement", "ticket_id": TICKET, "log_id": LOG, "request_id": REQUEST},
}


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial"), ("tickets", "0035_ticket_due_indexes_before")]
    operations = [
        *(addressable(table) for table in ("tickets_hold", LOG, REQUEST, "billing_slice", "billing_statement")),
        *(same_customer(table, column, parent) for table, columns in PARENTS.items() for column, parent in columns.items()),
        tenant_table("billing_worklog", visible=f"deleted_at IS NULL AND {of(TICKET, 'billing_worklog', 'ticket_id')}"),
        tenant_table("billing_entry", visible=None, changes="INSERT"),
        tenant_table("billing_timer", visible=None, changes="INSERT, UPDATE, DELETE"),
        tenant_table("billing_takenin", visible=None),
        tenant_table("billing_ledger", visible=None),
        tenant_table("billing_chargerequest", visible=f"{SENT} AND {of(TICKET, 'billing_chargerequest', 'ticket_id')}"),
        tenant_table("billing_listedlog", visible=of(REQUEST, "billing_listedlog", "request_id"), changes="INSERT, DELETE"),
        tenant_table("billing_decision", visible=of(REQUEST, "billing_decision", "request_id"), changes="INSERT"),
        tenant_table("billing_contractmonth"),
        tenant_table("billing_slice", visible=of(LOG, "billing_slice", "log_id"), changes="INSERT, UPDATE, DELETE"),
        tenant_table("billing_allocation", visible=of("billing_slice", "billing_allocation", "slice_id"), changes="INSERT, UPDATE, DELETE"),
        tenant_table("billing_threshold", visible=None, changes="INSERT"),
        tenant_table("billing_correction", visible=None, changes="INSERT, UPDATE, DELETE"),
        tenant_table("billing_review", visible=None, changes="INSERT"),
        tenant_table("billing_statement", changes="INSERT"),
        # Lines of a private ticket are there for those who may see it; the page tells others of them as one sum.
        tenant_table(
            "billing_statementline",
            visible=f"(ticket_id IS NULL OR {of(TICKET, 'billing_statementline', 'ticket_id')})",
            changes="INSERT",
        ),
        provider_table("billing_series"),
        *(append_only(f"billing_{table}") for table in ("entry", "decision", "review", "statement", "statementline")),
    ]
