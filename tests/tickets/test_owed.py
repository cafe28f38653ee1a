"""Mail that was owed to somebody who may no longer read it when its turn comes stays here, wherever it was on its way (TIC-7, NOT-5)."""

from datetime import timedelta

import pytest
from django.core.mail import get_connection
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import commands as accounts
from accounts.models import Membership, Person, StaffRole
from accounts.tenancy import as_provider
from notifications import commands as outbox
from notifications.models import BouncingAddress, Mail
from notifications.tasks import relay_outbox, send
from tests import factories as make
from tests.mail_server import serving
from tests.tickets.stories import the_story
from tickets import commands
from tickets.queries.whole import whole_ticket

pytestmark = pytest.mark.django_db
AMY, ALAN, ADA = "amy@acme.example", "alan@acme.example", "ada@acme.example"
NOT_SENT = "not sent: may no longer see it"


@pytest.fixture
def server(settings):
    with serving(settings) as server:
        yield server


@pytest.fixture
def amy(world):
    return make.member(world.acme, "Amy Approver", "approver")


@pytest.fixture
def ticket(world, amy):
    """Alan's; Ada, an admin, and Amy, who is none, follow it, and have read all that was to be read."""
    made = make.ticket(world.contract, world.softswitch, world.alan, watchers=[amy, world.ada])
    everything_is_sent()
    return made


def everything_is_sent():
    with as_provider():
        Mail.objects.update(state=Mail.State.SENT, sent_at=timezone.now())


def answer(ticket, world, body="Try again."):
    commands.answer(ticket=ticket, agent=world.sara.person, body=body, now=timezone.now())


def make_private(ticket, world, private=True):
    commands.set_private(ticket=ticket, person=world.alan, private=private, by_staff=False, now=timezone.now())


def their_turn():
    """Whatever waits, for the first time or the next, is due now, and what a relay holds was held by one that died."""
    with as_provider():
        Mail.objects.filter(state=Mail.State.DUE).update(due_at=timezone.now())
        Mail.objects.filter(state=Mail.State.SENDING).update(lease_until=F("lease_until") - outbox.LEASE * 2)


def mails_to(address, kind="ticket_replied"):
    with as_provider():
        return list(Mail.objects.filter(address=address, kind=kind).order_by("pk"))


def taken(address):
    """The answer to them, in a relay's hands."""
    their_turn()
    with as_provider():
        Mail.objects.filter(state=Mail.State.DUE).exclude(address=address).update(due_at=timezone.now() + timedelta(hours=1))
    mail = outbox.claim(timezone.now())
    assert mail.address == address
    return mail


def sent_to(server):
    their_turn()
    relay_outbox()
    return sorted(server.reached)


def words_for(name, ticket, world):
    """What the ticket's page says of their mail, by entry."""
    with as_provider():
        entries = the_story(whole_ticket(ticket.pk), world.sara.person)
        return [one.words for entry in entries if entry.told for one in entry.told.readers if one.name == name]


def test_what_waits_for_a_colleague_is_withdrawn_when_the_ticket_becomes_private(world, server, ticket):
    answer(ticket, world)
    make_private(ticket, world)

    assert words_for("Amy Approver", ticket, world)[-1] == NOT_SENT
    assert sent_to(server) == [ADA, ALAN]


def test_while_it_is_not_private_everybody_gets_it(world, server, ticket):
    """The control: nothing else keeps the answer from a colleague."""
    answer(ticket, world)

    assert sent_to(server) == [ADA, ALAN, AMY]


def test_staff_keep_theirs(world, server, ticket):
    commands.reply(ticket=ticket, author=world.alan, body="Still so.", now=timezone.now())
    with as_provider():
        staff = sorted(Mail.objects.filter(state="due", recipient__staff_member__isnull=False).values_list("address", flat=True))
    make_private(ticket, world)

    assert staff
    assert set(staff) <= set(sent_to(server))


def test_what_is_joined_and_waits_for_another_try_is_withdrawn_as_a_whole(world, server, ticket):
    answer(ticket, world, "First.")
    answer(ticket, world, "Second.")
    outbox.mark_failed(mail=taken(AMY), error="450 later", now=timezone.now())
    assert [mail.state for mail in mails_to(AMY)] == ["due", "joined"]

    make_private(ticket, world)

    assert words_for("Amy Approver", ticket, world)[-2:] == [NOT_SENT, NOT_SENT]
    assert AMY not in sent_to(server)


def test_what_a_relay_has_taken_but_not_handed_over_stays_here(world, server, ticket):
    answer(ticket, world)
    mail = taken(AMY)
    make_private(ticket, world)

    send(mail, get_connection())

    assert server.reached == []
    assert words_for("Amy Approver", ticket, world)[-1] == NOT_SENT


def test_what_fails_in_a_relays_hands_meanwhile_is_not_tried_again(world, server, ticket):
    answer(ticket, world)
    mail = taken(AMY)
    make_private(ticket, world)
    outbox.mark_failed(mail=mail, error="450 later", now=timezone.now())

    assert AMY not in sent_to(server)
    assert words_for("Amy Approver", ticket, world)[-1] == NOT_SENT


def test_what_a_dead_relay_may_have_sent_is_not_sent_again_and_says_so(world, server, ticket):
    answer(ticket, world)
    taken(AMY)
    make_private(ticket, world)

    assert AMY not in sent_to(server)
    assert words_for("Amy Approver", ticket, world)[-1] == "not sent again: may no longer see it; an earlier try may have arrived"


