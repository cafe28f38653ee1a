"""Prometheus HTTP service discovery gives the provider's server what customers offer, and only while they authorise it."""

import pytest
from django.test import Client
from django.utils import timezone

from monitoring import commands
from tests import factories as make

pytestmark = pytest.mark.django_db
TOKEN = "discovery-" + "x" * 20


@pytest.fixture(autouse=True)
def _settings(settings, monkeypatch):
    settings.DISCOVERY_TOKEN = TOKEN
    monkeypatch.setattr(timezone, "now", lambda: make.NOW)


def ask(token=TOKEN):
    return Client().get("/monitoring/targets", headers={"Authorization": f"Bearer {token}"})


def offer(environment, by, *addresses, job="node"):
    return [commands.add_target(actor=by, environment=environment, address=address, job=job, now=make.NOW) for address in addresses]


def test_targets_come_in_groups_as_prometheus_takes_them(site):
    offer(site.environment, site.world.ada, "b.acme.example:9100", "a.acme.example:9100")
    offer(site.environment, site.world.ada, "[2001:db8::1]:9200", job="sbc")

    labels = {"customer_id": str(site.world.acme.pk), "environment_id": str(site.environment.pk)}
    assert ask().json() == [
        {"targets": ["a.acme.example:9100", "b.acme.example:9100"], "labels": {"job": "node", **labels}},
        {"targets": ["[2001:db8::1]:9200"], "labels": {"job": "sbc", **labels}},
    ]


def test_what_is_not_authorised_any_more_is_not_offered(site):
    offer(site.environment, site.world.ada, "a.acme.example:9100")
    assert len(ask().json()) == 1

    commands.withdraw(actor=site.world.ada, environment=site.environment, erase=False, now=make.NOW)

    assert ask().json() == []


def test_what_was_removed_is_not_offered(site):
    [target] = offer(site.environment, site.world.ada, "a.acme.example:9100")

    commands.remove_target(actor=site.world.ada, target=target, now=make.NOW)

    assert ask().json() == []


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], f"{TOKEN}x"])
def test_anybody_else_finds_nothing(site, token):
    assert ask(token).status_code == 404


def test_without_a_token_set_there_is_nothing(site, settings):
    settings.DISCOVERY_TOKEN = ""

    assert ask("").status_code == 404


@pytest.mark.parametrize("address", ["a", "a:0", "a:70000", "http://a:80", "a b:80", "a:80/x", "-a:80", "a\n:80", ":80", "x" * 300 + ":80"])
def test_an_address_that_is_none_is_refused(site, address):
    with pytest.raises(commands.WrongAddress):
        offer(site.environment, site.world.ada, address)


def test_the_same_address_twice_is_refused(site):
    offer(site.environment, site.world.ada, "a:9100")

    with pytest.raises(commands.TargetTaken):
        offer(site.environment, site.world.ada, "a:9100")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "a.localhost",
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104 - refused
        "127.1",
        "2130706433",
        "0x7f.1",
    ],
)
def test_the_providers_own_machine_is_nobodys_to_offer(site, host):
    with pytest.raises(commands.OurOwnAddress):
        offer(site.environment, site.world.ada, f"{host}:9090")


@pytest.mark.parametrize("host", ["10.0.0.7", "192.168.1.4", "sbc-1", "1.example.com", "[fd00::7]"])
def test_an_address_of_a_private_network_may_be_offered(site, host):
    [target] = offer(site.environment, site.world.ada, f"{host}:9100")

    assert target.address == f"{host}:9100"
