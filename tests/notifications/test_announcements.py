"""Mail to very many: its headers, its letter, and that it never goes out twice by itself."""

import socket
import threading
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import as_nobody, as_provider
from notifications import commands
from notifications.composition import compose
from notifications.models import Mail, Mute
from notifications.tasks import relay_outbox
from tests import factories as make
from tests.mail_server import serving

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def owed(number, **changes):
    """So many announcements of one thing, each with a link of its own, due now."""
    values = {"language": "en", "kind": "release_published", "list_id": "softswitch.releases", "never_twice": True, "thread": "release-1"}
    for n in range(number):
        letter = commands.Letter(
            subject="8.2 is released", headline="News <b>", action_label="Open", action_url=f"https://x.example/{n}?a=1&b=2"
        )
        commands.owe(
            customer_id=None, person=None, address=f"r{n}@acme.example", key=f"a-{n}", letter=letter, now=NOW, **(values | changes)
        )
    with as_provider():
        return list(Mail.objects.order_by("pk"))


def states():
    with as_provider():
        return dict(Mail.objects.values_list("address", "state"))


def test_an_announcement_names_its_list_and_how_to_leave_it(settings):
    message = compose(owed(1)[0])

    assert message.extra_headers["List-Id"] == f"<softswitch.releases.{settings.MAIL_DOMAIN}>"
    assert message.extra_headers["List-Unsubscribe"] == f"<{settings.BASE_URL}/account/profile/>"
    assert message.extra_headers["Precedence"] == "list"


def test_each_letter_has_its_own_link_and_all_else_is_the_same():
    first, second = (compose(mail) for mail in owed(2))

    assert "https://x.example/0?a=1&b=2" in first.body
    assert 'href="https://x.example/0?a=1&amp;b=2"' in first.alternatives[0].content
    assert first.body.replace("x.example/0", "x.example/1") == second.body
    assert "News &lt;b&gt;" in second.alternatives[0].content


def test_the_letter_is_that_of_any_other_mail():
    (mail,) = owed(1)
    other = compose(mail)
    mail.never_twice = False

    assert (compose(mail).body, compose(mail).alternatives[0].content) == (other.body, other.alternatives[0].content)


def test_many_are_sent_one_after_the_other_each_once(settings, monkeypatch):
    monkeypatch.setattr("notifications.tasks.ANNOUNCEMENTS_AT_ONCE", 3)
    owed(8)
    with serving(settings) as server:
        assert relay_outbox() == 8

    assert (sorted(server.reached), set(states().values())) == (sorted(states()), {"sent"})


def test_one_that_is_refused_holds_up_no_other(settings):
    owed(4)
    with serving(settings) as server:
        server.refusals = {"r1@acme.example": "550 5.1.1 no such user", "r2@acme.example": "451 later"}
        assert relay_outbox() == 2

    assert states() == {"r0@acme.example": "sent", "r1@acme.example": "bounced", "r2@acme.example": "due", "r3@acme.example": "sent"}


def test_an_address_that_bounces_is_passed_over_and_kept_back(settings):
    from notifications.models import BouncingAddress  # noqa: PLC0415

    owed(3)
    with as_provider():
        BouncingAddress.objects.create(address="r1@acme.example", since=NOW, last_at=NOW, tried_at=NOW)
    with serving(settings) as server:
        assert relay_outbox() == 2

    assert sorted(server.reached) == ["r0@acme.example", "r2@acme.example"]
    assert states()["r1@acme.example"] == "due"


def test_an_announcement_that_arrives_at_a_marked_address_lifts_its_mark(settings):
    from notifications.models import BouncingAddress  # noqa: PLC0415

    owed(2)
    days_ago = NOW - timedelta(days=2)
    with as_provider():
        BouncingAddress.objects.create(address="r0@acme.example", since=days_ago, last_at=days_ago, tried_at=days_ago, refused_at_once=True)
    with serving(settings) as server:
        assert relay_outbox() == 2

    assert sorted(server.reached) == ["r0@acme.example", "r1@acme.example"]
    with as_provider():
        assert not BouncingAddress.objects.standing().exists()


def _cut_off(listening):
    """Takes what a mail service would be sent, and hangs up without an answer."""
    line, _address = listening.accept()
    with line:
        line.recv(100_000)


