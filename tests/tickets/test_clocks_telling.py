"""Who hears of a promise that runs out, when, by mail or by a page, and in which words (SLA-9)."""

from dataclasses import replace

import pytest

from accounts.commands import set_staff_roles
from accounts.tenancy import as_nobody, as_provider
from notifications.commands import set_mutes
from notifications.models import Mail, Page
from tests import factories as make
from tests.sla.stories import at
from tickets import commands
from tickets.models import Event

pytestmark = pytest.mark.django_db

SUBJECT, DESCRIPTION = "Rhinoceros on the trunk", "Our password is Wombat."
SARA, LEA, MAX = "sara@support.example", "lea@lead.example", "max@manager.example"


def filed(world, when="23 Nov 09:00", severity="high", requester=None, **changes):
    values = {"subject": SUBJECT, "description": DESCRIPTION, "severity": severity}
    return make.ticket(world.contract, world.softswitch, requester or world.ada, now=at(when), **values | changes)


def given_to(agent, ticket, when="23 Nov 09:01"):
    return commands.assign(ticket=ticket, agent=agent.person, assignee=agent, now=at(when))


def swept(when):
    return commands.notice_due(now=at(when))


def mails(ticket):
    """Every mail about a step of this ticket, in the order in which they are owed."""
    with as_provider():
        steps = Event.objects.filter(ticket=ticket, kind__in=["escalated", "missed"]).values("pk")
        return list(Mail.objects.filter(kind="ticket_escalated", about_table="tickets_event", about_id__in=steps).order_by("pk"))


def told(ticket, target="first_response"):
    """Who is told of each step of a promise: addresses by percent."""
    with as_provider():
        steps = {e.pk: e.data for e in Event.objects.filter(ticket=ticket, kind__in=["escalated", "missed"])}
    found: dict[int, set[str]] = {}
    for mail in mails(ticket):
        if steps[mail.about_id]["target"] == target:
            found.setdefault(steps[mail.about_id]["percent"], set()).add(mail.address)
    return found


def pages(ticket):
    """What on-call is told, and from when on, in order."""
    with as_provider():
        found = Page.objects.filter(about_table="tickets_ticket", about_id=ticket.pk).order_by("pk")
        return [(page.due_at, page.words["en"]["title"].removeprefix(f"{ticket.number}, ")) for page in found]


# --- Who is told ---------------------------------------------------------------------------------------------------------
def test_the_assignee_hears_first_then_the_lead_and_at_last_the_account_manager(world):
    ticket = given_to(world.sara, filed(world))

    swept("23 Nov 11:05")

    assert told(ticket) == {50: {SARA}, 80: {SARA, LEA}, 100: {LEA, MAX}}


def test_while_nobody_has_it_the_team_hears(world):
    ticket = filed(world)

    swept("23 Nov 10:05")

    assert told(ticket) == {50: {SARA, LEA}}


def test_the_leads_of_the_tickets_team_hear_and_no_others(world):
    make.team("Platform", make.staff("Olga Other", "agent", "lead"))
    ticket = given_to(world.sara, filed(world))

    swept("23 Nov 10:40")

    assert told(ticket)[80] == {SARA, LEA}


def test_without_a_lead_in_the_team_all_leads_hear(world):
    ticket = given_to(world.sara, filed(world))
    commands.move_to_team(ticket=ticket, agent=world.sara.person, team=make.team("Platform", world.sara), now=at("23 Nov 09:02"))
    given_to(world.sara, ticket, "23 Nov 09:03")

    swept("23 Nov 10:40")

    assert told(ticket)[80] == {SARA, LEA}


def test_a_deputy_of_the_account_manager_hears_too(world):
    with as_provider():
        world.contract.deputy = world.sara
        world.contract.save(update_fields=["deputy"])
    ticket = given_to(world.lea, filed(world))

    swept("23 Nov 11:05")

    assert told(ticket)[100] == {LEA, MAX, SARA}


