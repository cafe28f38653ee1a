"""Queries that are put together once."""

from threading import Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer, Membership, Person
from accounts.tenancy import as_provider, as_tenant
from helpdesk.lib.prepared import Prepared, among, attach

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
