"""Lists as files: what is in them, in whose words, and that the right to them is asked again and again."""

import csv
import io
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from accounts.commands import remove_member, set_staff_roles
from accounts.models import Membership, Person
from accounts.streaming import AccessEnded
from accounts.tenancy import as_nobody, as_provider, current
from tests import factories as make
from tickets import commands
from tickets.queries import export

pytestmark = pytest.mark.django_db
NOW = make.NOW
HEADER = [
    "Number",
    "Subject",
    "Type",
    "Severity",
    "State",
    "Environment",
    "Product",
    "Contract",
    "Requester",
    "Opened",
    "First answer due",
    "First answer",
    "First answer late",
    "Solution due",
    "Solved",
    "Solution late",
    "Closed",
    "Satisfaction",
]


def sign_in(person):
    client = Client()
    client.force_login(person)
    return client


def table(answer, delimiter=","):
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline=""), delimiter=delimiter))


def portal(person, **filters):
    return sign_in(person).get(reverse("portal:tickets_export"), filters)


def numbers(answer):
    return [row[0] for row in table(answer)[1:]]


@pytest.fixture
def solved(world):
    environment = make.environment(world.acme)
    ticket = make.ticket(world.contract, world.softswitch, world.ada, subject="=cmd()", environment=environment)
    commands.note(ticket=ticket, author=world.sara.person, body="They never pay.", now=NOW)
    commands.answer(ticket=ticket, agent=world.sara.person, body="Looking.", now=NOW + timedelta(minutes=5))
    commands.answer(ticket=ticket, agent=world.sara.person, body="Done.", status="resolved", now=NOW + timedelta(hours=1))
    commands.rate(ticket=ticket, person=world.ada, level="satisfied", now=NOW + timedelta(hours=2))
    return ticket


def test_the_customers_list_as_csv(world, solved):
    answer = portal(world.ada, state="all")

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="tickets-')
    instants = ["2026-11-23 09:00:00-03:00"]
    instants += ["2026-11-23 11:00:00-03:00", "2026-11-23 09:05:00-03:00", "no"]
    instants += ["2026-11-23 18:00:00-03:00", "2026-11-23 10:00:00-03:00", "no", ""]
    plain = [solved.number, "'=cmd()", "Technical", "High", "Solved", "Main site", "Softswitch", "C-1", "Ada Lovelace"]
    assert table(answer) == [HEADER, [*plain, *instants, "Solved well"]]


def test_the_same_as_xlsx_has_dates_and_says_their_zone(world, solved):
    answer = portal(world.ada, state="all", format="xlsx")
    head, row = load_workbook(io.BytesIO(answer.getvalue())).active.iter_rows(values_only=True)

    zoned = [name.removesuffix(" (America/Sao_Paulo)") for name in head if name.endswith(" (America/Sao_Paulo)")]
    assert zoned == ["Opened", "First answer due", "First answer", "Solution due", "Solved", "Closed"]
    assert row[:2] == (solved.number, "=cmd()")
    opened, answered, due, solved_at, solution_due = (datetime(2026, 11, 23, *at) for at in ((9,), (9, 5), (11,), (10,), (18,)))  # noqa: DTZ001
    assert row[9:] == (opened, due, answered, "no", solution_due, solved_at, "no", None, "Solved well")


def test_it_speaks_the_readers_language_and_the_form_of_their_programs(world, solved):
    with as_nobody():
        Person.objects.filter(pk=world.ada.pk).update(language="pt-br", time_zone="UTC")
    rows = table(portal(world.ada, state="all"), delimiter=";")

    assert (rows[0][0], rows[1][2], rows[1][9]) == ("Número", "Técnico", "2026-11-23 12:00:00+00:00")


def test_it_holds_what_the_list_holds(world, solved):
    high = make.ticket(world.contract, world.softswitch, world.ada, subject="No audio")
    low = make.ticket(world.contract, world.softswitch, world.alan, subject="Wrong label", severity="low")

    assert numbers(portal(world.ada)) == [low.number, high.number]
    assert numbers(portal(world.ada, severity="low")) == [low.number]
    assert numbers(portal(world.ada, mine="on", q="audio")) == [high.number]
    assert numbers(portal(world.grace, state="all")) == []


def promises(world, person=None):
    """Of each ticket in the list, newest first: first answer due and late, solution due and late, without the date's year and zone."""
    return [
        tuple(value[5:16] if value[:2] == "20" else value for value in (row[10], row[12], row[13], row[15]))
        for row in table(portal(person or world.ada, state="all"))[1:]
    ]


