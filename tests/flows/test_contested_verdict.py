"""A verdict contested and decided, and a new declaration, through the pages of everybody who takes part."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import as_provider
from tests import factories as make
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def desks(world):
    return {"ada": signed_in(world.ada), "sara": signed_in(world.sara.person), "lea": signed_in(world.lea.person)}


@pytest.fixture
def ticket(world):
    """Opened just now: the pages know no other time, and by a verdict that undoes a miss an agent would be refused."""
    return make.ticket(world.contract, world.softswitch, world.ada, now=timezone.now())


def filled(page, **changes):
    """The page's form as it stands, with changes; hidden fields travel with it."""
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    return values | changes


def send(client, name, ticket, **changes):
    """Open a page of the ticket and send its form."""
    address = reverse(name, args=[ticket.pk])
    return client.post(address, filled(client.get(address), **changes))


def severity(ticket):
    with as_provider():
        return Ticket.objects.get(pk=ticket.pk).severity


def in_queue(client, ticket):
    return ticket.console_url in client.get(reverse("console:queue", args=["unverified"])).content.decode()


def lower(desks, ticket):
    assert send(desks["sara"], "console:ticket_qualify", ticket, severity="low", reason="One extension only.").status_code == 302


def test_from_verdict_to_restoration(desks, ticket):
    lower(desks, ticket)
    page = desks["ada"].get(ticket.portal_url).content.decode()
    assert reverse("portal:ticket_contest", args=[ticket.pk]) in page
    assert not in_queue(desks["lea"], ticket)

    assert send(desks["ada"], "portal:ticket_contest", ticket, reason="It is every extension.").status_code == 302
    assert in_queue(desks["lea"], ticket)
    assert "Contested by Ada Lovelace. A different person decides." in desks["ada"].get(ticket.portal_url).content.decode()

    own = desks["sara"].get(reverse("console:ticket_qualify", args=[ticket.pk])).content.decode()
    assert "Ada Lovelace contests your verdict. Anybody else of the staff decides." in own
    assert "Verify the qualification" not in own
    page = desks["lea"].get(reverse("console:ticket_qualify", args=[ticket.pk])).content.decode()
    assert "Giving back “Technical, high” undoes the lowering as if it had not been." in page
    assert "It is every extension." in page

    assert send(desks["lea"], "console:ticket_qualify", ticket, severity="high", reason="You are right.").status_code == 302
    page = desks["ada"].get(ticket.portal_url).content.decode()
    assert "decided the contest and gave back the qualification from before: Technical, high" in page
    assert reverse("portal:ticket_contest", args=[ticket.pk]) not in page
    assert not in_queue(desks["lea"], ticket)


def test_the_contested_agent_who_sends_the_form_all_the_same_is_refused(desks, ticket):
    lower(desks, ticket)
    address = reverse("console:ticket_qualify", args=[ticket.pk])
    form = filled(desks["sara"].get(address), severity="medium", reason="Two of them.")
    send(desks["ada"], "portal:ticket_contest", ticket, reason="It is every extension.")
    form["seen"] = 9

    answer = desks["sara"].post(address, form)

    assert (answer.status_code, severity(ticket)) == (422, "low")
    assert "Your own verdict is contested: somebody else decides." in answer.content.decode()


def test_a_verdict_on_what_was_decided_meanwhile_is_shown_again(desks, ticket):
    address = reverse("console:ticket_qualify", args=[ticket.pk])
    stale = filled(desks["lea"].get(address), severity="medium", reason="Two of them.")
    lower(desks, ticket)

    answer = desks["lea"].post(address, stale)
    assert (answer.status_code, severity(ticket)) == (422, "low")
    assert "Meanwhile something happened: Sara changed the qualification" in answer.content.decode()

    assert desks["lea"].post(address, filled(answer)).status_code == 302
    assert severity(ticket) == "medium"


def test_confirming_in_one_click_what_was_declared_anew_meanwhile_is_refused(desks, ticket):
    seen = {"seen": 1, "type": "technical", "severity": "high"}
    assert send(desks["ada"], "portal:ticket_declare", ticket, severity="critical").status_code == 302

    answer = desks["sara"].post(reverse("console:ticket_confirm", args=[ticket.pk]), seen, follow=True)

    assert "Meanwhile something happened: Ada Lovelace declared it anew" in answer.content.decode()
    assert in_queue(desks["sara"], ticket)


def test_the_page_says_what_a_declaration_will_do(desks, ticket):
    def effects():
        return desks["ada"].get(reverse("portal:ticket_declare", args=[ticket.pk])).context["effects"]

    assert effects() == ["It takes the place of what was declared, and counts at once. Our staff verify it."]
    lower(desks, ticket)
    assert effects()[0] == "Higher than “Technical, low”: it counts at once, this first time, and our staff verify it. Say what changed."
    refused = send(desks["ada"], "portal:ticket_declare", ticket, severity="high")
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["reason"])
    send(desks["ada"], "portal:ticket_declare", ticket, severity="high", reason="It spread.")
    assert effects()[0] == "Higher than “Technical, high”: nothing changes until our staff accept it. Say what changed."


def test_a_claim_is_shown_on_both_sides_until_it_is_accepted(desks, ticket):
    lower(desks, ticket)
    for value in ("medium", "high"):
        send(desks["ada"], "portal:ticket_declare", ticket, severity=value, reason=f"Now {value}.")

    assert (
        "Ada Lovelace asks for “Technical, high”. It counts when our staff accept it."
        in desks["ada"].get(ticket.portal_url).content.decode()
    )
    assert "Until you decide, “Technical, medium” counts." in desks["sara"].get(ticket.console_url).content.decode()
    assert send(desks["sara"], "console:ticket_qualify", ticket).status_code == 302
    assert severity(ticket) == "high"


def test_a_contest_of_a_verdict_that_was_replaced_can_be_sent_once_more(desks, ticket):
    lower(desks, ticket)
    address = reverse("portal:ticket_contest", args=[ticket.pk])
    begun = filled(desks["ada"].get(address), reason="It is every extension.")
    send(desks["lea"], "console:ticket_qualify", ticket, severity="medium", reason="Two extensions.")

    refused = desks["ada"].post(address, begun)
    again = desks["ada"].post(address, filled(refused))

    assert (refused.status_code, again.status_code) == (422, 302)


def test_a_declaration_sent_twice_with_another_reason_can_be_sent_once_more(desks, ticket):
    lower(desks, ticket)
    address = reverse("portal:ticket_declare", args=[ticket.pk])
    begun = filled(desks["ada"].get(address), severity="medium", reason="It spreads.")
    desks["ada"].post(address, begun)

    refused = desks["ada"].post(address, begun | {"reason": "It spreads to the second floor."})
    again = desks["ada"].post(address, filled(refused, severity="high"))

    assert (refused.status_code, again.status_code) == (422, 302)


def test_what_cannot_be_contested_leads_back_to_the_ticket(desks, ticket):
    answer = desks["ada"].get(reverse("portal:ticket_contest", args=[ticket.pk]))

    assert (answer.status_code, answer["Location"]) == (302, ticket.portal_url)
