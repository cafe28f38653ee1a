"""A ticket shows staff who was told of each step, how, and what became of it (NOT-5); customers see nothing of it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.tenancy import as_provider
from notifications import commands as outbox
from notifications.bounces import Verdict
from notifications.models import Mail
from tests import factories as make
from tests.tickets.stories import the_story
from tickets import commands
from tickets.models import Event
from tickets.queries.whole import whole_ticket

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture
def ticket(world):
    made = make.ticket(world.contract, world.softswitch, world.ada)
    commands.watch(ticket=made, person=world.alan, actor=world.ada, by_staff=False, now=NOW)
    return made


def answer(ticket, world, body="Try again.", now=NOW):
    commands.answer(ticket=ticket, agent=world.sara.person, body=body, now=now)


def told(ticket, world, kind="message"):
    """The last entry's summary, tone, and each reader's name, words and reason."""
    with as_provider():
        found = whole_ticket(ticket.pk)
        entry = [entry for entry in the_story(found, world.sara.person) if entry.told][-1]
    return entry.told.summary, entry.told.tone, [(one.name, one.words, one.reason) for one in entry.told.readers]


def sending(person):
    """Their last mail, taken by a relay."""
    with as_provider():
        mail = Mail.objects.filter(recipient=person).latest("pk")
        mail.state, mail.attempts = Mail.State.SENDING, 1
        mail.save(update_fields=["state", "attempts"])
    return mail


def test_readers_of_an_answer_wait_until_it_is_sent(world, ticket):
    answer(ticket, world)
    outbox.mark_sent(mail=sending(world.ada), now=NOW)

    readers = [("Ada Lovelace", "mail, sent", ""), ("Alan Turing", "mail, waiting since", "")]
    assert told(ticket, world) == ("Told 2", "", readers)


def test_whoever_muted_it_is_told_apart(world, ticket):
    outbox.set_mutes(person=world.ada, kinds=["ticket_replied"])
    answer(ticket, world)

    readers = [("Ada Lovelace", "muted: on their pages only", ""), ("Alan Turing", "mail, waiting since", "")]
    assert told(ticket, world) == ("Told 1 · 1 muted", "", readers)


def test_a_bounce_stands_out_with_its_reason(world, ticket):
    answer(ticket, world)
    outbox.mark_failed(mail=sending(world.alan), error="552 5.2.2 full", refusal=Verdict(True, True), now=NOW)

    readers = [("Ada Lovelace", "mail, waiting since", ""), ("Alan Turing", "mail, bounced", "The mailbox is full.")]
    assert told(ticket, world) == ("Told 2 · 1 bounced", "danger", readers)


def test_what_is_tried_again_and_what_is_kept_back_stand_out(world, ticket):
    answer(ticket, world)
    outbox.mark_failed(mail=sending(world.alan), error="550 5.1.1", refusal=Verdict(True, True), now=NOW)
    answer(ticket, world, "And this.", now=NOW + timedelta(hours=1))
    outbox.mark_failed(mail=sending(world.ada), error="ConnectionRefusedError: [Errno 111]", now=NOW)

    readers = [
        ("Ada Lovelace", "mail, failed 1 time, tried again", "Our mail server could not be reached."),
        ("Alan Turing", "mail, kept back: the address bounces since", ""),
    ]
    assert told(ticket, world) == ("Told 2 · 1 did not get it · 1 is late", "danger", readers)


def test_a_mail_that_was_joined_fares_as_the_one_it_went_out_in(world, ticket):
    answer(ticket, world)
    answer(ticket, world, "And this.")
    with as_provider():
        first, second = Mail.objects.filter(recipient=world.ada, kind="ticket_replied").order_by("pk")
        Mail.objects.filter(pk=second.pk).update(state="joined", joined_into=first)
        Mail.objects.filter(pk=first.pk).update(state="delivered", outcome_at=NOW)

    assert told(ticket, world)[2][0] == ("Ada Lovelace", "mail, delivered", "")


def test_notes_and_assignments_say_which_colleagues_were_told(world, ticket):
    commands.assign(ticket=ticket, agent=world.lea.person, assignee=world.sara, now=NOW)
    assert told(ticket, world)[2] == [("Sara", "mail, waiting since", "")]

    commands.note(ticket=ticket, author=world.lea.person, body="Look at this.", now=NOW)
    assert told(ticket, world)[2] == [("Sara", "mail, waiting since", "")]


def test_an_answer_that_nobody_was_told_of_stands_out(world, ticket):
    answer(ticket, world)
    with as_provider():
        Mail.objects.filter(kind="ticket_replied").update(about_table="", about_id=None)

    assert told(ticket, world) == ("Nobody was told", "danger", [])


def test_staff_see_it_on_the_ticket_and_customers_do_not(world, ticket):
    answer(ticket, world)
    outbox.mark_failed(mail=sending(world.alan), error="550 5.1.1", refusal=Verdict(True, True), now=NOW)
    pages = {}
    for person, address in ((world.sara.person, ticket.console_url), (world.ada, ticket.portal_url)):
        client = Client()
        client.force_login(person)
        pages[person.name] = client.get(address).content.decode()

    for words in ("Told 2 · 1 bounced", "There is no such mailbox.", "Alan Turing will not hear of an answer by mail"):
        assert words in pages["Sara Support"]
    for words in ("Told", "told-", "bounce", "no such mailbox", "alan@acme.example", "/console/"):
        assert words not in pages["Ada Lovelace"]


@pytest.mark.parametrize("count", [1, 200])
def test_who_was_told_of_two_hundred_messages_costs_one_query(count, world, ticket):
    for number in range(count):
        answer(ticket, world, f"Message {number}")
    with as_provider():
        found = whole_ticket(ticket.pk)
        with CaptureQueriesContext(connection) as asked:
            the_story(found, world.sara.person)

    assert len(asked) == 3  # the story, the names in it, and this


def test_the_backfill_finds_what_old_mail_is_about(world, ticket):
    from importlib import import_module  # noqa: PLC0415 - its name begins with a digit

    answer(ticket, world)
    with as_provider():
        expected = list(Mail.objects.order_by("pk").values_list("about_table", "about_id"))
        Mail.objects.update(about_table="", about_id=None)
        Mail.objects.create(
            address="x@x.example", language="en", kind="x", key="account:event-1:2", subject="x", headline="x", created_at=NOW, due_at=NOW
        )
        import_module("notifications.migrations.0005_about_of_old_mail").fill(None, None)
        found = list(Mail.objects.order_by("pk").values_list("about_table", "about_id"))

    assert found == [*expected, ("", None)]
    assert set(expected) <= {("tickets_event", pk) for pk in event_ids(ticket)}


def event_ids(ticket):
    with as_provider():
        return list(Event.objects.filter(ticket=ticket).values_list("pk", flat=True))
