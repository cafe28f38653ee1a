"""Windows of one person that read, reply and mark at once: none fails, none waits for ever, nothing goes back."""

from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tenancy import as_provider
from tests import factories as make
from tests.flows.meeting import Meeting, at_once
from tests.sla.stories import at
from tickets import commands
from tickets.commands import calendars, conversation, reading
from tickets.models import Reading, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
NOW = make.NOW


@pytest.fixture
def ticket(world):
    ticket = make.ticket(world.contract, world.softswitch, world.alan)
    commands.watch(ticket=ticket, person=world.ada, actor=world.alan, by_staff=False, now=NOW)
    commands.answer(ticket=ticket, agent=world.sara.person, body="Which trunk?", now=NOW)
    return ticket


@pytest.fixture
def windows(world):
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(world.ada)
    return clients


def adas_readings(world):
    with as_provider():
        return list(Reading.objects.filter(person=world.ada).values_list("position", flat=True))


def test_reading_waits_for_nobody_who_writes(world, ticket, windows):
    window, _other = windows
    with as_provider():
        Ticket.objects.select_for_update().get(pk=ticket.pk)
        answers = at_once(lambda: window.get(ticket.portal_url).status_code)

    assert (answers, adas_readings(world)) == ([200], [])
    window.get(ticket.portal_url)
    assert adas_readings(world) == [4]


def test_two_windows_open_the_same_ticket_at_once(world, ticket, windows):
    answers = at_once(*(lambda client=client: client.get(ticket.portal_url).status_code for client in windows))

    assert (answers, adas_readings(world)) == ([200, 200], [4])


def test_whoever_reads_and_replies_at_once_does_not_block_themselves(world, ticket, windows, monkeypatch):
    meeting, note_read = Meeting(), reading.note_read
    monkeypatch.setattr(reading, "note_read", meeting.after(note_read))
    monkeypatch.setattr(conversation, "note_read", meeting.before(note_read))
    one, other = windows

    answers = at_once(
        lambda: one.post(reverse("portal:tickets_read")).status_code,
        lambda: other.post(reverse("portal:ticket_reply", args=[ticket.pk]), {"body": "The second."}).status_code,
    )

    assert (answers, adas_readings(world)) == ([302, 302], [5])


def test_whoever_reads_all_while_a_calendar_changes_waits_and_blocks_nobody(world, monkeypatch):
    """Of the older ticket the help is told apart, of the newer what fell due before: in that order, after each other."""
    helped, due = (make.ticket(world.contract, world.softswitch, world.ada, severity=s, now=at("23 Nov 09:00")) for s in ("low", "high"))
    window = {"start": at("24 Nov 20:00"), "until": at("24 Nov 21:00")}
    commands.cover(ticket=helped, actor=world.ada, by_staff=False, key="a", **window, now=at("23 Nov 09:01"))
    for ticket in (helped, due):
        commands.answer(ticket=ticket, agent=world.sara.person, body="Which trunk?", now=at("23 Nov 09:30"))
    calendar, meeting = world.contract.calendar, Meeting()
    with as_provider():
        content = replace(calendar.versions.get().content(), week=((("08:00", "18:00"),),) * 5 + ((), ()))
    monkeypatch.setattr(calendars, "_notice_until", meeting.after(calendars._notice_until))
    values = {"actor": None, "calendar": calendar, "content": content, "reason": "x", "expected": 1, "now": at("23 Nov 12:30")}

    def read():
        assert meeting.first_came.wait(10)
        return commands.mark_all_read(customer_id=world.acme.pk, person=world.ada, until=at("23 Nov 13:00"), now=at("23 Nov 13:00"))

    version, read_tickets = at_once(lambda: commands.put_in_force(**values).number, read)

    assert (version, read_tickets) == (2, 2)
