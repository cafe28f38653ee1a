"""What customers run where, and whom they are told to talk to."""

import pytest

from accounts import commands as accounts
from accounts.tenancy import as_provider, as_tenant
from contracts import commands
from contracts.models import Environment
from contracts.queries import customers_page, whom_to_talk_to
from tests import factories as make

pytestmark = pytest.mark.django_db


def managers(world):
    with as_tenant(world.acme.pk, world.ada.pk):
        return whom_to_talk_to(world.acme)


def leave(member):
    accounts.set_staff_roles(actor=None, person=member.person, display_name=member.display_name, roles=[], now=make.NOW)


def test_a_retired_environment_lets_go_of_its_name(world):
    commands.retire_environment(actor=world.sara.person, environment=make.environment(world.acme, "Main site"), now=make.NOW)

    again = make.environment(world.acme, "Main site")

    with as_provider():
        assert list(Environment.objects.filter(customer=world.acme, retired_at=None)) == [again]


def test_a_name_is_one_environments_while_in_use(world):
    make.environment(world.acme, "Main site")

    with pytest.raises(commands.NameTaken):
        make.environment(world.acme, "Main site")


def test_the_manager_of_the_newest_contract_is_the_one_to_talk_to(world):
    mia = make.staff("Mia Newer", "account_manager")
    make.contract(world.acme, world.softswitch, manager=mia, number="C-2", first_date=make.date(2026, 1, 1))

    assert managers(world) == ["Mia"]


def test_each_product_has_its_newest_contracts_manager(world):
    mia = make.staff("Mia Newer", "account_manager")
    make.contract(world.acme, make.product("Gateway", world.core), manager=mia, number="C-2", first_date=make.date(2026, 1, 1))

    assert managers(world) == ["Mia", "Max"]


def test_the_deputy_stands_in_for_a_manager_who_left(world):
    dan = make.staff("Dan Deputy", "account_manager")
    commands.change_contract(
        actor=world.max.person,
        contract=world.contract,
        account_manager=world.max,
        deputy=dan,
        products=[world.softswitch],
        now=make.NOW,
    )
    leave(world.max)

    assert managers(world) == ["Dan"]


def test_when_everybody_left_nobody_is_named(world):
    leave(world.max)

    assert managers(world) == []


def names_after(after):
    with as_provider():
        rows, has_more = customers_page("", after, make.NOW, size=2)
    return [row.customer for row in rows], has_more


def test_namesakes_are_all_listed_page_by_page(db):
    twins = [make.customer("Acme") for _ in range(3)]
    zeta = make.customer("Zeta")

    assert names_after(None) == (twins[:2], True)
    assert names_after(twins[1].pk) == ([twins[2], zeta], False)


def test_a_place_in_the_list_that_is_gone_is_its_beginning(world):
    assert names_after(999999999) == names_after(None)
