"""The outbox against a real SMTP server."""

from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import as_provider
from notifications import commands
from notifications.commands import ATTEMPTS, LEASE, Letter, claim, mark_failed, mark_sent, owe
from notifications.models import Mail
from notifications.tasks import relay_outbox
from tests import factories as make
from tooling import ports

pytestmark = pytest.mark.django_db


class Sink:
    """Keeps what it accepts and who connected; refuses recipients named in `refusing`."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.refusing: set[str] = set()
        self.lines: set[Any] = set()

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.lines.add(session.peer)
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refusing:
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def sink(settings):
    sink = Sink()
    with ports.reserved() as port:
        controller = Controller(sink, hostname=ports.LOOPBACK, port=port)
        controller.start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = ports.LOOPBACK, port
        yield sink
        controller.stop()


def owed(key, person=None, address="ada@acme.example", thread="", may_wait=False, now=None, **letter):
    owe(
        customer_id=None,
        person=person,
        address=address,
        language=letter.pop("language", "en"),
        kind="test",
        key=key,
        letter=Letter(**({"subject": f"Subject {key}", "headline": f"Headline {key}"} | letter)),
        thread=thread,
        may_wait=may_wait,
        now=now or timezone.now(),
    )


def states():
    with as_provider():
        return dict(Mail.objects.order_by("pk").values_list("key", "state"))


def test_a_mail_goes_out_once_with_text_and_html(sink):
    owed(
        "one", body_text="**Hello**", body_html="<p><strong>Hello</strong></p>", action_label="Open", action_url="https://help.example/t/1"
    )

    assert relay_outbox() == 1
    assert relay_outbox() == 0
    (message,) = sink.messages
    assert message["Subject"] == "Subject one"
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = message.get_body(("plain",)).get_content(), message.get_body(("html",)).get_content()
    assert text.splitlines()[0] == "Headline one"
    assert "https://help.example/t/1" in text
    assert "<strong>Hello</strong>" in html
    assert states() == {"one": "sent"}


def test_the_same_key_is_owed_once(sink):
    owed("one")
    owed("one")

    assert states() == {"one": "due"}


def test_what_waits_in_one_thread_goes_out_as_one_mail(sink, world):
    early = timezone.now() - timedelta(minutes=2)
    owed("one", world.ada, thread="ticket-1", may_wait=True, now=early, subject="[SP-1] Calls drop")
    owed("two", world.ada, thread="ticket-1", may_wait=True, subject="[SP-1] Calls drop")
    owed("other", world.ada, thread="ticket-2", may_wait=True)

    assert relay_outbox() == 1
    (message,) = sink.messages
    text = message.get_body(("plain",)).get_content()
    assert text.index("Headline one") < text.index("Headline two")
    assert message["References"] == "<ticket-1@127.0.0.1>"
    assert states() == {"one": "sent", "two": "joined", "other": "due"}


def test_while_a_mail_is_on_its_way_the_next_of_its_thread_waits_and_others_do_not(world):
    now = timezone.now()
    owed("one", world.ada, thread="ticket-1", now=now)
    one = claim(now)
    for key, thread in (("two", "ticket-1"), ("three", "ticket-2"), ("four", "")):
        owed(key, world.ada, thread=thread, now=now)

    meanwhile = [claim(now), claim(now), claim(now)]
    mark_sent(mail=one, now=now)
    afterwards = claim(now)

    assert [mail and mail.key for mail in meanwhile] == ["three", "four", None]
    assert afterwards.key == "two"


def test_a_mail_whose_relay_died_holds_up_its_thread_no_longer_than_its_lease(world):
    now = timezone.now()
    owed("one", world.ada, thread="ticket-1", now=now)
    claim(now)
    owed("two", world.ada, thread="ticket-1", now=now)

    assert [claim(now), claim(now + LEASE + timedelta(seconds=1)).key] == [None, "one"]


def test_a_mail_that_is_tried_again_later_holds_up_nothing(world):
    now = timezone.now()
    owed("one", world.ada, thread="ticket-1", now=now)
    mark_failed(mail=claim(now), error="450 later", now=now)
    owed("two", world.ada, thread="ticket-1", now=now)

    assert claim(now).key == "two"


def test_a_mail_that_was_kept_back_with_what_it_took_in_is_taken_in_whole(sink, world):
    early = timezone.now() - timedelta(minutes=2)
    for key in ("one", "two", "three"):
        owed(key, world.ada, thread="ticket-1", may_wait=True, now=early, subject="[SP-1] Calls drop")
    with as_provider():
        one, two, three = Mail.objects.order_by("pk")
        Mail.objects.filter(pk=two.pk).update(state=Mail.State.JOINED, joined_into=one)
        Mail.objects.filter(pk=one.pk).update(due_at=timezone.now() + timedelta(minutes=2))  # so that the third leads

    assert relay_outbox() == 1
    (message,) = sink.messages
    text = message.get_body(("plain",)).get_content()
    assert text.index("Headline one") < text.index("Headline two") < text.index("Headline three")
    with as_provider():
        assert list(Mail.objects.order_by("pk").values_list("joined_into", flat=True)) == [three.pk, three.pk, None]


def test_a_refused_mail_is_tried_again_and_then_parked(sink):
    sink.refusing.add("ada@acme.example")
    owed("one")
    for attempt in range(1, ATTEMPTS + 1):
        with as_provider():
            Mail.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        assert relay_outbox() == 0
        with as_provider():
            mail = Mail.objects.get()
        assert mail.attempts == attempt
        assert "451" in mail.last_error
    assert mail.state == Mail.State.PARKED

    sink.refusing.clear()
    commands.resend(actor=make.person("Lea Lead"), mail=mail, now=timezone.now())
    assert relay_outbox() == 1


def test_pauses_grow(sink):
    sink.refusing.add("ada@acme.example")
    owed("one")
    pauses = []
    for _ in range(3):
        with as_provider():
            Mail.objects.update(due_at=timezone.now())
        relay_outbox()
        with as_provider():
            pauses.append(Mail.objects.get().due_at - timezone.now())
    assert pauses == sorted(pauses)
    assert pauses[-1] > pauses[0] * 10


def test_one_bad_address_does_not_hold_the_others(sink):
    sink.refusing.add("bad@acme.example")
    owed("bad", address="bad@acme.example")
    owed("good")

    assert relay_outbox() == 1
    assert states() == {"bad": "due", "good": "sent"}


def test_a_relay_that_died_leaves_a_lease_and_the_same_message_id(sink):
    owed("one")
    now = timezone.now()
    first = commands.claim(now)
    assert first is not None
    assert commands.claim(now) is None

    again = commands.claim(now + LEASE + timedelta(seconds=1))

    assert again is not None
    assert again.message_id == first.message_id
    assert (again.attempts, again.unknown_outcomes) == (2, 1)


def test_a_mail_that_kills_its_relay_each_time_is_parked(sink):
    owed("poison")
    now = timezone.now()
    for _ in range(ATTEMPTS):
        assert commands.claim(now) is not None
        now += LEASE + timedelta(seconds=1)

    assert commands.claim(now) is None
    assert states() == {"poison": "parked"}


def test_a_line_break_in_a_subject_does_no_harm(sink):
    owed("one", subject="Hello\r\nBcc: everyone@example.com")

    assert relay_outbox() == 1
    assert sink.messages[0]["Bcc"] is None
    assert sink.messages[0]["Subject"] == "Hello Bcc: everyone@example.com"


def test_what_is_rolled_back_is_not_owed():
    with transaction.atomic():
        owed("one")
        transaction.set_rollback(True)

    assert states() == {}


def test_a_late_relay_does_not_overwrite_what_became_of_the_mail(sink):
    owed("one")
    now = timezone.now()
    late = commands.claim(now)
    again = commands.claim(now + LEASE + timedelta(seconds=1))
    commands.mark_sent(mail=again, now=now)

    commands.mark_failed(mail=late, error="too late", now=now)

    with as_provider():
        mail = Mail.objects.get()
    assert (mail.state, mail.attempts, mail.last_error) == (Mail.State.SENT, 2, "")


def test_a_late_relay_does_not_end_the_attempt_of_another(sink):
    owed("one")
    now = timezone.now()
    late = commands.claim(now)
    commands.claim(now + LEASE + timedelta(seconds=1))

    commands.mark_sent(mail=late, now=now)

    assert states() == {"one": "sending"}


@pytest.mark.parametrize(("embedded", "kept"), [(False, ""), (True, "https://help.example/reset/secret/")])
def test_a_link_that_signs_in_is_forgotten_when_it_went_out(sink, settings, embedded, kept):
    settings.EMBEDDED = embedded
    owed("account:1", action_label="Set it", action_url="https://help.example/reset/secret/")
    owed("ticket", action_label="Open", action_url="https://help.example/t/1")

    relay_outbox()

    assert "https://help.example/reset/secret/" in sink.messages[0].get_body(("plain",)).get_content()
    with as_provider():
        assert dict(Mail.objects.values_list("key", "action_url")) == {"account:1": kept, "ticket": "https://help.example/t/1"}


def test_mails_of_one_round_share_one_line_to_the_server(sink):
    for number in range(3):
        owed(f"mail-{number}")

    assert relay_outbox() == 3
    assert len(sink.lines) == 1


def test_a_failure_takes_a_new_line_for_what_follows(sink):
    sink.refusing.add("bad@acme.example")
    owed("bad", address="bad@acme.example")
    for number in range(2):
        owed(f"mail-{number}")

    assert relay_outbox() == 2
    assert len(sink.lines) == 2


@pytest.mark.parametrize("words", ["%00", "Subject%00 one", "%ED%A0%80", "x" * 5000])
def test_any_words_can_be_looked_for(client, world, words):
    client.force_login(world.lea.person)

    assert client.get(f"{reverse('console:outbox')}?q={words}").status_code == 200
