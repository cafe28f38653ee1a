"""Moving open tickets through the pages: a sentence on the policy's, a look at what it does, and the act."""

import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.tenancy import as_provider
from tests import factories as make
from tests.sla.stories import at
from tickets import commands
from tickets.models import Event, Ticket

pytestmark = pytest.mark.django_db

NOON = at("23 Nov 12:00")


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)


def client_of(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def ines(world):
    return client_of(make.staff("Ines Installer", "administrator").person)


@pytest.fixture
def policy(world):
    return make.policy()


@pytest.fixture
def ticket(world):
    return filed(world)


@pytest.fixture
def newer(ticket, policy):
    """Made after the ticket was opened."""
    return version(policy)


def filed(world, when="23 Nov 11:00", **changes):
    return make.ticket(world.contract, world.softswitch, world.ada, now=at(when), **changes)


def version(policy, when="23 Nov 11:10", **minutes):
    return make.policy_version(policy, now=at(when), **(minutes or {"first_response": 60, "resolution": 600}))


def move_url(policy):
    return reverse("console:policy_move", args=[policy.pk])


def words(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def on_policy(client, policy):
    answer = client.get(reverse("console:policy", args=[policy.pk]))
    return words(answer), move_url(policy) in answer.content.decode()


def sent(client, policy):
    """The form of the review as it stands, confirmed."""
    page = client.get(move_url(policy))
    return client.post(move_url(policy), values_of(page))


def values_of(page):
    form = page.context["form"]
    return {name: form[name].value() for name in form.fields}


def numbers():
    with as_provider():
        return list(Ticket.objects.order_by("pk").values_list("promise__version__number", flat=True))


# --- On the policy's page ----------------------------------------------------------------------------------------------
def test_a_sentence_says_how_many_follow_an_older_version(ines, world, policy, newer):
    text, leads_on = on_policy(ines, policy)

    assert "1 open ticket follows an older version" in text
    assert leads_on


def test_others_read_it_and_are_not_led_on(world, policy, newer):
    text, leads_on = on_policy(client_of(world.lea.person), policy)

    assert "1 open ticket follows an older version" in text
    assert not leads_on


def test_nothing_is_said_where_all_follow_the_newest(ines, policy, ticket):
    text, leads_on = on_policy(ines, policy)

    assert "follows an older version" not in text
    assert not leads_on


# --- The review --------------------------------------------------------------------------------------------------------
def test_the_review_shows_what_it_does_and_changes_nothing(ines, policy, newer, ticket):
    page = ines.get(move_url(policy))

    text = words(page)
    assert "Move open tickets to version 2" in text
    assert "Open tickets that move 1 Their promises 2 Due earlier 0 Due later 1 Due as before 1 Late at once 0" in text
    assert f"{ticket.number} {ticket.subject} Acme Resolution Tue" in text
    assert [(one.before, one.after) for one in page.context["effect"].first] == [(at("24 Nov 11:00"), at("24 Nov 12:00"))]
    assert numbers() == [1]


def test_nothing_to_move_is_said(ines, policy, ticket):
    page = ines.get(move_url(policy))

    assert "Nothing to move" in words(page)
    assert '<form class="card' not in page.content.decode()


def test_only_administrators_look_and_move(world, policy, newer):
    lea = client_of(world.lea.person)

    answers = [lea.get(move_url(policy)).status_code, lea.post(move_url(policy), {"expected": 2, "moved": 0}).status_code]

    assert (answers, numbers()) == ([403, 403], [1])


# --- The act -----------------------------------------------------------------------------------------------------------
def test_confirming_moves_them_and_leads_back(ines, policy, newer):
    answer = sent(ines, policy)

    back = ines.get(answer["Location"])
    assert answer["Location"] == reverse("console:policy", args=[policy.pk])
    assert "1 ticket follows version 2 now." in words(back)
    assert "follows an older version" not in words(back)
    assert numbers() == [2]


def test_confirming_twice_moves_them_once(ines, policy, newer):
    values = values_of(ines.get(move_url(policy)))

    answers = [ines.post(move_url(policy), values).status_code for _times in range(2)]

    assert answers == [302, 302]
    with as_provider():
        assert Event.objects.filter(kind="promise_moved").count() == 1
        assert AuditEntry.objects.filter(verb="move_open_tickets").count() == 1


def test_a_version_that_came_meanwhile_is_shown_and_nothing_moved(ines, policy, newer):
    values = values_of(ines.get(move_url(policy)))
    version(policy, "23 Nov 11:30", first_response=90)

    answer = ines.post(move_url(policy), values)

    assert answer.status_code == 409
    assert "Version 3 of this policy is in force now. Look again at what moving the tickets does." in words(answer)
    assert "Move open tickets to version 3" in words(answer)
    assert numbers() == [1]
    assert ines.post(move_url(policy), values_of(answer)).status_code == 302
    assert numbers() == [3]


def test_a_form_without_a_version_moves_nothing(ines, policy, newer):
    answer = ines.post(move_url(policy), {"moved": 0})

    assert (answer.status_code, numbers()) == (422, [1])


def test_a_form_from_elsewhere_is_refused(world, policy, newer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make.staff("Ines Installer", "administrator").person)

    assert client.post(move_url(policy), {"expected": 2, "moved": 0}).status_code == 403
    assert numbers() == [1]


def test_many_move_in_turns_that_say_how_far_they_are(ines, world, policy, ticket, monkeypatch):
    for _ticket in range(2):
        filed(world)
    version(policy)
    monkeypatch.setitem(commands.move_open_tickets.__kwdefaults__, "most", 2)

    turn = sent(ines, policy)
    last = ines.post(move_url(policy), values_of(turn))

    assert "2 of 3 tickets are moved." in words(turn)
    assert "data-goes-on" in turn.content.decode()
    assert "3 tickets follow version 2 now." in words(ines.get(last["Location"]))
    assert numbers() == [2, 2, 2]


def test_a_stopped_move_goes_on_from_the_policys_page(ines, world, policy, ticket, monkeypatch):
    for _ticket in range(2):
        filed(world)
    version(policy)
    monkeypatch.setitem(commands.move_open_tickets.__kwdefaults__, "most", 2)
    sent(ines, policy)

    assert "1 open ticket follows an older version" in on_policy(ines, policy)[0]
    assert "1 ticket follows version 2 now." in words(ines.get(sent(ines, policy)["Location"]))


# --- What readers of a ticket see --------------------------------------------------------------------------------------
def test_the_story_and_the_explanation_tell_the_customer(ines, world, policy, ticket):
    version(policy, first_response=240, resolution=60)
    sent(ines, policy)
    ada = client_of(world.ada)

    story = words(ada.get(reverse("portal:ticket", args=[ticket.pk])))
    why = words(ada.get(reverse("portal:ticket_promise", args=[ticket.pk])))

    assert "moved the ticket to other promises, which rule from here on" in story
    assert "Other promises rule from here on. Counted as if they had ruled from the beginning: due Mon 23 Nov, 15:00." in why
    assert "Other promises rule from here on. The whole time anew, from here on: due Mon 23 Nov, 13:00." in why
    assert "Agreed at the yearly meeting" not in why  # why the policy changed is the staff's


def test_a_kept_instant_says_so_in_the_explanation(ines, world, policy, newer, ticket):
    sent(ines, policy)

    why = words(client_of(world.ada).get(reverse("portal:ticket_promise", args=[ticket.pk])))

    assert "Other promises rule from here on. Stays due Mon 23 Nov, 13:00, so that you never wait longer than before." in why


def test_the_trail_names_the_version_and_how_many(ines, policy, newer):
    sent(ines, policy)

    trail = words(ines.get(reverse("console:audit")))

    assert "Open tickets moved to a new version" in trail
    assert re.search(r"version\W+2.{0,40}tickets\W+1|tickets\W+1.{0,40}version\W+2", trail)
