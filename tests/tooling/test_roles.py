"""The roles of `deploy/postgres/roles.sql`, as the servers of these tests have them."""

import os
from collections.abc import Iterator

import psycopg2
import pytest


@pytest.fixture
def application() -> Iterator["psycopg2.extensions.cursor"]:
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


def test_the_application_may_take_its_roles_but_has_none_of_their_rights_before(application):
    application.execute(
        "SELECT r, pg_has_role('desk_app', r, 'USAGE') FROM unnest(%s) r", (["desk_tenant", "desk_command", "desk_provider"],)
    )
    assert application.fetchall() == [("desk_tenant", False), ("desk_command", False), ("desk_provider", False)]

    for role in ("desk_tenant", "desk_command", "desk_provider"):
        application.execute(f"SET ROLE {role}")
        application.execute("SELECT current_user")
        assert application.fetchone() == (role,)


def test_no_role_of_the_application_goes_around_row_security(application):
    application.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'desk_%' AND (rolbypassrls OR rolsuper)")

    assert application.fetchall() == [("desk_backup",)]


def test_only_the_owner_makes_tables(application):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        application.execute("CREATE TABLE public.mine (id int)")
