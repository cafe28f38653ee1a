"""Hours as rows: the worked examples through the commands, and what is kept held against what the whole story says."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tenancy import as_provider
from billing.commands import stories, work
from billing.models import Entry, Slice, TakenIn, WorkLog
from billing.queries.verification import differences_of
from billing.reckoning import book
from contracts import commands as contracts
from contracts.models import Contract
from tests import factories as make
from tests.billing.desk import DECEMBER, NOVEMBER, Desk
from tests.sla.stories import at
from tickets import commands as tickets
from tickets.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(world):
    found = Desk(world)
    yield found
    assert differences(found.contract) == [], "what is kept is what the whole story says"


def differences(contract):
    with as_provider():
        return differences_of(Contract.objects.select_related("calendar").get(pk=contract.pk))


def used_up(desk):
    """November's allowance, by another ticket."""
    desk.log("before", "earlier", "3 Nov 09:00", "11:00")
    return desk


# --- The worked examples ----------------------------------------------------------------------------------------------
def test_m1_an_approval_that_lists_earlier_work_covers_it(desk):
    desk.log("a", "A", "10 Nov 09:00", "10:30")
    desk.log("b", "B", "11 Nov 14:00", "14:50")
    before = desk.taken("a"), desk.taken("b")
    desk.approve("more", "B", 60, "12 Nov 10:00", listed=["b"])

    assert before == ({"allowance": 90}, {"allowance": 30, "unauthorised": 30})
    assert desk.taken("b") == {"allowance": 30, "more": 30}
    assert (desk.month(NOVEMBER), desk.used("more"), desk.cents(NOVEMBER)) == ((120, 120), 30, {"b": 120_00})


def test_m2_a_tickets_day_is_rounded_once(desk):
    for place in range(5):
        desk.log(f"c{place}", "C", f"12 Nov 10:{place * 5:02d}", f"10:{place * 5 + 3:02d}")
    before = [sum(desk.taken(f"c{place}").values()) for place in range(5)]
    desk.log("c5", "C", "12 Nov 10:30", "10:33")

    assert before == [15, 0, 0, 0, 0]
    assert desk.taken("c5") == {"allowance": 15}


def test_m3_work_begun_in_hours_is_in_hours_up_to_an_increment_past_closing(desk):
    desk.log("a", "A", "30 Nov 17:50", "18:07")

    assert desk.taken("a") == {"allowance": 30}
    assert desk.month(NOVEMBER) == (120, 30)


def test_m4_what_goes_on_past_that_is_outside_hours(desk):
    desk.log("a", "A", "30 Nov 17:50", "18:40")

    assert desk.taken("a") == {"allowance": 35, "unauthorised": 25}


def test_m5_work_across_the_months_end_is_billed_in_both(desk):
    desk.ticket("U", type="update_service")
    desk.approve("night", "U", 120, "30 Nov 12:00", kind="update_service")
    desk.log("a", "U", "30 Nov 23:00", "1 Dec 01:00")

    assert (desk.cents(NOVEMBER), desk.cents(DECEMBER)) == ({"a": 300_00}, {"a": 300_00})


def test_m6_who_was_entered_first_keeps_the_allowance(desk):
    desk.log("b", "B", "10 Nov 09:00", "11:00")
    desk.log("a", "A", "5 Nov 09:00", "10:00", entered="20 Nov 12:00")
    before = desk.taken("a"), desk.taken("b")
    desk.correct("b", "10 Nov 09:00", "10:00", entered="20 Nov 13:00")

    assert before == ({"unauthorised": 60}, {"allowance": 120})
    assert desk.taken("a") == {"allowance": 60}


def test_m7_another_allowance_begins_with_the_next_month(desk):
    desk.log("a", "A", "10 Nov 09:00", "10:00")
    desk.log("b", "A", "10 Dec 09:00", "10:00")
    contracts.amend(
        actor=None, contract=desk.contract, from_date=at("15 Nov 00:00").date(), changes={"allowance_minutes": 240}, now=at("11 Dec 09:00")
    )
    stories.take_in(now=at("11 Dec 09:01"))

    assert (desk.month(NOVEMBER), desk.month(DECEMBER)) == ((120, 60), (240, 60))


def test_m8_an_approval_keeps_its_rate(desk):
    used_up(desk).approve("more", "A", 60, "10 Nov 09:00")
    contracts.amend(
        actor=None,
        contract=desk.contract,
        from_date=at("15 Nov 00:00").date(),
        changes={"functional_rate_cents": 260_00},
        now=at("12 Nov 09:00"),
    )
    desk.log("a", "A", "19 Nov 09:00", "10:00")

    assert desk.cents(NOVEMBER) == {"a": 240_00}


