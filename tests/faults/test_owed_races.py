"""A ticket becomes private while a relay takes a mail that a colleague is owed, with real commits: it does not go out (TIC-7).

Each race has its control: the same without the question that decides it, which must send the mail, so that the proof can fail.
"""

import threading

import pytest
from django.core.mail import get_connection
from django.utils import timezone

from accounts.tenancy import as_provider
from notifications import commands as outbox
from notifications import readers
from notifications.commands import mail as mails
from notifications.models import Mail
from notifications.tasks import send
from tests import factories as make
from tests.flows.meeting import Meeting, at_once
from tests.mail_server import serving
from tickets import commands
from tickets.commands import privacy

pytestmark = pytest.mark.django_db(transaction=True)
AMY = "amy@acme.example"
PATIENCE = 10  # seconds


@pytest.fixture
def server(settings):
    with serving(settings) as server:
        yield server


@pytest.fixture
def ticket(world):
    """Alan's, which Amy follows; of all mail only hers waits: the answer."""
    amy = make.member(world.acme, "Amy Approver", "approver")
    made = make.ticket(world.contract, world.softswitch, world.alan, watchers=[amy])
    commands.answer(ticket=made, agent=world.sara.person, body="Which trunk?", now=timezone.now())
    with as_provider():
        hers = Mail.objects.filter(kind="ticket_replied", address=AMY)
        hers.update(due_at=timezone.now())
        Mail.objects.exclude(pk__in=hers.values("pk")).update(state=Mail.State.SENT, sent_at=timezone.now())
    return made


def make_private(ticket, world):
    commands.set_private(ticket=ticket, person=world.alan, private=True, by_staff=False, now=timezone.now())


def while_a_relay_has_it_in_hands(ticket, world, monkeypatch):
    """The relay holds the mail's row as the ticket becomes private, and hands it over when that is done."""
    meeting, is_private = Meeting(), threading.Event()
    monkeypatch.setattr(mails, "_join_waiting", meeting.after(mails._join_waiting))

    def relay():
        mail = outbox.claim(timezone.now())
        assert is_private.wait(PATIENCE)
        connection = get_connection()
        try:
            return send(mail, connection)
        finally:
            connection.close()

    def change():
        assert meeting.first_came.wait(PATIENCE)
        make_private(ticket, world)
        is_private.set()

    sent, _nothing = at_once(relay, change)
    return sent


def state_of_hers():
    with as_provider():
        return Mail.objects.get(kind="ticket_replied", address=AMY).state


def test_what_a_relay_takes_as_the_ticket_becomes_private_is_not_handed_over(world, server, ticket, monkeypatch):
    sent = while_a_relay_has_it_in_hands(ticket, world, monkeypatch)

    assert (sent, server.reached, state_of_hers()) == (False, [], "cancelled")


def test_without_asking_again_it_is_handed_over(world, server, ticket, monkeypatch):
    monkeypatch.setattr(readers, "may_read", lambda _mail: True)

    sent = while_a_relay_has_it_in_hands(ticket, world, monkeypatch)

    assert (sent, server.reached, state_of_hers()) == (True, [AMY], "sent")


def while_the_change_is_not_committed(ticket, world, monkeypatch, withdraw):
    """A relay looks for mail after the change withdrew what waits and before it commits: what it takes, and what it could take afterwards."""
    is_withdrawn, has_looked = threading.Event(), threading.Event()

    def withdraw_and_wait(**facts):
        withdraw(**facts)
        is_withdrawn.set()
        assert has_looked.wait(PATIENCE)

    monkeypatch.setattr(privacy, "withdraw_waiting", withdraw_and_wait)

    def relay():
        assert is_withdrawn.wait(PATIENCE)
        mail = outbox.claim(timezone.now())
        has_looked.set()
        return mail

    taken, _nothing = at_once(relay, lambda: make_private(ticket, world))
    afterwards = outbox.claim(timezone.now())
    return [mail and mail.address for mail in (taken, afterwards)]


def test_what_is_withdrawn_is_taken_neither_meanwhile_nor_afterwards(world, ticket, monkeypatch):
    found = while_the_change_is_not_committed(ticket, world, monkeypatch, privacy.withdraw_waiting)

    assert (found, state_of_hers()) == ([None, None], "cancelled")


def test_without_withdrawing_it_is_taken(world, ticket, monkeypatch):
    found = while_the_change_is_not_committed(ticket, world, monkeypatch, lambda **_facts: None)

    assert (found, state_of_hers()) == ([AMY, None], "sending")
