"""CON-2: what any day can be answered with, from dated terms and standings, in the calendar's zone."""

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry
from accounts.tenancy import as_provider
from contracts import commands
from contracts.models import AGREED, Contract, Standing, Terms
from contracts.queries import contracts_for, usual_contract
from tests import factories as make

pytestmark = pytest.mark.django_db


def in_force(contract, day):
    with as_provider():
        return Contract.objects.get(pk=contract.pk).is_in_force_on(day)


def amend(contract, from_date, **changes):
    return commands.amend(actor=None, contract=contract, from_date=from_date, changes={"reason": "agreed", **changes}, now=make.NOW)


@pytest.fixture
def until_2027(world):
    """Acme's second contract, from 1 February 2025 to 31 December 2027."""
    return make.contract(world.acme, world.softswitch, manager=world.max, number="C-2", last_date=date(2027, 12, 31))


def terms_on(contract, day):
    with as_provider():
        return Contract.objects.get(pk=contract.pk).terms_on(day)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 1, 31), False),
        (date(2025, 2, 1), True),
        (date(2027, 12, 31), True),
        (date(2028, 1, 1), False),
    ],
)
def test_a_contract_is_in_force_from_its_first_to_its_last_day(until_2027, day, expected):
    assert in_force(until_2027, day) is expected


def test_an_amendment_extends_it_and_leaves_the_signature(world, until_2027):
    commands.amend(
        actor=world.max.person,
        contract=until_2027,
        from_date=date(2027, 6, 1),
        changes={"last_date": date(2029, 12, 31), "reason": "two more years"},
        now=make.NOW,
    )

    assert in_force(until_2027, date(2029, 12, 31))
    with as_provider():
        row = Contract.objects.get(pk=until_2027.pk)
        assert row.signed_date == date(2025, 1, 10)
        assert row.terms_on(date(2027, 5, 31)).last_date == date(2027, 12, 31)
        assert row.terms_on(date(2027, 6, 1)).last_date == date(2029, 12, 31)
        assert row.terms_on(date(2027, 6, 1)).functional_rate_cents == 24000


def test_a_later_agreement_keeps_what_an_amendment_ahead_of_it_says(until_2027):
    amend(until_2027, date(2027, 6, 1), allowance_minutes=600)
    amend(until_2027, date(2026, 12, 1), last_date=date(2029, 12, 31))

    assert in_force(until_2027, date(2028, 1, 1))
    days = [date(2026, 11, 30), date(2026, 12, 1), date(2027, 6, 1)]
    ruling = [terms_on(until_2027, day) for day in days]
    assert [(terms.last_date.year, terms.allowance_minutes) for terms in ruling] == [(2027, 120), (2029, 120), (2029, 600)]


def test_of_two_amendments_from_one_day_the_later_number_wins(world):
    amend(world.contract, date(2026, 12, 1), allowance_minutes=600)
    amend(world.contract, date(2026, 12, 1), allowance_minutes=240)

    assert terms_on(world.contract, date(2026, 12, 1)).allowance_minutes == 240


def test_an_amendment_keeps_only_what_it_changes(world):
    amended = amend(world.contract, date(2026, 12, 1), allowance_minutes=120, update_rate_cents=31000)

    assert {name: getattr(amended, name) for name in AGREED} == dict.fromkeys(AGREED) | {"update_rate_cents": 31000}


@pytest.mark.parametrize("changes", [{}, {"allowance_minutes": 120, "functional_rate_cents": 24000}])
def test_an_amendment_that_changes_nothing_is_refused(world, changes):
    with pytest.raises(commands.NothingChanges):
        amend(world.contract, date(2026, 12, 1), **changes)


def test_an_amendment_cannot_take_the_minutes_from_a_fee_agreed_for_later(world):
    amend(world.contract, date(2026, 12, 1), package_minutes=600)
    amend(world.contract, date(2027, 6, 1), package_fee_cents=90000)

    with pytest.raises(commands.FeeWithoutMinutes):
        amend(world.contract, date(2027, 1, 1), package_minutes=0)


def test_what_was_signed_is_whole(world):
    with as_provider(), pytest.raises(IntegrityError, match="signed_terms_are_whole"), transaction.atomic():
        Terms.objects.create(customer=world.acme, contract=world.contract, number=0, from_date=date(2025, 2, 1), created_at=make.NOW)


def test_what_rules_cannot_be_written_to(world):
    with pytest.raises(FrozenInstanceError):
        terms_on(world.contract, date(2026, 12, 1)).allowance_minutes = 1


def test_a_suspension_holds_from_its_day_until_it_is_resumed(world):
    for state, day in (("suspended", date(2026, 3, 10)), ("active", date(2026, 4, 1))):
        commands.set_standing(actor=None, contract=world.contract, state=state, from_date=day, reason="payment", now=make.NOW)

    days = [date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 31), date(2026, 4, 1)]
    assert [in_force(world.contract, day) for day in days] == [True, False, False, True]


