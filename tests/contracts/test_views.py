"""Contracts and environments through the staff's pages."""

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import commands as accounts
from accounts.tenancy import as_provider
from contracts import commands
from contracts.models import Contract, ContractProduct, Environment, Standing, Terms
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: make.NOW)


def client_of(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def max_(world):
    return client_of(world.max.person)


def signature(world, **changes):
    return {
        "number": "C-9",
        "signed_date": "2026-11-20",
        "first_date": "2026-12-01",
        "last_date": "2028-11-30",
        "products": [world.softswitch.pk],
        "calendar": make.calendar().pk,
        "currency": "BRL",
        "account_manager": world.max.pk,
        "deputy": "",
        "policy": make.policy().pk,
        "allowance_minutes": "120",
        "package_minutes": "600",
        "package_fee_cents": "1.240,50",
        "functional_rate_cents": "240",
        "off_hours_rate_cents": "360.00",
        "update_rate_cents": "300,5",
        "increment_minutes": "15",
    } | changes


def sign(client, world, **changes):
    return client.post(reverse("console:contract_new", args=[world.acme.pk]), signature(world, **changes))


def test_a_signature_is_registered_with_amounts_as_people_write_them(world, max_):
    answer = sign(max_, world)

    with as_provider():
        contract = Contract.objects.get(number="C-9")
        assert contract.products.get() == world.softswitch
        terms = contract.terms_on(date(2026, 12, 1))
    assert answer["Location"] == reverse("console:contract", args=[contract.pk])
    assert (contract.customer_id, contract.signed_date) == (world.acme.pk, date(2026, 11, 20))
    assert (terms.package_fee_cents, terms.functional_rate_cents, terms.off_hours_rate_cents) == (124050, 24000, 36000)
    assert (terms.update_rate_cents, terms.last_date) == (30050, date(2028, 11, 30))


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"number": "C-1"}, "number", "This customer already has a contract with this number."),
        ({"last_date": "2026-11-30"}, "last_date", "The last day lies before the first."),
        ({"first_date": "31/31/2026"}, "first_date", "Enter a valid date."),
        ({"functional_rate_cents": "lots"}, "functional_rate_cents", "“lots” is not an amount. Write it like 240.00."),
        ({"package_minutes": "0"}, "package_minutes", "A package with a fee needs minutes."),
    ],
)
def test_a_mistake_is_explained_beside_its_field_and_the_text_is_kept(world, max_, changes, field, sentence):
    answer = sign(max_, world, **changes)

    assert answer.status_code == 422
    assert answer.context["form"].errors == {field: [sentence]}
    assert answer.context["form"][field].value() == changes[field]
    assert answer.context["form"]["package_fee_cents"].value() == "1.240,50"
    with as_provider():
        assert Contract.objects.filter(customer=world.acme).count() == 1


def amendment(client, contract, from_date, **changes):
    """Send the form as the page shows it, with some of its fields changed."""
    url = reverse("console:contract_amend", args=[contract.pk])
    form = client.get(url).context["form"]
    shown = {field.html_name: "" if (value := field.value()) is None else value for field in form}
    return client.post(url, shown | {"from_date": from_date, "reason": "Agreed by mail"} | changes)


def resend(client, answer, **changes):
    """Send what an answer shows once more."""
    shown = {field.html_name: field.value() for field in answer.context["form"]}
    return client.post(answer.request["PATH_INFO"], shown | changes)


def stored(contract):
    """What each amendment changes."""
    with as_provider():
        rows = Terms.objects.filter(contract=contract, number__gt=0)
        return [{name: getattr(row, name) for name in commands.AGREED if getattr(row, name) is not None} for row in rows]


def test_an_amendment_holds_only_what_was_changed(world, max_):
    answer = amendment(max_, world.contract, "2026-12-01", functional_rate_cents="260,50")

    assert answer["Location"] == reverse("console:contract", args=[world.contract.pk])
    assert stored(world.contract) == [{"functional_rate_cents": 26050}]


def test_an_amendment_that_changes_nothing_is_refused_with_a_sentence(world, max_):
    answer = amendment(max_, world.contract, "2026-12-01")

    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors() == ["This is what rules on that day already. Change at least one value."]
    assert stored(world.contract) == []


def test_an_amendment_before_the_first_day_is_refused(world, max_):
    answer = amendment(max_, world.contract, "2025-01-31", allowance_minutes="240")

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["from_date"]


def test_an_amendment_for_a_day_on_which_other_terms_rule_shows_those_first(world, max_):
    commands.amend(actor=None, contract=world.contract, from_date=date(2027, 6, 1), changes={"allowance_minutes": 600}, now=make.NOW)

    shown = amendment(max_, world.contract, "2027-07-01", last_date="2029-12-31")

    assert shown.status_code == 422
    assert list(shown.context["form"].errors) == ["from_date"]
    assert shown.context["form"]["allowance_minutes"].value() == "600"
    assert shown.context["form"]["last_date"].value() == "2029-12-31"

    assert resend(max_, shown).status_code == 302
    assert stored(world.contract) == [{"allowance_minutes": 600}, {"last_date": date(2029, 12, 31)}]


def test_the_history_says_what_each_amendment_changed(world, max_):
    amendment(max_, world.contract, "2026-12-01", update_rate_cents="312")

    page = max_.get(reverse("console:contract", args=[world.contract.pk])).content.decode()

    history = page[page.index("Amendment 1") :]
    assert "312.00" in history
    assert "240.00" not in history


