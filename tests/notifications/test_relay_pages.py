"""The relay of pages as a whole: from a row to a service and back to the row."""

import logging
import time

import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.tenancy import as_nobody, as_provider
from notifications import commands, courier
from notifications.models import Page, PageDelivery
from notifications.tasks import relay_pages
from tests import factories as make
from tests.service import serving

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(settings):
    settings.PAGES_TO_PRIVATE_ADDRESSES = True
    with serving() as service:
        yield service


@pytest.fixture
def on_call(world):
    make.rota(world.sara)
    return world.sara.person


def fates():
    with as_provider():
        return list(PageDelivery.objects.order_by("pk").values_list("label", "state", "last_error"))


def test_a_page_reaches_whoever_is_on_call(service, on_call):
    make.way(on_call, service.url())
    page = make.page(now=timezone.now())

    assert relay_pages() == 1
    assert service.messages() == [f"Acme\nhttp://127.0.0.1:8000/console/on-call/pages/{page.pk}/"]
    assert fates() == [("Phone", "sent", "")]
    assert relay_pages() == 0


def test_two_ways_at_once_are_used_at_once(service, on_call):
    make.way(on_call, service.url("chat"), label="Chat")
    make.way(on_call, service.url("phone"), label="Call")
    make.page(now=timezone.now())

    assert relay_pages() == 2
    assert sorted(path for path, _body in service.received) == ["/chat", "/phone"]


def test_what_fails_is_noted_in_our_words_and_nothing_secret_is_logged(service, on_call, caplog):
    caplog.set_level(logging.DEBUG)
    service.rules["secret-canary"] = [500]
    make.way(on_call, service.url("secret-canary"))
    make.page(now=timezone.now())

    assert relay_pages() == 0

    assert fates() == [("Phone", "due", "status 500")]
    assert "secret-canary" not in caplog.text
    with as_provider():
        assert PageDelivery.objects.get().trouble == "The service answered 500."


def test_without_the_setting_pages_do_not_go_to_our_own_network(service, on_call, settings):
    settings.PAGES_TO_PRIVATE_ADDRESSES = False
    make.way(on_call, service.url())
    make.page(now=timezone.now())

    relay_pages()

    assert (service.received, fates()[0]) == ([], ("Phone", "failed", "private"))


def test_what_is_on_its_way_is_noted_though_the_database_was_away_meanwhile(on_call, monkeypatch):
    def slow(**_order):
        time.sleep(1)
        return courier.Fate()

    make.way(on_call)
    make.page(now=timezone.now())
    asked = []
    monkeypatch.setattr(courier, "carry", slow)
    monkeypatch.setattr(commands.paging, "give_up_lost", lambda now: asked.append(now) or _away(len(asked) == 2))

    with pytest.raises(OperationalError):
        relay_pages()

    assert (fates(), len(asked)) == ([("Phone", "sent", "")], 2)


def _away(now):
    if now:
        raise OperationalError


def test_a_way_that_was_removed_goes_by_mail_instead(service, on_call):
    way = make.way(on_call, service.url())
    page = make.page(now=timezone.now())
    commands.paging.address_due(timezone.now())
    with as_nobody(on_call.pk):
        commands.remove_way(way=way)

    relay_pages()

    assert fates()[:2] == [("Phone", "failed", "removed"), ("", "sent", "")]
    with as_provider():
        assert Page.objects.get(pk=page.pk).to_leads is False
