"""Who may see which people and customers, and what signing in may touch before a scope is known."""

from django.db import migrations

from accounts.rls import CUSTOMER, PERSON, Policy, TableRules, addressable, append_only, login_table, provider_table, tenant_table

SCHEMA = "GRANT USAGE ON SCHEMA public TO desk_app, desk_tenant, desk_command, desk_provider;"

# Within a customer's scope only people who share it show, former colleagues too; commands also see staff, to tell them.
SHARING = f"EXISTS (SELECT FROM accounts_membership m WHERE m.person_id = accounts_person.id AND m.customer_id = {CUSTOMER})"
STAFF = "EXISTS (SELECT FROM accounts_staffmember s WHERE s.person_id = accounts_person.id)"
PEOPLE = TableRules(
    "accounts_person",
    secured=True,
    policies=[
        Policy("owner_rw", "desk_owner"),
        Policy("app_rw", "desk_app"),
        Policy("provider_rw", "desk_provider"),
        Policy("tenant_read", "desk_tenant", SHARING, reads_only=True),
        Policy("command_read", "desk_command", f"{SHARING} OR {STAFF}", reads_only=True),
    ],
    grants={
        "desk_app": "SELECT, INSERT, UPDATE",
        "desk_provider": "SELECT, INSERT, UPDATE",
        "desk_tenant": "SELECT",
        "desk_command": "SELECT",
    },
)

# The person's own rows, for the switcher, before any customer's scope. Conditions are written as PostgreSQL shows them.
OWN = f"accounts_membership.person_id = {PERSON}"
OWN_CUSTOMERS = f"id IN (SELECT accounts_membership.customer_id FROM accounts_membership WHERE {OWN})"


def own_rows(table: str, condition: str) -> TableRules:
    return TableRules(table, policies=[Policy("own_read", "desk_app", condition, reads_only=True)], grants={"desk_app": "SELECT"})


CACHE = """
    CREATE TABLE helpdesk_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
    CREATE INDEX helpdesk_cache_expires ON helpdesk_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("sessions", "0001_initial"),
        ("usersessions", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.RunSQL(SCHEMA, migrations.RunSQL.noop),
        migrations.RunSQL(CACHE, "DROP TABLE helpdesk_cache;"),
        addressable("accounts_membership"),
        tenant_table("accounts_customer", column="id"),
        tenant_table("accounts_membership"),
        tenant_table("accounts_invitation"),
        tenant_table("accounts_auditentry", visible=None, changes="INSERT"),
        append_only("accounts_auditentry"),
        own_rows("accounts_membership", f"person_id = {PERSON}"),
        own_rows("accounts_customer", OWN_CUSTOMERS),
        PEOPLE,
        provider_table("accounts_staffmember", tenant_reads=True, app_reads=True),
        provider_table("accounts_staffrole", app_reads=True),
        provider_table("accounts_team"),
        provider_table("accounts_teammember"),
        login_table("helpdesk_cache"),
        login_table("django_session"),
        login_table("account_emailaddress"),
        login_table("account_emailconfirmation"),
        login_table("mfa_authenticator", provider="SELECT (id, user_id, type), DELETE"),
        login_table("usersessions_usersession"),
        TableRules("django_content_type", grants={"desk_app": "SELECT", "desk_provider": "SELECT"}),
        TableRules("django_admin_log", grants={"desk_provider": "SELECT, INSERT"}),
        TableRules("django_migrations", grants={"desk_app": "SELECT"}),
    ]
