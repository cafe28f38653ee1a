"""Searching, through the pages: by words, by number and by what identifies a call, with what matched shown."""

import re

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from tests import factories as make
from tickets import commands, tasks

pytestmark = pytest.mark.django_db
CALL_ID = "3c26700c1d1E4a2b@10.1.2.3"


@pytest.fixture
def ada(world):
    return signed_in(world.ada)


@pytest.fixture
def sara(world):
    return signed_in(world.sara.person)


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


def page(client, words, **others):
    face = "console:search" if client.get("/console/").status_code == 302 else "portal:tickets"
    answer = client.get(reverse(face), {"q": words, "state": "all"} | others)
    assert answer.status_code == 200
    return answer.content.decode()


def numbers(html):
    return [int(pk) for pk in re.findall(r'class="ticket-link[^"]*" href="[^"]*/tickets/(\d+)/', html)]


def excerpts(html):
    """What stands below the rows' titles, with <mark> as square brackets."""
    found = re.findall(r'<p class="found">(.*?)</p>', html, re.DOTALL)
    return [" ".join(strip_tags(text.replace("<mark>", "[").replace("</mark>", "]")).split()) for text in found]


def filed(world, **values):
    return make.ticket(world.contract, world.softswitch, world.ada, **values)


def attach(world, name, content, **values):
    file = commands.upload(customer_id=world.acme.pk, uploader=world.ada, name=name, content=ContentFile(content.encode()), now=make.NOW)
    ticket = filed(world, files=[file], **values)
    tasks.scan_evidence()
    return ticket


@pytest.mark.parametrize(
    "words", [CALL_ID, f"Call-ID: {CALL_ID}", f"<{CALL_ID}>", f'"{CALL_ID}"', "3c26700c1d1E4a2b", "3c26700c1d1E4a2b@10.9.9.9", "3c26700c1d"]
)
def test_a_call_is_found_in_a_file(words, world, ada, sara):
    ticket = attach(world, "chamadas.log", f"INVITE\r\nCall-ID: {CALL_ID}\r\n")
    filed(world, subject="Another one")

    for client in (ada, sara):
        html = page(client, words)
        assert (numbers(html), excerpts(html)) == ([ticket.pk], [f"in chamadas.log: [{CALL_ID}]"])


def test_a_call_is_found_in_a_message(world, ada):
    ticket = filed(world, description=f"Since 9h. Look at {CALL_ID}, please.")

    html = page(ada, CALL_ID)

    assert (numbers(html), excerpts(html)) == ([ticket.pk], [f"Since 9h. Look at [{CALL_ID}], please."])


def test_the_very_same_comes_alone_and_what_is_alike_is_offered(world, sara):
    exact, other_capitals = filed(world, description=f"See {CALL_ID}"), filed(world, description=f"See {CALL_ID.lower()}")

    strict, loose = page(sara, CALL_ID), page(sara, CALL_ID, loose="1")

    assert (numbers(strict), "Also those that are alike" in strict) == ([exact.pk], True)
    assert numbers(loose) == [other_capitals.pk, exact.pk]


def test_other_capitals_are_found_when_nothing_is_the_same(world, sara):
    ticket = filed(world, description=f"See {CALL_ID}")

    html = page(sara, CALL_ID.upper())

    assert numbers(html) == [ticket.pk]
    assert "Nothing has exactly the identifier" in html


def test_what_is_internal_is_found_by_staff_alone(world, ada, sara):
    ticket = filed(world)
    file = commands.upload(
        customer_id=world.acme.pk,
        uploader=world.sara.person,
        name="ours.log",
        content=ContentFile(f"Call-ID: {CALL_ID}\n".encode()),
        now=make.NOW,
    )
    commands.note(
        ticket=ticket, author=world.sara.person, body="A secret zebra, a84b4c76e66710@pc33.atlanta.example", files=[file], now=make.NOW
    )
    tasks.scan_evidence()

    for words in (CALL_ID, "a84b4c76e66710@pc33.atlanta.example", "zebra"):
        assert numbers(page(sara, words)) == [ticket.pk]
        assert numbers(page(ada, words)) == []
        assert numbers(page(signed_in(world.grace), words)) == []
    assert excerpts(page(sara, "zebra")) == ["Internal A secret [zebra], a84b4c76e66710@pc33.atlanta.example"]