def test_who_left_the_staff_hears_nothing(world):
    ticket = given_to(world.sara, filed(world))
    set_staff_roles(actor=None, person=world.sara.person, display_name="Sara", roles=[], now=at("23 Nov 09:30"))

    swept("23 Nov 10:40")

    assert told(ticket) == {80: {LEA}}


def test_the_customer_hears_nothing_of_steps(world):
    ticket = filed(world, watchers=[world.alan])

    swept("23 Nov 11:05")

    assert {mail.address for mail in mails(ticket)} == {SARA, LEA, MAX}
    with as_provider():
        assert set(Event.objects.filter(ticket=ticket, kind__in=["escalated", "missed"]).values_list("internal", flat=True)) == {True}


def test_whoever_muted_them_is_noted_and_gets_no_mail(world):
    with as_nobody():
        set_mutes(person=world.sara.person, kinds=["ticket_escalated"])
    ticket = given_to(world.sara, filed(world))

    swept("23 Nov 10:40")

    assert sorted((mail.address, mail.state) for mail in mails(ticket)) == [(LEA, "due"), (SARA, "muted"), (SARA, "muted")]


def test_a_step_is_told_once_however_often_the_sweep_comes(world):
    ticket = given_to(world.sara, filed(world))

    for second in range(3, 9):
        swept(f"23 Nov 10:00:0{second}")

    assert told(ticket) == {50: {SARA}}
    assert len(mails(ticket)) == 1


# --- When ----------------------------------------------------------------------------------------------------------------
def test_a_mail_leaves_at_once_while_the_calendar_is_open(world):
    ticket = given_to(world.sara, filed(world))

    swept("23 Nov 10:00:04")

    assert [mail.due_at for mail in mails(ticket)] == [at("23 Nov 10:00:02")]


def test_a_mail_about_a_calendars_promise_waits_until_it_opens(world):
    """The step's instant is 17:59:50 on Thursday; the sweep comes after closing, and Friday is a working day."""
    ticket = given_to(world.sara, filed(world, "26 Nov 16:59:50"), "26 Nov 17:00")

    swept("26 Nov 18:00:05")

    assert [mail.due_at for mail in mails(ticket)] == [at("27 Nov 09:00")]
    with as_provider():
        assert Event.objects.get(ticket=ticket, kind="escalated").at == at("26 Nov 17:59:50")


def test_over_a_weekend_it_waits_until_monday(world):
    ticket = given_to(world.sara, filed(world, "27 Nov 16:59:50"), "27 Nov 17:00")

    swept("27 Nov 18:00:05")

    assert [mail.due_at for mail in mails(ticket)] == [at("30 Nov 09:00")]


def test_a_mail_about_a_promise_around_the_clock_leaves_at_night(world):
    ticket = given_to(world.sara, filed(world, "22 Nov 02:00", "critical"), "22 Nov 02:01")

    swept("22 Nov 02:15:05")

    assert [mail.due_at for mail in mails(ticket)] == [at("22 Nov 02:15:03")]


# --- Pages ---------------------------------------------------------------------------------------------------------------
def test_a_critical_ticket_pages_at_its_opening_and_at_each_step(world):
    ticket = filed(world, "21 Nov 23:50", "critical")
    opened = pages(ticket)

    for when in ("22 Nov 00:05:03", "22 Nov 00:14:03", "22 Nov 00:20:03"):
        swept(when)

    assert opened == [(at("21 Nov 23:50"), "Critical: new")]
    assert pages(ticket)[1:] == [
        (at("22 Nov 00:05:01"), "Critical: 50 % of the time for the first response is used up"),
        (at("22 Nov 00:14:01"), "Critical: 80 % of the time for the first response is used up"),
        (at("22 Nov 00:20:01"), "Critical: the first response is late"),
    ]


