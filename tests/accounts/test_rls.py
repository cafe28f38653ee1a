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
        "tickets_ticket: policy convenient does not ask for the customer",
    ),
    "a policy for everybody": (
        "CREATE POLICY everybody ON tickets_ticket FOR SELECT USING (true)",
        "tickets_ticket: policy everybody holds for every role",
    ),
    "a policy dropped": ("DROP POLICY command_rw ON contracts_contract", "contracts_contract: policy command_rw is missing"),
    "pages may write": ("GRANT UPDATE ON tickets_ticket TO desk_tenant", "tickets_ticket: customers' pages may UPDATE"),
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
