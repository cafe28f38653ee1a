"""What people wrote is text on every page that lists or shows it, whatever it looks like."""

from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Customer, Person
from accounts.tenancy import as_provider
from tests import factories as make
from tickets import commands

pytestmark = pytest.mark.django_db
HOSTILE = """<script>alert("x")</script>{{ 7 }}</title>' onload=y"""


class Obeyed(HTMLParser):
    """What a browser would make of it: attributes of ours, scripts of ours."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found += [(tag, name) for name, _value in attributes if name == "onload"]

    def handle_data(self, data):
        if self.cdata_elem == "script" and "alert(" in data:
            self.found.append(("script", data))


@pytest.fixture
def ticket(world):
    """Its subject, message, evidence, customer and requester are called so."""
    with as_provider():
        Customer.objects.filter(pk=world.acme.pk).update(name=HOSTILE)
        Person.objects.filter(pk=world.ada.pk).update(name=HOSTILE)
    world.ada.name = HOSTILE
    ticket = make.ticket(world.contract, world.softswitch, world.ada, subject=HOSTILE, description=HOSTILE)
    commands.answer(ticket=ticket, agent=world.sara.person, body=HOSTILE, now=make.NOW)
    return ticket


@pytest.mark.parametrize(
    ("face", "page"),
    [
        ("console", "console:queue"),
        ("console", "console:ticket"),
        ("console", "console:search"),
        ("portal", "portal:home"),
        ("portal", "portal:ticket"),
        ("portal", "portal:tickets"),
    ],
)
def test_markup_in_it_is_shown_and_never_obeyed(world, ticket, face, page):
    client = Client()
    client.force_login(world.sara.person if face == "console" else world.ada)
    address = reverse(page, args=[ticket.pk] if page.endswith(":ticket") else ["all"] if page.endswith(":queue") else [])
    html = client.get(address, {"q": HOSTILE} if page.endswith(":search") else {}).content.decode()

    assert Obeyed(html).found == []
    assert "&lt;script&gt;alert(" in html
