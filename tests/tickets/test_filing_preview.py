"""What filing would mean now: beside each choice, for the contract that it leads to, and said again when it is sent."""

import re
from datetime import date

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tenancy import as_nobody
from notifications.tasks import relay_outbox
from sla.commands import calendars
from sla.shipped import Follows
from tests import factories as make
from tests.sla.stories import at

pytestmark = pytest.mark.django_db

# Filed at, as what; what the card of its severity says before, and what is said once it is sent.
EXAMPLES = {
    "T1": (
        ("21 Nov 23:50", "technical", "critical"),
        ("Covered now: first answer by tomorrow 00:20", "then news every 1 h, solution by tomorrow 03:50"),
        "First answer by Sun 22 Nov 00:20 (Sao Paulo, UTC−3)",
    ),
    "T2": (
        ("19 Nov 17:30", "technical", "medium"),
        ("Covered now: first answer by Monday 12:30", "then news every 9 h of our business hours, solution by Wednesday 17:30"),
        "First answer by Mon 23 Nov 12:30 (Sao Paulo, UTC−3)",
    ),
    "T3": (
        ("21 Nov 10:00", "technical", "low"),
        ("We open Monday 09:00: first answer by Monday 18:00", "then news every 27 h of our business hours, solution by Fri 4 Dec 18:00"),
        "First answer by Mon 23 Nov 18:00 (Sao Paulo, UTC−3)",
    ),
}
IN_PORTUGUESE = {
    "T1": (["00:20", "03:50"], [], "22 nov 00:20 (Brasília, UTC−3)"),
    "T2": (["12:30", "17:30"], ["segunda-feira", "quarta-feira"], "23 nov 12:30 (Brasília, UTC−3)"),
    "T3": (["09:00", "18:00", "18:00"], ["segunda-feira", "segunda-feira", "sex"], "23 nov 18:00 (Brasília, UTC−3)"),
}


@pytest.fixture
def calendar(world):
    """As shipped, with its holidays."""
    return calendars.create_calendar(
        actor=None, name="As shipped", time_zone="America/Sao_Paulo", follows=Follows.FLORIANOPOLIS, now=make.NOW
    )


@pytest.fixture
def contract(world, calendar):
    """Ends after the one Acme has already, so that it is the usual one."""
    return make.contract(world.acme, world.softswitch, manager=world.max, number="C-2", calendar=calendar, last_date=date(2100, 1, 1))


@pytest.fixture
def ada(world, contract):
    client = Client()
    client.force_login(world.ada)
    return client


def freeze(monkeypatch, when):
    monkeypatch.setattr("django.utils.timezone.now", lambda: at(when))


def speak_portuguese(person):
    person.language = "pt-br"
    with as_nobody():
        person.save(update_fields=["language"])


def meaning(page, type, severity, key="severity_options"):
    """What the card says under that type, first and then."""
    option = next(option for option in page.context[key] if option.value == severity)
    found = next(meaning for meaning in option.meanings if meaning.type == type)
    return found.text, found.detail


def filed(client, world, type, severity):
    values = {"type": type, "severity": severity, "product": world.softswitch.pk, "subject": "Calls drop", "description": "All of them."}
    return client.post(reverse("portal:ticket_new"), values, follow=True)


