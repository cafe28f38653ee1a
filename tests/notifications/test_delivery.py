"""What becomes of mail that its reader's server refuses, and of the address, against a real SMTP server (NOT-4)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tenancy import as_nobody, as_provider, as_tenant
from notifications import commands
from notifications.commands import KEPT_BACK_FOR, Letter, owe
from notifications.fate import bouncing, bouncing_at
from notifications.models import BouncingAddress, Mail
from notifications.tasks import relay_outbox
from tests import factories as make
from tests.mail_server import sample

pytestmark = pytest.mark.django_db
UNKNOWN = "550 5.1.1 User unknown"
ADA = "ada@acme.example"


def owed(key, person, **changes):
    values = {"customer_id": None, "person": person, "address": person.email, "language": "en", "kind": "test", "now": timezone.now()}
    owe(key=key, letter=Letter(subject=f"Subject {key}", headline=f"Headline {key}"), **(values | changes))


def states():
    with as_provider():
        return dict(Mail.objects.order_by("pk").values_list("key", "state"))


def marked():
    with as_provider():
        return list(BouncingAddress.objects.standing().values_list("address", flat=True))


def a_day_later():
    """Everything that waits or was tried happened a day earlier."""
    day = timedelta(days=1, minutes=1)
    with as_provider():
        for mail in Mail.objects.all():
            Mail.objects.filter(pk=mail.pk).update(due_at=mail.due_at - day, created_at=mail.created_at - day)
        for mark in BouncingAddress.objects.all():
            BouncingAddress.objects.filter(pk=mark.pk).update(tried_at=mark.tried_at - day, last_at=mark.last_at - day)


@pytest.fixture
def bounced(world, server):
    """Ada's mailbox is gone, and a first mail found out."""
    server.refusals[ADA] = UNKNOWN
    owed("first", world.ada)
    relay_outbox()
    return world


def test_a_reader_who_is_refused_for_good_bounces_at_once(bounced):
    with as_provider():
        mail, mark = Mail.objects.get(), BouncingAddress.objects.get()
    assert (mail.state, mail.attempts, mail.last_error, mail.sent_at) == ("bounced", 1, UNKNOWN, None)
    assert (mark.address, mark.mail_id, mark.since, mark.bounces, mark.reason) == (ADA, mail.pk, mail.outcome_at, 1, UNKNOWN)


def test_contents_that_are_refused_for_good_bounce_without_a_mark(world, server):
    server.contents_refused = "552 5.2.3 Message too large"
    owed("first", world.ada)
    relay_outbox()

    assert (states(), marked()) == ({"first": "bounced"}, [])


@pytest.mark.parametrize("answer", ["451 4.7.1 Greylisted", "550 5.7.1 Relaying denied", "554 5.3.0 Server is out of order"])
def test_what_may_pass_or_is_our_fault_is_tried_again(world, server, answer):
    server.refusals[ADA] = answer
    owed("first", world.ada)
    relay_outbox()

    assert (states(), marked()) == ({"first": "due"}, [])


def test_while_an_address_bounces_one_mail_a_day_tries_it(bounced, server):
    owed("second", bounced.ada)
    owed("third", bounced.ada, thread="ticket-2")
    owed("to alan", bounced.alan)
    relay_outbox()
    assert (states(), server.reached) == ({"first": "bounced", "second": "due", "third": "due", "to alan": "sent"}, ["alan@acme.example"])

    a_day_later()
    relay_outbox()
    assert states() == {"first": "bounced", "second": "bounced", "third": "due", "to alan": "sent"}
    with as_provider():
        assert BouncingAddress.objects.get().bounces == 2
        assert Mail.objects.get(key="third").attempts == 0


def test_what_waits_goes_out_when_the_try_arrives(bounced, server):
    owed("second", bounced.ada)
    owed("third", bounced.ada)
    relay_outbox()
    server.refusals.clear()

    a_day_later()
    relay_outbox()

    assert states() == {"first": "bounced", "second": "sent", "third": "sent"}
    assert marked() == []


def test_what_waited_for_days_has_bounced_too(bounced, server):
    owed("second", bounced.ada, now=timezone.now() - KEPT_BACK_FOR - timedelta(minutes=1))
    relay_outbox()

    assert states() == {"first": "bounced", "second": "bounced"}


def test_mail_about_an_account_goes_although_the_address_bounces(bounced, server):
    server.refusals.clear()
    owed("account:reset", bounced.ada)
    relay_outbox()

    assert server.reached == [ADA]


def test_staff_may_trust_an_address_again(bounced, server):
    owed("second", bounced.ada)
    relay_outbox()
    server.refusals.clear()
    client = Client()
    client.force_login(bounced.sara.person)
    with as_provider():
        mark = BouncingAddress.objects.get()

    page = client.get(reverse("console:addresses")).content.decode()
    answer = client.post(reverse("console:address_try_again", args=[mark.pk]), {"next": f"/console/customers/{bounced.acme.pk}/"})
    relay_outbox()

    assert ADA in page
    assert "There is no such mailbox." in page
    assert answer["Location"] == f"/console/customers/{bounced.acme.pk}/"
    assert (states(), marked()) == ({"first": "bounced", "second": "sent"}, [])
    with as_provider():
        assert AuditEntry.objects.filter(verb="try_address_again", actor=bounced.sara.person).count() == 1


