"""Closing at once with other closings, with logs and with answers, with real commits: one statement, and no cent beside it.

The race of two closings has its control: the same without the lock, where only the database's constraint is left.
"""

import pytest

from accounts.tenancy import as_provider
from billing import reckoning
from billing.commands import statements
from billing.models import Correction, Series, Statement
from notifications.models import Mail
from tests import factories as make
from tests.billing import charges
from tests.billing.desk import NOVEMBER, Desk
from tests.flows.meeting import Meeting, at_once
from tests.sla.stories import at
from tests.world import build

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(db):
    return build()


@pytest.fixture
def desk(world):
    """M1, reviewed, with half an hour of its approval left."""
    found = Desk(world)
    found.log("a", "A", "10 Nov 09:00", "10:30")
    found.log("b", "B", "11 Nov 14:00", "14:50")
    found.approve("more", "B", 60, "12 Nov 10:00", listed=["b"])
    statements.approve_all(actor=world.max, contract=found.contract, month=NOVEMBER, now=at("1 Dec 09:00"))
    return found


@pytest.fixture
def meeting(monkeypatch):
    """Both come to the lock before either has it."""
    monkeypatch.setattr(reckoning, "alone_with", Meeting().before(reckoning.alone_with))


def named(results):
    return sorted(type(one).__name__ for one in results)


def closing(desk):
    return lambda: statements.close_month(actor=desk.world.max, contract=desk.contract, month=NOVEMBER, now=at("1 Dec 10:00"))


def closing_from_the_list(desk, *others):
    contracts = [desk.contract, *others]
    return lambda: statements.close_months(actor=desk.world.max, contracts=contracts, month=NOVEMBER, now=at("1 Dec 10:00"))


def kept():
    with as_provider():
        return list(Statement.objects.values_list("number", "total_cents")), list(Series.objects.values_list("last", flat=True))


def test_two_closings_at_once_are_one_statement(desk, meeting):
    first, second = at_once(closing(desk), closing(desk))

    assert first == second
    assert kept() == ([("2026-0001", 120_00)], [1])
    with as_provider():
        assert Mail.objects.filter(kind="statement_closed").count() == 1


def test_without_the_lock_only_the_constraint_is_left(desk, monkeypatch, without_lock):
    monkeypatch.setattr(reckoning, "alone_with", without_lock)
    monkeypatch.setattr(statements, "_keep", Meeting().before(statements._keep))

    results = at_once(closing(desk), closing(desk))

    assert named(results) == ["IntegrityError", "Statement"]
    assert kept() == ([("2026-0001", 120_00)], [1])


def test_many_closed_from_two_lists_at_once_have_each_one_number(desk, world):
    packed = make.contract(world.globex, world.softswitch, manager=world.max, number="G-9", package_minutes=300, package_fee_cents=900_00)

    results = at_once(closing_from_the_list(desk, packed), closing_from_the_list(desk, packed))

    assert [named(one.statement for one in closed) for closed in results] == [["Statement", "Statement"]] * 2
    assert sorted(kept()[0]) == [("2026-0001", 120_00), ("2026-0002", 900_00)]


def test_a_log_and_a_closing_at_once_lose_no_cent(desk, meeting):
    logging = lambda: desk.log("late", "B", "12 Nov 14:00", "14:30", entered="1 Dec 10:00")  # noqa: E731

    results = at_once(closing(desk), logging)

    with as_provider():
        statement, owed = Statement.objects.first(), list(Correction.objects.values_list("of_month", "amount_cents"))
    if statement is None:  # the log came first, and is a line that nobody has reviewed
        assert (named(results), owed) == (["Blocked", "WorkLog"], [])
    else:
        assert (statement.total_cents, owed) == (120_00, [(NOVEMBER, 120_00)])
    assert sum(desk.cents(NOVEMBER).values()) == 240_00


def test_an_answer_and_a_closing_at_once_never_close_what_waits(desk, world, monkeypatch):
    amy = make.member(world.acme, "Amy Approver", "approver")
    desk.log("c", "C", "16 Nov 09:00", "10:00")
    request = charges.sent(world, desk.tickets["C"], "1 Dec 08:00", logs=[desk.logs["c"].pk], answer_by=at("8 Dec 10:00"))
    shown = charges.shown(request)
    monkeypatch.setattr(reckoning, "alone_with", Meeting().before(reckoning.alone_with))

    results = at_once(closing(desk), lambda: charges.accept(request, amy, "1 Dec 10:00", shown_hash=shown))

    assert named(results) == ["Blocked", "ChargeRequest"]
    assert (kept(), desk.cents(NOVEMBER)) == (([], []), {"b": 120_00, "c": 240_00})