@pytest.mark.parametrize(("answers", "state"), [("cut off", ("parked", 1)), ("silent", ("parked", 1)), ("nobody there", ("due", 0))])
def test_a_mail_service_that_falls_silent_may_have_it_and_one_that_is_not_there_has_not(settings, answers, state):
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    owed(1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        if answers == "nobody there":
            listening.close()
        elif answers == "cut off":
            threading.Thread(target=_cut_off, args=[listening], daemon=True).start()
        settings.ANYMAIL = {
            "POSTMARK_SERVER_TOKEN": "x",
            "POSTMARK_API_URL": f"http://127.0.0.1:{port}/",
            "REQUESTS_TIMEOUT": 0.3,
            "IGNORE_UNSUPPORTED_FEATURES": True,
        }
        assert relay_outbox() == 0

    with as_provider():
        assert Mail.objects.values_list("state", "unknown_outcomes").get() == state


@pytest.mark.parametrize("is_announcement", [True, False])
def test_only_an_announcement_whose_relay_died_waits_for_a_person(is_announcement):
    owed(1, never_twice=is_announcement)
    commands.claim(NOW)
    again = commands.claim(NOW + commands.LEASE + timedelta(seconds=1))

    with as_provider():
        mail = Mail.objects.get()
    assert (again is None, mail.state, mail.unknown_outcomes) == (is_announcement, "parked" if is_announcement else "sending", 1)
    if is_announcement:
        assert mail.trouble == "Sending it was cut off; it may have arrived. Ask its reader before you send it again."


@pytest.mark.parametrize(("is_announcement", "state"), [(True, "parked"), (False, "due")])
def test_a_server_that_falls_silent_with_an_announcement_in_its_hands_is_a_persons_matter(is_announcement, state):
    owed(1, never_twice=is_announcement)
    mail = commands.claim(NOW)
    commands.mark_failed(mail=mail, error="the line broke after DATA", may_have_arrived=True, now=NOW)

    with as_provider():
        assert list(Mail.objects.values_list("state", "unknown_outcomes")) == [(state, 1)]


@pytest.fixture
def unknown():
    """An announcement whose relay died."""
    owed(1)
    commands.claim(NOW)
    commands.claim(NOW + commands.LEASE + timedelta(seconds=1))
    with as_provider():
        return Mail.objects.get()


def test_a_person_sends_it_again_and_then_it_goes(settings, world, unknown):
    commands.resend(actor=world.lea.person, mail=unknown, now=NOW)
    with serving(settings) as server:
        assert relay_outbox() == 1

    assert len(server.messages) == 1


def test_a_person_who_found_out_says_that_it_did_arrive(settings, world, unknown, client):
    client.force_login(world.max.person)
    page = reverse("console:mail", args=[unknown.pk])
    asked = client.get(page).content.decode()

    answer = client.post(reverse("console:mail_arrived", args=[unknown.pk]), follow=True).content.decode()
    client.post(reverse("console:mail_resend", args=[unknown.pk]))  # from a page of before
    with serving(settings) as server:
        relay_outbox()

    assert ("It did arrive" in asked, "Noted: it arrived." in answer, "It did arrive" in answer) == (True, True, False)
    assert (states(), server.messages) == ({"r0@acme.example": "sent"}, [])


def test_what_was_refused_is_never_noted_as_arrived(world):
    owed(1, never_twice=False)
    for attempt in range(commands.ATTEMPTS):
        mail = commands.claim(NOW + timedelta(days=attempt))
        commands.mark_failed(mail=mail, error="550 no such user", now=NOW + timedelta(days=attempt))

    commands.note_arrived(actor=world.max.person, mail=mail, now=NOW)

    assert states() == {"r0@acme.example": "parked"}


def test_what_is_said_anew_is_not_joined_to_an_announcement(settings):
    owed(1)
    letter = commands.Letter(subject="Withdrawn", headline="It is withdrawn.")
    commands.owe(
        customer_id=None, person=None, address="r0@acme.example", language="en", kind="release_withdrawn", key="w", letter=letter,
        thread="release-1", never_twice=True, now=NOW,
    )  # fmt: skip
    with serving(settings) as server:
        relay_outbox()

    assert [message["Subject"] for message in server.messages] == ["8.2 is released", "Withdrawn"]


def test_what_waits_for_its_first_try_or_the_next_is_cancelled_and_what_a_relay_holds_is_not(world):
    release = make.release(world.softswitch)
    owed(3, about=release)
    failed, taken = commands.claim(NOW), commands.claim(NOW)
    commands.mark_failed(mail=failed, error="451 later", now=NOW)
    cancelled = commands.cancel_waiting(about=release, kinds=["release_published"])

    assert {mail.address for mail in cancelled} == set(states()) - {taken.address}
    assert sorted(states().values()) == ["cancelled", "cancelled", "sending"]


def test_releases_can_be_muted_and_security_updates_can_not():
    assert "release_published" in Mute.Kind.values
    assert "release_security" not in Mute.Kind.values
    with as_nobody():
        assert not Mute.objects.exists()
