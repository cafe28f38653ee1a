"""Row-level security as migration operations, and the questions to PostgreSQL's catalogue that prove it is in place.

Roles: `desk_owner` owns the tables; `desk_app` signs in and owns nothing; `desk_tenant`, `desk_command` and `desk_provider`
are taken on inside a transaction (see `tenancy.py`). Policies are per role: one policy for both the staff and a customer
would cost the planner its index. Every protected table is FORCEd, so that even its owner passes a policy.
"""

from collections.abc import Sequence

from django.db import connection, migrations

CUSTOMER = "nullif(current_setting('app.customer', true), '')::bigint"
PERSON = "nullif(current_setting('app.person', true), '')::bigint"


def tenant_table(
    table: str, *, visible: str | None = "true", column: str = "customer_id", changes: str = "INSERT, UPDATE"
) -> migrations.RunSQL:
    """Protect a table of customers' rows.

    `visible`: what a customer may see of its own rows, as SQL; None: nothing. `changes`: what commands and staff may do.
    A row whose customer is NULL belongs to nobody: commands without a customer write it, the staff see it.
    """
    mine = f"{column} = {CUSTOMER}"
    command = f"{column} IS NOT DISTINCT FROM {CUSTOMER}"
    sql = f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY owner_rw ON {table} TO desk_owner USING (true) WITH CHECK (true);
        CREATE POLICY provider_rw ON {table} TO desk_provider USING (true) WITH CHECK (true);
        CREATE POLICY command_rw ON {table} TO desk_command USING ({command}) WITH CHECK ({command});
        GRANT SELECT, {changes} ON {table} TO desk_command, desk_provider;
    """
    if visible is not None:
        sql += f"""
            CREATE POLICY tenant_read ON {table} FOR SELECT TO desk_tenant USING ({mine} AND {visible});
            GRANT SELECT ON {table} TO desk_tenant;
        """
    undo = f"""
        DROP POLICY IF EXISTS tenant_read ON {table};
        DROP POLICY command_rw ON {table}; DROP POLICY provider_rw ON {table}; DROP POLICY owner_rw ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        REVOKE ALL ON {table} FROM desk_tenant, desk_command, desk_provider;
    """
    return migrations.RunSQL(sql, undo)


def provider_table(table: str, *, tenant_reads: bool = False, app_reads: bool = False) -> migrations.RunSQL:
    """Grant a table of the provider's own: staff write, commands read, customers read it only where it says so."""
    readers = ["desk_command"] + ["desk_tenant"] * tenant_reads + ["desk_app"] * app_reads
    return migrations.RunSQL(
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO desk_provider; GRANT SELECT ON {table} TO {', '.join(readers)};",
        f"REVOKE ALL ON {table} FROM desk_provider, {', '.join(readers)};",
    )


def login_table(table: str, *, provider: str | None = None) -> migrations.RunSQL:
    """Grant a table that signing in needs before a scope is known; customers' pages can't read it."""
    sql = f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO desk_app;"
    if provider:
        sql += f"GRANT {provider} ON {table} TO desk_provider;"
    return migrations.RunSQL(sql, f"REVOKE ALL ON {table} FROM desk_app, desk_provider;")


def addressable(table: str) -> migrations.RunSQL:
    """Let other tables point at (customer, row), which a foreign key on the row alone would not check."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_of_customer UNIQUE (customer_id, id);",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_of_customer;",
    )


def same_customer(table: str, column: str, parent: str) -> migrations.RunSQL:
    """Refuse a `column` that points at another customer's row of `parent` (which is `addressable`)."""
    name = f"{table}_{column}_same_customer"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (customer_id, {column}) REFERENCES {parent} (customer_id, id) "
        "DEFERRABLE INITIALLY DEFERRED;",
        f"ALTER TABLE {table} DROP CONSTRAINT {name};",
    )


def append_only(table: str) -> migrations.RunSQL:
    """Refuse every change and removal of a row, whoever asks."""
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{table} is only ever added to' USING ERRCODE = 'restrict_violation'; END $$;
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_is_append_only();
        CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only();
        """,
        f"DROP TRIGGER never_emptied ON {table}; DROP TRIGGER append_only ON {table}; DROP FUNCTION {table}_is_append_only();",
    )


# Tables without a customer, each with the reason why that is right. Everything else must be a protected tenant table.
UNSCOPED_TABLES: dict[str, str] = {
    "accounts_person": "signing in looks people up before a scope is known; within one, only people who share the customer show",
    "accounts_staffmember": "display names of staff, which customers read",
    "accounts_staffrole": "the provider's own",
    "accounts_team": "the provider's own",
    "accounts_teammember": "the provider's own",
    "notifications_mute": "a person's own choices, whatever customer they look at",
    "contracts_product": "the provider's catalogue",
    "contracts_version": "the provider's catalogue",
    "sla_calendar": "the provider's business calendars, which contracts name",
    "sla_policy": "the provider's promises, which contracts name",
    "account_emailaddress": "signing in",
    "account_emailconfirmation": "signing in",
    "mfa_authenticator": "signing in: second factors",
    "usersessions_usersession": "signing in: sessions",
    "django_session": "signing in: sessions",
    "helpdesk_cache": "signing in: counters of attempts",
    "django_content_type": "Django's list of models",
    "django_admin_log": "Django's log of configuration, read by administrators",
    "django_migrations": "Django's list of migrations",
    "auth_group": "Django's, unused",
    "auth_group_permissions": "Django's, unused",
    "auth_permission": "Django's, unused",
}


def isolation_faults() -> list[str]:
    """Everything in the catalogue that would let one customer's row out, as sentences; empty when all is in place."""
    return [*_unprotected_tables(), *_uncommon_policies(), *_loose_foreign_keys(), *_side_doors()]


