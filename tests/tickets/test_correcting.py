"""Staff correct what a ticket is about: product, version and environment. Both sides see it, and no promise changes."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.tenancy import as_provider, as_tenant
from contracts.models import ContractProduct, EnvironmentContact
from notifications.models import Mail
from sla.models import Clock
from tests import factories as make
from tests.flows.meeting import Meeting, at_once
from tickets import commands, story
from tickets.models import About, Event, Ticket

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture
def sbc(world):
    """A second product of Acme's contract, with a version."""
    product = make.product("SBC", world.core)
    with as_provider():
        ContractProduct.objects.create(customer=world.acme, contract=world.contract, product=product)
    return product


@pytest.fixture
def site(world):
    return make.environment(world.acme, "Main site")


@pytest.fixture
def ticket(world):
    return make.ticket(world.contract, world.softswitch, world.ada, version=world.version)


@pytest.fixture
def sara(world):
    client = Client()
    client.force_login(world.sara.person)
    return client


def correct(ticket, world, **about):
    values = {"product": world.softswitch, "version": world.version, "environment": None} | about
    return commands.correct(ticket=ticket, agent=world.sara.person, now=NOW, **values)


def corrections(ticket):
    with as_provider():
        return list(Event.objects.filter(ticket=ticket, kind="corrected").order_by("position"))


def test_the_ticket_is_about_something_else_from_then_on(world, ticket, sbc, site):
    version = make.version(sbc, "5.0")
    correct(ticket, world, product=sbc, version=version, environment=site)

    with as_provider():
        found = Ticket.objects.get()
    assert found.is_about == About(sbc.pk, version.pk, site.pk)
    assert (found.contract_id, found.team_id, found.promise_id) == (ticket.contract_id, ticket.team_id, ticket.promise_id)


def test_no_promise_changes(world, ticket, sbc):
    with as_provider():
        before = list(Clock.objects.order_by("pk").values())
    correct(ticket, world, product=sbc, version=None)

    with as_provider():
        assert list(Clock.objects.order_by("pk").values()) == before
        assert before


def test_the_customer_is_told_by_mail_and_in_the_story(world, ticket, sbc, site):
    correct(ticket, world, product=sbc, version=None, environment=site)

    with as_provider():
        mail = Mail.objects.get(kind="ticket_status")
    assert mail.address == world.ada.email
    assert mail.headline.endswith(f"corrected {ticket.number}: it is about SBC in the environment Main site.")
    with as_tenant(world.acme.pk, world.ada.pk):
        assert Event.objects.filter(kind="corrected").exists()


@pytest.mark.parametrize(
    ("product", "environment", "sentence"),
    [
        (True, False, "corrected the product from “Softswitch 7.2.1” to “SBC”"),
        (False, True, "corrected the environment from “not given” to “Main site”"),
        (True, True, "corrected the product from “Softswitch 7.2.1” to “SBC”, and the environment from “not given” to “Main site”"),
    ],
)
def test_the_story_says_what_was_corrected(world, ticket, sbc, site, product, environment, sentence):
    correct(ticket, world, **({"product": sbc, "version": None} if product else {}), environment=site if environment else None)

    for page, reader in (("console", world.sara.person), ("portal", world.ada)):
        client = Client()
        client.force_login(reader)
        assert sentence in client.get(reverse(f"{page}:ticket", args=[ticket.pk])).content.decode()


def test_it_stands_in_the_trail(world, ticket, site):
    correct(ticket, world, environment=site)

    with as_provider():
        entry = AuditEntry.objects.get(verb="correct_ticket")
    assert (entry.before["environment"], entry.after["environment"]) == (None, site.pk)


def test_the_same_again_does_nothing_more(world, ticket, sbc):
    for _time in range(2):
        correct(ticket, world, product=sbc, version=None)

    assert len(corrections(ticket)) == 1
    with as_provider():
        assert Mail.objects.filter(kind="ticket_status").count() == 1


def test_a_product_that_the_contract_does_not_cover_is_refused(world, ticket):
    with pytest.raises(commands.NotOfContract):
        correct(ticket, world, product=make.product("Billing", world.core), version=None)

    assert corrections(ticket) == []


def test_what_the_contract_no_longer_covers_may_stay(world, ticket, sbc, site):
    with as_provider():
        ContractProduct.objects.filter(product=world.softswitch).delete()
    correct(ticket, world, environment=site)

    assert len(corrections(ticket)) == 1


def test_a_version_of_another_product_is_refused(world, ticket, sbc):
    with pytest.raises(commands.VersionOfAnother):
        correct(ticket, world, product=sbc)


def test_another_customers_environment_is_refused(world, ticket):
    with pytest.raises(commands.EnvironmentOfAnother):
        correct(ticket, world, environment=make.environment(world.globex, "Theirs"))


def test_whoever_was_told_of_a_ticket_that_nobody_asked_for_hears_where_it_went(world):
    """Contacts of the environment it was taken for, and of the right one."""
    wrong, right = make.environment(world.acme, "Wrong site"), make.environment(world.acme, "Right site")
    with as_provider():
        EnvironmentContact.objects.create(customer=world.acme, environment=wrong, person=world.ada)
        EnvironmentContact.objects.create(customer=world.acme, environment=right, person=world.alan)
    ticket = make.ticket(world.contract, world.softswitch, None, opened_by=None, version=world.version, environment=wrong)
    correct(ticket, world, environment=right)

    with as_provider():
        told = set(Mail.objects.filter(kind="ticket_status").values_list("recipient", flat=True))
    assert told == {world.ada.pk, world.alan.pk}