def test_m9_what_goes_beyond_the_ceiling_is_not_approved(desk):
    used_up(desk).approve("more", "A", 60, "10 Nov 09:00", asked=120)
    desk.log("a", "A", "12 Nov 09:00", "10:15")

    assert desk.taken("a") == {"more": 60, "unauthorised": 15}
    assert desk.cents(NOVEMBER) == {"a": 240_00}


def test_m10_a_verdict_in_the_customers_favour_prices_anew(desk):
    used_up(desk).approve("more", "A", 60, "10 Nov 09:00")
    desk.log("a", "A", "12 Nov 09:00", "09:45")
    before = desk.taken("a")
    desk.verdict("A", "technical", "high", "13 Nov 09:00")

    assert before == {"more": 45}
    assert (desk.taken("a"), desk.used("more"), desk.cents(NOVEMBER)) == ({"included": 45}, 0, {})


def test_m13_off_hours_help_is_taken_from_its_approval(desk):
    desk.ticket("T", type="technical", severity="medium")
    desk.approve("help", "T", 120, "28 Nov 10:00", kind="off_hours", window=("28 Nov 11:00", "28 Nov 15:00"))
    desk.log("a", "T", "28 Nov 11:05", "12:20")
    desk.log("b", "T", "28 Nov 13:00", "13:50")

    assert (desk.taken("a"), desk.taken("b")) == ({"help": 75}, {"help": 45, "unauthorised": 15})
    assert desk.cents(NOVEMBER) == {"a": 450_00, "b": 270_00}


def test_m14_and_m15_technical_work_costs_nothing(desk):
    desk.ticket("T", type="technical", severity="high")
    desk.ticket("K", type="technical", severity="critical")
    desk.log("courtesy", "T", "12 Nov 18:00", "18:40")
    desk.log("night", "K", "15 Nov 03:00", "05:00")

    assert (desk.taken("courtesy"), desk.taken("night")) == ({"courtesy": 45}, {"included": 120})


def test_m16_a_suspended_contract_has_no_allowance_from_that_day(desk):
    desk.log("a", "A", "9 Nov 09:00", "10:00")
    desk.log("b", "A", "11 Nov 09:00", "10:00")
    contracts.set_standing(
        actor=None, contract=desk.contract, state="suspended", from_date=at("10 Nov 00:00").date(), reason="Unpaid", now=at("11 Nov 12:00")
    )
    stories.take_in(now=at("11 Nov 12:01"))

    assert (desk.taken("a"), desk.taken("b")) == ({"allowance": 60}, {"unauthorised": 60})


def test_m17_another_months_allowance_comes_before_an_approval(desk):
    used_up(desk).approve("more", "A", 60, "12 Nov 09:00")
    desk.log("a", "A", "2 Dec 09:00", "11:30")

    assert desk.taken("a") == {"allowance": 120, "more": 30}


def test_m18_what_a_correction_adds_comes_last(desk):
    desk.log("l1", "A", "10 Nov 09:00", "10:00")
    desk.log("l2", "B", "10 Nov 14:00", "15:00")
    desk.correct("l1", "10 Nov 09:00", "10:30", entered="10 Nov 16:00")

    assert (desk.taken("l1"), desk.taken("l2")) == ({"allowance": 60, "unauthorised": 30}, {"allowance": 60})


def test_m19_an_approval_of_functional_work_covers_business_hours(desk):
    used_up(desk).approve("more", "A", 60, "10 Nov 09:00")
    desk.log("a", "A", "10 Nov 20:00", "20:30")

    assert desk.taken("a") == {"unauthorised": 30}


# --- What happens below -----------------------------------------------------------------------------------------------
def test_a_verdict_that_no_sweep_saw_yet_counts_for_what_is_logged_next(desk):
    desk.log("a", "A", "10 Nov 09:00", "10:00")
    tickets.verify(
        ticket=desk.tickets["A"], agent=desk.world.lea.person, type="technical", severity="high", reason="A bug", now=at("11 Nov 09:00")
    )
    desk.log("b", "A", "12 Nov 09:00", "10:00")

    assert (desk.taken("a"), desk.taken("b")) == ({"included": 60}, {"included": 60})


