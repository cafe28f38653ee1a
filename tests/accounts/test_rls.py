"""The catalogue's proof can fail: each case breaks one thing as the owner, and the fault is named."""

import pytest
from django.db import connection, transaction

from accounts import rls
from tests.conftest import _sign_in_as

BREAKS = {
    "a new table with a customer": (
        "CREATE TABLE tickets_forgotten (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES accounts_customer)",
        "tickets_forgotten carries a customer without forced row-level security",
    ),
    "a new table without one": ("CREATE TABLE stray (id bigint)", "stray carries no customer and is not a named exception"),
    "policies switched off": (
        "ALTER TABLE tickets_ticket DISABLE ROW LEVEL SECURITY",
        "tickets_ticket carries a customer without forced row-level security",
    ),
    "the owner passes": (
        "ALTER TABLE tickets_message NO FORCE ROW LEVEL SECURITY",
        "tickets_message carries a customer without forced row-level security",
    ),
    "an open policy for customers": (
        "CREATE POLICY convenient ON tickets_ticket FOR SELECT TO desk_tenant USING (true)",
        "tickets_ticket: policy convenient was made by no migration",
    ),
    "a policy for everybody": (
        "CREATE POLICY everybody ON tickets_ticket FOR SELECT USING (true)",
        "tickets_ticket: policy everybody was made by no migration",
    ),
    "a policy dropped": ("DROP POLICY command_rw ON contracts_contract", "contracts_contract: policy command_rw is missing"),
    "pages may write": (
        "GRANT UPDATE ON tickets_ticket TO desk_tenant",
        "desk_tenant may UPDATE tickets_ticket, which no migration granted",
    ),
    "an open policy for whoever has no scope": (
        "CREATE POLICY shortcut ON tickets_ticket TO desk_app USING (true); GRANT SELECT ON tickets_ticket TO desk_app",
        "tickets_ticket: policy shortcut was made by no migration",
    ),
    "a condition that always holds": (
        "ALTER POLICY tenant_read ON tickets_ticket USING"
        " ((customer_id = nullif(current_setting('app.customer', true), '')::bigint AND true) OR true)",
        "tickets_ticket: policy tenant_read is not what its migration made",
    ),
    "a changed policy set back": (
        "ALTER POLICY tenant_read ON tickets_ticket USING"
        " ((customer_id = nullif(current_setting('app.customer', true), '')::bigint AND true))",
        "tickets_ticket: policy tenant_read is not what its migration made",
    ),
    "private messages for colleagues": (
        "ALTER POLICY tenant_read ON tickets_message USING"
        " ((customer_id = nullif(current_setting('app.customer', true), '')::bigint AND NOT internal))",
        "tickets_message: policy tenant_read is not what its migration made",
    ),
    "everybody an admin": (
        "ALTER POLICY tenant_read ON tickets_ticket USING"
        " (customer_id = nullif(current_setting('app.customer', true), '')::bigint AND (NOT private OR"
        " requester_id = nullif(current_setting('app.person', true), '')::bigint OR EXISTS (SELECT 1 FROM accounts_membership m"
        " WHERE m.customer_id = nullif(current_setting('app.customer', true), '')::bigint AND m.role = 'admin' AND m.ended_at IS NULL)))",
        "tickets_ticket: policy tenant_read is not what its migration made",
    ),
    "people without policies": (
        "ALTER TABLE accounts_person DISABLE ROW LEVEL SECURITY",
        "accounts_person is without forced row-level security",
    ),
    "an open policy on people": (
        "CREATE POLICY colleagues ON accounts_person FOR SELECT TO desk_tenant USING (true)",
        "accounts_person: policy colleagues was made by no migration",
    ),
    "secrets of second factors": (
        "GRANT SELECT ON mfa_authenticator TO desk_tenant",
        "desk_tenant may SELECT mfa_authenticator, which no migration granted",
    ),
    "secrets by column": (
        "GRANT SELECT (data) ON mfa_authenticator TO desk_provider",
        "desk_provider may SELECT (data) mfa_authenticator, which no migration granted",
    ),
    "sessions": ("GRANT SELECT ON django_session TO desk_tenant", "desk_tenant may SELECT django_session, which no migration granted"),
    "a backup that writes": (
        "GRANT UPDATE ON tickets_ticket TO desk_backup",
        "desk_backup may UPDATE tickets_ticket, which no migration granted",
    ),
    "a grant withdrawn": (
        "REVOKE INSERT ON tickets_ticket FROM desk_command",
        "desk_command may not INSERT tickets_ticket, which a migration granted",
    ),
    "a story that can be rewritten": (
        "DROP TRIGGER append_only ON tickets_event",
        "tickets_event: trigger append_only is missing or switched off",
    ),
    "a trigger switched off": (
        "ALTER TABLE accounts_auditentry DISABLE TRIGGER append_only",
        "accounts_auditentry: trigger append_only is missing or switched off",
    ),
    "events that may change": (
        "GRANT UPDATE ON tickets_event TO desk_provider",
        "desk_provider may UPDATE tickets_event, which no migration granted",
    ),
    "a plain foreign key": (
        "ALTER TABLE tickets_hold DROP CONSTRAINT tickets_hold_ticket_id_same_customer",
        "tickets_hold.ticket_id may point at another customer's row of tickets_ticket",
    ),
    "a view": ("CREATE VIEW everything AS SELECT * FROM tickets_ticket", "view everything reads with its owner's rights"),
    "a function": (
        "CREATE FUNCTION all_tickets() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM tickets_ticket'",
        "function all_tickets runs with its owner's rights",
    ),
}


@pytest.mark.parametrize("what", BREAKS)
def test_a_broken_catalogue_is_seen(what, django_db_setup, django_db_blocker):
    statement, fault = BREAKS[what]

    with django_db_blocker.unblock():
        _sign_in_as("DATABASE_OWNER_URL")
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)
            faults = rls.isolation_faults()
            transaction.set_rollback(True)
        _sign_in_as("DATABASE_URL")

    assert fault in faults


def change(before, after):
    policies = [rls.Policy("tenant_read", "desk_tenant", condition, reads_only=True) for condition in (before, after)]
    return rls.ChangedPolicy("t", before=policies[0], after=policies[1])


def expected_of(monkeypatch, *operations):
    monkeypatch.setattr(rls, "_operations", lambda: operations)
    return {key: policy.using for key, policy in rls._expected_policies().items()}


MADE = rls.TableRules("t", policies=[rls.Policy("tenant_read", "desk_tenant", "a", reads_only=True)], grants={})


def test_the_last_change_of_a_policy_rules(monkeypatch):
    assert expected_of(monkeypatch, MADE, change("a", "b"), change("b", "c")) == {("t", "tenant_read"): "c"}


def test_a_change_of_another_policy_than_the_one_there_is_is_refused(monkeypatch):
    with pytest.raises(AssertionError, match="t: a migration changes another policy than the one there is"):
        expected_of(monkeypatch, MADE, change("a", "b"), change("a", "c"))


def test_a_change_of_a_policy_can_be_undone():
    operation = change("a", "b")

    assert (operation.sql, operation.reverse_sql) == (
        "ALTER POLICY tenant_read ON t USING (b);",
        "ALTER POLICY tenant_read ON t USING (a);",
    )
