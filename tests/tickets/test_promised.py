"""What is promised next, said on lists and in mail, in each reader's language and zone."""

from datetime import date, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tenancy import as_nobody, as_provider
from notifications.composition import compose
from notifications.models import Mail
from notifications.tasks import relay_outbox
from tests import factories as make
from tests.sla.stories import at
from tickets import commands
from tickets.models import Ticket
from tickets.promised import clocks_of, clocks_on

pytestmark = pytest.mark.django_db
FILED = at("23 Nov 09:00")
ZONE = "(Sao Paulo, UTC−3)"


def later(**delta):
    return FILED + timedelta(**delta)


@pytest.fixture
def ticket(world):
    return make.ticket(world.contract, world.softswitch, world.ada, now=FILED)


def answer(world, ticket, status=None, **delta):
    commands.answer(ticket=ticket, agent=world.sara.person, body="x", status=status, now=later(**delta))


def lives_in(person, zone):
    person.time_zone = zone
    with as_nobody():
        person.save(update_fields=["time_zone"])


def said_to(address):
    """The lines about the state in the last letter that somebody was owed."""
    with as_provider():
        return Mail.objects.filter(address=address).order_by("-pk")[0].status_line.split("\n")


# --- Lists ----------------------------------------------------------------------------------------------------------
def listed(person, monkeypatch, when):
    """What the list says about each ticket: sentence, exactly when, tone."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: when)
    client = Client()
    client.force_login(person)
    pages = [client.get(reverse("portal:tickets"), {"state": "all"}), client.get(reverse("portal:home"))]
    found = [row.promised for row in pages[0].context["rows"]]
    assert all(line.text in page.text for line in found if line for page in pages)
    return [line and (line.text, line.exactly, line.tone) for line in found]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("23 Nov 09:00", ("First answer by today 11:00", "")),
        ("23 Nov 10:29", ("First answer by today 11:00", "")),
        ("23 Nov 10:30", ("First answer by today 11:00", "soon")),
        ("23 Nov 11:00", ("First answer by today 11:00", "soon")),  # what happens exactly then is in time
        ("23 Nov 11:01", ("First answer late since today 11:00", "late")),
        ("24 Nov 08:00", ("First answer late since Mon 23 Nov 11:00", "late")),
    ],
)
def test_a_list_says_by_when_the_first_answer_comes(world, ticket, monkeypatch, when, said):
    text, tone = said

    assert listed(world.ada, monkeypatch, at(when)) == [(text, f"Mon 23 Nov 11:00 {ZONE}", tone)]


def test_after_an_answer_the_next_one_is_due(world, ticket, monkeypatch):
    answer(world, ticket, hours=1)

    assert listed(world.ada, monkeypatch, later(hours=2)) == [("Next answer by today 14:00", f"Mon 23 Nov 14:00 {ZONE}", "")]


def test_when_the_next_answer_comes_later_the_solution_is_due(world, ticket, monkeypatch):
    answer(world, ticket, hours=1, minutes=59)
    answer(world, ticket, hours=6)

    assert listed(world.ada, monkeypatch, later(hours=7)) == [("Solution by today 18:00", f"Mon 23 Nov 18:00 {ZONE}", "soon")]


def test_the_clock_stands_still_while_we_wait(world, ticket, monkeypatch):
    functional = make.ticket(world.contract, world.softswitch, world.ada, type="functional", now=FILED)
    answer(world, ticket, status="waiting_customer", hours=1)
    answer(world, functional, hours=1)
    commands.place_hold(ticket=functional, reason="Two hours", placed_by=world.sara.person, now=later(hours=2))

    assert listed(world.ada, monkeypatch, later(hours=3)) == [
        ("Waiting for approval: the clock stands still", "", ""),
        ("Waiting for you: the clock stands still", "", ""),
    ]


def test_what_is_solved_or_has_no_promise_yet_says_nothing(world, ticket, monkeypatch):
    old = make.ticket(world.contract, world.softswitch, world.ada, now=FILED)
    with as_provider():
        Ticket.objects.filter(pk=old.pk).update(promise=None)
        old = Ticket.objects.get(pk=old.pk)
    answer(world, ticket, status="resolved", hours=1)

    assert listed(world.ada, monkeypatch, later(hours=1)) == [None, None]
    assert list(clocks_on(old)) == []


def test_the_order_of_a_list_stays_what_it_was(world, ticket, monkeypatch):
    sooner = make.ticket(world.contract, world.softswitch, world.ada, severity="critical", now=FILED - timedelta(hours=2))
    monkeypatch.setattr("django.utils.timezone.now", lambda: FILED)
    client = Client()
    client.force_login(world.ada)

    rows = client.get(reverse("portal:tickets"), {"state": "open"}).context["rows"]

    assert [row.number for row in rows] == [ticket.number, sooner.number]


def test_all_rows_are_asked_for_at_once(world):
    tickets = [make.ticket(world.contract, world.softswitch, world.ada, now=FILED) for _ in range(3)]
    with as_provider(), CaptureQueriesContext(connection) as queries:
        found = clocks_of(ticket.promise_id for ticket in tickets)
        nothing = clocks_of([None])

    assert (len(queries), sorted(found), nothing) == (1, sorted(t.promise_id for t in tickets), {})


def test_grace_sees_nothing_of_acmes_promises(world, ticket, monkeypatch):
    make.ticket(world.globex_contract, world.softswitch, world.grace, severity="low", now=FILED)

    assert listed(world.grace, monkeypatch, FILED) == [("First answer by today 18:00", f"Mon 23 Nov 18:00 {ZONE}", "")]


# --- Mail -----------------------------------------------------------------------------------------------------------
def test_the_receipt_says_when_the_first_answer_is_due(ticket):
    promised = f"First answer by Mon 23 Nov 11:00 {ZONE}"

    assert said_to("ada@acme.example") == ["State: Received · Technical, High", promised]
    assert said_to("sara@support.example") == ["State: New · Technical, High", promised]


def test_every_reader_has_their_own_zone(world):
    lives_in(world.ada, "Asia/Kolkata")
    lives_in(world.sara.person, "Europe/Lisbon")
    make.ticket(world.contract, world.softswitch, world.ada, now=FILED)

    assert said_to("ada@acme.example")[1] == "First answer by Mon 23 Nov 19:30 (Kolkata, UTC+5:30)"
    assert said_to("sara@support.example")[1] == "First answer by Mon 23 Nov 14:00 (Lisbon, UTC+0)"
    assert said_to("lea@lead.example")[1] == f"First answer by Mon 23 Nov 11:00 {ZONE}"


def test_an_answer_promises_the_next_one(world, ticket):
    answer(world, ticket, hours=1)

    assert said_to("ada@acme.example") == ["State: Being checked · Technical, High", f"Next answer by Mon 23 Nov 14:00 {ZONE}"]


def test_a_question_says_that_the_clock_stands_still_until_it_is_answered(world, ticket):
    answer(world, ticket, status="waiting_customer", hours=1)
    to_ada = said_to("ada@acme.example")
    commands.note(ticket=ticket, author=world.sara.person, body="x", now=later(hours=2))
    commands.watch(ticket=ticket, person=world.lea.person, actor=world.lea.person, by_staff=True, now=later(hours=2))
    commands.reply(ticket=ticket, author=world.ada, body="The second.", now=later(hours=3))

    assert to_ada == ["State: Waiting for you · Technical, High", "The clock stands still until you answer"]
    assert said_to("sara@support.example") == ["State: Open · Technical, High", f"Next answer by Mon 23 Nov 16:00 {ZONE}"]


def test_a_hold_says_until_when_the_clock_stands_still(world):
    ticket = make.ticket(world.contract, world.softswitch, world.ada, type="functional", now=FILED)
    answer(world, ticket, hours=1)
    commands.place_hold(ticket=ticket, reason="Two hours", placed_by=world.sara.person, now=later(hours=2))

    assert said_to("ada@acme.example")[1:] == ["The clock stands still until the approval"]


def test_what_is_solved_promises_nothing(world, ticket):
    answer(world, ticket, status="resolved", hours=1)

    assert said_to("ada@acme.example") == ["State: Solved · Technical, High"]


def test_a_late_promise_is_named_with_the_one_that_comes_next(world, ticket):
    commands.reply(ticket=ticket, author=world.ada, body="Hello?", now=later(hours=3))

    assert said_to("sara@support.example")[1] == (f"First answer late since Mon 23 Nov 11:00 {ZONE} · Solution by Mon 23 Nov 18:00 {ZONE}")


def test_both_parts_of_a_mail_say_it(ticket, settings, monkeypatch):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    monkeypatch.setattr("django.utils.timezone.now", lambda: later(seconds=1))
    relay_outbox()
    letter = mail.outbox[0]

    promised = f"First answer by Mon 23 Nov 11:00 {ZONE}"
    assert f"State: Received · Technical, High\n{promised}\n" in letter.body
    assert f"State: Received · Technical, High<br>{promised}</p>" in letter.alternatives[0].content


def test_what_is_needed_stays_in_a_joined_mail_when_only_the_promise_moved_on():
    """Two letters within a minute on a technical ticket that waits for approval: its clock runs on, and the state is the same."""
    state = "State: Waiting for approval · Technical, High"
    first, second = (
        Mail(pk=number, language="en", needs=needs, status_line=f"{state}\nNext answer by Mon 23 Nov 14:0{number} {ZONE}")
        for number, needs in ((1, "Please approve two hours."), (2, ""))
    )
    other = Mail(pk=3, language="en", status_line="State: In progress · Technical, High")

    assert "Please approve two hours." in compose(first, [second]).body
    assert f"14:02 {ZONE}" in compose(first, [second]).body
    assert "Please approve two hours." not in compose(first, [second, other]).body


def test_a_declaration_changes_what_the_letter_promises(world, ticket):
    commands.declare(
        ticket=ticket, person=world.ada, type="technical", severity="critical", reason="All down.", seen=None, now=later(minutes=10)
    )

    assert said_to("sara@support.example") == ["State: New · Technical, Critical", f"First answer by Mon 23 Nov 09:40 {ZONE}"]


def test_a_follow_up_has_a_promise_of_its_own(world, ticket):
    answer(world, ticket, status="resolved", hours=1)
    commands.close_resolved(now=later(days=8))
    commands.reply(ticket=ticket, author=world.ada, body="Again.", now=later(days=8, hours=1))

    assert said_to("ada@acme.example")[1] == f"First answer by Tue 1 Dec 12:00 {ZONE}"
    assert later(days=8, hours=1).date() == date(2026, 12, 1)