def test_a_verdict_against_the_customer_prices_only_what_comes(desk):
    desk.ticket("A", type="technical", severity="high")
    desk.log("a", "A", "10 Nov 09:00", "10:00")
    desk.verdict("A", "functional", "medium", "11 Nov 09:00")
    desk.log("b", "A", "12 Nov 09:00", "10:00")

    assert (desk.taken("a"), desk.taken("b")) == ({"included": 60}, {"allowance": 60})


def test_a_confirmed_declaration_prices_what_was_done_before_it(desk):
    desk.log("a", "A", "10 Nov 09:00", "10:00")
    tickets.declare(
        ticket=desk.tickets["A"], person=desk.world.ada, type="technical", severity="high", reason="Calls drop", now=at("10 Nov 11:00")
    )
    stories.take_in(now=at("10 Nov 11:00"))
    before = desk.taken("a")
    desk.verdict("A", "technical", "high", "10 Nov 12:00")

    assert (before, desk.taken("a")) == ({"allowance": 60}, {"included": 60})


def test_talk_on_a_ticket_is_noted_and_reckons_nothing(desk):
    desk.log("a", "A", "10 Nov 09:00", "10:00")
    ticket = desk.tickets["A"]
    tickets.answer(ticket=ticket, agent=desk.world.sara.person, body="Look", now=at("10 Nov 11:00"))

    assert stories.take_in(now=at("10 Nov 11:01")) == 0
    with as_provider():
        assert TakenIn.objects.values_list("position", flat=True).get(ticket=ticket) == Event.objects.filter(ticket=ticket).count()


def test_a_moved_tickets_work_takes_its_place_under_the_other_contract(desk):
    world = desk.world
    other = make.contract(world.acme, world.softswitch, manager=world.max, number="N-2")
    there = Desk(world, other)
    there.log("there", "X", "10 Nov 09:00", "10:30", agent=world.lea)
    desk.log("a", "A", "10 Nov 09:00", "10:00")
    desk.log("b", "B", "10 Nov 10:00", "11:30")
    desk.approve("more", "A", 60, "10 Nov 11:45", listed=["a"])
    tickets.move_to_contract(ticket=desk.tickets["A"], actor=world.max.person, contract=other, now=at("10 Nov 12:00"))
    stories.take_in(now=at("10 Nov 12:01"))

    assert (desk.taken("a"), desk.taken("b")) == ({"allowance": 30, "more": 30}, {"allowance": 90})
    assert (desk.month(NOVEMBER), there.month(NOVEMBER)) == ((120, 90), (120, 120))
    assert differences(other) == []


def test_work_logged_by_a_page_right_after_a_move_is_one_log_under_the_other_contract(desk):
    """Nothing of the first try is left, though the page has one transaction for both."""
    world = desk.world
    other = make.contract(world.acme, world.softswitch, manager=world.max, number="N-2")
    desk.log("a", "A", "10 Nov 09:00", "10:00")
    tickets.move_to_contract(ticket=desk.tickets["A"], actor=world.max.person, contract=other, now=at("10 Nov 12:00"))

    with as_provider():
        log = desk.log("b", "A", "10 Nov 12:00", "12:30")
        assert (log.contract, WorkLog.objects.count()) == (other, 2)

    assert differences(other) == []


def test_an_approval_does_not_follow_to_another_currency(desk):
    world = desk.world
    other = make.contract(world.acme, world.softswitch, manager=world.max, number="N-2", currency="USD", allowance_minutes=0)
    desk.approve("more", "A", 60, "10 Nov 09:00")
    desk.log("a", "A", "10 Nov 10:00", "11:00")
    tickets.move_to_contract(ticket=desk.tickets["A"], actor=world.max.person, contract=other, now=at("10 Nov 12:00"))
    stories.take_in(now=at("10 Nov 12:01"))

    assert (desk.taken("a"), desk.used("more"), differences(other)) == ({"unauthorised": 60}, 0, [])


def test_a_ticket_of_a_closed_month_stays_under_its_contract(desk):
    world = desk.world
    other = make.contract(world.acme, world.softswitch, manager=world.max, number="N-2")
    desk.log("a", "A", "10 Nov 10:00", "11:00")
    with as_provider(), book(desk.contract.pk, now=at("1 Dec 09:00")) as hours:
        hours.settle(NOVEMBER)

    with pytest.raises(tickets.ContractSettled):
        tickets.move_to_contract(ticket=desk.tickets["A"], actor=world.max.person, contract=other, now=at("1 Dec 10:00"))


