"""Logging time through the pages: beside a ticket, by a timer, a week of one's own, and what is shown before it is saved."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import as_provider
from billing.commands import work
from billing.models import Entry, Timer, WorkLog
from tests.billing.desk import Desk
from tests.sla.stories import at

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(world, monkeypatch):
    return Desk(world)


@pytest.fixture
def clock(monkeypatch):
    """The wall's, as views ask it."""

    def goes(when):
        monkeypatch.setattr("billing.views.work.timezone.now", lambda: at(when))

    return goes


@pytest.fixture
def sara(world):
    return signed_in(world.sara)


def signed_in(member):
    client = Client()
    client.force_login(member.person)
    return client


def text(answer):
    """What the page says, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())).strip()


def form(**fields):
    return {"day": "2026-11-10", "began": "", "ended": "", "minutes": "", "note": "Looked"} | fields


def address(ticket):
    return reverse("console:ticket_time", args=[ticket.pk])


def spans():
    with as_provider():
        return [(log.began_at, log.ended_at) for log in WorkLog.objects.filter(deleted_at=None).order_by("pk")]


def shows(client, ticket, **fields):
    """What the part says that comes while the form is filled in."""
    answer = client.get(address(ticket), form(**fields) | {"note": ""}, headers={"X-Part": "yes"})
    return text(answer)


# --- The worked examples ----------------------------------------------------------------------------------------------
def test_m1_is_shown_before_it_is_saved_and_after(desk, sara, clock):
    a, b = desk.ticket("A"), desk.ticket("B")
    clock("11 Nov 18:00")
    first = shows(sara, a, began="09:00", ended="10:30")
    sara.post(address(a), form(began="09:00", ended="10:30"))
    second = shows(sara, b, day="2026-11-11", began="14:00", ended="14:50")
    saved = sara.post(address(b), form(day="2026-11-11", began="14:00", ended="14:50"), follow=True)

    assert first == "1 h 30 from the allowance of November · 30 min of November left"
    assert second == "30 min from the allowance of November, 30 min over: approval needed · nothing of November left"
    page = text(saved)
    assert f"50 min logged on {b.number}." in page
    assert "50 min Sara Looked Wed 11 Nov 14:00–14:50 30 min allowance 30 min not approved Change" in page


def test_m2_five_short_logs_and_a_sixth(desk, sara, clock):
    ticket = desk.ticket("C")
    clock("12 Nov 18:00")
    seen = []
    for minute in (0, 5, 10, 15, 20, 30):
        span = {"day": "2026-11-12", "began": f"10:{minute:02d}", "ended": f"10:{minute + 3:02d}"}
        seen.append(shows(sara, ticket, **span))
        assert sara.post(address(ticket), form(**span)).status_code == 302

    nothing = "Nothing: these minutes are counted already · 1 h 45 of November left"
    assert seen == [
        "15 min from the allowance of November · 1 h 45 of November left",
        *[nothing] * 4,
        "15 min from the allowance of November · 1 h 30 of November left",
    ]


def test_m6_who_was_entered_first_keeps_the_allowance(desk, sara, clock):
    a, b = desk.ticket("A"), desk.ticket("B")
    clock("20 Nov 12:00")
    sara.post(address(b), form(began="09:00", ended="11:00"))
    sara.post(address(a), form(day="2026-11-05", began="09:00", ended="10:00"))
    before = text(sara.get(a.console_url))
    with as_provider():
        log = WorkLog.objects.get(ticket=b)
    correction = form(began="09:00", ended="10:00", reason="")
    would = text(sara.get(reverse("console:work", args=[log.pk]), correction, headers={"X-Part": "yes"}))
    sara.post(reverse("console:work", args=[log.pk]), correction)

    assert "1 h not approved" in before
    assert would == "1 h from the allowance of November · nothing of November left"
    assert "1 h allowance" in text(sara.get(a.console_url))


# --- The form ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "span"),
    [
        ({"began": "09:00", "ended": "10:00"}, ("10 Nov 09:00", "10 Nov 10:00")),
        ({"began": "09:00", "minutes": "1 h 30"}, ("10 Nov 09:00", "10 Nov 10:30")),
        ({"ended": "10:00", "minutes": "45"}, ("10 Nov 09:15", "10 Nov 10:00")),
        ({"day": "2026-11-11", "minutes": "45"}, ("11 Nov 17:15", "11 Nov 18:00")),
        ({"began": "22:30", "ended": "01:00"}, ("10 Nov 22:30", "11 Nov 01:00")),
    ],
)
def test_times_are_read_as_they_are_meant(desk, sara, clock, fields, span):
    clock("11 Nov 18:00")

    assert sara.post(address(desk.ticket("A")), form(**fields)).status_code == 302
    assert spans() == [tuple(map(at, span))]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Say from when until when, or how long it took."),
        ({"began": "10:00"}, "Say from when until when, or how long it took."),
        ({"began": "10:00", "ended": "09:00"}, "The work must end after it begins. Check the times."),
        ({"minutes": "30 h"}, "Write at least a minute, and at most a day."),
        ({"day": "2026-11-11", "minutes": "20 h"}, "That is more than 16 hours in one piece. Check the days, or log it in several pieces."),
        ({"minutes": "soon"}, "Write minutes like 45, or hours like 1 h 30."),
        ({"day": "2026-11-12", "began": "10:00", "ended": "11:00"}, "That time has not come yet. Log work when it is done."),
        ({"minutes": "10", "note": " "}, "This field is required."),
        ({"day": "soon", "minutes": "10"}, "Enter a valid date."),
        ({"day": "9999-12-31", "began": "13:00", "ended": "01:00"}, "Enter a valid date."),
        ({"day": "0001-01-01", "ended": "00:10", "minutes": "50"}, "Enter a valid date."),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence_and_nothing_is_lost(desk, sara, clock, fields, sentence):
    clock("11 Nov 18:00")
    answer = sara.post(address(desk.ticket("A")), form(**fields))

    assert (answer.status_code, spans()) == (422, [])
    assert sentence in text(answer)
    assert "Looked" in answer.content.decode() or fields.get("note") == " "


def test_an_overlap_names_the_other_log(desk, sara, clock):
    other = desk.ticket("B")
    desk.log("b", "B", "10 Nov 10:00", "11:00")
    clock("11 Nov 18:00")
    answer = sara.post(address(desk.ticket("A")), form(began="10:30", ended="11:30"))

    assert answer.status_code == 422
    assert f"It overlaps with Tue 10 Nov 10:00–11:00 on {other.number}, which Sara logged already." in text(answer)


def test_the_same_form_twice_is_one_log(desk, sara, clock):
    clock("11 Nov 18:00")
    sent = form(began="10:00", ended="11:00", submission_key="6f1c8f0e-0f5e-4a58-9a39-6d5d4c1f0a11")
    answers = [sara.post(address(desk.ticket("A")), sent) for _time in range(2)]

    assert ([answer.status_code for answer in answers], len(spans())) == ([302, 302], 1)


def test_without_scripts_a_button_shows_what_it_uses(desk, sara, clock):
    clock("11 Nov 18:00")
    answer = sara.post(address(desk.ticket("A")), form(began="10:00", ended="11:00", note="", show="1"))

    assert (answer.status_code, spans()) == (200, [])
    assert "1 h from the allowance of November" in text(answer)


def test_a_part_that_cannot_be_told_is_empty(desk, sara, clock):
    clock("11 Nov 18:00")

    assert shows(sara, desk.ticket("A"), began="10:00") == ""
    assert shows(sara, desk.ticket("A"), began="11:00", ended="10:00") == ""


# --- Whose --------------------------------------------------------------------------------------------------------------
def test_others_logs_are_theirs_and_leads_change_them_for_a_reason(desk, sara, clock):
    desk.log("lea", "A", "10 Nov 10:00", "11:00", agent=desk.world.lea)
    desk.log("own", "A", "10 Nov 10:00", "11:00")
    clock("11 Nov 18:00")
    lea, of_lea, of_sara = signed_in(desk.world.lea), desk.logs["lea"], desk.logs["own"]
    fields = form(began="10:00", ended="10:30")

    assert sara.get(reverse("console:work", args=[of_lea.pk])).status_code == 403
    assert sara.post(reverse("console:work_delete", args=[of_lea.pk])).status_code == 403
    assert lea.post(reverse("console:work", args=[of_sara.pk]), fields).status_code == 422
    assert lea.post(reverse("console:work", args=[of_sara.pk]), fields | {"reason": "Half of it"}).status_code == 302
    assert "Half of it" in text(sara.get(reverse("console:work", args=[of_sara.pk])))


def test_a_deleted_log_is_gone_from_the_lists_and_its_trail_stays(desk, sara, clock):
    desk.log("a", "A", "10 Nov 10:00", "11:00")
    clock("11 Nov 18:00")
    answer = sara.post(reverse("console:work_delete", args=[desk.logs["a"].pk]))

    assert answer["Location"] == f"{reverse('console:my_time')}?day=2026-11-10"
    assert "No time is logged yet." in text(sara.get(desk.tickets["A"].console_url))
    assert sara.get(reverse("console:work", args=[desk.logs["a"].pk])).status_code == 404
    with as_provider():
        assert list(Entry.objects.values_list("kind", flat=True)) == ["logged", "deleted"]


# --- A week -------------------------------------------------------------------------------------------------------------
def test_a_week_has_its_days_with_their_totals(desk, sara, clock):
    desk.log("a", "A", "10 Nov 10:00", "11:00")
    desk.log("b", "B", "10 Nov 11:00", "11:20")
    desk.log("c", "A", "12 Nov 10:00", "10:30")
    desk.log("other", "A", "12 Nov 10:00", "10:30", agent=desk.world.lea)
    desk.log("later", "A", "16 Nov 10:00", "10:30")
    clock("18 Nov 18:00")
    page = text(sara.get(reverse("console:my_time"), {"day": "2026-11-13"}))

    assert "9 November 2026 to 15 November 2026" in page
    assert "1 h 50 in all" in page
    assert re.search(r"Thursday, 12 November 2026 30 min .* Tuesday, 10 November 2026 1 h 20", page)


@pytest.mark.parametrize("day", ["nonsense", "9999-12-31", "0001-01-01"])
def test_an_empty_week_says_what_will_be_here(sara, day):
    assert "No time logged in this week" in text(sara.get(reverse("console:my_time"), {"day": day}))


@pytest.mark.parametrize("day", ["0002-01-01", "0001-01-01", "9999-12-31", "2026-10-01"])
def test_nothing_is_shown_of_what_work_on_a_day_that_can_not_be_would_cost(desk, sara, clock, day):
    clock("11 Nov 18:00")

    assert shows(sara, desk.ticket("A"), day=day, began="10:00", ended="11:00") == ""


def test_how_long_alone_is_refused_for_another_day(desk, sara, clock):
    clock("12 Nov 18:00")
    answer = sara.post(address(desk.ticket("A")), form(day="2026-11-11", minutes="50"))

    assert answer.status_code == 422
    assert "Say from when or until when you worked on that day." in text(answer)
    assert spans() == []


def test_a_note_is_corrected_without_touching_a_timers_seconds(desk, sara, clock):
    clock("12 Nov 18:00")
    ticket, seconds = desk.ticket("A"), {"second": 40}
    pieces = [("10 Nov 14:00", "10 Nov 14:30"), ("10 Nov 14:30", "10 Nov 14:50")]
    before, log = (
        work.log_work(
            ticket=ticket,
            agent=desk.world.sara,
            began_at=at(began).replace(**seconds),
            ended_at=at(ended).replace(**seconds),
            note="Looked",
            now=at("10 Nov 18:00"),
        )
        for began, ended in pieces
    )

    answer = sara.post(reverse("console:work", args=[log.pk]), form(began="14:30", ended="14:50", note="Looked twice"))

    assert answer.status_code == 302
    assert spans() == [(before.began_at, before.ended_at), (log.began_at, log.ended_at)]
    with as_provider():
        assert WorkLog.objects.get(pk=log.pk).note == "Looked twice"


# --- Timers -------------------------------------------------------------------------------------------------------------
def test_a_timer_is_seen_on_every_page_and_becomes_a_log(desk, sara):
    ticket = desk.ticket("A", opened="23 Nov 09:00")
    sara.post(reverse("console:ticket_timer", args=[ticket.pk]))
    with as_provider():
        Timer.objects.update(started_at=timezone.now() - timedelta(minutes=20))
    frame = text(sara.get(reverse("console:customers")))
    week = text(sara.get(reverse("console:my_time")))
    sara.post(reverse("console:timer_stop"), {"note": "Looked", "ended": ""})

    assert f"Timer {ticket.number}" in frame
    assert f"Your timer runs on {ticket.number}" in week
    ((began_at, ended_at),) = spans()
    assert ended_at - began_at == pytest.approx(timedelta(minutes=20), abs=timedelta(seconds=30))
    assert f"Timer {ticket.number}" not in text(sara.get(reverse("console:customers")))


def test_a_timer_runs_on_until_somebody_says_what_was_done(desk, sara):
    ticket = desk.ticket("A", opened="23 Nov 09:00")
    work.start_timer(ticket=ticket, agent=desk.world.sara, now=timezone.now() - timedelta(minutes=20))
    answer = sara.post(reverse("console:timer_stop"), {"note": ""})

    assert answer.status_code == 422
    assert "What was done: This field is required." in text(answer)
    assert f"Your timer runs on {ticket.number}" in text(answer)
    assert spans() == []


def test_what_was_written_when_a_timer_could_not_be_stopped_is_not_lost(desk, sara):
    ticket, start = desk.ticket("A", opened="23 Nov 09:00"), timezone.now() - timedelta(minutes=90)
    work.start_timer(ticket=ticket, agent=desk.world.sara, now=start)
    span = {"began_at": start + timedelta(minutes=10), "ended_at": start + timedelta(minutes=20)}
    work.log_work(ticket=ticket, agent=desk.world.sara, note="By hand", now=timezone.now(), **span)

    answer = sara.post(reverse("console:timer_stop"), {"note": "Traced both trunks for an hour"})

    assert answer.status_code == 422
    assert "It overlaps with" in text(answer)
    assert "Traced both trunks for an hour" in text(answer)


def test_a_second_timer_names_the_first(desk, sara):
    first, second = desk.ticket("A"), desk.ticket("B")
    sara.post(reverse("console:ticket_timer", args=[first.pk]))
    answer = sara.post(reverse("console:ticket_timer", args=[second.pk]), follow=True)

    assert f"Your timer runs on {first.number} since" in text(answer)


def test_who_logs_no_work_sees_it_and_has_no_form(desk):
    desk.log("a", "A", "10 Nov 10:00", "11:00")
    page = text(signed_in(desk.world.max).get(desk.tickets["A"].console_url))

    assert "1 h in all" in page
    assert "Start a timer" not in page
    assert "My time" not in page
