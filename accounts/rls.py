"""Row-level security as migration operations, and the questions to PostgreSQL's catalogue that prove it is in place.

Roles: `desk_owner` owns the tables; `desk_app` signs in and owns nothing; `desk_tenant`, `desk_command` and `desk_provider`
are taken on inside a transaction (see `tenancy.py`). Policies are per role: one policy for both the staff and a customer
would cost the planner its index. Every protected table is FORCEd, so that even its owner passes a policy.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from django.db import connection, migrations
from django.db.migrations.loader import MigrationLoader

CUSTOMER = "nullif(current_setting('app.customer', true), '')::bigint"
PERSON = "nullif(current_setting('app.person', true), '')::bigint"


@dataclass(frozen=True)
class Policy:
    """`using` holds for reading and, unless the policy is only for reading, for what is written too."""

    name: str
    role: str
    using: str = "true"
    reads_only: bool = False

    @property
    def command(self) -> str:
        return "SELECT" if self.reads_only else "ALL"

    @property
    def check(self) -> str:
        return "" if self.reads_only else self.using

    def sql(self, table: str) -> str:
        check = f" WITH CHECK ({self.check})" if self.check else ""
        return f"CREATE POLICY {self.name} ON {table} FOR {self.command} TO {self.role} USING ({self.using}){check};"

    def change_sql(self, table: str) -> str:
        check = f" WITH CHECK ({self.check})" if self.check else ""
        return f"ALTER POLICY {self.name} ON {table} USING ({self.using}){check};"


class TableRules(migrations.RunSQL):
    """Policies and grants of one table: as SQL for the migration, and as what `isolation_faults` expects to find afterwards.

    `grants`: privileges by role, as after GRANT. `secured`: row-level security is switched on and forced.
    """

    def __init__(self, table: str, *, secured: bool = False, policies: Sequence[Policy] = (), grants: Mapping[str, str]) -> None:
        self.table, self.secured, self.policies, self.grants = table, secured, tuple(policies), dict(grants)
        security = [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"]
        insecurity = [f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;"]
        sql = security * secured + [policy.sql(table) for policy in policies]
        sql += [f"GRANT {privileges} ON {table} TO {role};" for role, privileges in grants.items()]
        undo = [f"DROP POLICY {policy.name} ON {table};" for policy in policies] + insecurity * secured
        undo += [f"REVOKE ALL ON {table} FROM {role};" for role in grants]
        super().__init__("\n".join(sql), "\n".join(undo))


class ChangedPolicy(migrations.RunSQL):
    """Another condition for a policy that an earlier migration made; the last change in the order of migrations rules.

    One statement, so that there is no instant without a policy. It waits for the table alone: give each table its own
    transaction (`atomic = False`), or two tables' locks could meet a request that holds them the other way round.
    """

    def __init__(self, table: str, *, before: Policy, after: Policy) -> None:
        assert (before.name, before.role, before.reads_only) == (after.name, after.role, after.reads_only), "only the condition may change"
        self.table, self.before, self.after = table, before, after
        super().__init__(after.change_sql(table), before.change_sql(table))


class AppendOnly(migrations.RunSQL):
    """Triggers that refuse every change and removal of a row, whoever asks."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            f"""
            CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION '{table} is only ever added to' USING ERRCODE = 'restrict_violation'; END $$;
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_is_append_only();
            CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only();
            """,
            f"DROP TRIGGER never_emptied ON {table}; DROP TRIGGER append_only ON {table}; DROP FUNCTION {table}_is_append_only();",
        )


def tenant_table(table: str, *, visible: str | None = "true", column: str = "customer_id", changes: str = "INSERT, UPDATE") -> TableRules:
    """Protect a table of customers' rows.

    `visible`: what a customer may see of its own rows, as SQL; None: nothing. `changes`: what commands and staff may do.
    A row whose customer is NULL belongs to nobody: commands without a customer write it, the staff see it.
    """
    policies = [
        Policy("owner_rw", "desk_owner"),
        Policy("provider_rw", "desk_provider"),
        Policy("command_rw", "desk_command", f"NOT ({column} IS DISTINCT FROM {CUSTOMER})"),
    ]
    grants = {"desk_command": f"SELECT, {changes}", "desk_provider": f"SELECT, {changes}"}
    if visible is not None:
        policies.append(_tenant_read(visible, column))
        grants["desk_tenant"] = "SELECT"
    return TableRules(table, secured=True, policies=policies, grants=grants)


def _tenant_read(visible: str, column: str = "customer_id") -> Policy:
    return Policy("tenant_read", "desk_tenant", f"{column} = {CUSTOMER} AND {visible}", reads_only=True)


def tenant_sees(table: str, *, visible: str, before: str = "true") -> ChangedPolicy:
    """Change what a customer may see of its own rows of a `tenant_table`; `before`: what it could until now."""
    return ChangedPolicy(table, before=_tenant_read(before), after=_tenant_read(visible))


def provider_table(table: str, *, tenant_reads: bool = False, app_reads: bool = False) -> TableRules:
    """Grant a table of the provider's own: staff write, commands read, customers read it only where it says so."""
    readers = ["desk_command"] + ["desk_tenant"] * tenant_reads + ["desk_app"] * app_reads
    return TableRules(table, grants={"desk_provider": "SELECT, INSERT, UPDATE, DELETE"} | dict.fromkeys(readers, "SELECT"))