def test_a_page_that_comes_late_says_so(world):
    ticket = filed(world, "21 Nov 23:50", "critical")

    swept("22 Nov 03:00")

    assert (at("22 Nov 02:59:58"), "Critical: the first response is late (told late)") in pages(ticket)


def test_a_raise_to_critical_pages_when_it_comes(world):
    ticket = filed(world, severity="medium")

    commands.declare(
        ticket=ticket, person=world.ada, type="technical", severity="critical", reason="All calls.", seen=1, now=at("23 Nov 22:00")
    )

    assert pages(ticket) == [(at("23 Nov 22:00"), "Critical: covered around the clock from now on")]


def test_a_verdict_that_leaves_it_critical_pages_no_second_time(world):
    ticket = filed(world, severity="critical")

    commands.verify(ticket=ticket, agent=world.sara.person, type="technical", severity="critical", now=at("23 Nov 09:05"))

    assert [title for _at, title in pages(ticket)] == ["Critical: new"]


def test_a_critical_ticket_that_is_reopened_pages_again(world):
    ticket = filed(world, severity="critical")
    commands.answer(ticket=ticket, agent=world.sara.person, body="Fixed.", status="resolved", now=at("23 Nov 09:10"))

    commands.reply(ticket=ticket, author=world.ada, body="It is back.", now=at("24 Nov 03:00"))

    assert pages(ticket)[1:] == [(at("24 Nov 03:00"), "Critical: reopened")]


def test_a_low_ticket_pages_nobody_ever(world):
    ticket = filed(world, severity="low")
    commands.answer(ticket=ticket, agent=world.sara.person, body="Fixed.", status="resolved", now=at("23 Nov 09:10"))
    commands.reply(ticket=ticket, author=world.ada, body="It is back.", now=at("24 Nov 09:10"))

    swept("22 Dec 12:00")

    assert pages(ticket) == []
    assert told(ticket, "next_update")[100] == {LEA, MAX}


def help_outside_hours(world, ticket, start, until, now):
    return commands.cover(ticket=ticket, actor=world.ada, by_staff=False, key="help", start=at(start), until=at(until), now=at(now))


def test_help_outside_hours_pages_from_its_acceptance_on(world):
    ticket = filed(world, "27 Nov 17:30", "medium")

    help_outside_hours(world, ticket, "28 Nov 11:00", "28 Nov 15:00", now="28 Nov 11:05")
    swept("28 Nov 13:10")

    assert pages(ticket) == [
        (at("28 Nov 11:05"), "Medium: covered around the clock from now on"),
        (at("28 Nov 13:09:58"), "Medium: 50 % of the time for the first response is used up (told late)"),
    ]


def test_help_that_begins_later_pages_when_it_begins(world):
    ticket = filed(world, "27 Nov 17:30", "medium")
    help_outside_hours(world, ticket, "28 Nov 11:00", "28 Nov 15:00", now="27 Nov 17:40")
    before = pages(ticket)

    swept("28 Nov 11:00:01")
    too_early = pages(ticket)
    swept("28 Nov 11:00:04")
    swept("28 Nov 11:00:07")

    assert (before, too_early) == ([], [])
    assert pages(ticket) == [(at("28 Nov 11:00:02"), "Medium: covered around the clock from now on")]


@pytest.mark.parametrize("when", ["28 Nov 11:00:02", "28 Nov 11:00:03", "28 Nov 11:00:30"])
def test_help_that_begins_while_a_calendar_changes_pages_once(world, when):
    ticket = filed(world, "27 Nov 17:30", "medium")
    help_outside_hours(world, ticket, "28 Nov 11:00", "28 Nov 15:00", now="27 Nov 17:40")
    calendar = world.contract.calendar
    with as_provider():
        content = replace(calendar.versions.get().content(), week=((("08:00", "18:00"),),) * 5 + ((), ()))

    commands.put_in_force(actor=None, calendar=calendar, content=content, reason="x", expected=1, now=at(when))
    swept("28 Nov 11:00:40")

    assert [title for _at, title in pages(ticket)] == ["Medium: covered around the clock from now on"]


