"""Rotas are the provider's; a person's ways of being reached are theirs; pages that speak of a customer's ticket are read by staff alone."""

from django.db import migrations

from accounts.rls import PERSON, Policy, TableRules, provider_table, tenant_table

OWN = f"person_id = {PERSON}"

# Ways hold secrets: commands for a customer see none, a person their own.
WAYS = TableRules(
    "notifications_way",
    secured=True,
    policies=[Policy("owner_rw", "desk_owner"), Policy("provider_rw", "desk_provider"), Policy("own_rw", "desk_app", OWN)],
    grants={"desk_provider": "SELECT, INSERT, UPDATE, DELETE", "desk_app": "SELECT, INSERT"},
)
# The account's page says what became of the last page by each way.
DELIVERIES = TableRules(
    "notifications_pagedelivery",
    secured=True,
    policies=[
        Policy("owner_rw", "desk_owner"),
        Policy("provider_rw", "desk_provider"),
        Policy("own_read", "desk_app", OWN, reads_only=True),
    ],
    grants={"desk_provider": "SELECT, INSERT, UPDATE", "desk_app": "SELECT"},
)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0010_on_call"), ("accounts", "0002_tenancy")]
    operations = [
        *[provider_table(f"notifications_{name}") for name in ("rota", "rotaturn", "rotaoverride", "teamrota")],
        WAYS,
        tenant_table("notifications_page", visible=None),
        DELIVERIES,
    ]