def test_what_was_promised_and_missed(world, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(hours=3))  # 12:00
    late, waiting, functional = (
        make.ticket(world.contract, world.softswitch, world.ada, type=type) for type in ("technical", "technical", "functional")
    )
    commands.answer(ticket=waiting, agent=world.sara.person, body="Which?", status="waiting_customer", now=NOW + timedelta(minutes=5))
    commands.mark_solved(ticket=functional, person=world.ada, now=NOW + timedelta(minutes=5))

    assert promises(world) == [
        ("", "", "", ""),  # the customer solved it itself: neither met nor missed
        ("11-23 11:00", "no", "", "no"),  # the clock of its solution stands still
        ("11-23 11:00", "yes", "11-23 18:00", "no"),
    ]
    assert late.pk < waiting.pk < functional.pk


def test_a_miss_stays_in_the_table_after_the_late_answer_and_in_later_rounds(world):
    ticket = make.ticket(world.contract, world.softswitch, world.ada)
    commands.answer(ticket=ticket, agent=world.sara.person, body="Done.", status="resolved", now=NOW + timedelta(hours=10))
    commands.reply(ticket=ticket, author=world.ada, body="Still failing.", now=NOW + timedelta(hours=11))

    assert promises(world) == [("11-23 11:00", "yes", "11-24 13:30", "yes")]  # half the target of 9 h from Tuesday 09:00 on


def test_staff_get_a_queue_or_a_search_with_customer_and_assignee(world, solved):
    other = make.ticket(world.globex_contract, world.softswitch, world.grace)
    commands.assign(ticket=other, agent=world.lea.person, assignee=world.sara, now=NOW)
    client = sign_in(world.sara.person)
    queue = table(client.get(reverse("console:queue_export", args=["all"]), {"customer": "Globex"}))
    found = table(client.get(reverse("console:search_export"), {"q": "cmd"}))

    assert queue[0] == [*HEADER, "Customer", "Assignee"]
    assert [(row[0], *row[-2:]) for row in queue[1:]] == [(other.number, "Globex", "Sara")]
    assert [(row[0], *row[-2:]) for row in found[1:]] == [(solved.number, "Acme", "")]


@pytest.mark.parametrize("wrong", [{"severity": "huge"}, {"opened_from": "yesterday"}, {"product": "1e9"}, {"state": "odd"}])
def test_with_a_mistake_in_the_filters_the_list_explains_it(world, wrong):
    answer = sign_in(world.ada).get(reverse("portal:tickets_export"), wrong | {"format": "xlsx"}, follow=True)

    assert answer.redirect_chain[0][0].startswith(f"{reverse('portal:tickets')}?")
    assert list(answer.context["form"].errors) == list(wrong)


def test_another_format_is_nowhere(world):
    assert portal(world.ada, format="pdf").status_code == 404


def test_batches_join_without_gap_or_double(world, monkeypatch):
    monkeypatch.setattr(export, "BATCH", 2)
    tickets = [make.ticket(world.contract, world.softswitch, world.ada, subject=f"Ticket {n}") for n in range(5)]
    stream = iter(portal(world.ada).streaming_content)
    begun = [next(stream), next(stream)]
    commands.answer(ticket=tickets[0], agent=world.sara.person, body="Looking.", now=NOW)
    whole = b"".join([*begun, *stream]).decode("utf-8-sig")

    assert [row.split(",")[0] for row in whole.splitlines()[1:]] == [ticket.number for ticket in reversed(tickets)]


def end_membership(world):
    with as_provider():
        membership = Membership.objects.get(person=world.alan)
    remove_member(actor=world.ada, membership=membership, now=NOW)


def deactivate(world):
    with as_nobody():
        Person.objects.filter(pk=world.alan.pk).update(is_active=False)


@pytest.mark.parametrize("end", [end_membership, deactivate])
def test_it_breaks_off_when_the_right_ends(world, monkeypatch, end):
    monkeypatch.setattr(export, "BATCH", 1)
    for number in range(3):
        make.ticket(world.contract, world.softswitch, world.ada, subject=f"Ticket {number}")
    stream = iter(portal(world.alan).streaming_content)
    next(stream), next(stream)
    assert current().kind == "none"

    end(world)

    with pytest.raises(AccessEnded):
        next(stream)


def test_it_breaks_off_when_somebody_leaves_the_staff(world, monkeypatch):
    monkeypatch.setattr(export, "BATCH", 1)
    for number in range(3):
        make.ticket(world.contract, world.softswitch, world.ada, subject=f"Ticket {number}")
    stream = iter(sign_in(world.sara.person).get(reverse("console:queue_export", args=["all"])).streaming_content)
    next(stream), next(stream)

    set_staff_roles(actor=None, person=world.sara.person, display_name="Sara", roles=[], now=NOW)

    with pytest.raises(AccessEnded):
        next(stream)
