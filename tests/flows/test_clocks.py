"""The worked examples of clocks through the pages of both faces: filed, answered, waited for and requalified, and read there."""

import html
import re
import uuid
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Person
from accounts.tenancy import acting_for, as_provider
from sla.commands import calendars
from sla.content import Break
from sla.edits import AddBreak
from sla.shipped import Follows
from tests import factories as make
from tests.sla.stories import at
from tickets import commands, story
from tickets.models import Event, Ticket

pytestmark = pytest.mark.django_db


class Desk:
    """People at their pages, and the time at which they are there."""

    def __init__(self, world, monkeypatch):
        self.world, self.now = world, timezone.now()
        monkeypatch.setattr("django.utils.timezone.now", lambda: self.now)
        self.people = {"ada": world.ada, "sara": world.sara.person, "lea": world.lea.person}

    def _client(self, who):
        client = Client()
        client.force_login(self.people[who])
        return client

    def at(self, when):
        self.now = at(when)
        return self

    def get(self, who, name, ticket, **headers):
        return self._client(who).get(reverse(name, args=[ticket.pk]), headers=headers)

    def send(self, who, name, ticket, **values):
        """Open the page that a form is on and send the form as it stands, with these values."""
        address = reverse(name, args=[ticket.pk])
        client = self._client(who)
        page = client.get(address) if name.endswith(("qualify", "declare")) else None
        form = page.context["form"] if page is not None else None
        kept = {field: form[field].value() for field in form.fields if form[field].value() is not None} if form else {}
        answer = client.post(address, kept | values)
        assert answer.status_code == 302, answer.content.decode()
        return answer

    def files(self, when, severity, type="technical", contract=None):
        form = {"contract": (contract or self.world.contract).pk, "product": self.world.softswitch.pk, "type": type, "severity": severity}
        form |= {"subject": "Calls drop", "description": "On every trunk.", "submission_key": uuid.uuid4()}
        answer = self.at(when)._client("ada").post(reverse("portal:ticket_new"), form)
        assert answer.status_code == 302, answer.context["form"].errors
        with as_provider():
            return Ticket.objects.latest("pk")

    def answers(self, when, ticket, state="open"):
        with as_provider():
            seen = Ticket.objects.get(pk=ticket.pk).event_count
        form = {"kind": "public", "body": "We look into it.", "state": state, "seen": seen, "submission_key": uuid.uuid4()}
        self.at(when).send("sara", "console:ticket_answer", ticket, **form)

    def replies(self, when, ticket):
        self.at(when).send("ada", "portal:ticket_reply", ticket, body="Here it is.", submission_key=uuid.uuid4())

    def declares(self, when, ticket, severity):
        self.at(when).send("ada", "portal:ticket_declare", ticket, severity=severity, reason="It is worse.")

    def verifies(self, when, ticket, severity, who="lea"):
        self.at(when).send(who, "console:ticket_qualify", ticket, severity=severity, reason="We looked.")

    def dues(self, ticket):
        """Due instants on the ticket's page, as staff and as the customer see them: the same."""
        found = []
        for who, name in (("sara", "console:ticket"), ("ada", "portal:ticket")):
            panel = self.get(who, name, ticket).context["promise"]
            found.append({line.label: line.due_at for line in panel.running})
        assert found[0] == found[1]
        return found[0]

    def why(self, ticket, who="ada"):
        """The page that explains, as words."""
        name = "portal:ticket_promise" if who == "ada" else "console:ticket_promise"
        answer = self.get(who, name, ticket)
        assert answer.status_code == 200
        return words(answer)


