"""Releases are the provider's, and customers see what is published of the products that a contract of theirs names.

Whether such a contract is in force is asked at every download; what ended says so on the page of one's products, and shows no release.
"""

from django.db import migrations

from accounts.rls import addressable, catalogue_table, same_customer, tenant_table

# Customers read their own contracts' rows alone, so that these conditions need not name the customer.
OF_A_CONTRACT = (
    "published_at IS NOT NULL AND EXISTS (SELECT 1 FROM contracts_contractproduct p WHERE p.product_id = releases_release.product_id)"
)
FIXED_OR_LINKED = (
    "EXISTS (SELECT 1 FROM releases_fix f WHERE f.issue_id = releases_knownissue.id)"
    " OR EXISTS (SELECT 1 FROM releases_ticketissue t WHERE t.issue_id = releases_knownissue.id)"
)


def of_release(table: str) -> str:
    return f"EXISTS (SELECT 1 FROM releases_release r WHERE r.id = {table}.release_id)"


class Migration(migrations.Migration):
    dependencies = [("releases", "0001_initial"), ("contracts", "0002_tenancy"), ("tickets", "0005_private_tickets")]
    operations = [
        addressable("releases_licence"),
        same_customer("releases_licence", "contract_id", "contracts_contract"),
        same_customer("releases_download", "licence_id", "releases_licence"),
        same_customer("releases_ticketissue", "ticket_id", "tickets_ticket"),
        catalogue_table("releases_release", visible=OF_A_CONTRACT),
        catalogue_table("releases_artifact", visible=of_release("releases_artifact")),
        catalogue_table("releases_fix", visible=of_release("releases_fix")),
        tenant_table("releases_recipient", visible=None, changes="INSERT, UPDATE, DELETE"),
        tenant_table("releases_licence", changes="INSERT"),
        tenant_table("releases_download"),
        tenant_table(
            "releases_ticketissue",
            visible="EXISTS (SELECT 1 FROM tickets_ticket t WHERE t.id = releases_ticketissue.ticket_id)",
            changes="INSERT, UPDATE, DELETE",
        ),
        catalogue_table("releases_knownissue", visible=FIXED_OR_LINKED),
    ]
