"""Who hears of what, when people come and go, and what customers must never notice."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.commands import remove_member, set_staff_roles
from accounts.models import Membership
from accounts.tenancy import acting_for, as_nobody, as_provider
from notifications.models import Mail
from tests import factories as make
from tickets import commands
from tickets.models import File, Message, Status, Ticket

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture
def ticket(world):
    return make.ticket(world.contract, world.softswitch, world.ada)


def told_by(act):
    """The addresses that are owed mail by what `act` does, in order."""
    with as_provider():
        last = Mail.objects.order_by("pk").last()
    act()
    with as_provider():
        return sorted(Mail.objects.filter(pk__gt=last.pk if last else 0).values_list("address", flat=True))


def leave(world, person):
    with as_provider():
        membership = Membership.objects.get(person=person)
    remove_member(actor=world.ada, membership=membership, now=NOW)


def test_internal_steps_change_nothing_that_a_customer_sees(world, ticket, monkeypatch):
    looked_at = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: looked_at)  # what is left of a promise is less at every visit
    make.ticket(world.contract, world.softswitch, world.alan, subject="Another one", now=NOW + timedelta(minutes=1))
    client = Client()
    client.force_login(world.ada)
    pages = [reverse("portal:home"), reverse("portal:tickets"), ticket.portal_url]
    before = [visible(client, page) for page in pages]
    later = NOW + timedelta(days=1)

    commands.note(ticket=ticket, author=world.sara.person, body="They never pay.", now=later)
    commands.watch(ticket=ticket, person=world.lea.person, actor=world.lea.person, by_staff=True, now=later)
    with as_provider():
        other = make.team("Other", world.lea)
    commands.move_to_team(ticket=ticket, agent=world.sara.person, team=other, now=later)

    assert [visible(client, page) for page in pages] == before


def visible(client, page):
    """The page without what is new at every visit: tokens and keys of its forms."""
    lines = client.get(page).content.decode().splitlines()
    return [line for line in lines if "csrfmiddlewaretoken" not in line and "submission_key" not in line]


def test_an_assignee_who_left_the_staff_hears_nothing_and_the_team_does(world, ticket):
    commands.assign(ticket=ticket, agent=world.lea.person, assignee=world.sara, now=NOW)
    set_staff_roles(actor=None, person=world.sara.person, display_name="Sara", roles=[], now=NOW)

    assert told_by(lambda: commands.reply(ticket=ticket, author=world.ada, body="Hello?", now=NOW)) == ["lea@lead.example"]


def test_a_deactivated_assignee_hears_nothing_and_the_team_does(world, ticket):
    commands.assign(ticket=ticket, agent=world.lea.person, assignee=world.sara, now=NOW)
    with as_nobody():
        world.sara.person.is_active = False
        world.sara.person.save(update_fields=["is_active"])

    assert told_by(lambda: commands.reply(ticket=ticket, author=world.ada, body="Hello?", now=NOW)) == ["lea@lead.example"]


def test_an_answer_after_the_requester_left_reaches_the_admins(world):
    ticket = make.ticket(world.contract, world.softswitch, world.alan)
    leave(world, world.alan)

    assert told_by(lambda: commands.answer(ticket=ticket, agent=world.sara.person, body="x", now=NOW)) == ["ada@acme.example"]


def test_contacts_go_on_hearing_when_somebody_follows(world):
    environment = make.environment(world.acme, contacts=(world.alan,))
    ticket = make.ticket(world.contract, world.softswitch, None, environment=environment, opened_by=world.sara.person, channel="staff")
    commands.watch(ticket=ticket, person=world.ada, actor=world.ada, by_staff=False, now=NOW)

    told = told_by(lambda: commands.answer(ticket=ticket, agent=world.sara.person, body="x", now=NOW))
    assert told == ["ada@acme.example", "alan@acme.example"]


def test_who_begins_to_follow_is_not_said_to_have_been_added(world, ticket):
    for actor in (world.alan, world.ada):
        commands.watch(ticket=ticket, person=world.alan, actor=actor, by_staff=False, now=NOW)
        commands.unwatch(ticket=ticket, person=world.alan, actor=actor, by_staff=False, now=NOW)
    client = Client()
    client.force_login(world.ada)

    page = client.get(reverse("portal:ticket", args=[ticket.pk])).content.decode()
    said = [
        "follows this from now on",
        "stopped following this",
        "added Alan Turing to those who follow this",
        "took Alan Turing off those who follow this",
    ]
    assert [page.count(words) for words in said] == [1, 1, 1, 1]


def test_moving_the_contract_is_told(world, ticket):
    other = make.contract(world.acme, world.softswitch, manager=world.max, number="C-2")

    told = told_by(lambda: commands.move_to_contract(ticket=ticket, actor=world.max.person, contract=other, now=NOW))
    assert told == ["ada@acme.example"]


def test_an_answer_on_a_solved_ticket_does_not_solve_it_again(world, ticket):
    commands.answer(ticket=ticket, agent=world.sara.person, body="Done.", status="resolved", now=NOW)
    commands.answer(ticket=ticket, agent=world.sara.person, body="One more thing.", now=NOW)

    with as_provider():
        headlines = list(Mail.objects.filter(kind="ticket_replied").order_by("pk").values_list("headline", flat=True))
    assert headlines == [f"Sara (SIP Pulse) solved {ticket.number}.", f"Sara (SIP Pulse) answered on {ticket.number}."]


def test_a_reason_given_while_confirming_reaches_the_customer(world, ticket):
    commands.verify(ticket=ticket, agent=world.sara.person, type="technical", severity="high", reason="Seen in the trace.", now=NOW)

    with as_provider():
        assert Mail.objects.get(kind="ticket_qualified").body_text == "Seen in the trace."


def test_the_same_hold_twice_is_one(world, ticket):
    first = commands.place_hold(ticket=ticket, reason="Two hours", placed_by=world.sara.person, now=NOW)

    assert told_by(lambda: commands.place_hold(ticket=ticket, reason="Two hours", placed_by=world.lea.person, now=NOW)) == []
    commands.release_hold(hold=first, released_by=world.sara.person, now=NOW)
    with as_provider():
        assert Ticket.objects.get(pk=ticket.pk).status == Status.OPEN


@pytest.mark.parametrize(("answered", "after"), [(False, Status.WAITING_CUSTOMER), (True, Status.OPEN)])
def test_a_question_still_waits_after_a_hold_unless_it_was_answered(world, ticket, answered, after):
    commands.answer(ticket=ticket, agent=world.sara.person, body="Which trunk?", status="waiting_customer", now=NOW)
    hold = commands.place_hold(ticket=ticket, reason="x", placed_by=None, now=NOW)
    if answered:
        commands.reply(ticket=ticket, author=world.ada, body="The second.", now=NOW)
    commands.release_hold(hold=hold, released_by=None, now=NOW)

    with as_provider():
        assert Ticket.objects.get(pk=ticket.pk).status == after


def test_a_form_with_other_words_is_not_swallowed(world, ticket):
    key = ticket.submission_key
    with pytest.raises(commands.AlreadyFiled, match=ticket.number):
        make.ticket(world.contract, world.softswitch, world.ada, subject="Something else", submission_key=key)

    with as_provider():
        assert Ticket.objects.count() == 1


def test_a_reply_with_other_words_is_not_swallowed(world, ticket):
    with as_provider():
        key = Message.objects.get(ticket=ticket).submission_key
    with pytest.raises(commands.AlreadySent):
        commands.reply(ticket=ticket, author=world.ada, body="Another text", submission_key=key, now=NOW)


def test_a_file_can_be_claimed_once(world, ticket):
    upload = commands.upload(customer_id=world.acme.pk, uploader=world.ada, name="a.txt", content=ContentFile(b"x"), now=NOW)
    commands.reply(ticket=ticket, author=world.ada, body="first", files=[upload], now=NOW)

    with pytest.raises(commands.MissingFile):
        commands.reply(ticket=ticket, author=world.ada, body="second", files=[upload], now=NOW)
    with as_provider():
        assert not Message.objects.filter(body="second").exists()


def test_uploads_that_wait_are_limited(world, monkeypatch):
    monkeypatch.setattr("tickets.commands.uploading.WAITING_PER_PERSON", 2)
    for name in ("a", "b"):
        commands.upload(customer_id=world.acme.pk, uploader=world.ada, name=name, content=ContentFile(b"x"), now=NOW)

    with pytest.raises(commands.TooManyWaiting, match="2 of your files"):
        commands.upload(customer_id=world.acme.pk, uploader=world.ada, name="c", content=ContentFile(b"x"), now=NOW)
    commands.upload(customer_id=world.acme.pk, uploader=world.alan, name="c", content=ContentFile(b"x"), now=NOW)


def test_bytes_without_a_row_are_swept_after_a_day(world, ticket):
    kept = commands.upload(customer_id=world.acme.pk, uploader=world.ada, name="a", content=ContentFile(b"x"), now=timezone.now())
    lost = default_storage.save("ab/lost", ContentFile(b"y"))

    assert commands.sweep_orphans(now=timezone.now()) == 0
    assert commands.sweep_orphans(now=timezone.now() + timedelta(days=2)) == 1
    assert not default_storage.exists(lost)
    assert default_storage.exists(str(kept.stored_as.name))


def test_untaken_uploads_are_swept_after_a_day(world):
    upload = commands.upload(customer_id=world.acme.pk, uploader=world.ada, name="a", content=ContentFile(b"x"), now=NOW)

    assert commands.sweep_uploads(now=NOW + timedelta(hours=23)) == 0
    assert commands.sweep_uploads(now=NOW + timedelta(hours=25)) == 1
    with acting_for(world.acme.pk):
        assert not File.objects.filter(pk=upload.pk).exists()


def sign_in(person):
    client = Client()
    client.force_login(person)
    return client


FILING = {"type": "technical", "severity": "high", "subject": "Calls drop", "description": "Since noon."}


def test_a_form_begun_for_another_company_is_not_filed_here(world):
    client = sign_in(world.ada)
    form = FILING | {"product": world.softswitch.pk, "begun_for": world.globex.pk}
    answer = client.post(reverse("portal:ticket_new"), form)

    assert answer.status_code == 422
    assert "You look at Acme now" in answer.content.decode()
    with as_provider():
        assert not Ticket.objects.exists()
    again = {name: answer.context["form"][name].value() for name in ("begun_for", "submission_key")}
    assert client.post(reverse("portal:ticket_new"), form | again).status_code == 302


@pytest.mark.parametrize("subject", ["\u200b\u200b\u200b\u200b\u200b\u200b", "a\n", "    "])
def test_a_subject_that_shows_nothing_is_refused(world, subject):
    form = FILING | {"product": world.softswitch.pk, "subject": subject}
    answer = sign_in(world.ada).post(reverse("portal:ticket_new"), form)

    assert answer.status_code == 422
    assert answer.context["form"].errors["subject"]
    assert answer.context["form"]["description"].value() == "Since noon."


def test_an_agent_sees_what_arrived_before_it_is_solved_over(world, ticket):
    client = sign_in(world.sara.person)
    page = client.get(ticket.console_url)
    form = {name: page.context["form"][name].value() for name in ("seen", "submission_key")}
    form |= {"kind": "public", "body": "It works now.", "state": "resolved"}
    commands.reply(ticket=ticket, author=world.ada, body="It fails again!", now=NOW)

    answer = client.post(reverse("console:ticket_answer", args=[ticket.pk]), form)
    assert answer.status_code == 422
    assert "It fails again!" in answer.content.decode()
    again = {name: answer.context["form"][name].value() for name in ("seen", "submission_key")}
    assert client.post(reverse("console:ticket_answer", args=[ticket.pk]), form | again).status_code == 302
    with as_provider():
        assert Ticket.objects.get(pk=ticket.pk).status == Status.RESOLVED


def test_a_reply_with_a_file_that_is_gone_says_so_and_keeps_the_text(world, ticket):
    answer = sign_in(world.ada).post(reverse("portal:ticket_reply", args=[ticket.pk]), {"body": "See the log", "upload": "999999"})

    assert answer.status_code == 422
    assert "A file is no longer there" in answer.content.decode()
    assert answer.context["form"]["body"].value() == "See the log"


def test_only_who_answers_can_be_assigned(world, ticket):
    answer = sign_in(world.sara.person).post(reverse("console:ticket_assign", args=[ticket.pk]), {"assignee": world.max.pk})

    assert answer.status_code == 404


def test_a_body_in_another_charset_is_refused(world):
    answer = Client().post(reverse("account_login"), b"login=a", content_type="application/x-www-form-urlencoded; charset=utf-7")

    assert answer.status_code == 400
