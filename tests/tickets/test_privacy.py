"""Private tickets: for colleagues they don't exist, wherever one looks (TIC-7)."""

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from accounts import commands as accounts
from accounts.models import AuditEntry, Membership
from accounts.tenancy import as_provider, as_tenant
from notifications.models import Mail
from tests import factories as make
from tickets import commands
from tickets.models import Event, File, Hold, Message, Ticket, Watcher

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture
def amy(world):
    """A colleague who is no admin; Alan, who asks, is none either."""
    return make.member(world.acme, "Amy Approver", "approver")


@pytest.fixture
def ticket(world, amy):
    """Alan's, with a row in every table; Amy followed it before it became private."""
    upload = commands.upload(customer_id=world.acme.pk, uploader=world.alan, name="a.log", content=ContentFile(b"x"), now=NOW)
    made = make.ticket(world.contract, world.softswitch, world.alan, files=[upload], watchers=[amy])
    commands.place_hold(ticket=made, reason="Two hours", placed_by=world.sara.person, now=NOW)
    return commands.set_private(ticket=made, person=world.alan, private=True, by_staff=False, now=NOW)


def seen_by(world, person):
    """Rows of each table that this person's pages can read."""
    with as_tenant(world.acme.pk, person.pk):
        return [model.objects.count() for model in (Ticket, Message, Event, File, Hold, Watcher)]


def test_the_database_hides_it_from_colleagues(world, ticket, amy):
    everything = [1, 1, 4, 1, 1, 1]

    assert {person.name: seen_by(world, person) for person in (world.alan, world.ada, amy)} == {
        world.alan.name: everything,
        world.ada.name: everything,
        amy.name: [0] * 6,
    }


def test_a_former_admin_sees_it_no_longer(world, ticket):
    with as_provider():
        membership = Membership.objects.get(person=world.ada)
    other = make.member(world.acme, "Olga Other", Membership.Role.ADMIN)
    accounts.change_role(actor=other, membership=membership, role="member", now=NOW)

    assert seen_by(world, world.ada) == [0] * 6


def test_an_admin_of_another_company_sees_nothing(world, ticket):
    accounts.add_member(actor=None, customer=world.globex, person=make.person("Zoe Both"), role="admin", now=NOW)
    with as_provider():
        zoe = Membership.objects.get(person__name="Zoe Both").person
    accounts.add_member(actor=None, customer=world.acme, person=zoe, role="member", now=NOW)

    assert seen_by(world, zoe) == [0] * 6


def test_made_visible_again_it_is_there_for_everybody(world, ticket, amy):
    commands.set_private(ticket=ticket, person=world.ada, private=False, by_staff=False, now=NOW)

    assert seen_by(world, amy) == [1, 1, 5, 1, 1, 1]


def test_each_change_is_one_event_and_one_line_of_the_trail(world, ticket):
    commands.set_private(ticket=ticket, person=world.ada, private=True, by_staff=False, now=NOW)

    with as_provider():
        assert list(Event.objects.filter(kind="privacy_changed").values_list("actor__name", "data")) == [("Alan Turing", {"private": True})]
        assert list(AuditEntry.objects.filter(verb="set_private").values_list("before", "after")) == [
            ({"private": False}, {"private": True})
        ]


def told_by(act):
    with as_provider():
        last = Mail.objects.order_by("pk").last().pk
    act()
    with as_provider():
        return sorted(Mail.objects.filter(pk__gt=last).values_list("address", flat=True))


def test_mail_leaves_out_who_may_not_see_it(world, ticket):
    commands.watch(ticket=ticket, person=world.ada, actor=world.ada, by_staff=False, now=NOW)

    told = told_by(lambda: commands.answer(ticket=ticket, agent=world.sara.person, body="Which trunk?", now=NOW))

    assert told == ["ada@acme.example", "alan@acme.example"]


