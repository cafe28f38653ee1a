"""Rows written by statements that are put together once."""

import itertools

import pytest
from django.db import DatabaseError, DataError, IntegrityError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.functional import lazy
from django.utils.safestring import SafeString

from accounts.models import Membership, Person
from accounts.tenancy import acting_for, as_provider
from helpdesk.lib.writing import FEW, LEAVE, Insert, Update
from notifications.models import Mail
from tests import factories as make
from tickets.models import Event, Message, Reading

pytestmark = pytest.mark.django_db
STRANGE = {"quote": 'it\'s "100 %" %s $1', "lines": "a\n\\b", "none": None, "list": [1, True]}


@pytest.fixture
def ticket(world):
    return make.ticket(world.contract, world.softswitch, world.ada)


def event(ticket, position, **columns):
    facts = {"kind": Event.Kind.REPLIED, "at": make.NOW, "by_staff": False, "data": STRANGE} | columns
    return Event(customer_id=ticket.customer_id, ticket=ticket, position=position, **facts)


def mail(world, key):
    return Mail(customer=world.acme, address="a@b.example", language="en", kind="x", key=key, created_at=make.NOW, due_at=make.NOW)


@pytest.mark.parametrize("count", [1, 3, 10])
def test_rows_are_read_as_they_were_written_and_know_their_ids(ticket, count):
    rows = [event(ticket, 100 + number) for number in range(count)]

    with acting_for(ticket.customer_id):
        assert Insert(Event)(rows) == count
        found = list(Event.objects.filter(position__gte=100).order_by("position"))

    assert found == rows
    assert [(one.position, one.data, one.at, one.actor) for one in found] == [(row.position, STRANGE, make.NOW, None) for row in rows]
    assert not any(row._state.adding for row in rows)


def test_no_rows_ask_nothing(ticket, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Insert(Event)([]) == 0


@pytest.mark.parametrize(("counts", "planned"), [([1, 1, 2, 2, 1], 2), ([FEW + 1, FEW + 2], 1)])
def test_few_rows_are_planned_once_for_each_number_and_many_for_any(ticket, counts, planned):
    insert, positions = Insert(Event), itertools.count(100)
    with acting_for(ticket.customer_id), CaptureQueriesContext(connection) as queries:
        for count in counts:
            insert([event(ticket, next(positions)) for _ in range(count)])

    sent = [query["sql"].split()[0] for query in queries]
    assert (sent.count("PREPARE"), len(sent)) == (planned, len(counts))


@pytest.mark.parametrize("count", [1, FEW + 1])
def test_values_come_to_what_the_orm_makes_of_them(ticket, count):
    facts = {"body": lazy(lambda: "later", str)(), "html": SafeString("<b>"), "html_version": "3", "written_at": make.NOW.isoformat()}
    rows = [Message(customer_id=ticket.customer_id, ticket=ticket, by_staff=1, **facts) for _ in range(count)]

    with acting_for(ticket.customer_id):
        Insert(Message)(rows)
        found = Message.objects.filter(body="later").order_by("pk")
        read = list(found.values_list("html", "html_version", "written_at", "by_staff", "submission_key"))

    assert read == [("<b>", 3, make.NOW, True, row.submission_key) for row in rows]


def test_what_is_there_already_is_left_where_that_is_asked_for(world):
    insert = Insert(Mail, on_conflict=LEAVE)
    with acting_for(world.acme.pk):
        again = mail(world, "one")
        counts = [insert([mail(world, "one")]), insert([again, mail(world, "two")])]
        keys = sorted(Mail.objects.filter(kind="x").values_list("key", flat=True))

    assert (keys, counts, again.pk) == (["one", "two"], [1, 1], None)


def test_a_second_row_of_the_same_is_an_error_and_the_next_one_is_written(ticket):
    insert = Insert(Event)
    with acting_for(ticket.customer_id):
        insert([event(ticket, 100)])
        with pytest.raises(DatabaseError), transaction.atomic():
            insert([event(ticket, 100)])
        insert([event(ticket, 101)])
        assert Event.objects.filter(position__gte=100).count() == 2


def test_a_row_of_another_customer_is_refused(world, ticket):
    with acting_for(world.globex.pk), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        Insert(Reading)([Reading(customer=world.acme, ticket=ticket, person=world.ada, position=1, read_at=make.NOW)])


def test_what_is_too_long_is_refused_and_not_cut(world):
    with as_provider(), pytest.raises(DataError, match="too long"), transaction.atomic():
        Insert(Mail)([mail(world, "x" * 1000)])


def test_what_a_check_refuses_is_refused_whatever_becomes_of_conflicts(world):
    joined = mail(world, "one")
    joined.state = Mail.State.JOINED
    with as_provider(), pytest.raises(IntegrityError, match="joined_into_a_mail"), transaction.atomic():
        Insert(Mail, on_conflict=LEAVE)([joined])


def test_an_update_writes_the_columns_that_it_names_and_no_others(world):
    with as_provider():
        own = Membership.objects.get(person=world.ada, customer=world.acme)
        own.role, own.ended_at = Membership.Role.MEMBER, make.NOW
        Update(Membership, "role")(own)
        found = Membership.objects.get(pk=own.pk)

    assert (found.role, found.ended_at) == (Membership.Role.MEMBER, None)


def test_an_update_of_what_is_not_there_is_an_error():
    with as_provider(), pytest.raises(DatabaseError, match="Nobody"):
        Update(Person, "name")(Person(pk=2**40, name="Nobody"))
