"""Tickets that are about a known issue are told when a release fixes it, once, and nobody who may not see them hears of it (REL-4)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tenancy import as_provider, as_tenant
from notifications.models import Mail
from releases import commands
from releases.models import KnownIssue, TicketIssue
from tests import factories as make
from tickets.models import Event

pytestmark = pytest.mark.django_db
LATER = make.NOW + timedelta(days=1)


@pytest.fixture
def issue(world):
    return make.known_issue(world.softswitch)


@pytest.fixture
def linked(world, issue):
    ticket = make.ticket(world.contract, world.softswitch, world.alan)
    commands.link_issue(actor=world.sara.person, ticket=ticket, issue=issue, now=make.NOW)
    return ticket


def story(ticket):
    with as_provider():
        return list(
            Event.objects.filter(ticket=ticket, kind__in=["issue_linked", "issue_unlinked", "fix_released"]).values_list("kind", "data")
        )


def told(ticket):
    with as_provider():
        return sorted(Mail.objects.filter(kind="ticket_fixed", thread=f"ticket-{ticket.pk}").values_list("recipient__name", flat=True))


def test_publishing_the_release_that_fixes_it_tells_the_ticket_once(world, issue, linked):
    release = make.release(world.softswitch, "8.2", fixes=[issue], now=LATER)

    assert [commands.tell_tickets(now=LATER) for _sweep in range(2)] == [1, 0]
    assert story(linked) == [
        ("issue_linked", {"issue": issue.reference}),
        ("fix_released", {"issue": issue.reference, "version": "8.2"}),
    ]
    assert told(linked) == ["Alan Turing", "Lea Lead", "Sara Support"]
    with as_provider():
        link = TicketIssue.objects.get(ticket=linked)
        headline = Mail.objects.filter(kind="ticket_fixed", recipient=world.alan).get().headline
    assert (link.told_at, link.told_of_id) == (LATER, release.pk)
    assert f"Version 8.2 of Softswitch is released. It fixes the known issue {issue.reference}" in headline


def test_a_draft_and_a_withdrawn_release_tell_nobody(world, rita, issue, linked):
    make.draft(world.softswitch, "8.2", fixes=[issue])
    withdrawn = make.release(world.softswitch, "8.3", fixes=[issue])
    commands.withdraw(actor=rita, release=withdrawn, why_en="x", why_pt="", now=LATER)

    assert (commands.tell_tickets(now=LATER), told(linked)) == (0, [])


def test_a_ticket_that_is_linked_later_is_told_too(world, issue):
    make.release(world.softswitch, "8.2", fixes=[issue])
    ticket = make.ticket(world.globex_contract, world.softswitch, world.grace)
    commands.link_issue(actor=world.sara.person, ticket=ticket, issue=issue, now=LATER)

    assert (commands.tell_tickets(now=LATER), told(ticket)) == (1, ["Grace Hopper", "Lea Lead", "Sara Support"])


def test_telling_a_fix_is_no_answer_of_a_person(world, issue, linked):
    make.release(world.softswitch, "8.2", fixes=[issue])
    with as_provider():
        before = type(linked).objects.get(pk=linked.pk).next_due_at
    commands.tell_tickets(now=make.NOW)

    with as_provider():
        assert type(linked).objects.get(pk=linked.pk).next_due_at == before


def test_what_is_linked_twice_is_linked_once_and_unlinked_once(world, issue, linked):
    commands.link_issue(actor=world.sara.person, ticket=linked, issue=issue, now=make.NOW)
    for _time in range(2):
        commands.unlink_issue(actor=world.sara.person, ticket=linked, issue=issue, now=make.NOW)

    assert [kind for kind, _data in story(linked)] == ["issue_linked", "issue_unlinked"]


def test_only_technical_tickets_of_the_issues_product_are_linked(world, issue):
    other = make.known_issue(make.product("Recorder", world.core))
    technical = make.ticket(world.contract, world.softswitch, world.ada)
    functional = make.ticket(world.contract, world.softswitch, world.ada, type="functional")

    with pytest.raises(commands.OtherProduct):
        commands.link_issue(actor=world.sara.person, ticket=technical, issue=other, now=make.NOW)
    with pytest.raises(commands.NotTechnical, match="Only technical tickets"):
        commands.link_issue(actor=world.sara.person, ticket=functional, issue=issue, now=make.NOW)


def test_customers_see_an_issue_when_a_ticket_of_theirs_is_about_it_or_a_release_fixes_it(world, issue):
    ticket = make.ticket(world.contract, world.softswitch, world.ada, private=True)
    commands.link_issue(actor=world.sara.person, ticket=ticket, issue=issue, now=make.NOW)

    def seen_by(customer, person):
        with as_tenant(customer.pk, person.pk):
            return KnownIssue.objects.exists(), TicketIssue.objects.exists()

    people = ((world.acme, world.ada), (world.acme, world.alan), (world.globex, world.grace))
    assert [seen_by(*reader) for reader in people] == [(True, True), (False, False), (False, False)]
    make.release(world.softswitch, "8.2", fixes=[issue])
    assert [seen_by(*reader) for reader in people] == [(True, True), (True, False), (True, False)]


def test_the_story_says_it_to_both_sides(world, issue, linked):
    make.release(world.softswitch, "8.2", fixes=[issue])
    commands.tell_tickets(now=make.NOW)
    pages = []
    for person, name in ((world.alan, "portal:ticket"), (world.sara.person, "console:ticket")):
        client = Client()
        client.force_login(person)
        pages.append(client.get(reverse(name, args=[linked.pk])).content.decode())

    sentence = f"Version 8.2 is released; it fixes the known issue {issue.reference}"
    assert [sentence in page for page in pages] == [True, True]
    assert f"said that it is about the known issue {issue.reference}" in pages[0]
    assert reverse("console:known_issue", args=[issue.pk]) in pages[1]


def test_agents_link_and_unlink_on_the_tickets_page(world, issue):
    ticket = make.ticket(world.contract, world.softswitch, world.ada)
    client = Client()
    client.force_login(world.sara.person)
    path = reverse("console:ticket_issues", args=[ticket.pk])

    assert client.post(path, {"issue": ""}).status_code == 422
    assert client.post(path, {"issue": issue.pk})["Location"] == ticket.console_url
    assert client.post(reverse("console:ticket_issue_remove", args=[ticket.pk]), {"issue": issue.pk}).status_code == 302
    client.force_login(world.max.person)
    assert client.post(path, {"issue": issue.pk}).status_code == 403
    assert [kind for kind, _data in story(ticket)] == ["issue_linked", "issue_unlinked"]


def test_a_ticket_that_turned_out_to_be_about_another_product_hears_which_was_released(world, issue, linked):
    sbc = make.product("SBC", world.core)
    with as_provider():
        type(linked).objects.filter(pk=linked.pk).update(product=sbc, version=None)
    make.release(world.softswitch, "8.2", fixes=[issue], now=LATER)
    commands.tell_tickets(now=LATER)

    with as_provider():
        assert "Version 8.2 of Softswitch is released." in Mail.objects.filter(kind="ticket_fixed", recipient=world.alan).get().headline
