"""The database keeps customers apart; each proof here plants something that could leak."""

import contextlib

import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts import rls
from accounts.models import AuditEntry, Customer, Membership, Person, StaffMember
from accounts.tenancy import Scope, ScopeError, acting_for, as_nobody, as_provider, as_tenant, current, enter
from contracts.models import Contract, Environment, Terms
from notifications.models import Mail
from tests import factories as make
from tickets import commands
from tickets.finding import find
from tickets.models import Event, File, Message, Ticket, Watcher

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_tickets(world):
    mine = make.ticket(world.contract, world.softswitch, world.ada)
    theirs = make.ticket(world.globex_contract, world.softswitch, world.grace, subject="A secret of Globex")
    return mine, theirs


def test_tests_run_as_the_application(world):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("desk_app", False)


def test_without_a_scope_no_customer_is_visible(two_tickets):
    for model in (Ticket, Message, Event, Contract, Mail):
        with pytest.raises(DatabaseError), transaction.atomic():
            list(model.objects.all())
    assert list(Customer.objects.all()) == []
    assert list(Membership.objects.all()) == []


def test_a_forgotten_filter_shows_nothing_of_anyone_else(world, two_tickets):
    mine, _theirs = two_tickets
    with as_tenant(world.acme.pk, world.ada.pk):
        assert list(Ticket.objects.all()) == [mine]
        assert {m.ticket_id for m in Message.objects.all()} == {mine.pk}
        assert {e.ticket_id for e in Event.objects.all()} == {mine.pk}
        assert [c.pk for c in Customer.objects.all()] == [world.acme.pk]
        assert [c.pk for c in Contract.objects.all()] == [world.contract.pk]
        assert {t.contract_id for t in Terms.objects.all()} == {world.contract.pk}


def test_within_a_customer_only_people_who_share_it_show(world):
    with as_tenant(world.acme.pk, world.ada.pk):
        assert set(Person.objects.all()) == {world.ada, world.alan}
        assert set(StaffMember.objects.values_list("display_name", flat=True)) == {"Sara", "Lea", "Max"}


def test_staff_see_every_customer(world, two_tickets):
    with as_provider():
        assert set(Ticket.objects.all()) == set(two_tickets)


def test_a_customers_page_cannot_write(world, two_tickets):
    mine, _theirs = two_tickets
    with as_tenant(world.acme.pk), pytest.raises(DatabaseError), transaction.atomic():
        Ticket.objects.filter(pk=mine.pk).update(subject="changed")


def test_a_command_cannot_write_for_another_customer(world, two_tickets):
    _mine, theirs = two_tickets
    with acting_for(world.acme.pk):
        assert Ticket.objects.filter(pk=theirs.pk).update(subject="hacked") == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Environment.objects.create(customer=world.globex, name="x", kind="test", created_at=make.NOW)


def test_a_row_cannot_point_at_another_customers_row(world, two_tickets):
    _mine, theirs = two_tickets
    with acting_for(world.acme.pk), pytest.raises(IntegrityError, match="same_customer"):
        _create_checked(Watcher(customer=world.acme, ticket_id=theirs.pk, person=world.ada))


@transaction.atomic
def _create_checked(row):
    """Save a row and let the database check what it otherwise checks at commit."""
    row.save()
    connection.check_constraints()


def test_an_internal_note_does_not_exist_for_the_customer(world, two_tickets):
    mine, _theirs = two_tickets
    with as_provider():
        upload = commands.upload(customer_id=world.acme.pk, uploader=world.sara.person, name="trace.txt", content=_content(), now=make.NOW)
        commands.note(ticket=mine, author=world.sara.person, body="They never pay.", files=[upload], now=make.NOW)
        commands.watch(ticket=mine, person=world.lea.person, actor=world.lea.person, by_staff=True, now=make.NOW)
        assert Message.objects.filter(internal=True).count() == 1

    with as_tenant(world.acme.pk, world.ada.pk):
        assert not Message.objects.filter(body__contains="never pay").exists()
        assert not Event.objects.filter(kind="noted").exists()
        assert not File.objects.filter(pk=upload.pk).exists()
        assert not Watcher.objects.exists()
        assert not Ticket.objects.filter(find("never pay").condition).exists()


def test_a_public_event_cannot_carry_an_internal_message(world, two_tickets):
    mine, _theirs = two_tickets
    with as_provider():
        message = commands.note(ticket=mine, author=world.sara.person, body="secret", now=make.NOW)
        public = Event(customer=world.acme, ticket=mine, position=99, kind="replied", at=make.NOW, by_staff=True, message=message)
        with pytest.raises(IntegrityError, match="same_customer"):
            _create_checked(public)


def _content():
    return ContentFile(b"trace")


def test_an_upload_is_its_uploaders_until_a_message_takes_it(world):
    with acting_for(world.acme.pk):
        upload = commands.upload(customer_id=world.acme.pk, uploader=world.ada, name="a.txt", content=_content(), now=make.NOW)

    with as_tenant(world.acme.pk, world.ada.pk):
        assert File.objects.filter(pk=upload.pk).exists()
    with as_tenant(world.acme.pk, world.alan.pk):
        assert not File.objects.filter(pk=upload.pk).exists()


@pytest.mark.parametrize("role", ["provider", "command"])
def test_the_story_is_only_ever_added_to(world, two_tickets, role):
    mine, _theirs = two_tickets
    with enter(Scope(role, world.acme.pk)):
        for change in (lambda: Event.objects.filter(ticket=mine).update(kind="noted"), lambda: Event.objects.filter(ticket=mine).delete()):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()
        for change in (lambda: AuditEntry.objects.update(verb="x"), lambda: AuditEntry.objects.all()._raw_delete("default")):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()


def test_customers_read_neither_outbox_nor_audit_trail(world, two_tickets):
    with as_tenant(world.acme.pk, world.ada.pk):
        for model in (Mail, AuditEntry):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                list(model.objects.all())


def test_a_scope_never_widens(world):
    with as_tenant(world.acme.pk):
        with pytest.raises(ScopeError), as_provider():
            pass
        with pytest.raises(ScopeError), as_tenant(world.globex.pk):
            pass
        with pytest.raises(ScopeError), acting_for(world.globex.pk):
            pass
        with acting_for(world.acme.pk), pytest.raises(ScopeError), as_provider():
            pass


def test_the_scope_before_comes_back_after_a_command_and_after_its_failure(world, two_tickets):
    with as_tenant(world.acme.pk, world.ada.pk):
        with acting_for(world.acme.pk):
            pass
        assert _role() == "desk_tenant"
        with pytest.raises(RuntimeError), acting_for(world.acme.pk):
            raise RuntimeError
        assert _role() == "desk_tenant"
        assert current() == Scope("tenant", world.acme.pk, world.ada.pk)


def test_a_block_that_keeps_a_database_error_to_itself_is_rolled_back_without_another(world):
    with as_nobody(world.ada.pk):
        with acting_for(world.acme.pk):
            Membership.objects.filter(person=world.alan).update(role="admin")
            with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        assert _role() == "desk_app"
        assert current() == Scope("none", None, world.ada.pk)

    with as_provider():
        assert Membership.objects.get(person=world.alan).role == "member"


def _role():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return cursor.fetchone()[0]


def test_memberships_are_readable_by_their_own_person_alone(world):
    with as_nobody(world.ada.pk):
        assert [m.person_id for m in Membership.objects.all()] == [world.ada.pk]
        assert [c.pk for c in Customer.objects.all()] == [world.acme.pk]


def test_the_catalogue_has_no_fault(world):
    assert rls.isolation_faults() == []
