"""MON-1: without a contract of the right day in force, and an admin's authorisation, nothing comes in."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils.translation import override

from accounts.models import AuditEntry, Membership
from accounts.tenancy import as_provider
from contracts import commands as contracts
from contracts.models import Contract
from monitoring import commands, texts
from monitoring.models import Authorisation
from monitoring.queries.gate import Shut, gate
from tests import factories as make

pytestmark = pytest.mark.django_db


def shut(environment, now=make.NOW):
    with as_provider():
        return gate(environment.pk, now).shut


@pytest.mark.parametrize(("signed", "expected"), [(date(2014, 11, 30), Shut.SIGNED_BEFORE), (date(2014, 12, 1), "")])
def test_only_contracts_signed_after_november_2014_include_monitoring(world, signed, expected):
    contract = make.contract(world.acme, world.softswitch, manager=world.max, number="C-2014", signed_date=signed)
    environment = make.environment(world.acme, contract=contract)
    make.authorisation(world.ada, environment)

    assert shut(environment) == expected


def test_an_amendment_does_not_change_the_signature(world):
    old = make.contract(world.acme, world.softswitch, manager=world.max, number="C-2014", signed_date=date(2014, 11, 30))
    environment = make.environment(world.acme, contract=old)
    make.authorisation(world.ada, environment)

    contracts.amend(actor=None, contract=old, from_date=date(2026, 1, 1), changes={"allowance_minutes": 240}, now=make.NOW)

    assert shut(environment) == Shut.SIGNED_BEFORE


def test_without_an_authorisation_it_is_shut(world):
    environment = make.environment(world.acme, contract=world.contract)

    assert shut(environment) == Shut.UNAUTHORISED


def test_another_environments_authorisation_opens_nothing(world):
    one, other = make.environment(world.acme, "One"), make.environment(world.acme, "Other")
    make.authorisation(world.ada, one)

    assert (shut(one), shut(other)) == ("", Shut.UNAUTHORISED)


def test_an_authorisation_ends_at_its_instant(site):
    ends_at = make.NOW + timedelta(days=1)
    make.authorisation(site.world.ada, site.environment, ends_at=ends_at)

    assert (shut(site.environment, ends_at - timedelta(seconds=1)), shut(site.environment, ends_at)) == ("", Shut.UNAUTHORISED)


def test_a_suspended_contract_shuts_it(site):
    contracts.set_standing(
        actor=None, contract=site.world.contract, state="suspended", from_date=date(2026, 11, 23), reason="Unpaid", now=make.NOW
    )

    assert shut(site.environment) == Shut.NO_CONTRACT


def test_the_environments_own_contract_counts_and_no_other(world):
    over = make.contract(world.acme, world.softswitch, manager=world.max, number="C-9", last_date=date(2026, 11, 22))
    environment = make.environment(world.acme, contract=over)
    make.authorisation(world.ada, environment)

    assert shut(environment) == Shut.NO_CONTRACT


def test_an_environment_without_a_usual_contract_takes_the_best(world):
    make.contract(world.acme, world.softswitch, manager=world.max, number="C-0", last_date=date(2026, 1, 1))
    environment = make.environment(world.acme)
    make.authorisation(world.ada, environment)

    with as_provider():
        assert gate(environment.pk, make.NOW).contract_id == world.contract.pk


def test_a_retired_environment_is_shut(site):
    contracts.retire_environment(actor=site.world.sara.person, environment=site.environment, now=make.NOW)

    assert shut(site.environment) == Shut.RETIRED


DAYS = [date(2026, 11, day) for day in (20, 21, 22, 23, 24, 25)]
STANDINGS = [("suspended", DAYS[1]), ("active", DAYS[2]), ("suspended", DAYS[2]), ("ended", DAYS[4]), ("active", DAYS[3])]


@pytest.mark.parametrize("taken", range(32))
def test_the_gate_and_the_contract_agree_on_what_is_in_force(world, taken):
    environment = make.environment(world.acme, contract=world.contract)
    make.authorisation(world.ada, environment, now=datetime(2026, 11, 1, tzinfo=UTC))
    if taken % 3 == 0:
        contracts.amend(actor=None, contract=world.contract, from_date=DAYS[2], changes={"last_date": DAYS[3]}, now=make.NOW)
    with as_provider():
        contract = Contract.objects.get(pk=world.contract.pk)
        for place, (state, day) in enumerate(STANDINGS):
            if taken & 1 << place:
                contract.standings.create(customer=world.acme, state=state, from_date=day, created_at=make.NOW)

    for day in DAYS:
        now = datetime(day.year, day.month, day.day, 2, 59, tzinfo=UTC)  # the day before, in São Paulo
        with as_provider():
            agreed = Contract.objects.get(pk=contract.pk).is_in_force_on(day - timedelta(days=1))
        assert (shut(environment, now) == "") == agreed, day


def test_authorising_is_written_down_with_who_when_which_text_and_which_environment(world):
    environment = make.environment(world.acme)

    [given] = make.authorisation(world.ada, environment)

    with as_provider():
        entry = AuditEntry.objects.get(verb="authorise_monitoring")
    assert (given.given_by, given.given_at, given.text_version) == (world.ada, make.NOW, texts.CURRENT)
    assert (entry.actor, entry.target_id, entry.after) == (
        world.ada,
        given.pk,
        {"environment": environment.pk, "ends_at": None, "text_version": texts.CURRENT},
    )


def test_only_an_admin_of_the_customer_authorises(world):
    environment = make.environment(world.acme)
    approver = make.member(world.acme, "Amy Approver", Membership.Role.APPROVER)

    for person in (world.alan, approver, world.grace, world.sara.person):
        with pytest.raises(commands.NotTheirAdmin):
            make.authorisation(person, environment)


def test_another_customers_environment_is_none_of_theirs(world):
    environment = make.environment(world.globex)

    with pytest.raises(commands.NoEnvironment):
        commands.authorise(actor=world.ada, customer=world.acme, environments=[environment], text_version=texts.CURRENT, now=make.NOW)


def test_a_text_that_is_not_the_present_one_is_not_agreed_to(world):
    environment = make.environment(world.acme)

    with pytest.raises(commands.AnotherText):
        commands.authorise(actor=world.ada, customer=world.acme, environments=[environment], text_version=0, now=make.NOW)


def test_an_end_in_the_past_is_refused(world):
    with pytest.raises(commands.EndsTooEarly):
        make.authorisation(world.ada, make.environment(world.acme), ends_at=make.NOW)


def test_authorising_anew_replaces_the_one_before(site):
    make.authorisation(site.world.ada, site.environment, ends_at=make.NOW + timedelta(days=30), now=make.NOW + timedelta(hours=1))

    with as_provider():
        rows = list(Authorisation.objects.filter(environment=site.environment).order_by("pk").values_list("withdrawn_at", "ends_at"))
    assert rows == [(make.NOW + timedelta(hours=1), None), (None, make.NOW + timedelta(days=30))]


def test_a_text_that_was_agreed_to_never_changes():
    with override("en"):
        said = {
            number: hashlib.sha256("\n".join(map(str, text)).encode()).hexdigest()[:16] for number, text in texts.AUTHORISATIONS.items()
        }

    assert said == {1: "66cab6b97f4ccc44"}