def catalogue_table(table: str, *, visible: str) -> TableRules:
    """Protect a table of the provider's own of which each customer sees only some rows; `visible`: which, as SQL."""
    policies = [
        Policy("owner_rw", "desk_owner"),
        Policy("provider_rw", "desk_provider"),
        Policy("command_read", "desk_command", reads_only=True),
        Policy("tenant_read", "desk_tenant", visible, reads_only=True),
    ]
    grants = {"desk_provider": "SELECT, INSERT, UPDATE, DELETE", "desk_command": "SELECT", "desk_tenant": "SELECT"}
    return TableRules(table, secured=True, policies=policies, grants=grants)


def login_table(table: str, **others: str) -> TableRules:
    """Grant a table that signing in needs before a scope is known; customers' pages can't read it.

    `others`: what else is granted, by the role without its `desk_`.
    """
    return TableRules(
        table, grants={"desk_app": "SELECT, INSERT, UPDATE, DELETE"} | {f"desk_{role}": privileges for role, privileges in others.items()}
    )


def addressable(table: str) -> migrations.RunSQL:
    """Let other tables point at (customer, row), which a foreign key on the row alone would not check."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_of_customer UNIQUE (customer_id, id);",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_of_customer;",
    )


def same_customer(table: str, column: str, parent: str, *, check_rows: bool = True) -> migrations.RunSQL:
    """Refuse a `column` that points at another customer's row of `parent` (which is `addressable`).

    `check_rows=False`: only what is written from now on, without reading a table that is in use; `rows_checked`, in a
    migration of its own, does the rest.
    """
    name = f"{table}_{column}_same_customer"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (customer_id, {column}) REFERENCES {parent} (customer_id, id) "
        f"DEFERRABLE INITIALLY DEFERRED{'' if check_rows else ' NOT VALID'};",
        f"ALTER TABLE {table} DROP CONSTRAINT {name};",
    )


def rows_checked(table: str, column: str) -> migrations.RunSQL:
    """Check the rows that were there before `same_customer(..., check_rows=False)`, beside the running service."""
    return migrations.RunSQL(f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_{column}_same_customer;", migrations.RunSQL.noop)


def append_only(table: str) -> AppendOnly:
    """Refuse every change and removal of a row, whoever asks."""
    return AppendOnly(table)


# Tables without a customer, each with the reason why that is right. Everything else must be a protected tenant table.
UNSCOPED_TABLES: dict[str, str] = {
    "accounts_person": "signing in looks people up before a scope is known; within one, only people who share the customer show",
    "accounts_staffmember": "display names of staff, which customers read",
    "accounts_staffrole": "the provider's own",
    "accounts_team": "the provider's own",
    "accounts_teammember": "the provider's own",
    "notifications_mute": "a person's own choices, whatever customer they look at",
    "notifications_bouncingaddress": "an address may be of people of several customers; each sees those of its own people",
    "notifications_rota": "the provider's own: who is on call when",
    "notifications_rotaturn": "the provider's own: who is on call when",
    "notifications_rotaoverride": "the provider's own: who is on call when",
    "notifications_teamrota": "the provider's own: who is on call when",
    "notifications_way": "how a member of the staff is reached; each sees their own, commands for customers none",
    "notifications_pagedelivery": "which of the staff a page went to, without a word of it",
    "contracts_product": "the provider's catalogue",
    "contracts_version": "the provider's catalogue",
    "sla_calendar": "the provider's business calendars, which contracts name",
    "releases_release": "the provider's own; customers see what is published of the products that a contract of theirs names",
    "releases_artifact": "files of those releases",
    "releases_knownissue": "the provider's own; customers see what a release that they see fixes, and what a ticket of theirs is linked to",
    "releases_fix": "which release fixes which known issue, as far as the release shows",
    "sla_calendarversion": "the hours and days of those calendars",
    "sla_policy": "the provider's promises, which contracts name",
    "sla_policyversion": "what a policy promises since when; customers don't see who made it and why",
    "sla_policyrow": "a version's promise for one qualification",
    "sla_escalationstep": "whom a version tells when",
    "billing_series": "the last number given to a statement in a year",
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
    return [
        *_unprotected_tables(),
        *_other_policies(),
        *_other_grants(),
        *_missing_triggers(),
        *_loose_foreign_keys(),
        *_side_doors(),
    ]


@cache
def _operations() -> tuple[migrations.operations.base.Operation, ...]:
    """Every operation of every migration, in the order in which they run: what the catalogue should hold is what they say."""
    graph = MigrationLoader(None).graph
    keys = dict.fromkeys(key for leaf in sorted(graph.leaf_nodes()) for key in graph.forwards_plan(leaf))
    return tuple(operation for key in keys for operation in graph.nodes[key].operations)


def _table_rules() -> list[TableRules]:
    return [operation for operation in _operations() if isinstance(operation, TableRules)]


def _expected_policies() -> dict[tuple[str, str], Policy]:
    """The policies that the migrations leave, by table and name."""
    found: dict[tuple[str, str], Policy] = {}
    for operation in _operations():
        if isinstance(operation, TableRules):
            found |= {(operation.table, policy.name): policy for policy in operation.policies}
        elif isinstance(operation, ChangedPolicy):
            key = (operation.table, operation.before.name)
            assert found.get(key) == operation.before, f"{operation.table}: a migration changes another policy than the one there is"
            found[key] = operation.after
    return found


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
    faults += [
        f"{rules.table} is without forced row-level security"
        for rules in _table_rules()
        if rules.secured and rules.table not in protected | carrying
    ]
    others = {name for (name,) in _rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")} - carrying
    faults += [f"{table} carries no customer and is not a named exception" for table in sorted(others - UNSCOPED_TABLES.keys())]
    return faults


def _other_policies() -> list[str]:
    """Policies must be those of the migrations, word for word: one more, one less or another condition is a fault."""
    expected = {
        key: ("PERMISSIVE", f"{{{policy.role}}}", policy.command, _plain(policy.using), _plain(policy.check))
        for key, policy in _expected_policies().items()
    }
    found = {
        (table, name): (kind, roles, command, _plain(using), _plain(check))
        for table, name, kind, roles, command, using, check in _rows(
            "SELECT tablename, policyname, permissive, roles::text, cmd, coalesce(qual, ''), coalesce(with_check, '') "
            "FROM pg_policies WHERE schemaname = 'public'"
        )
    }
    return (
        [f"{table}: policy {name} is missing" for table, name in sorted(expected.keys() - found.keys())]
        + [f"{table}: policy {name} was made by no migration" for table, name in sorted(found.keys() - expected.keys())]
        + [
            f"{table}: policy {name} is not what its migration made"
            for table, name in sorted(found.keys() & expected.keys())
            if found[table, name] != expected[table, name]
        ]
    )


def _plain(condition: str) -> str:
    """A condition without what PostgreSQL adds when it shows one: brackets, casts of texts, capitals, spaces."""
    return re.sub(r"[()\s]|::text", "", condition).lower()


def _other_grants() -> list[str]:
    """Grants must be those of the migrations, by table, column and role; the backup may read everything besides."""
    expected = {
        (rules.table, role, privilege)
        for rules in _table_rules()
        for role, privileges in rules.grants.items()
        for privilege in _single_privileges(privileges)
    }
    found = {
        (table, role, privilege)
        for table, role, privilege in _rows(
            """
            WITH acls AS (
                SELECT oid, relacl AS acl, '' AS of_column FROM pg_class
                UNION ALL
                SELECT attrelid, attacl, ' (' || attname || ')' FROM pg_attribute WHERE NOT attisdropped
            )
            SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), a.privilege_type || of_column
            FROM acls JOIN pg_class c USING (oid) CROSS JOIN aclexplode(acl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
            WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner
            """
        )
        if (role, privilege) != ("desk_backup", "SELECT")
    }
    return [f"{role} may {privilege} {table}, which no migration granted" for table, role, privilege in sorted(found - expected)] + [
        f"{role} may not {privilege} {table}, which a migration granted" for table, role, privilege in sorted(expected - found)
    ]


def _single_privileges(privileges: str) -> list[str]:
    """`SELECT (id, type), DELETE` is `SELECT (id)`, `SELECT (type)` and `DELETE`."""
    found = []
    for word, columns in re.findall(r"(\w+)(?: \(([^)]*)\))?", privileges):
        found += [f"{word} ({column.strip()})" for column in columns.split(",")] if columns else [word]
    return found


def _missing_triggers() -> list[str]:
    expected = {
        (operation.table, name)
        for operation in _operations()
        if isinstance(operation, AppendOnly)
        for name in ("append_only", "never_emptied")
    }
    found = set(
        _rows(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE c.relnamespace = 'public'::regnamespace AND t.tgenabled IN ('O', 'A') "
            "AND t.tgfoid = to_regproc(c.relname || '_is_append_only')"
        )
    )
    return [f"{table}: trigger {name} is missing or switched off" for table, name in sorted(expected - found)]


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
