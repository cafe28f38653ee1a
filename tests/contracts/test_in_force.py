"""CON-2: what any day can be answered with, from dated terms and standings, in the calendar's zone."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry
from accounts.tenancy import as_provider
from contracts import commands
from contracts.models import Contract, Standing, Terms
from contracts.queries import contracts_for, usual_contract
from tests import factories as make

pytestmark = pytest.mark.django_db


def in_force(contract, day):
    with as_provider():
        row = Contract.objects.prefetch_related("terms", "standings").get(pk=contract.pk)
        from_python = row.is_in_force_on(day)
        from_sql = Contract.objects.in_force_on(day).filter(pk=contract.pk).exists()
    assert from_python == from_sql
    return from_python


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 1, 31), False),
        (date(2025, 2, 1), True),
        (date(2027, 12, 31), True),
        (date(2028, 1, 1), False),
    ],
)
def test_a_contract_is_in_force_from_its_first_to_its_last_day(world, day, expected):
    assert in_force(world.contract, day) is expected


def test_an_amendment_extends_it_and_leaves_the_signature(world):
    commands.amend(
        actor=world.max.person,
        contract=world.contract,
        from_date=date(2027, 6, 1),
        changes={"last_date": date(2029, 12, 31), "reason": "two more years"},
        now=make.NOW,
    )

    assert in_force(world.contract, date(2029, 12, 31))
    with as_provider():
        row = Contract.objects.get(pk=world.contract.pk)
        assert row.signed_date == date(2025, 1, 10)
        assert row.terms_on(date(2027, 5, 31)).number == 0
        assert row.terms_on(date(2027, 6, 1)).number == 1
        assert row.terms_on(date(2027, 6, 1)).functional_rate_cents == 24000


def test_a_suspension_holds_from_its_day_until_it_is_resumed(world):
    for state, day in (("suspended", date(2026, 3, 10)), ("active", date(2026, 4, 1))):
        commands.set_standing(actor=None, contract=world.contract, state=state, from_date=day, reason="payment", now=make.NOW)

    days = [date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 31), date(2026, 4, 1)]
    assert [in_force(world.contract, day) for day in days] == [True, False, False, True]


def test_what_is_ended_stays_ended(world):
    commands.set_standing(actor=None, contract=world.contract, state="ended", from_date=date(2026, 5, 1), reason="", now=make.NOW)

    with pytest.raises(commands.EndedForGood, match="2026-05-01"):
        commands.set_standing(actor=None, contract=world.contract, state="active", from_date=date(2026, 6, 1), reason="", now=make.NOW)


def test_the_day_is_the_calendars(world):
    contract = make.contract(world.acme, world.softswitch, manager=world.max, number="C-2", last_date=date(2026, 11, 22))
    late_sunday_in_sao_paulo = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)

    with as_provider():
        assert contract in contracts_for(world.acme, world.softswitch, late_sunday_in_sao_paulo)
        assert contract not in contracts_for(world.acme, world.softswitch, late_sunday_in_sao_paulo.replace(hour=3))


def test_the_default_is_the_environments_contract_else_the_one_that_ends_last(world):
    longer = make.contract(world.acme, world.softswitch, manager=world.max, number="C-2", last_date=date(2030, 1, 1))
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
@given(standings=st.lists(st.tuples(days, st.sampled_from(["active", "suspended"])), max_size=6), day=days)
def test_the_standing_on_a_day_is_the_last_one_set_until_then(standings, day):
    rows = [Standing(pk=i + 1, state=state, from_date=from_date) for i, (from_date, state) in enumerate(standings)]
    contract = Contract(pk=1, first_date=date(2026, 1, 1))
    contract._prefetched_objects_cache = {
        "standings": rows,
        "terms": [Terms(number=0, from_date=date(2026, 1, 1), last_date=date(2026, 12, 31))],
    }
    past = sorted((r for r in rows if r.from_date <= day), key=lambda r: (r.from_date, r.pk))

    assert contract.is_in_force_on(day) is (not past or past[-1].state == "active")
