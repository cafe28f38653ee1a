"""Queries that are put together once."""

from threading import Thread

import pytest
from django.db import connection
from django.db.models import F, OuterRef
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Customer, Membership, Person
from accounts.tenancy import as_provider, as_tenant
from helpdesk.lib.prepared import Prepared, among, attach, name_of, rows_of, together

pytestmark = pytest.mark.django_db


def members():
    rows = Membership.objects.select_related("person").order_by("person__name")
    return Prepared(lambda customer: rows.filter(customer=customer))


def names(rows):
    return [row.person.name for row in rows]


def test_it_finds_what_the_orm_finds_for_each_value(world):
    ask = members()

    with as_provider():
        assert names(ask(world.acme.pk)) == ["Ada Lovelace", "Alan Turing"]
        assert names(ask(world.globex.pk)) == ["Grace Hopper"]
        assert names(ask(0)) == []
        assert ask.first(0) is None


def test_related_rows_come_along_in_one_query(world):
    ask = members()

    with as_provider(), CaptureQueriesContext(connection) as asked:
        names(ask(world.acme.pk))

    assert len(asked) == 1


def test_it_reads_in_the_scope_in_which_it_is_asked(world):
    ask = members()
    with as_provider():
        ask(world.globex.pk)

    with as_tenant(world.acme.pk, world.ada.pk):
        assert ask(world.globex.pk) == []


def test_a_list_stands_where_it_is_asked_for_by_among(world):
    ask = Prepared(lambda ids: Person.objects.filter(among("id", ids)).order_by("name").values_list("name", flat=True))

    with as_provider():
        assert ask([world.ada.pk, world.grace.pk]) == ["Ada Lovelace", "Grace Hopper"]
        assert ask([]) == []


def test_two_values_go_to_their_own_places(world):
    ask = Prepared(lambda person, customer: Membership.objects.filter(customer=customer, person=person))

    with as_provider():
        assert [m.person_id for m in ask(world.alan.pk, world.acme.pk)] == [world.alan.pk]
        assert ask(world.alan.pk, world.globex.pk) == []


def test_too_few_values_are_a_mistake_of_ours(world):
    ask = Prepared(lambda person, customer: Membership.objects.filter(customer=customer, person=person))

    with as_provider():
        ask(1, 2)
        with pytest.raises(TypeError):
            ask(1)


def test_attached_rows_are_not_asked_for_again(world):
    with as_provider():
        people = list(Person.objects.filter(pk__in=[world.ada.pk, world.grace.pk]).order_by("name"))
        attach(people, "memberships", Membership.objects.filter(person__in=people), "person_id")
        with CaptureQueriesContext(connection) as asked:
            found = [[m.customer_id for m in person.memberships.all()] for person in people]

    assert (found, len(asked)) == ([[world.acme.pk], [world.globex.pk]], 0)


def test_names_come_along_as_far_as_the_scope_shows_them(world):
    ask = Prepared(lambda customer: Membership.objects.filter(customer=customer).values_list(name_of(Person, "person_id", "name")))

    with as_provider():
        assert sorted(ask(world.acme.pk)) == [("Ada Lovelace",), ("Alan Turing",)]
    with as_tenant(world.globex.pk, world.grace.pk):
        assert ask(world.acme.pk) == []


def test_rows_that_refer_to_one_come_along_as_dicts(world):
    members = Membership.objects.filter(customer=OuterRef("pk")).order_by("person__name")
    columns = rows_of(members, "role", who=F("person__name")), rows_of(members, "role", most=1)
    ask = Prepared(lambda customer: Customer.objects.filter(pk=customer).values_list(*columns))

    with as_provider():
        everybody, one = ask(world.acme.pk)[0]

    assert [row["who"] for row in everybody] == ["Ada Lovelace", "Alan Turing"]
    assert (len(one), sorted(one[0])) == (1, ["role"])


def test_they_are_the_same_dicts_where_they_are_asked_together_with_others(world):
    joined = rows_of(Membership.objects.filter(customer=OuterRef("pk")).order_by("pk"), "created_at", "role")
    ask = Prepared(lambda customer: Customer.objects.filter(pk=customer).values_list("name", joined))

    with as_provider():
        (together_with_others,) = together(ask.question(world.acme.pk))
        alone = ask(world.acme.pk)

    assert together_with_others == alone
    assert len(alone[0][1]) == 2


def test_named_columns_are_found_by_their_names(world):
    ask = Prepared(
        lambda customer: Membership.objects.filter(customer=customer).order_by("pk").values_list("pk", "person__name", named=True)
    )

    with as_provider():
        found = [*ask(world.acme.pk), *together(ask.question(world.acme.pk))[0]]

    assert [row.person__name for row in found] == ["Ada Lovelace", "Alan Turing"] * 2


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_through_its_own_connection():
    ask, found = Prepared(lambda: Customer.objects.order_by("name").values_list("name", flat=True)), []

    def look():
        with as_provider():
            found.append(ask())
        connection.close()

    threads = [Thread(target=look) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert found == [[]] * 4


def test_questions_asked_together_find_what_each_finds_by_itself(world):
    ask = members()
    people = Prepared(lambda ids: Person.objects.filter(among("id", ids)).order_by("name"))
    names_of = Prepared(lambda ids: Person.objects.filter(among("id", ids)).order_by("-name").values_list("name", flat=True))
    ids = [world.ada.pk, world.alan.pk]

    with as_provider(), CaptureQueriesContext(connection) as asked:
        found = together(ask.question(world.acme.pk), people.question(ids), names_of.question(ids), ask.question(0))
    with as_provider():
        alone = [ask(world.acme.pk), people(ids), names_of(ids), ask(0)]

    assert found == alone
    assert names(found[0]) == ["Ada Lovelace", "Alan Turing"]
    assert [person.created_at for person in found[1]] == [person.created_at for person in alone[1]]
    assert len([query for query in asked if "json_agg" in query["sql"]]) == 1


def test_a_kind_of_column_that_json_does_not_keep_is_refused(world):
    ask = Prepared(lambda: AuditEntry.objects.all())

    with as_provider(), pytest.raises(TypeError, match="JSONField"):
        together(ask.question())