def test_trying_again_leads_nowhere_else(bounced):
    client = Client()
    client.force_login(bounced.sara.person)
    with as_provider():
        mark = BouncingAddress.objects.get()

    answer = client.post(reverse("console:address_try_again", args=[mark.pk]), {"next": "https://evil.example/"})
    assert answer["Location"] == reverse("console:addresses")


def test_a_new_address_lifts_the_mark_of_the_old_one_and_gets_what_waits(bounced, server):
    owed("second", bounced.ada)
    relay_outbox()
    with as_nobody():
        bounced.ada.email = "ada@new.example"
        bounced.ada.save(update_fields=["email"])

    commands.review_addresses(now=timezone.now())
    relay_outbox()

    assert (marked(), server.reached) == ([], ["ada@new.example"])


def test_a_bounced_mail_sent_again_goes_to_the_present_address_under_a_new_name(bounced, server):
    client = Client()
    client.force_login(bounced.lea.person)
    with as_nobody():
        bounced.ada.email = "ada@new.example"
        bounced.ada.save(update_fields=["email"])
    with as_provider():
        before = Mail.objects.get()

    client.post(reverse("console:mail_resend", args=[before.pk]))
    relay_outbox()

    assert server.reached == ["ada@new.example"]
    assert server.messages[0]["Message-ID"] != before.message_id
    assert (states(), marked()) == ({"first": "sent"}, [ADA])


def test_whoever_signs_in_hears_that_their_mail_comes_back(bounced):
    client = Client()
    page = client.post(reverse("account_login"), {"login": ADA, "password": make.PASSWORD}, follow=True)

    assert f"Mail to {ADA} comes back since" in page.content.decode()
    assert f"Mail to {ADA} comes back since" in client.get(reverse("account_profile")).content.decode()


def test_admins_see_whose_mail_comes_back_and_others_do_not(bounced):
    found = {}
    for person in (bounced.ada, bounced.alan):
        client = Client()
        client.force_login(person)
        found[person.name] = "Mail to this address comes back" in client.get(reverse("portal:people")).content.decode()

    assert found == {"Ada Lovelace": True, "Alan Turing": False}


def test_another_customer_never_learns_of_a_bounce(bounced):
    with as_tenant(bounced.acme.pk):
        seen_by_acme = list(BouncingAddress.objects.values_list("address", flat=True))
    with as_tenant(bounced.globex.pk):
        seen_by_globex = list(BouncingAddress.objects.values_list("address", flat=True))
    with as_nobody(bounced.grace.pk):
        seen_by_grace = bouncing([ADA])

    assert (seen_by_acme, seen_by_globex, seen_by_grace) == ([ADA], [], {})


def bounce_by_mail(key="first", server="postfix"):
    with as_provider():
        mail = Mail.objects.get(key=key)
    return commands.take_bounce(raw=sample(server, mail.message_id), now=timezone.now())


def test_a_bounce_that_comes_as_mail_marks_the_address(world, server):
    owed("first", world.ada)
    relay_outbox()

    taken = [bounce_by_mail(), bounce_by_mail()]

    with as_provider():
        mail, mark = Mail.objects.get(), BouncingAddress.objects.get()
    assert taken == [commands.Taken("bounced", mail.last_error, mail.pk)] * 2
    assert (mail.state, mark.bounces, set(bouncing_at_acme(world))) == ("bounced", 1, {ADA})


def bouncing_at_acme(world):
    with as_provider():
        return bouncing_at(world.acme.pk)


def test_an_address_that_bounced_by_mail_is_trusted_after_a_day_of_silence(world, server):
    owed("first", world.ada)
    relay_outbox()
    bounce_by_mail()
    a_day_later()
    owed("second", world.ada)
    relay_outbox()
    commands.review_addresses(now=timezone.now())
    assert (states(), marked()) == ({"first": "bounced", "second": "sent"}, [ADA])

    a_day_later()
    commands.review_addresses(now=timezone.now())
    assert marked() == []


def test_a_bounce_about_no_mail_of_ours_is_ignored(world, server):
    raw = sample("gmail", "<00000000-0000-4000-8000-000000000000@elsewhere.example>")

    assert commands.take_bounce(raw=raw, now=timezone.now()) == commands.Taken("ignored", "It is about no mail of ours.")


def test_a_late_bounce_of_the_first_copy_does_not_concern_the_second(world, server):
    owed("first", world.ada)
    relay_outbox()
    with as_provider():
        first_copy = Mail.objects.get()
    bounce_by_mail()
    commands.resend(actor=world.lea.person, mail=first_copy, now=timezone.now())
    relay_outbox()

    late = commands.take_bounce(raw=sample("exchange", first_copy.message_id), now=timezone.now())

    assert (late.action, states(), marked()) == ("ignored", {"first": "sent"}, [])


def test_the_outbox_shows_each_state_its_reason_and_the_next_try(bounced, server):
    owed("second", bounced.ada)
    owed("muted", bounced.alan, muted=True)
    relay_outbox()
    client = Client()
    client.force_login(bounced.sara.person)
    pages = {state: client.get(reverse("console:outbox"), {"state": state}).content.decode() for state in ("", "bounced", "due", "muted")}

    shown = {state: [key for key in ("first", "second", "muted") if f"Subject {key}" in page] for state, page in pages.items()}
    assert shown == {"": ["first", "second"], "bounced": ["first"], "due": ["second"], "muted": ["muted"]}
    assert "There is no such mailbox." in pages["bounced"]
    assert "Next attempt" in pages["due"]
    assert "Next attempt" not in pages["bounced"]