def test_a_customers_excerpt_is_never_from_a_note(world, ada):
    ticket = filed(world, description="The zebra is out.")
    commands.note(ticket=ticket, author=world.sara.person, body="That zebra owes us money.", now=make.NOW)

    assert excerpts(page(ada, "zebra")) == ["The [zebra] is out."]


@pytest.mark.parametrize(
    ("words", "body", "shown"),
    [
        ("ligacao", "Muitas ligações caíram hoje.", "Muitas [ligações] caíram hoje."),
        ("ligações", "Uma ligação caiu.", "Uma [ligação] caiu."),
        ("calling", "All calls drop.", "All [calls] drop."),
        ('"calls drop"', "All calls drop.", "All [calls] [drop]."),
        ("calls -thunder", "All calls drop.", "All [calls] drop."),
        ("drop OR thunder", "All calls drop.", "All calls [drop]."),
        ("7.2.1", "Since 7.2.1 nothing.", "Since [7.2.1] nothing."),
        ("calls", "<img src=x onerror=alert(1)> calls & <b>", "&lt;img src=x onerror=alert(1)&gt; [calls] &amp; &lt;b&gt;"),
    ],
)
def test_the_words_that_matched_are_marked(words, body, shown, world, sara):
    filed(world, subject="Nothing of that", description=body)

    assert excerpts(page(sara, words)) == [shown]


def test_the_newest_message_that_matches_is_shown(world, ada):
    ticket = filed(world, description="First the zebra.")
    commands.reply(ticket=ticket, author=world.ada, body="Then the other zebra.", now=make.NOW)
    commands.reply(ticket=ticket, author=world.ada, body="Then none.", now=make.NOW)

    assert excerpts(page(ada, "zebra")) == ["Then the other [zebra]."]


def test_a_subject_is_marked_too(world, sara):
    filed(world, subject="A <b>zebra</b> calls", description="Nothing else.")

    html = page(sara, "zebra")

    assert "A &lt;b&gt;<mark>zebra</mark>&lt;/b&gt; calls</a>" in html
    assert 'title="A &lt;b&gt;zebra&lt;/b&gt; calls"' in html
    assert excerpts(html) == []


def test_a_search_without_result_says_what_it_looked_for(world, ada, sara):
    file = commands.upload(customer_id=world.acme.pk, uploader=world.ada, name="a.log", content=ContentFile(b"x"), now=make.NOW)
    filed(world, files=[file])

    for client in (ada, sara):
        html = page(client, "<i>99-nothing@10.1.1.1")
        assert "Nothing found for “&lt;i&gt;99-nothing@10.1.1.1”" in html
        assert "Try the part before the @ alone" in html
        assert "still being searched" in html
        assert "A number such as SP-10432" in page(client, "unheard")


@pytest.mark.parametrize(("words", "queries"), [("zebra", 16), (CALL_ID, 15), ("3c26700c1d1E4a2b", 15)])
def test_a_search_costs_the_same_for_one_and_for_three(words, queries, world, sara):
    sara.get(reverse("console:search"))  # the first request of a session writes it
    costs = []
    for more in (1, 2):
        for _ticket in range(more):
            attach(world, "a.log", f"Call-ID: {CALL_ID}\r\n", description="The zebra.")
        with CaptureQueriesContext(connection) as asked:
            sara.get(reverse("console:search"), {"q": words})
        costs.append(len(asked))

    assert costs == [queries, queries]


def test_a_number_goes_to_its_ticket(world, ada, sara):
    ticket = filed(world)

    assert sara.get(reverse("console:search"), {"q": ticket.number})["Location"] == ticket.console_url
    assert numbers(page(ada, ticket.number)) == [ticket.pk]


def test_results_are_counted_beyond_the_page(world, sara):
    for number in range(102):
        filed(world, subject=f"Zebra {number}")

    first = page(sara, "zebra")
    rest = re.search(r'href="([^"]*before=[^"]*)"', first)[1].replace("&amp;", "&")

    assert (len(numbers(first)), "102 tickets" in first) == (50, True)
    assert len(numbers(sara.get(rest).content.decode())) == 50