def stand(client, contract, state, from_date="2026-11-23"):
    url = reverse("console:contract_standing", args=[contract.pk])
    return client.post(url, {"state": state, "from_date": from_date, "reason": "payment"})


def test_a_suspended_customer_is_told_whom_to_talk_to(world, max_):
    assert stand(max_, world.contract, "suspended").status_code == 302

    page = client_of(world.ada).get(reverse("portal:ticket_new"))

    assert page.templates[0].name == "portal/ticket_form_refused.html"
    assert "Your account manager can put this right:" in page.content.decode()
    assert page.context["managers"] == ["Max"]


def test_a_suspended_customer_whose_manager_left_is_told_to_talk_to_the_provider(world, max_):
    stand(max_, world.contract, "suspended")
    accounts.set_staff_roles(actor=None, person=world.max.person, display_name="Max", roles=[], now=make.NOW)

    page = client_of(world.ada).get(reverse("portal:ticket_new")).content.decode()

    assert "can put this right" not in page
    assert "Please talk to" in page


def test_a_standing_that_cannot_be_is_refused_with_a_sentence(world, max_):
    stand(max_, world.contract, "ended", "2026-11-01")

    answer = stand(max_, world.contract, "active")

    assert answer.status_code == 422
    assert answer.context["standing_form"].non_field_errors() == [
        "The contract ends on 2026-11-01; what is ended stays ended. Sign a new contract instead."
    ]
    with as_provider():
        assert [s.state for s in Standing.objects.filter(contract=world.contract)] == ["ended"]


def test_other_roles_of_the_staff_do_not_keep_contracts(world):
    lea = client_of(world.lea.person)

    answers = [sign(lea, world), stand(lea, world.contract, "ended"), lea.post(reverse("console:contract_amend", args=[world.contract.pk]))]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


@pytest.mark.parametrize("query", [{"q": "Ac\x00me"}, {"after": "\x00"}, {"after": "Zeta"}, {"after": "9" * 30}, {"after": "²"}])
def test_nonsense_in_the_address_of_the_list_is_left_out(world, max_, query):
    page = max_.get(reverse("console:customers"), query)

    assert page.status_code == 200
    assert page.context["rows"][0].customer == world.acme


def test_the_list_goes_on_after_its_last_row(world, max_, monkeypatch):
    monkeypatch.setattr("contracts.queries.CUSTOMERS_A_PAGE", 1)

    first = max_.get(reverse("console:customers"), {"q": "e"})
    assert f"?q=e&amp;after={world.acme.pk}" in first.content.decode()

    second = max_.get(reverse("console:customers"), {"q": "", "after": world.acme.pk})
    assert [row.customer for row in second.context["rows"]] == [world.globex]


def test_an_environment_is_noted_with_a_version_of_each_product(world, max_):
    field = f"version_{world.softswitch.pk}"
    url = reverse("console:environment_new", args=[world.acme.pk])
    values = {"name": "Main site", "kind": "production", "contract": world.contract.pk, field: world.version.pk}

    assert max_.post(url, values | {field: "999999999"}).context["form"].errors.keys() == {field}
    assert max_.post(url, values).status_code == 302

    with as_provider():
        environment = Environment.objects.get(customer=world.acme)
        assert [(i.product, i.version) for i in environment.installations.all()] == [(world.softswitch, world.version)]
    shown = max_.get(reverse("console:environment_edit", args=[environment.pk])).content.decode()
    assert f'<option value="{world.version.pk}" selected>7.2.1</option>' in shown


def test_a_product_may_be_left_out_of_an_environment(world, max_):
    url = reverse("console:environment_new", args=[world.acme.pk])

    assert max_.post(url, {"name": "Main site", "kind": "test", f"version_{world.softswitch.pk}": ""}).status_code == 302

    with as_provider():
        assert not Environment.objects.get(customer=world.acme).installations.exists()


# address: queries, the same for one product, amendment and environment and for three
COSTS = {
    "console:environment_new": 14,
    "console:environment_edit": 16,
    "console:contract": 15,
    "console:contract_new": 17,
    "console:contract_edit": 14,
    "console:contract_amend": 12,
}


def one_more_product(world, environment, number):
    product = make.product(f"Product {number}", world.core)
    version = make.version(product)
    with as_provider():
        ContractProduct.objects.create(customer=world.acme, contract=world.contract, product=product)
        environment.installations.create(customer=world.acme, product=product, version=version)
    changes = {"allowance_minutes": 120 + number, "reason": "more"}
    commands.amend(actor=None, contract=world.contract, from_date=date(2026, number, 1), changes=changes, now=make.NOW)


def cost(client, name, pk):
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(reverse(name, args=[pk]))
    assert answer.status_code == 200
    return len(queries)


@pytest.mark.parametrize("name", COSTS)
def test_what_a_form_costs_does_not_grow_with_the_products(name, world, max_):
    environment = make.environment(world.acme, contract=world.contract, contacts=(world.ada,))
    pk = {"console:environment_edit": environment.pk, "console:environment_new": world.acme.pk, "console:contract_new": world.acme.pk}.get(
        name, world.contract.pk
    )
    one_more_product(world, environment, 1)
    max_.get(reverse(name, args=[pk]))
    with_one = cost(max_, name, pk)
    one_more_product(world, environment, 2)
    one_more_product(world, environment, 3)

    assert (with_one, cost(max_, name, pk)) == (COSTS[name], COSTS[name])
