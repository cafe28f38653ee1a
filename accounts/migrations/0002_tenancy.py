"""Who may see which people and customers, and what signing in may touch before a scope is known."""

from django.db import migrations

from accounts.rls import CUSTOMER, PERSON, addressable, append_only, login_table, provider_table, tenant_table

SCHEMA = "GRANT USAGE ON SCHEMA public TO desk_app, desk_tenant, desk_command, desk_provider;"

# The person's own rows, for the switcher, before any customer's scope.
OWN_ROWS = f"""
    GRANT SELECT ON accounts_membership, accounts_customer TO desk_app;
    CREATE POLICY own_read ON accounts_membership FOR SELECT TO desk_app USING (person_id = {PERSON});
    CREATE POLICY own_read ON accounts_customer FOR SELECT TO desk_app
        USING (id IN (SELECT customer_id FROM accounts_membership WHERE person_id = {PERSON}));
"""

# Within a customer's scope only people who share it show, former colleagues too; commands also see staff, to tell them.
SHARING = f"EXISTS (SELECT FROM accounts_membership m WHERE m.person_id = accounts_person.id AND m.customer_id = {CUSTOMER})"
PEOPLE = f"""
    ALTER TABLE accounts_person ENABLE ROW LEVEL SECURITY;
    ALTER TABLE accounts_person FORCE ROW LEVEL SECURITY;
    CREATE POLICY owner_rw ON accounts_person TO desk_owner USING (true) WITH CHECK (true);
    CREATE POLICY app_rw ON accounts_person TO desk_app USING (true) WITH CHECK (true);
    CREATE POLICY provider_rw ON accounts_person TO desk_provider USING (true) WITH CHECK (true);
    CREATE POLICY tenant_read ON accounts_person FOR SELECT TO desk_tenant USING ({SHARING});
    CREATE POLICY command_read ON accounts_person FOR SELECT TO desk_command
        USING ({SHARING} OR EXISTS (SELECT FROM accounts_staffmember s WHERE s.person_id = accounts_person.id));
    GRANT SELECT, INSERT, UPDATE ON accounts_person TO desk_app, desk_provider;
    GRANT SELECT ON accounts_person TO desk_tenant, desk_command;
"""

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
        migrations.RunSQL(OWN_ROWS, "DROP POLICY own_read ON accounts_customer; DROP POLICY own_read ON accounts_membership;"),
        migrations.RunSQL(
            PEOPLE,
            "ALTER TABLE accounts_person NO FORCE ROW LEVEL SECURITY; ALTER TABLE accounts_person DISABLE ROW LEVEL SECURITY;",
        ),
        provider_table("accounts_staffmember", tenant_reads=True, app_reads=True),
        provider_table("accounts_staffrole", app_reads=True),
        provider_table("accounts_team"),
        provider_table("accounts_teammember"),
        login_table("helpdesk_cache"),
        login_table("django_session"),
        login_table("account_emailaddress"),
        login_table("account_emailconfirmation"),
        login_table("mfa_authenticator", provider="SELECT, DELETE"),
        login_table("usersessions_usersession"),
        migrations.RunSQL(
            """
            GRANT SELECT ON django_content_type TO desk_app, desk_provider;
            GRANT SELECT, INSERT ON django_admin_log TO desk_provider;
            GRANT SELECT ON django_migrations TO desk_app;
            """,
            migrations.RunSQL.noop,
        ),
    ]
