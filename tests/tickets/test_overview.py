"""The overviews' figures, as their tables show them."""

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Person
from accounts.tenancy import as_nobody, as_provider, as_tenant
from tests import factories as make
from tickets import commands
from tickets.models import Ticket
from tickets.queries import overview

pytestmark = pytest.mark.django_db
NOW = make.NOW  # Monday, 23 November 2026, 12:00 UTC


def filed(world, at=NOW, **values):
    under, requester = values.pop("under", world.contract), values.pop("requester", world.ada)
    ticket = make.ticket(under, values.pop("product", world.softswitch), requester, **values)
    with as_provider():
        Ticket.objects.filter(pk=ticket.pk).update(opened_at=at)
    return ticket


def figures(pictures):
    """By chart: its categories with their figures."""
    return {p.chart.id: dict(zip(p.chart.categories, zip(*(s.values for s in p.chart.series), strict=True), strict=True)) for p in pictures}


def console(**values):
    with as_provider():
        return figures(overview.console(**({"team_id": None, "weeks": 13, "now": NOW} | values)))


def test_weeks_begin_on_monday_in_the_readers_zone(world):
    sunday_night_in_brazil = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
    filed(world, sunday_night_in_brazil)
    found = {}
    for zone in ("America/Sao_Paulo", "Europe/Berlin"):
        with timezone.override(zone):
            found[zone] = [week for week, (opened, _solved) in console()["weeks"].items() if opened]

    assert found == {"America/Sao_Paulo": ["16 Nov 2026"], "Europe/Berlin": ["23 Nov 2026"]}


def test_what_is_before_the_period_is_left_out(world):
    filed(world, datetime(2026, 8, 30, 23, tzinfo=UTC))
    filed(world, datetime(2026, 8, 31, 12, tzinfo=UTC))

    weeks = console()["weeks"]
    assert (len(weeks), [week for week, (opened, _s) in weeks.items() if opened]) == (13, ["31 Aug 2026"])


def test_what_is_on_whose_desk(world):
    mine, other, solved = filed(world, severity="critical"), filed(world, severity="low"), filed(world)
    filed(world, severity="low")
    for ticket, agent in ((mine, world.sara), (other, world.sara), (solved, world.lea)):
        commands.assign(ticket=ticket, agent=world.lea.person, assignee=agent, now=NOW)
    commands.mark_solved(ticket=solved, person=world.ada, now=NOW)

    found = console()
    assert found["load"] == {"Sara": (1, 0, 0, 1), "Nobody yet": (0, 0, 0, 1)}
    assert found["states"] == {"New": (1,), "Open": (2,), "Resolved": (1,)}
    assert found["severities"] == {"Critical": (1,), "Low": (2,)}
    assert found["weeks"]["23 Nov 2026"] == (4, 1)
    assert (found["product"], found["customer"]) == ({"Softswitch": (4,)}, {"Acme": (4,)})


def test_one_team_can_be_chosen(world):
    other = make.team("Billing")
    billing = make.product("Billing", other)
    contract = make.contract(world.acme, billing, manager=world.max, number="C-2")
    filed(world, under=contract, product=billing)
    filed(world)

    assert (console()["product"], console(team_id=other.pk)["product"]) == ({"Billing": (1,), "Softswitch": (1,)}, {"Billing": (1,)})


def test_a_customer_sees_its_own(world):
    site = make.environment(world.acme)
    filed(world, environment=site)
    filed(world)
    filed(world, under=world.globex_contract, requester=world.grace)
    commands.assign(ticket=filed(world), agent=world.lea.person, assignee=world.sara, now=NOW)

    with as_tenant(world.acme.pk, world.ada.pk):
        found = figures(overview.portal(weeks=13, now=NOW))
    assert found["weeks"]["23 Nov 2026"] == (3, 0)
    assert found["states"] == {"Received": (2,), "Being checked": (1,)}
    assert found["environment"] == {"No environment given": (2,), "Main site": (1,)}


@pytest.mark.parametrize(("face", "queries"), [("console", 5), ("portal", 4)])
def test_the_figures_cost_the_same_for_any_number_of_tickets(face, queries, world):
    costs = []
    for _more in range(2):
        filed(world, severity="low", environment=make.environment(world.acme, name=f"Site {_more}"))
        scope = as_provider() if face == "console" else as_tenant(world.acme.pk, world.ada.pk)
        with scope, CaptureQueriesContext(connection) as asked:
            overview.console(team_id=None, weeks=26, now=NOW) if face == "console" else overview.portal(weeks=26, now=NOW)
        costs.append(len(asked))

    assert costs == [queries, queries]


def page(person, name, **parameters):
    client = Client()
    client.force_login(person)
    answer = client.get(reverse(name), parameters)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", ["portal:overview", "console:overview"])
@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_the_pages_have_charts_with_their_figures(name, language, world):
    person = world.ada if name.startswith("portal") else world.lea.person
    with as_nobody():
        Person.objects.filter(pk=person.pk).update(language=language)
    filed(world, timezone.now())
    html = page(person, name, weeks="52")

    pictures = 3 if name.startswith("portal") else 6
    assert (len(re.findall("<svg[^>]*role=.img", html)), html.count('<details class="chart-figures">')) == (pictures, pictures)
    assert len(re.findall(r"<tr><th scope=\"row\">[^<]*</th><td class=\"number\">[\d.,]+</td><td", html)) >= 52
    assert "style=" not in html


@pytest.mark.parametrize("name", ["portal:overview", "console:overview"])
def test_without_tickets_the_pages_say_so(name, world):
    html = page(world.ada if name.startswith("portal") else world.lea.person, name, weeks="nonsense", team="0")

    assert '<svg class="chart-svg' not in html
    assert "No ticket in this period." in html


@pytest.mark.parametrize(("name", "controls"), [("portal:overview", ["weeks"]), ("console:overview", ["team", "weeks"])])
def test_the_period_and_the_team_can_be_chosen_on_the_page(name, controls, world):
    html = page(world.ada if name.startswith("portal") else world.lea.person, name)

    assert re.findall(r'<select name="(\w+)"', html) == controls
