"""Limits refuse a flood with a sentence and an hour, keep what was written, and leave people alone."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts import limits
from accounts.limits import Pace
from accounts.tenancy import as_tenant
from helpdesk import limiting
from tests import factories as make
from tests.flows.meeting import at_once
from tickets import commands as tickets
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(world):
    client = Client()
    client.force_login(world.ada)
    return client


def form(world, **changes):
    values = {
        "type": "technical",
        "severity": "high",
        "product": world.softswitch.pk,
        "subject": "Calls drop",
        "description": "Since today.",
    }
    return values | changes


def test_a_flood_of_tickets_is_refused_and_the_text_is_kept(world, ada, settings):
    settings.LIMITS = settings.LIMITS | {"filing": (2, 3600)}
    answers = [ada.post(reverse("portal:ticket_new"), form(world, subject=f"Calls drop {n}")) for n in range(3)]

    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert 3500 < int(answers[2]["Retry-After"]) <= 3600
    assert "try again in 60 min" in answers[2].content.decode()
    assert "Calls drop 2" in answers[2].content.decode()
    with as_tenant(world.acme.pk):
        assert Ticket.objects.count() == 2


def test_a_flood_of_replies_is_refused_and_the_text_is_kept(world, ada, settings):
    settings.LIMITS = settings.LIMITS | {"reply": (1, 3600)}
    ticket = make.ticket(world.contract, world.softswitch, world.ada)
    answers = [ada.post(reverse("portal:ticket_reply", args=[ticket.pk]), {"body": f"News {n}"}) for n in range(2)]

    assert [answer.status_code for answer in answers] == [302, 429]
    assert "News 1" in answers[1].content.decode()


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("ticket_contest", {"reason": "Still down", "verdict": "2"}),
        ("ticket_declare", {"type": "technical", "severity": "low", "reason": "Still down"}),
        ("ticket_satisfaction", {"answer": "dissatisfied", "comment": "Still down"}),
    ],
)
def test_a_flood_of_what_staff_get_mail_of_is_refused_and_the_text_is_kept(world, ada, settings, name, sent):
    settings.LIMITS = settings.LIMITS | {"change": (0, 3600)}
    ticket = make.ticket(world.contract, world.softswitch, world.ada)
    tickets.verify(ticket=ticket, agent=world.sara.person, type="technical", severity="high", now=make.NOW)
    solved = tickets.change_status(ticket=ticket, agent=world.sara.person, status="resolved", now=make.NOW)
    answered = ada.post(reverse(f"portal:{name}", args=[ticket.pk]), sent)

    assert (answered.status_code, 3500 < int(answered["Retry-After"]) <= 3600) == (429, True)
    assert "Still down" in answered.content.decode()
    with as_tenant(world.acme.pk):
        assert Ticket.objects.get().event_count == solved.event_count


def test_a_flood_of_mails_by_one_click_is_refused(world, ada, settings):
    settings.LIMITS = settings.LIMITS | {"change": (1, 3600), "inviting": (0, 3600)}
    ticket = make.ticket(world.contract, world.softswitch, world.ada)
    clicks = [
        ada.post(reverse(f"portal:{name}", args=[ticket.pk])).status_code for name in ("ticket_private", "ticket_watch", "ticket_solved")
    ]
    invited = ada.post(reverse("portal:people"), {"email": "x@acme.example", "role": "member", "language": "en"})

    assert (clicks, invited.status_code) == ([302, 429, 429], 429)


@pytest.mark.parametrize("what", ["upload", "bytes"])
def test_a_flood_of_files_is_refused_as_the_script_understands(ada, settings, what):
    settings.LIMITS = settings.LIMITS | {what: {"upload": (1, 3600), "bytes": (500_000, 3600)}[what]}
    answers = [ada.post(reverse("portal:upload"), {"file": SimpleUploadedFile("a.log", b"x" * 300_000)}) for _n in range(2)]

    assert [answer.status_code for answer in answers] == [201, 429]
    assert "try again in 60 min" in answers[1].json()["error"]


def test_a_companys_files_of_a_day_have_a_bound(ada, settings):
    settings.CUSTOMER_BYTES_A_DAY = 500
    answers = [ada.post(reverse("portal:upload"), {"file": SimpleUploadedFile("a.log", b"x" * 300)}) for _n in range(2)]

    assert [answer.status_code for answer in answers] == [201, 429]
    assert "Retry-After" in answers[1]


def test_searching_and_trying_links_have_limits(ada, settings):
    settings.LIMITS = settings.LIMITS | {"search": (2, 60), "invitation": (1, 3600)}
    searches = [ada.get(reverse("portal:tickets"), {"q": "x"}).status_code for _n in range(3)]
    links = [Client().get(reverse("invitation", args=[1, f"made-up-{n}"])).status_code for n in range(2)]

    assert (searches, links) == ([200, 200, 429], [410, 429])
    assert ada.get(reverse("portal:tickets")).status_code == 200


def test_one_persons_flood_is_not_anothers(world, ada, settings):
    settings.LIMITS = settings.LIMITS | {"search": (1, 60)}
    alan = Client()
    alan.force_login(world.alan)

    assert [ada.get("/tickets/?q=x").status_code, ada.get("/tickets/?q=x").status_code, alan.get("/tickets/?q=x").status_code] == [
        200,
        429,
        200,
    ]


def test_a_window_ends():
    now = make.NOW
    first = [limits.count("x", "me", limit=2, seconds=60, now=now + timedelta(seconds=n)) for n in (0, 1, 2)]

    assert first == [0, 0, 58]
    assert limits.count("x", "me", limit=2, seconds=60, now=now + timedelta(seconds=61)) == 0


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_both_counted():
    waits = at_once(*[lambda: limits.count("y", "me", limit=4, seconds=60, now=make.NOW)] * 6)

    assert sorted(bool(wait) for wait in waits) == [False] * 4 + [True] * 2


def test_pages_have_a_pace_with_room_for_anybody(ada, monkeypatch, settings):
    monkeypatch.setattr(limiting, "pace", Pace(3))
    settings.PAGES_PER_SECOND = 1
    statuses = [ada.get("/").status_code for _n in range(4)]

    assert statuses == [200, 200, 200, 429]
    settings.PAGES_PER_SECOND = 0
    assert ada.get("/").status_code == 200


def test_a_pace_recovers_and_forgets_the_oldest():
    pace = Pace(1)
    pace.KEPT = 2

    assert [pace.wait("a", 0.0, 2), pace.wait("a", 0.1, 2) > 0, pace.wait("a", 1.0, 2)] == [0.0, True, 0.0]
    for who in ("b", "c"):
        pace.wait(who, 2.0, 2)
    assert list(pace.levels) == ["b", "c"]


def test_signing_in_has_limits_that_say_when(world):
    answers = [Client().post(reverse("account_login"), {"login": world.ada.email, "password": "wrong"}) for _n in range(12)]
    resets = [Client().post(reverse("account_reset_password"), {"email": world.ada.email}) for _n in range(7)]

    assert "Too many failed login attempts" in answers[-1].content.decode()
    assert (resets[0].status_code, resets[-1].status_code) == (302, 429)
    assert resets[-1]["Retry-After"] == "300"


def test_the_staffs_day_passes(world):
    """A bulk of work within minutes: far below every limit."""
    sara = Client()
    sara.force_login(world.sara.person)
    ticket = make.ticket(world.contract, world.softswitch, world.ada)

    assert {sara.get(reverse("console:ticket", args=[ticket.pk])).status_code for _n in range(60)} == {200}
    assert {sara.get(reverse("console:search"), {"q": "calls"}).status_code for _n in range(60)} == {200}


def test_words_are_looked_for_in_queues_within_the_same_limit(world, settings):
    settings.LIMITS = settings.LIMITS | {"search": (1, 60)}
    sara = Client()
    sara.force_login(world.sara.person)
    answers = [sara.get(reverse("console:queue", args=["all"]), {"q": "calls"}).status_code for _n in range(2)]

    assert (answers, sara.get(reverse("console:queue", args=["all"])).status_code) == ([200, 429], 200)