def words(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def in_brazil(world):
    """A contract that counts by the holidays of Brazil, by which 20 November has a name."""
    calendar = calendars.create_calendar(
        actor=None, name="Hours of Brazil", time_zone="America/Sao_Paulo", follows=Follows.BRAZIL, now=make.NOW
    )
    return make.contract(world.acme, world.softswitch, manager=world.max, number="C-2", calendar=calendar)


@pytest.fixture
def desk(world, monkeypatch):
    return Desk(world, monkeypatch)


def test_saturday_night_is_covered(desk):  # T1
    ticket = desk.files("21 Nov 23:50", "critical")

    assert desk.dues(ticket) == {"First response": at("22 Nov 00:20"), "Resolution": at("22 Nov 03:50")}
    assert "30 min left" in words(desk.get("sara", "console:ticket", ticket))
    assert "Sat 21 Nov, 23:50 – Sun 22 Nov, 00:20 around the clock 30 min 30 min" in desk.why(ticket)


def test_a_holiday_and_a_weekend_are_named(desk):  # T2
    world = desk.world
    ticket = desk.files("19 Nov 17:30", "medium", contract=in_brazil(world))

    assert desk.dues(ticket) == {"First response": at("23 Nov 12:30"), "Resolution": at("25 Nov 17:30")}
    why = desk.why(ticket)
    assert "First response: 4 h of business hours. That is the promise for “Technical, medium”." in why
    assert "Thu 19 Nov, 17:30 – 18:00 business hours 30 min 30 min" in why
    assert "Fri 20 Nov closed: National Day of Zumbi and Black Awareness – – Sat 21 Nov – Sun 22 Nov closed" in why
    assert "Mon 23 Nov, 09:00 – 12:30 business hours 3 h 30 4 h" in why


def test_a_target_used_up_at_closing_is_due_at_closing(desk):  # T3
    ticket = desk.files("21 Nov 10:00", "low")

    assert desk.dues(ticket)["First response"] == at("23 Nov 18:00")
    assert "Sat 21 Nov – Sun 22 Nov closed – – Mon 23 Nov, 09:00 – 18:00 business hours 9 h 9 h" in desk.why(ticket)


def test_waiting_for_the_customer_pauses_in_words(desk):  # T4
    ticket = desk.files("23 Nov 09:00", "high")
    desk.answers("23 Nov 11:00", ticket, state="waiting_customer")

    assert desk.dues(ticket) == {"Next update": None, "Resolution": None}
    assert "paused: waiting for customer" in words(desk.get("sara", "console:ticket", ticket))
    assert "paused: waiting for you" in words(desk.get("ada", "portal:ticket", ticket))
    assert "since Mon 23 Nov, 11:00 paused: waiting for you" in desk.why(ticket)
    assert "Of 9 h, 2 h have gone by and 7 h are left." in desk.why(ticket)

    desk.replies("24 Nov 10:00", ticket)

    assert desk.dues(ticket)["Resolution"] == at("24 Nov 17:00")
    assert "Mon 23 Nov, 11:00 – Tue 24 Nov, 10:00 paused: waiting for customer" in desk.why(ticket, "sara")


def test_a_verdict_that_undoes_misses_is_a_leads_and_says_so_before(desk):  # T5
    ticket = desk.files("27 Nov 20:00", "critical")
    desk.at("30 Nov 09:10")
    chosen = {"type": "technical", "severity": "high"}
    effect = Client()
    effect.force_login(desk.people["sara"])
    part = effect.get(reverse("console:ticket_qualify", args=[ticket.pk]), chosen, headers={"X-Part": "yes"})
    refused = effect.post(reverse("console:ticket_qualify", args=[ticket.pk]), chosen | {"reason": "One trunk.", "seen": 1})

    assert "First response: due moves from Fri 27 Nov, 20:30 to today 11:00." in words(part)
    assert "First response: the miss of Fri 27 Nov, 20:30 disappears." in words(part)
    assert "only a lead who isn't the assignee may decide so" in words(part)
    assert refused.status_code == 422
    assert "This verdict would make a missed promise disappear (First response, Resolution)." in words(refused)

    commands.notice_due(now=at("30 Nov 09:10"))
    desk.verifies("30 Nov 09:10", ticket, "high")

    assert desk.dues(ticket) == {"First response": at("30 Nov 11:00"), "Resolution": at("30 Nov 18:00")}
    assert "Fri 27 Nov, 20:30 was missed; since Mon 30 Nov, 09:10 that no longer counts" in words(desk.get("ada", "portal:ticket", ticket))
    assert "Fri 27 Nov, 20:30 was missed; since Mon 30 Nov, 09:10 that no longer counts" in desk.why(ticket)
    shown = [clock for clock in desk.get("ada", "portal:ticket_promise", ticket).context["promise"].clocks if clock.annulled]
    assert [(clock.label, clock.misses) for clock in shown] == [("First response", ()), ("Resolution", ())]


def test_the_effect_is_shown_without_a_script_too_and_nothing_is_decided(desk):
    ticket = desk.files("23 Nov 09:00", "medium")
    client = desk._client("sara")
    answer = client.post(
        reverse("console:ticket_qualify", args=[ticket.pk]), {"type": "technical", "severity": "critical", "show": "1", "reason": "Half"}
    )

    assert answer.status_code == 200
    assert "First response: due moves from today 13:00 to today 09:30." in words(answer)
    assert "on-call is paged" in words(answer)
    assert answer.context["form"]["reason"].value() == "Half"
    assert desk.dues(ticket)["First response"] == at("23 Nov 13:00")


def test_a_raise_never_lets_the_customer_wait_longer(desk):  # T6
    ticket = desk.files("23 Nov 09:00", "medium")
    desk.at("23 Nov 12:50")
    page = desk._client("ada").get(
        reverse("portal:ticket_declare", args=[ticket.pk]), {"type": "technical", "severity": "critical"}, headers={"X-Part": "yes"}
    )
    desk.declares("23 Nov 12:50", ticket, "critical")

    assert "First response: stays due today 13:00. Resolution: due moves from Wed 25 Nov, 18:00 to today 16:50." in words(page)
    assert "Covered around the clock from now on." in words(page)
    assert "on-call" not in words(page)
    assert desk.dues(ticket) == {"First response": at("23 Nov 13:00"), "Resolution": at("23 Nov 16:50")}
    why = desk.why(ticket)
    assert "Stays due Mon 23 Nov, 13:00, so that you never wait longer than before." in why
    assert "That is the promise for “Technical, medium”, kept so that nobody waits longer than before." in why
    assert "The whole time anew, from when our staff could know: due Mon 23 Nov, 16:50." in why
    assert "as it was: Mon 23 Nov, 13:00; whole time anew: Mon 23 Nov, 13:20" in why


def test_a_paused_clock_decides_when_it_resumes(desk):  # T7
    ticket = desk.files("23 Nov 09:00", "medium")
    desk.answers("23 Nov 10:30", ticket)
    desk.at("23 Nov 11:00")
    commands.change_status(ticket=ticket, agent=desk.people["sara"], status="open", now=desk.now)
    desk.answers("23 Nov 11:00", ticket, state="waiting_customer")
    desk.replies("24 Nov 02:00", ticket)
    desk.declares("24 Nov 02:00", ticket, "critical")

    assert desk.dues(ticket) == {"Next update": at("24 Nov 03:00"), "Resolution": at("24 Nov 06:00")}


def test_a_restored_value_counts_as_if_it_had_never_been_lowered(desk):  # T8
    ticket = desk.files("23 Nov 09:00", "high")
    desk.answers("23 Nov 09:30", ticket)
    desk.verifies("23 Nov 10:00", ticket, "low", who="sara")
    assert desk.dues(ticket)["Resolution"] == at("4 Dec 18:00")
    desk.at("24 Nov 10:00").send("ada", "portal:ticket_contest", ticket, reason="No.", verdict=_verdict(ticket))
    desk.verifies("25 Nov 10:00", ticket, "high")

    assert desk.dues(ticket)["Resolution"] == at("23 Nov 18:00")
    why = desk.why(ticket)
    assert "“Technical, high” was given back: the lowering counts as if it had never been. Due Mon 23 Nov, 18:00." in why
    assert "Mon 23 Nov, 18:00 was missed: late verification." in why


def _verdict(ticket):
    with as_provider():
        return Event.objects.filter(ticket=ticket, kind="verified").latest("position").position


def test_reopening_begins_a_round_beside_the_miss_of_the_first(desk):  # T9
    ticket = desk.files("23 Nov 10:00", "critical")
    desk.answers("23 Nov 15:00", ticket, state="resolved")
    desk.replies("23 Nov 16:00", ticket)

    assert desk.dues(ticket) == {"Next update, round 2": at("23 Nov 17:00"), "Resolution, round 2": at("23 Nov 18:00")}
    assert "Resolution: 2 h around the clock. The ticket was reopened, and has half the time" in desk.why(ticket)
    page = words(desk.get("ada", "portal:ticket", ticket))
    assert "met, late by 1 h" in page
    assert "Mon 23 Nov, 14:00 was missed: late work." in page


def test_off_hours_help_counts_for_answers(desk):  # T10
    ticket = desk.files("27 Nov 17:30", "medium")
    window = {"key": "help", "from": at("28 Nov 11:00").isoformat(), "until": at("28 Nov 15:00").isoformat()}
    with acting_for(ticket.customer_id):
        locked = story.lock(ticket)
        story.record(ticket=locked, kind=Event.Kind.COVERED, actor=desk.people["ada"], by_staff=False, facts=window, now=at("28 Nov 11:00"))
    desk.at("28 Nov 11:01")
    first = desk.dues(ticket)["First response"]
    why = desk.why(ticket)
    desk.answers("28 Nov 11:20", ticket)

    assert first == at("28 Nov 14:30")
    assert "Sat 28 Nov, 11:00 – 14:30 off-hours help 3 h 30 4 h" in why
    assert desk.dues(ticket) == {"Next update": at("30 Nov 14:20"), "Resolution": at("2 Dec 17:30")}
    page = words(desk.get("ada", "portal:ticket", ticket))
    assert "Ada Lovelace agreed on off-hours help from Sat 28 Nov, 11:00 until Sat 28 Nov, 15:00" in page


def test_a_reopened_functional_ticket_has_an_update_and_no_resolution(desk):  # T12
    ticket = desk.files("23 Nov 09:00", "medium", type="functional")
    desk.answers("23 Nov 10:00", ticket, state="resolved")
    desk.replies("23 Nov 11:00", ticket)

    assert desk.dues(ticket) == {"Next update, round 2": at("24 Nov 11:00")}


def test_steps_and_misses_stand_in_the_staffs_story_alone(desk):  # T13
    ticket = desk.files("21 Nov 22:00", "critical")
    commands.notice_due(now=at("22 Nov 01:00"))
    desk.at("22 Nov 01:00")

    staff, customer = words(desk.get("sara", "console:ticket", ticket)), words(desk.get("ada", "portal:ticket", ticket))

    assert "50 % of the time for the first response is used up (noticed late)" in staff
    assert "The first response is late (noticed late)" in staff
    assert "used up" not in customer
    assert "The first response is late" not in customer
    assert "Late: the first answer was promised by" in customer
    assert "late 2 h 30" in customer


def test_a_verdict_counts_from_when_the_value_it_replaces_began(desk):  # T14
    ticket = desk.files("23 Nov 09:00", "medium")
    desk.answers("23 Nov 09:30", ticket)
    seen = [desk.dues(ticket)["Resolution"]]
    desk.declares("23 Nov 22:00", ticket, "critical")
    seen.append(desk.dues(ticket)["Resolution"])
    desk.verifies("23 Nov 22:10", ticket, "high", who="sara")
    seen.append(desk.dues(ticket)["Resolution"])

    assert seen == [at("25 Nov 18:00"), at("24 Nov 02:00"), at("24 Nov 18:00")]
    assert "Counted as if that had been said in the place of what it replaces: due Tue 24 Nov, 18:00." in desk.why(ticket)


def test_why_this_time_is_told_in_portuguese(desk):
    ticket = desk.files("19 Nov 17:30", "medium")
    with as_provider():
        Person.objects.filter(pk=desk.world.ada.pk).update(language="pt-br")

    assert 'lang="pt-br"' in desk.get("ada", "portal:ticket_promise", ticket).content.decode()


def lives_in(desk, who, zone):
    with as_provider():
        Person.objects.filter(pk=desk.people[who].pk).update(time_zone=zone)
        desk.people[who] = Person.objects.get(pk=desk.people[who].pk)


def test_what_counts_around_the_clock_is_told_in_the_readers_own_zone(desk):
    lives_in(desk, "ada", "Europe/London")

    why = desk.why(desk.files("21 Nov 22:00", "critical"))

    assert "Everything here counts around the clock. Times without a zone are in London, UTC+0." in why
    assert "Sun 22 Nov, 01:00 – 01:30 around the clock 30 min" in why
    assert "Business hours" not in why


def test_what_counts_by_hours_elsewhere_is_due_on_both_clocks(desk):
    lives_in(desk, "ada", "Europe/London")

    why = desk.why(desk.files("23 Nov 09:00", "high"))

    assert "Times without a zone are in Sao Paulo, UTC−3." in why
    assert "23 Nov 2026, 14:00 (London, UTC+0) = Mon 23 Nov, 11:00 (Sao Paulo, UTC−3)" in why


def test_a_break_is_named_with_its_hours_in_the_place_of_the_days_it_closes(desk):
    contract = in_brazil(desk.world)
    ticket = desk.files("23 Nov 09:00", "medium", contract=contract)
    moving = Break(datetime(2026, 11, 23, 11), datetime(2026, 11, 25, 15), {"": "Office move"})  # noqa: DTZ001 - local to the calendar
    with as_provider():
        content = AddBreak(moving).on(contract.calendar.versions.get().content())
    calendars.change_calendar(actor=None, calendar=contract.calendar, content=content, reason="x", expected=1, now=at("23 Nov 10:00"))
    desk.at("23 Nov 10:30")

    why = desk.why(ticket)

    rows = "Mon 23 Nov, 11:00 – Wed 25 Nov, 15:00 closed: Office move – – Wed 25 Nov, 15:00 – 17:00 business hours 2 h 4 h"
    assert f"Mon 23 Nov, 09:00 – 11:00 business hours 2 h 2 h {rows}" in why


def test_beside_a_ticket_every_promise_says_by_when_once(desk):
    ticket = desk.files("23 Nov 09:00", "high")

    page = words(desk.get("ada", "portal:ticket", ticket))

    assert "First answer by today 11:00 (Sao Paulo, UTC−3) First response 2 h left Resolution by today 18:00 9 h left" in page


def test_whoever_qualifies_reads_what_a_type_costs_the_customer(desk):
    ticket = desk.files("23 Nov 09:00", "high")

    page, declaring = words(desk.get("lea", "console:ticket_qualify", ticket)), words(desk.get("ada", "portal:ticket_declare", ticket))

    assert "Update service: charged, only with the customer's approval." in page
    assert "your" not in re.findall(r"Type It worked(.*?)Severity", page)[0].replace("of your team", "").replace("of your network", "")
    assert "Update service: charged, only with your approval." in declaring


def test_a_time_line_says_when_it_begins_and_ends(desk):
    ticket = desk.files("23 Nov 09:00", "high")

    assert "Mon 23 Nov, 09:00 Mon 23 Nov, 18:00 time that counts" in desk.why(ticket)


def test_every_reader_gets_the_part_alone_when_a_page_asks_for_it(desk):
    ticket = desk.files("23 Nov 09:00", "high")

    part = desk.get("ada", "portal:ticket_promise", ticket, **{"X-Part": "yes"}).content.decode()

    assert "<html" not in part
    assert 'data-part="why"' in part


def test_internal_notes_leave_no_trace_in_an_explanation(desk):
    ticket = desk.files("23 Nov 09:00", "high")
    commands.note(ticket=ticket, author=desk.people["sara"], body="Suspicious.", files=[], now=at("23 Nov 09:30"))
    desk.at("23 Nov 10:00")

    assert "Suspicious" not in desk.why(ticket)


def test_of_many_answers_pages_show_the_last_ten_at_first(desk):
    ticket = desk.files("23 Nov 09:00", "critical")
    for minute in range(10, 24):  # the first of them is the first response, the last one has the next to come
        commands.answer(ticket=ticket, agent=desk.world.sara.person, body="We look.", now=at(f"23 Nov 09:{minute}"))
    desk.at("23 Nov 09:30")

    beside = desk.get("ada", "portal:ticket", ticket)
    page = desk.get("ada", "portal:ticket_promise", ticket)
    older = desk._client("ada").get(page.request["PATH_INFO"], {"older": "1"})

    assert [len(answer.context["promise"].ended) for answer in (beside, page, older)] == [11, 11, 14]
    assert ["Show 3 older ones, too" in words(answer) for answer in (page, older)] == [True, False]