def test_a_ticket_of_monitoring_stays_with_the_environment_that_was_watched(world, sbc, site, sara):
    ticket = make.ticket(
        world.contract, world.softswitch, None, opened_by=None, version=world.version, environment=site, channel="monitoring"
    )
    for other in (None, make.environment(world.acme, "Another site")):
        with pytest.raises(commands.EnvironmentWatched):
            correct(ticket, world, environment=other)

    form = sara.get(page(ticket)).context["form"]
    answer = sara.post(page(ticket), sent(form, product=sbc.pk, version="", environment=""))
    assert (answer.status_code, len(corrections(ticket))) == (302, 1)
    with as_provider():
        assert Ticket.objects.get().is_about == About(sbc.pk, None, site.pk)


def test_a_closed_ticket_stays_as_it_is(world, ticket, site):
    with as_provider():
        Ticket.objects.update(status="closed", closed_at=NOW)

    with pytest.raises(commands.ClosedTicket):
        correct(ticket, world, environment=site)


# --- The page ----------------------------------------------------------------------------------------------------------
def page(ticket):
    return reverse("console:ticket_correct", args=[ticket.pk])


def sent(form, **changes):
    """What the page's form sends, with some fields chosen anew."""
    return {name: "" if form[name].value() is None else form[name].value() for name in form.fields} | changes


def test_the_page_offers_what_can_be_chosen(world, ticket, sara, sbc, site):
    make.environment(world.globex, "Theirs")
    make.product("Billing", world.core)
    answer = sara.get(page(ticket))
    form = answer.context["form"]

    offered = [
        option for option in ("Softswitch", "SBC", "Billing", "Main site", "Theirs") if f">{option}</option>" in answer.content.decode()
    ]
    assert offered == ["Softswitch", "SBC", "Main site"]
    assert form["version"].value() == world.version.pk


def test_it_is_saved_and_leads_back(world, ticket, sara, sbc):
    form = sara.get(page(ticket)).context["form"]
    answer = sara.post(page(ticket), sent(form, product=sbc.pk, version=""), follow=True)

    assert answer.redirect_chain == [(ticket.console_url, 302)]
    assert "is about what you chose" in answer.content.decode()
    assert len(corrections(ticket)) == 1


def test_saved_as_it_was_it_tells_nobody_and_says_so(world, ticket, sara):
    form = sara.get(page(ticket)).context["form"]
    answer = sara.post(page(ticket), sent(form), follow=True)

    assert f"{ticket.number} was about that already." in answer.content.decode()
    assert corrections(ticket) == []


def test_a_version_that_does_not_fit_is_explained_and_the_choice_stays(world, ticket, sara, sbc):
    form = sara.get(page(ticket)).context["form"]
    answer = sara.post(page(ticket), sent(form, product=sbc.pk))

    assert answer.status_code == 422
    assert "belongs to another product" in answer.content.decode()
    assert str(answer.context["form"]["product"].value()) == str(sbc.pk)


def test_what_a_colleague_corrected_meanwhile_is_not_undone_unseen(world, ticket, sara, sbc, site):
    form = sara.get(page(ticket)).context["form"]
    correct(ticket, world, environment=site)
    answer = sara.post(page(ticket), sent(form, product=sbc.pk, version=""))

    assert answer.status_code == 422
    assert "meanwhile: now it is about Softswitch 7.2.1, Main site." in answer.content.decode()
    again = sara.post(page(ticket), sent(answer.context["form"]))
    assert again.status_code == 302
    assert len(corrections(ticket)) == 2


def test_the_ticket_leads_there_while_it_is_open(world, ticket, sara):
    assert page(ticket) in sara.get(ticket.console_url).content.decode()
    with as_provider():
        Ticket.objects.update(status="closed", closed_at=NOW)
    assert page(ticket) not in sara.get(ticket.console_url).content.decode()
    refused = sara.post(page(ticket), {"product": world.softswitch.pk})
    assert (refused.status_code, "This ticket is closed" in refused.content.decode()) == (422, True)


# --- Two at once -------------------------------------------------------------------------------------------------------
def both_correct(ticket, world, sbc, site, monkeypatch, lock):
    """Two agents with the same page: one chooses another product, one an environment."""
    meeting = Meeting()
    monkeypatch.setattr(story, "lock", meeting.after(lock))
    shown = ticket.is_about
    return at_once(
        lambda: correct(ticket, world, product=sbc, version=None, shown=shown),
        lambda: correct(ticket, world, environment=site, shown=shown),
    )


def unlocked(ticket):
    return Ticket.objects.select_related("promise").get(pk=ticket.pk)


@pytest.mark.django_db(transaction=True)
def test_of_two_corrections_at_once_the_second_is_refused(world, ticket, sbc, site, monkeypatch):
    results = both_correct(ticket, world, sbc, site, monkeypatch, story.lock)

    assert sorted(type(result).__name__ for result in results) == ["CorrectedMeanwhile", "Event"]
    assert len(corrections(ticket)) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_corrections_collide(world, ticket, sbc, site, monkeypatch):
    results = both_correct(ticket, world, sbc, site, monkeypatch, unlocked)

    assert sorted(type(result).__name__ for result in results) == ["Event", "IntegrityError"]