def test_what_is_ended_stays_ended(world):
    commands.set_standing(actor=None, contract=world.contract, state="ended", from_date=date(2026, 5, 1), reason="", now=make.NOW)

    with pytest.raises(commands.EndedForGood, match="2026-05-01"):
        commands.set_standing(actor=None, contract=world.contract, state="active", from_date=date(2026, 6, 1), reason="", now=make.NOW)


def test_an_end_outlives_what_was_recorded_for_later(world):
    for state, day in (("suspended", date(2026, 3, 1)), ("active", date(2026, 6, 1)), ("ended", date(2026, 5, 1))):
        commands.set_standing(actor=None, contract=world.contract, state=state, from_date=day, reason="", now=make.NOW)

    days = [date(2026, 2, 28), date(2026, 4, 30), date(2026, 5, 1), date(2026, 6, 2)]
    assert [in_force(world.contract, day) for day in days] == [True, False, False, False]


def test_the_day_is_the_calendars(world):
    contract = make.contract(world.acme, world.softswitch, manager=world.max, number="C-2", last_date=date(2026, 11, 22))
    late_sunday_in_sao_paulo = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)

    with as_provider():
        assert contract in contracts_for(world.acme, world.softswitch, late_sunday_in_sao_paulo)
        assert contract not in contracts_for(world.acme, world.softswitch, late_sunday_in_sao_paulo.replace(hour=3))


def test_the_default_is_the_environments_contract_else_the_one_that_ends_last(world):
    longer = make.contract(world.acme, world.softswitch, manager=world.max, number="C-2", last_date=date(2100, 1, 1))
    environment = make.environment(world.acme, contract=world.contract)
    with as_provider():
        contracts = contracts_for(world.acme, world.softswitch, make.NOW)

    assert contracts == [longer, world.contract]
    assert usual_contract(contracts, None) == longer
    assert usual_contract(contracts, environment) == world.contract


def test_dates_the_wrong_way_round_are_refused(world):
    with pytest.raises(commands.DatesReversed):
        make.contract(world.acme, world.softswitch, manager=world.max, number="C-2", last_date=date(2025, 1, 31))
    with as_provider():
        assert Contract.objects.filter(number="C-2").count() == 0


def test_a_number_is_used_once_per_customer(world):
    with pytest.raises(commands.NumberTaken):
        make.contract(world.acme, world.softswitch, manager=world.max)


def test_every_change_is_written_down_with_before_and_after(world):
    commands.amend(
        actor=world.max.person, contract=world.contract, from_date=date(2026, 12, 1), changes={"allowance_minutes": 240}, now=make.NOW
    )

    with as_provider():
        entry = AuditEntry.objects.filter(verb="amend_contract").get()
    assert entry.actor_id == world.max.pk
    assert entry.before["allowance_minutes"] == 120
    assert entry.after["allowance_minutes"] == 240


days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@settings(max_examples=200)
@given(standings=st.lists(st.tuples(days, st.sampled_from(list(Standing.State))), max_size=6), day=days)
def test_the_standing_on_a_day_is_an_end_until_then_else_the_last_one_set(standings, day):
    rows = [Standing(pk=i + 1, state=state, from_date=from_date) for i, (from_date, state) in enumerate(standings)]
    contract = Contract(pk=1, first_date=date(2026, 1, 1))
    contract._prefetched_objects_cache = {
        "standings": rows,
        "terms": [Terms(number=0, from_date=date(2026, 1, 1), last_date=date(2026, 12, 31))],
    }
    past = sorted((r for r in rows if r.from_date <= day), key=lambda r: (r.from_date, r.pk))

    expected = "ended" if any(r.state == "ended" for r in past) else past[-1].state if past else "active"
    assert contract.state_on(day) == expected
    assert contract.is_in_force_on(day) is (expected == "active")


@settings(max_examples=200)
@given(amendments=st.lists(st.tuples(days, st.none() | st.integers(0, 999), st.none() | st.integers(0, 999)), max_size=6), day=days)
def test_each_value_is_the_last_that_an_amendment_says_until_then(amendments, day):
    signed = Terms(number=0, from_date=date(2026, 1, 1), allowance_minutes=120, update_rate_cents=30000)
    rows = [
        Terms(number=i + 1, from_date=from_date, allowance_minutes=allowance, update_rate_cents=rate)
        for i, (from_date, allowance, rate) in enumerate(amendments)
    ]
    contract = Contract(pk=1, first_date=date(2026, 1, 1))
    contract._prefetched_objects_cache = {"terms": [*reversed(rows), signed]}
    past = sorted((r for r in rows if r.from_date <= day), key=lambda r: (r.from_date, r.number))

    ruling = contract.terms_on(day)

    assert ruling.allowance_minutes == [120, *(r.allowance_minutes for r in past if r.allowance_minutes is not None)][-1]
    assert ruling.update_rate_cents == [30000, *(r.update_rate_cents for r in past if r.update_rate_cents is not None)][-1]