def test_inside_the_help_mails_about_answers_leave_at_once(world):
    ticket = given_to(world.sara, filed(world, "27 Nov 17:30", "medium"), "27 Nov 17:31")
    help_outside_hours(world, ticket, "28 Nov 11:00", "28 Nov 15:00", now="28 Nov 11:00")

    swept("28 Nov 13:10")

    assert {mail.due_at for mail in mails(ticket)} == {at("28 Nov 13:09:58")}


def test_before_the_help_begins_mails_about_answers_wait_for_it_and_no_others(world):
    ticket = given_to(world.sara, filed(world, "27 Nov 13:59:50", "medium"), "27 Nov 14:00")
    help_outside_hours(world, ticket, "28 Nov 11:00", "28 Nov 15:00", now="27 Nov 15:00")

    swept("27 Nov 18:00:05")
    before = [mail.due_at for mail in mails(ticket)]
    swept("1 Dec 18:30:05")

    with as_provider():
        targets = {event.pk: event.data.get("target") for event in Event.objects.filter(ticket=ticket)}
    assert set(before) == {at("28 Nov 11:00")}
    assert {mail.due_at for mail in mails(ticket) if targets[mail.about_id] == "resolution"} == {at("2 Dec 09:00")}


def test_after_the_help_has_ended_steps_page_nobody(world):
    ticket = filed(world, "27 Nov 17:30", "medium")
    help_outside_hours(world, ticket, "28 Nov 11:00", "28 Nov 12:00", now="28 Nov 11:00")

    swept("30 Nov 17:00")

    assert [title for _at, title in pages(ticket)] == ["Medium: covered around the clock from now on"]
    assert told(ticket)[100] == {LEA, MAX}


# --- In which words ------------------------------------------------------------------------------------------------------
def test_neither_mails_nor_pages_hold_what_a_customer_wrote(world):
    """But for the subject, by which staff tell tickets apart in a mailbox; a page goes to phones, and holds not even that."""
    ticket = filed(world, severity="critical")

    swept("23 Nov 09:31")

    with as_provider():
        owed = Mail.objects.filter(kind="ticket_escalated")
        texts = [f"{m.headline} {m.body_text} {m.body_html} {m.quoted_text} {m.needs} {m.status_line} {m.reason}" for m in owed]
        paged = [str(page.words) for page in Page.objects.filter(about_id=ticket.pk)]
    assert (len(texts), len(paged)) == (6, 4)
    assert not [text for text in texts + paged if "Wombat" in text or "Rhinoceros" in text]
    assert not [text for text in paged if "Acme" in text or "Ada" in text]


def test_each_is_written_in_its_readers_language(world):
    world.sara.person.language = "pt-br"
    with as_provider():
        world.sara.person.save(update_fields=["language"])
    ticket = given_to(world.sara, filed(world))

    swept("23 Nov 10:05")

    (mail,) = mails(ticket)
    assert mail.language == "pt-br"
    assert mail.headline.startswith(f"{ticket.number}:")
    assert "50 %" in mail.headline
    assert mail.action_url.endswith(ticket.console_url)


# --- Private tickets -----------------------------------------------------------------------------------------------------
def test_steps_of_a_private_ticket_reach_the_staff_alone(world):
    ticket = given_to(world.sara, filed(world, requester=world.alan, private=True))

    swept("23 Nov 11:05")

    assert told(ticket) == {50: {SARA}, 80: {SARA, LEA}, 100: {LEA, MAX}}


def test_a_private_critical_ticket_pages_like_any_other(world):
    ticket = filed(world, "21 Nov 23:50", "critical", requester=world.alan, private=True)

    swept("22 Nov 00:05:03")

    assert [title for _at, title in pages(ticket)] == [
        "Critical: new",
        "Critical: 50 % of the time for the first response is used up",
    ]