def _rows(sql: str, parameters: Sequence[list[str]] = ()) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(parameters))
        return list(cursor.fetchall())


def tenant_tables() -> list[str]:
    """Tables of the database that carry a customer, and the customers themselves."""
    return [
        name
        for (name,) in _rows(
            """
            SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND (c.relname = 'accounts_customer'
              OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'customer_id' AND NOT a.attisdropped))
            ORDER BY 1
            """
        )
    ]


def _unprotected_tables() -> list[str]:
    protected = {
        name
        for (name,) in _rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity AND relforcerowsecurity"
        )
    }
    carrying = set(tenant_tables())
    faults = [f"{table} carries a customer without forced row-level security" for table in sorted(carrying - protected)]
    others = {name for (name,) in _rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")} - carrying
    faults += [f"{table} carries no customer and is not a named exception" for table in sorted(others - UNSCOPED_TABLES.keys())]
    return faults


def _uncommon_policies() -> list[str]:
    """A tenant's policy must compare the customer and only read; nobody but staff and owner may have an open one."""
    faults = []
    policies = _rows("SELECT tablename, policyname, roles::text, cmd, coalesce(qual, ''), coalesce(with_check, '') FROM pg_policies")
    for table, policy, roles, command, using, check in policies:
        if table not in tenant_tables():
            continue
        if "desk_tenant" in roles and command != "SELECT":
            faults.append(f"{table}: policy {policy} lets a customer's page write")
        if ("desk_tenant" in roles or "desk_command" in roles) and "app.customer" not in using + check:
            faults.append(f"{table}: policy {policy} does not ask for the customer")
        if roles == "{public}":
            faults.append(f"{table}: policy {policy} holds for every role")
    for table in tenant_tables():
        missing = {"owner_rw", "provider_rw", "command_rw"} - {row[1] for row in policies if row[0] == table}
        faults += [f"{table}: policy {policy} is missing" for policy in sorted(missing)]
    writable = _rows(
        "SELECT c.relname, a.privilege_type FROM pg_class c CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.privilege_type <> 'SELECT' "
        "AND (a.grantee = 0 OR r.rolname = 'desk_tenant')"
    )
    return faults + [f"{table}: customers' pages may {privilege}" for table, privilege in writable]


def _loose_foreign_keys() -> list[str]:
    """A reference between two tenant tables must include the customer, or it can point at somebody else's row."""
    return [
        f"{table}.{column} may point at another customer's row of {parent}"
        for table, column, parent in _rows(
            """
            SELECT f.conrelid::regclass::text, a.attname, f.confrelid::regclass::text
            FROM pg_constraint f JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
            WHERE f.contype = 'f' AND cardinality(f.conkey) = 1
              AND f.conrelid::regclass::text = ANY(%s) AND f.confrelid::regclass::text = ANY(%s)
              AND f.confrelid <> 'accounts_customer'::regclass
              AND NOT EXISTS (
                SELECT FROM pg_constraint g WHERE g.contype = 'f' AND g.conrelid = f.conrelid AND g.confrelid = f.confrelid
                  AND cardinality(g.conkey) > 1 AND f.conkey[1] = ANY(g.conkey)
                  AND EXISTS (SELECT FROM pg_attribute c WHERE c.attrelid = g.conrelid AND c.attnum = ANY(g.conkey) AND c.attname = 'customer_id'))
            """,
            [tenant_tables(), tenant_tables()],
        )
    ]


def _side_doors() -> list[str]:
    """Views that read as their owner, functions that run as theirs, and login roles that pass policies."""
    views = _rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm') "
        "AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)"
    )
    functions = _rows("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef")
    strong = _rows(
        "SELECT rolname FROM pg_roles WHERE rolname IN ('desk_app', 'desk_tenant', 'desk_command', 'desk_provider') "
        "AND (rolsuper OR rolbypassrls OR (rolname = 'desk_app' AND rolinherit))"
    )
    return (
        [f"view {name} reads with its owner's rights" for (name,) in views]
        + [f"function {name} runs with its owner's rights" for (name,) in functions]
        + [f"role {name} passes or inherits policies" for (name,) in strong]
    )