def mailed(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    relay_outbox()
    return next(letter for letter in mail.outbox if letter.to == ["ada@acme.example"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_worked_examples_before_and_after_sending(world, ada, monkeypatch, settings, name):
    (when, type, severity), before, after = EXAMPLES[name]
    freeze(monkeypatch, when)
    page = ada.get(reverse("portal:ticket_new"))
    sent = filed(ada, world, type, severity)
    letter = mailed(settings)

    assert meaning(page, type, severity) == before
    assert all(sentence in page.text for sentence in before)
    assert f'<li class="strong">{after}</li>' in sent.text
    assert [after in part for part in (letter.body, letter.alternatives[0].content)] == [True, True]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_same_instants_in_portuguese(world, ada, monkeypatch, settings, name):
    (when, type, severity), _before, _after = EXAMPLES[name]
    times, days, dated = IN_PORTUGUESE[name]
    speak_portuguese(world.ada)
    freeze(monkeypatch, when)
    said = " ".join(meaning(ada.get(reverse("portal:ticket_new")), type, severity))
    sent = filed(ada, world, type, severity)
    letter = mailed(settings)

    assert re.findall(r"\d\d:\d\d", said) == times
    assert re.findall(r"\w+-feira|sex", said) == days
    assert [instants(dated) <= instants(text) for text in (sent.text, letter.body, letter.alternatives[0].content)] == [True, True, True]


def instants(text):
    """Times and zones in it."""
    return set(re.findall(r"\d\d:\d\d|Brasília, UTC−3", text))


def test_it_says_as_of_when_in_which_zone_and_by_which_contract(ada, contract, monkeypatch):
    freeze(monkeypatch, "21 Nov 23:50")

    page = ada.get(reverse("portal:ticket_new"))

    assert page.context["preview_note"] == "What each means now, at 23:50 (Sao Paulo, UTC−3), by contract C-2:"
    assert page.context["preview_note"] in page.text


def test_every_type_and_severity_has_its_own_meaning(ada, monkeypatch):
    freeze(monkeypatch, "23 Nov 09:00")

    options = ada.get(reverse("portal:ticket_new")).context["severity_options"]

    every = ["technical", "functional", "update_service"]
    assert {option.value: [m.type for m in option.meanings] for option in options} == {
        "critical": ["technical"],
        "high": every,
        "medium": every,
        "low": every,
    }


def parts(client, **chosen):
    return client.get(reverse("portal:ticket_preview"), chosen)


def noted(page):
    return re.search(r"by contract (\S+):", page.text)[1]


def test_a_part_is_for_the_contract_that_the_choices_lead_to(world, ada, contract):
    gateway = make.product("Gateway", world.core)
    third = make.contract(world.acme, gateway, manager=world.max, number="C-3", last_date=date(2101, 1, 1))
    site = make.environment(world.acme, contract=world.contract)

    assert noted(parts(ada)) == "C-3"  # ends last
    assert noted(parts(ada, product=world.softswitch.pk)) == "C-2"
    assert noted(parts(ada, product=world.softswitch.pk, environment=site.pk)) == "C-1"
    assert noted(parts(ada, product=world.softswitch.pk, environment=site.pk, contract=contract.pk)) == "C-2"
    assert noted(parts(ada, product=world.softswitch.pk, contract=third.pk)) == "C-2"  # doesn't cover it
    assert noted(parts(ada, product="1e9", environment=10**30, contract="x")) == "C-3"


def test_an_environment_of_somebody_else_is_none(world, ada):
    foreign = make.environment(world.globex, contract=world.globex_contract)

    answers = [parts(ada, product=world.softswitch.pk, environment=pk) for pk in (foreign.pk, 10**9)]

    assert [noted(answer) for answer in answers] == ["C-2", "C-2"]


def test_a_part_takes_the_place_of_what_the_page_has(ada):
    page, part = ada.get(reverse("portal:ticket_new")), parts(ada)

    ids = re.findall(r'id="(filing-preview[\w-]*)" hx-swap-oob="true"', part.text)
    assert ids == [f"filing-preview-{name}" for name in ("note", "critical", "high", "medium", "low")]
    assert [page.text.count(f'id="{name}"') for name in ids] == [1] * 5
    assert "<html" not in part.text


def test_a_form_with_a_mistake_keeps_the_contract_that_was_chosen(world, ada):
    answer = ada.post(reverse("portal:ticket_new"), {"product": world.softswitch.pk, "contract": world.contract.pk, "type": "technical"})

    assert (answer.status_code, noted(answer)) == (422, "C-1")


def test_without_a_contract_in_force_there_is_nothing_to_say(world):
    client = Client()
    client.force_login(make.member(make.customer("Initech"), "Ida Intern"))

    assert parts(client).status_code == 204


def test_staff_see_the_same_when_they_file_for_somebody(world, contract, monkeypatch):
    freeze(monkeypatch, "21 Nov 23:50")
    client = Client()
    client.force_login(world.sara.person)
    page = client.get(reverse("console:ticket_new", args=[world.acme.pk]))
    part = client.get(reverse("console:ticket_preview", args=[world.acme.pk]), {"contract": world.contract.pk})
    values = {"type": "technical", "severity": "critical", "subject": "Calls drop", "description": "x", "requester": world.ada.pk}
    sent = client.post(reverse("console:ticket_new", args=[world.acme.pk]), values | {"product": world.softswitch.pk}, follow=True)

    assert meaning(page, "technical", "critical") == EXAMPLES["T1"][1]
    assert noted(part) == "C-1"
    assert "The customer is told. First answer by Sun 22 Nov 00:20 (Sao Paulo, UTC−3)." in sent.text
    assert client.get(reverse("console:ticket_preview", args=[10**9])).status_code == 404


def test_what_a_part_costs(ada):
    parts(ada)
    with CaptureQueriesContext(connection) as queries:
        parts(ada)
    base = len(queries)
    with CaptureQueriesContext(connection) as queries:
        parts(ada, environment=1)

    assert (base, len(queries)) == (11, 12)


def test_a_policys_new_version_is_shown_from_its_instant_on(world, ada, monkeypatch):
    make.policy_version(make.policy(), now=at("24 Nov 12:00"), first_response=60)
    said = []
    for when in ("24 Nov 11:59", "24 Nov 12:01"):
        freeze(monkeypatch, when)
        said.append(meaning(ada.get(reverse("portal:ticket_new")), "technical", "high")[0])

    assert said == ["Covered now: first answer by 13:59", "Covered now: first answer by 13:01"]