@pytest.mark.parametrize("state", ["parked", "bounced"])
def test_what_staff_send_again_is_withdrawn(world, server, ticket, state):
    answer(ticket, world)
    (mail,) = mails_to(AMY)
    make_private(ticket, world)
    with as_provider():
        Mail.objects.filter(pk=mail.pk).update(state=state, attempts=5, last_error="550 5.1.1")
    outbox.resend(actor=world.sara.person, mail=mail, now=timezone.now())

    assert AMY not in sent_to(server)
    assert mails_to(AMY)[0].state == "cancelled"


def test_what_needed_a_person_needs_none_any_more(world, ticket):
    answer(ticket, world)
    with as_provider():
        Mail.objects.filter(address=AMY, kind="ticket_replied").update(state="parked", attempts=5, last_error="450 later")

    make_private(ticket, world)

    assert [(mail.state, mail.trouble) for mail in mails_to(AMY)] == [("cancelled", "Its reader may no longer see what it tells of.")]


def test_what_was_withdrawn_stays_so_and_what_comes_later_goes_out(world, server, ticket):
    answer(ticket, world, "First.")
    make_private(ticket, world)
    make_private(ticket, world, private=False)
    answer(ticket, world, "Second.")

    assert AMY in sent_to(server)
    assert [words for words in words_for("Amy Approver", ticket, world) if words in {NOT_SENT, "mail, sent"}][-3:] == [
        *(NOT_SENT, "mail, sent", "mail, sent"),  # the first answer; that it is visible again, with the second
    ]


def test_a_charge_request_on_it_is_not_sent_to_an_approver_who_may_not_see_it(world, server, ticket):
    make.charge(ticket, world.sara.person)
    with as_provider():
        assert Mail.objects.filter(kind="charge_request", address=AMY, state="due").exists()
    make_private(ticket, world)

    reached = sent_to(server)

    assert ADA in reached
    assert AMY not in reached
    assert [mail.trouble for mail in mails_to(AMY, "charge_request")] == ["Its reader may no longer see what it tells of."]


# --- Other ways to lose the right --------------------------------------------------------------------------------------
def membership_of(person):
    with as_provider():
        return Membership.objects.get(person=person)


def test_who_left_the_company_gets_nothing_that_was_owed_before(world, server, ticket, amy):
    answer(ticket, world)
    accounts.remove_member(actor=world.ada, membership=membership_of(amy), now=timezone.now())

    assert sent_to(server) == [ADA, ALAN]
    assert words_for("Amy Approver", ticket, world)[-1] == NOT_SENT


def test_an_admin_who_is_none_any_more_gets_nothing_of_a_private_ticket(world, server, ticket):
    make_private(ticket, world)
    everything_is_sent()
    answer(ticket, world)
    olga = make.member(world.acme, "Olga Other", Membership.Role.ADMIN)
    accounts.change_role(actor=olga, membership=membership_of(world.ada), role="member", now=timezone.now())

    assert sent_to(server) == [ALAN]


def test_who_may_not_sign_in_any_more_gets_nothing(world, server, ticket, amy):
    answer(ticket, world)
    with as_provider():
        Person.objects.filter(pk=amy.pk).update(is_active=False)

    assert AMY not in sent_to(server)


def test_who_left_the_staff_gets_nothing_of_customers(world, server, ticket):
    commands.reply(ticket=ticket, author=world.alan, body="Still so.", now=timezone.now())
    address = world.sara.person.email
    with as_provider():
        StaffRole.objects.filter(member=world.sara).delete()

    reached = sent_to(server)

    assert world.lea.person.email in reached
    assert address not in reached


def test_mail_about_the_account_goes_out_all_the_same(world, server, amy):
    accounts.remove_member(actor=world.ada, membership=membership_of(amy), now=timezone.now())
    Client().post(reverse("account_reset_password"), {"email": amy.email})

    assert sent_to(server) == [AMY]


def test_of_announcements_only_those_who_belong_to_the_company_get_one(world, server, amy):
    """Also where one announcement is taken together with the note that the last one went out."""
    readers = [world.alan, amy, world.ada]
    for person in readers:
        letter = outbox.Letter(subject="8.2 is released", headline="News")
        facts = {"address": person.email, "language": "en", "kind": "release_published", "key": f"a-{person.pk}", "letter": letter}
        outbox.owe(customer_id=world.acme.pk, person=person, never_twice=True, list_id="r", now=timezone.now(), **facts)
    accounts.remove_member(actor=world.ada, membership=membership_of(amy), now=timezone.now())

    assert sent_to(server) == [ADA, ALAN]
    assert [mail.state for mail in mails_to(AMY, "release_published")] == ["cancelled"]


def test_an_address_that_bounces_is_not_tried_with_what_is_withdrawn(world, server, ticket):
    """The one try of the day is left to a mail that does go out."""
    yesterday = timezone.now() - timedelta(days=2)
    with as_provider():
        facts = {"since": yesterday, "last_at": yesterday, "tried_at": yesterday, "reason": "550 5.1.1"}
        mark = BouncingAddress.objects.create(address=AMY, **facts)
    answer(ticket, world)
    mail = taken(AMY)
    make_private(ticket, world)
    send(mail, get_connection())

    with as_provider():
        mark.refresh_from_db()
    assert mark.tried_at == yesterday