def test_without_its_requester_the_admins_hear_not_the_contacts(world, amy):
    environment = make.environment(world.acme, contacts=(amy,))
    made = make.ticket(world.contract, world.softswitch, world.alan, environment=environment, private=True)
    with as_provider():
        membership = Membership.objects.get(person=world.alan)
    accounts.remove_member(actor=world.ada, membership=membership, now=NOW)

    assert told_by(lambda: commands.answer(ticket=made, agent=world.sara.person, body="x", now=NOW)) == ["ada@acme.example"]


def test_a_colleague_cannot_be_made_to_follow_it(world, ticket, amy):
    with pytest.raises(commands.NotForThem):
        commands.watch(ticket=ticket, person=amy, actor=world.alan, by_staff=False, now=NOW)


def test_a_follow_up_by_an_admin_stays_private_to_who_asked(world, ticket):
    with as_provider():
        Ticket.objects.filter(pk=ticket.pk).update(status="closed", closed_at=NOW)
    follow_up = commands.reply(ticket=ticket, author=world.ada, body="It is back.", now=NOW)

    assert (follow_up.private, follow_up.requester, follow_up.opened_by) == (True, world.alan, world.ada)
    with as_provider():
        assert [w.person for w in follow_up.watchers.select_related("person")] == [world.ada]


# --- Pages -------------------------------------------------------------------------------------------------------------
def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


def test_lists_counts_and_search_leave_it_out(world, ticket, amy):
    def found(person):
        client = signed_in(person)
        pages = [client.get(reverse("portal:home"))]
        pages += [client.get(reverse("portal:tickets"), {"state": "all", "q": words}) for words in ("", "drop", "morning", ticket.number)]
        return [f"/tickets/{ticket.pk}/" in page.content.decode() for page in pages]

    assert found(amy) == [False] * 5
    assert found(world.ada) == [True] * 5


def test_it_is_chosen_when_filing(world):
    form = {
        "type": "technical",
        "severity": "high",
        "product": world.softswitch.pk,
        "subject": "Fraud?",
        "description": "x",
        "private": "on",
    }
    answer = signed_in(world.alan).post(reverse("portal:ticket_new"), form)

    with as_provider():
        assert (answer.status_code, Ticket.objects.get().private) == (302, True)


def test_staff_file_a_private_ticket_for_somebody(world):
    environment = make.environment(world.acme, contacts=(world.alan,))
    form = {
        "type": "technical",
        "severity": "high",
        "product": world.softswitch.pk,
        "subject": "Fraud?",
        "description": "x",
        "private": "on",
    }
    client, address = signed_in(world.sara.person), reverse("console:ticket_new", args=[world.acme.pk])

    for_nobody = client.post(address, form | {"environment": environment.pk})
    for_alan = client.post(address, form | {"requester": world.alan.pk})

    assert (for_nobody.status_code, for_alan.status_code) == (422, 302)
    assert "requester" in for_nobody.context["form"].errors


def test_staff_make_it_private_from_the_console(world, ticket, amy):
    client = signed_in(world.sara.person)
    client.post(reverse("console:ticket_private", args=[ticket.pk]), {})
    visible = seen_by(world, amy)[0]
    client.post(reverse("console:ticket_private", args=[ticket.pk]), {"private": "1"})

    assert (visible, seen_by(world, amy)[0]) == (1, 0)


def test_colleagues_who_followed_it_are_not_shown_as_following(world, ticket, amy):
    page = signed_in(world.alan).get(ticket.portal_url)

    assert [one["name"] for one in page.context["people"]] == ["Alan Turing"]
    assert "Amy Approver" not in page.content.decode()
    assert signed_in(world.alan).post(reverse("portal:ticket_watch", args=[ticket.pk]), {"person": amy.pk}).status_code == 404


def test_a_visible_follow_up_does_not_name_a_private_ticket(world, ticket, amy):
    follow_up = make.ticket(world.contract, world.softswitch, world.alan, follow_up_of=ticket)

    assert ticket.number not in signed_in(amy).get(follow_up.portal_url).content.decode()
    assert ticket.number in signed_in(world.alan).get(follow_up.portal_url).content.decode()