def test_a_month_is_not_settled_while_a_tickets_work_has_to_follow_it(desk):
    world = desk.world
    other = make.contract(world.acme, world.softswitch, manager=world.max, number="N-2")
    desk.log("a", "A", "10 Nov 10:00", "11:00")
    tickets.move_to_contract(ticket=desk.tickets["A"], actor=world.max.person, contract=other, now=at("30 Nov 23:59"))

    with pytest.raises(tickets.MovedAway), as_provider(), book(desk.contract.pk, now=at("1 Dec 00:00")) as hours:
        hours.settle(NOVEMBER)
    stories.take_in(now=at("1 Dec 00:01"))


def test_a_contract_that_cannot_be_reckoned_holds_up_no_other(desk, monkeypatch, caplog):
    world = desk.world
    other = Desk(world, make.contract(world.acme, world.softswitch, manager=world.max, number="N-2"))
    desk.log("a", "A", "10 Nov 10:00", "11:00")
    other.log("a", "A", "10 Nov 11:00", "12:00")
    for one in (desk, other):
        tickets.verify(
            ticket=one.tickets["A"], agent=world.lea.person, type="technical", severity="high", reason="x", now=at("10 Nov 13:00")
        )
    reckon = stories.book

    def fails(contract_id, **kwargs):
        if contract_id == desk.contract.pk:
            raise ZeroDivisionError
        return reckon(contract_id, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(stories, "book", fails)
        assert stories.take_in(now=at("10 Nov 13:01")) == 1

    assert [record.getMessage() for record in caplog.records] == [f"contract {desk.contract.pk} could not be reckoned; the others go on"]
    assert (desk.taken("a"), other.taken("a")) == ({"allowance": 60}, {"included": 60})
    assert stories.take_in(now=at("10 Nov 13:02")) == 1
    assert desk.taken("a") == {"included": 60}


# --- How much is looked at ----------------------------------------------------------------------------------------------
def test_entries_are_numbered_in_the_contract(desk):
    desk.log("a", "A", "10 Nov 09:00", "10:00")
    desk.log("b", "B", "10 Nov 10:00", "11:00")
    desk.correct("a", "10 Nov 09:00", "09:30", entered="10 Nov 12:00")
    desk.logs["b"] = work.delete_work(log=desk.logs["b"], actor=desk.world.sara, now=at("10 Nov 12:30"))

    with as_provider():
        assert list(Entry.objects.order_by("number").values_list("number", "kind", "log_id")) == [
            (1, "logged", desk.logs["a"].pk),
            (2, "logged", desk.logs["b"].pk),
            (3, "corrected", desk.logs["a"].pk),
            (4, "deleted", desk.logs["b"].pk),
        ]
    assert desk.month(NOVEMBER) == (120, 30)


def test_work_in_one_month_leaves_rows_of_others_alone(desk):
    desk.log("a", "A", "10 Nov 09:00", "10:00")
    desk.log("b", "B", "10 Dec 09:00", "10:00")
    with as_provider():
        before = set(Slice.objects.values_list("pk", flat=True))
    desk.log("c", "C", "11 Dec 09:00", "10:00")

    with as_provider():
        assert before < set(Slice.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("number", [3, 30])
def test_work_is_logged_by_as_many_queries_beside_few_as_beside_many(desk, number):
    for place in range(number):
        desk.log(f"l{place}", f"T{place % 3}", f"{3 + place // 6} Dec {9 + place % 6}:00", f"{9 + place % 6}:45")
    desk.ticket("A")

    with CaptureQueriesContext(connection) as captured:
        desk.log("last", "A", "18 Dec 09:00", "09:10")

    assert len(captured) == LOGGING, "\n".join(query["sql"][:200] for query in captured.captured_queries)


@pytest.mark.parametrize("number", [0, 30])
def test_the_everyday_log_asks_for_little(world, number):
    """In business hours, within the allowance; on a page the staff's scope is there already."""
    ample = Desk(world, make.contract(world.acme, world.softswitch, manager=world.max, number="N-2", allowance_minutes=60_000))
    for place in range(number):
        ample.log(f"l{place}", f"T{place % 3}", f"{1 + place // 6} Dec {9 + place % 6}:00", f"{9 + place % 6}:45")
    ample.log("first", "A", "10 Dec 09:00", "09:10")

    with as_provider(), CaptureQueriesContext(connection) as captured:
        ample.log("last", "A", "11 Dec 09:00", "09:10")

    assert len(captured) == EVERYDAY, "\n".join(query["sql"][:200] for query in captured.captured_queries)
    assert differences(ample.contract) == []


EVERYDAY = 11
LOGGING = 43  # with the mail that tells of it, and the request that is drafted, since nobody approved this work
