"""Statements that are planned once in each connection."""

import contextlib
from types import SimpleNamespace

import pytest
from django.db import NotSupportedError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Person
from accounts.tenancy import as_provider, as_tenant
from helpdesk.lib import statements
from helpdesk.lib.prepared import Prepared, among
from helpdesk.lib.statements import Statement

pytestmark = pytest.mark.django_db


def asked(ask, *values):
    """What it finds, and the SQL by which."""
    with CaptureQueriesContext(connection) as queries:
        found = ask(*values)
    (query,) = queries
    return found, query["sql"]


def kept():
    """Texts of the statements that this connection's process of PostgreSQL knows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [text for (text,) in cursor.fetchall()]


def names_of_members():
    return Prepared(lambda customer: Membership.objects.filter(customer=customer).order_by("person__name").values_list("person__name"))


def test_it_is_planned_once_for_all_values(world):
    ask = names_of_members()

    with as_provider():
        found, first = asked(ask, world.acme.pk)
        others, second = asked(ask, world.globex.pk)

    assert (found, others) == ([("Ada Lovelace",), ("Alan Turing",)], [("Grace Hopper",)])
    assert first.startswith("PREPARE ")
    assert second.startswith("EXECUTE ")


def test_each_role_has_a_plan_of_its_own_and_sees_its_own_rows(world):
    ask = names_of_members()
    with as_provider():
        ask(world.globex.pk)
    with as_tenant(world.acme.pk, world.ada.pk):
        hidden, first = asked(ask, world.globex.pk)
        own, second = asked(ask, world.acme.pk)
    with as_provider():
        everybody, third = asked(ask, world.globex.pk)

    assert (hidden, len(own), everybody) == ([], 2, [("Grace Hopper",)])
    assert [sql.split()[0] for sql in (first, second, third)] == ["PREPARE", "EXECUTE", "EXECUTE"]


def test_a_plan_made_for_one_customer_shows_another_nothing_of_it(world):
    ask = names_of_members()
    for _time in range(7):
        with as_tenant(world.acme.pk, world.ada.pk):
            assert len(ask(world.acme.pk)) == 2

    with as_tenant(world.globex.pk, world.grace.pk):
        assert ask(world.acme.pk) == []
        assert ask(world.globex.pk) == [("Grace Hopper",)]


def test_what_depends_on_its_values_is_planned_for_them(world):
    ask = Prepared(lambda ids: Person.objects.filter(among("id", ids)).values_list("name", flat=True), by_value=True)

    with as_provider():
        ask([world.ada.pk])
        found, sql = asked(ask, [world.ada.pk])

    assert found == ["Ada Lovelace"]
    assert sql.startswith("SELECT ")


class Session:
    """A pooler's client: it was told a number that is not that of the process which answers."""

    def __init__(self, session):
        self.cursor, self.info = session.cursor, SimpleNamespace(backend_pid=session.info.backend_pid + 1)


def test_behind_a_pooler_nothing_is_kept(world, monkeypatch):
    names_of_members()(0)
    monkeypatch.setattr(connection.kept_statements, "is_allowed", statements._is_direct(Session(connection.connection)))
    ask, before = names_of_members(), kept()

    with as_provider():
        found, sql = asked(ask, world.globex.pk)

    assert found == [("Grace Hopper",)]
    assert sql.startswith("SELECT ")
    assert kept() == before


def test_a_connection_leads_straight_to_the_database_here(world):
    """Else the tests above would prove nothing."""
    assert statements._is_direct(connection.connection)


def test_one_that_fails_because_a_column_has_another_type_is_kept_anew():
    """A migration may widen a column beside running code: the page that meets it fails, and no other."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE widened (name varchar(5)); INSERT INTO widened VALUES ('Ada')")
    ask = Statement("SELECT name FROM widened WHERE name = %s", [None], [(0, 0)])
    assert ask.rows(["Ada"]) == [("Ada",)]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE widened ALTER COLUMN name TYPE varchar(50)")

    with pytest.raises(NotSupportedError), transaction.atomic():
        ask.rows(["Ada"])

    assert ask.rows(["Ada"]) == [("Ada",)]


def test_constants_and_values_stay_what_they_are():
    ask = Statement("SELECT %s, 5 %% 3, %s, %s", ["50 % of 'all'", None, None], [(1, 0), (2, 0)])

    for value in ("$1 %s '", "\\ %%"):
        assert ask.rows([value]) == [("50 % of 'all'", 2, value, value)]


def test_what_goes_before_runs_in_the_same_round_trip():
    ask = Statement("SELECT current_setting('app.customer')", [], [])

    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        found = ask.rows([], after="SELECT set_config('app.customer', %s, true)", after_values=["7"])

    assert found == [("7",)]
    assert len([query for query in queries if "set_config" in query["sql"]]) == 1


def test_a_value_may_be_compared_with_a_column_of_texts(world):
    ask = Prepared(lambda email: Person.objects.filter(email=email).values_list("name", flat=True))

    with as_provider():
        assert ask(world.ada.email) == ["Ada Lovelace"]
        assert ask("nobody@acme.example") == []


@pytest.mark.django_db(transaction=True)
def test_a_line_that_is_cut_before_the_first_statement_is_told_as_a_lost_database():
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (number,) = cursor.fetchone()
    with contextlib.closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [number])

    with pytest.raises(OperationalError):
        Statement("SELECT 1", [], []).rows([])

    connection.close_if_unusable_or_obsolete()
    assert Statement("SELECT 1", [], []).rows([]) == [(1,)]


@pytest.mark.django_db
def test_a_statement_with_names_takes_values_in_their_order_however_often_each_stands_there():
    statement = Statement.named("SELECT %(b)s::int - %(a)s::int, %(b)s::int + %(c)s", "a", "b", c=100)

    assert [statement.rows([1, 5]), statement.rows([2, 2])] == [[(4, 105)], [(0, 102)]]
