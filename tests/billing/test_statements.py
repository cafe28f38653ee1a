"""Reviewing and closing: the worked examples to the cent, what stands in the way, and what never changes again."""

from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from accounts.tenancy import as_provider
from billing.commands import statements, work
from billing.models import Correction, Review, Series, Statement, StatementLine
from billing.queries.readiness import LineKey, Need, amounts, readiness_of
from billing.queries.statements import fee_cents, month_page
from contracts import commands as contracts
from contracts.models import Contract
from notifications.models import Mail
from tests import factories as make
from tests.billing.desk import DECEMBER, NOVEMBER, Desk
from tests.sla.stories import at
from tickets.commands import assignment

pytestmark = pytest.mark.django_db
JANUARY = date(2027, 1, 1)


@pytest.fixture
def desk(world):
    return Desk(world)


@pytest.fixture
def m1(desk):
    """M1, with its request accepted."""
    desk.log("a", "A", "10 Nov 09:00", "10:30")
    desk.log("b", "B", "11 Nov 14:00", "14:50")
    desk.approve("more", "B", 60, "12 Nov 10:00", listed=["b"])
    return desk


def say(desk, log, request, verdict, *, minutes=None, reason="", seen=30, actor=None, when="1 Dec 09:00", month=NOVEMBER):
    return statements.review(
        actor=actor or desk.world.max,
        contract=desk.contract,
        month=month,
        log_id=desk.logs[log].pk,
        request_id=desk.requests[request].pk if request else None,
        verdict=verdict,
        minutes=minutes,
        reason=reason,
        seen_minutes=seen,
        now=at(when),
    )


def close(desk, month=NOVEMBER, when="1 Dec 10:00"):
    return statements.close_month(actor=desk.world.max, contract=desk.contract, month=month, now=at(when))


def reviewed(desk, month=NOVEMBER, when="1 Dec 09:30"):
    return statements.approve_all(actor=desk.world.max, contract=desk.contract, month=month, now=at(when))


def closed(desk, month=NOVEMBER, when="1 Dec 10:00"):
    reviewed(desk, month, when)
    return close(desk, month, when)


def lines(statement):
    """What each line says, in its order."""
    with as_provider():
        rows = StatementLine.objects.filter(statement=statement).order_by("position")
        return [(line.kind, line.source, line.minutes, line.billed_minutes, line.amount_cents) for line in rows]


def needs(desk, month=NOVEMBER, when="1 Dec 09:00"):
    with as_provider():
        contract = Contract.objects.select_related("calendar").get(pk=desk.contract.pk)
        found = readiness_of(contract, month, at(when)).needs
    logs, requests = ({row.pk: name for name, row in rows.items()} for rows in (desk.logs, desk.requests))
    return {(logs[key.log], requests.get(key.request)): str(need) for key, need in found.items()}


def total_on_the_list(desk, month=NOVEMBER, when="1 Dec 09:00"):
    with as_provider():
        return {row.contract.number: row.total_cents for row in month_page(month, manager_id=None, after=None, now=at(when)).rows}


# --- The worked examples ----------------------------------------------------------------------------------------------
def test_m1_is_a_statement_of_r_120(m1):
    statement = closed(m1)

    assert lines(statement) == [
        ("work", "allowance", 90, 0, 0),
        ("work", "allowance", 30, 0, 0),
        ("work", "approval", 30, 30, 120_00),
    ]
    assert (statement.number, statement.total_cents, statement.currency) == ("2026-0001", 120_00, "BRL")


def test_m5_work_across_the_months_end_is_on_two_statements(desk):
    desk.ticket("U", type="update_service")
    desk.approve("night", "U", 120, "30 Nov 12:00", kind="update_service")
    desk.log("a", "U", "30 Nov 23:00", "1 Dec 01:00")

    totals = closed(desk).total_cents, closed(desk, DECEMBER, "4 Jan 2027 09:00").total_cents

    assert totals == (300_00, 300_00)


def test_m9_no_more_than_the_ceiling_is_charged(desk):
    desk.log("before", "earlier", "3 Nov 09:00", "11:00")
    desk.approve("capped", "C", 60, "10 Nov 09:00", asked=120)
    desk.log("c", "C", "11 Nov 09:00", "10:15")

    assert needs(desk) == {("c", "capped"): "to_review", ("c", None): "unauthorised"}
    assert total_on_the_list(desk) == {"C-1": 240_00}


def test_m11_and_m20_what_changes_after_closing_is_one_line_on_the_first_open_statement(m1):
    closed(m1)
    m1.correct("b", "11 Nov 14:00", "14:28", entered="2 Dec 10:00")
    less = total_on_the_list(m1, DECEMBER, "4 Jan 2027 08:00")
    december = closed(m1, DECEMBER, "4 Jan 2027 09:00")

    m1.correct("b", "11 Nov 14:00", "14:50", entered="5 Jan 2027 10:00")
    january = closed(m1, JANUARY, "1 Feb 2027 09:00")

    assert less == {"C-1": -120_00}
    assert lines(december) == [("correction", "", 0, 0, -120_00)]
    assert lines(january) == [("correction", "", 0, 0, 120_00)]
    assert [change["after"][4:] for change in january.agreed["corrections"][0]["rows"]] == [[30, 120_00]]


def test_m16_work_on_a_suspended_contract_keeps_its_month_open(desk):
    contracts.set_standing(
        actor=desk.world.max.person,
        contract=desk.contract,
        state="suspended",
        from_date=date(2026, 11, 10),
        reason="Unpaid",
        now=at("9 Nov 18:00"),
    )
    desk.log("a", "A", "9 Nov 09:00", "10:00")
    desk.log("b", "B", "11 Nov 09:00", "10:00")

    assert needs(desk) == {("b", None): "unauthorised"}


def test_the_package_fee_is_a_line_of_each_month_with_an_active_day(world):
    packed = make.contract(world.globex, world.softswitch, manager=world.max, number="G-9", package_minutes=300, package_fee_cents=900_00)
    desk = Desk(world, packed)

    statement = close(desk)

    assert lines(statement) == [("package_fee", "", 0, 0, 900_00)]
    with as_provider():
        assert fee_cents(packed, date(2025, 1, 1)) == 0


# --- Reviewing ----------------------------------------------------------------------------------------------------------
def test_a_line_is_reduced_with_a_reason_that_the_statement_gives(m1):
    say(m1, "b", "more", "reduced", minutes=15, reason="Half of it was ours to find")

    statement = close(m1)

    assert lines(statement)[-1] == ("work", "approval", 30, 15, 60_00)
    with as_provider():
        assert StatementLine.objects.filter(statement=statement).last().reason == "Half of it was ours to find"


def test_a_line_is_written_off(m1):
    say(m1, "b", "more", "written_off", reason="Goodwill")

    assert (close(m1).total_cents, needs(m1)) == (0, {("b", "more"): "written_off"})


def test_what_nobody_approved_can_be_written_off_but_not_charged(desk):
    desk.log("before", "earlier", "3 Nov 09:00", "11:00")
    desk.log("c", "C", "11 Nov 09:00", "10:00")

    for verdict in ("approved", "reduced"):
        with pytest.raises(statements.NeverApproved):
            say(desk, "c", None, verdict, minutes=15, reason="Please", seen=60)
    say(desk, "c", None, "written_off", reason="We owe them", seen=60)

    assert lines(close(desk))[-1] == ("work", "unauthorised", 60, 0, 0)


@pytest.mark.parametrize("minutes", [30, 31, -1, None])
def test_reducing_is_to_fewer_minutes(m1, minutes):
    with pytest.raises(statements.AboveApproved, match="more than the 30 min"):
        say(m1, "b", "more", "reduced", minutes=minutes, reason="x")


@pytest.mark.parametrize("verdict", ["reduced", "written_off", "returned"])
def test_less_needs_a_reason(m1, verdict):
    with pytest.raises(statements.ReasonMissing):
        say(m1, "b", "more", verdict, minutes=15, reason="  ")


def test_nobody_reviews_their_own_work(m1, world):
    both = make.staff("Mia Manager", "agent", "account_manager")
    m1.log("own", "B", "13 Nov 09:00", "09:30", agent=both)

    with pytest.raises(statements.NotByOneself, match="Max"):
        say(m1, "own", "more", "approved", actor=both)
    approved = statements.approve_all(actor=both, contract=m1.contract, month=NOVEMBER, now=at("1 Dec 09:00"))

    assert (approved, needs(m1)) == (1, {("b", "more"): "approved", ("own", "more"): "to_review"})


def test_who_reviews_alone_is_told_that_nobody_else_can(world):
    alone = make.staff("Mia Manager", "agent", "account_manager")
    make.accounts.set_staff_roles(actor=None, person=world.max.person, display_name="Max", roles=["agent"], now=make.NOW)
    desk = Desk(world)
    desk.approve("more", "B", 60, "2 Nov 10:00")
    desk.log("before", "earlier", "3 Nov 09:00", "11:00")
    desk.log("own", "B", "13 Nov 09:00", "09:30", agent=alone)

    with pytest.raises(statements.NobodyElse):
        say(desk, "own", "more", "approved", actor=alone)


def test_a_line_that_changed_is_looked_at_again(m1):
    reviewed(m1)
    m1.correct("b", "11 Nov 14:00", "15:00", entered="1 Dec 09:40")

    with pytest.raises(statements.LineChanged):
        say(m1, "b", "more", "approved", seen=15, when="1 Dec 09:45")
    m1.correct("b", "11 Nov 14:00", "15:10", entered="1 Dec 09:50")

    assert needs(m1, when="1 Dec 10:00") == {("b", "more"): "to_review"}


def test_a_line_that_is_gone_is_not_reviewed(m1):
    work.delete_work(log=m1.logs["b"], actor=m1.world.sara, now=at("1 Dec 08:00"))

    with pytest.raises(statements.LineGone):
        say(m1, "b", "more", "approved")


def test_a_returned_log_blocks_until_it_is_corrected_and_its_agent_is_told(m1):
    say(m1, "b", "more", "returned", reason="Which trunk?")
    with as_provider():
        told = list(Mail.objects.filter(kind="work_returned").values_list("address", "body_text"))
    with pytest.raises(statements.Blocked, match="returned"):
        close(m1)

    m1.correct("b", "11 Nov 14:00", "14:50", entered="1 Dec 11:00", note="Trunk 7")

    assert told == [(m1.world.sara.person.email, "Which trunk?")]
    assert needs(m1, when="1 Dec 12:00") == {("b", "more"): "to_review"}


def test_a_log_that_costs_nothing_can_be_returned_too(m1):
    say(m1, "a", None, "returned", reason="Say what was done", seen=0)

    assert needs(m1)["a", None] == "returned"


def test_the_same_word_twice_is_written_once(m1):
    for _each in range(2):
        say(m1, "b", "more", "approved")

    with as_provider():
        assert (Review.objects.count(), AuditEntry.objects.filter(verb="review_work").count()) == (1, 1)


# --- Closing ------------------------------------------------------------------------------------------------------------
def test_a_month_that_is_not_over_stays_open(m1):
    reviewed(m1, when="30 Nov 17:00")

    with pytest.raises(statements.MonthNotOver, match="November 2026 is not over"):
        close(m1, when="30 Nov 23:59")


def test_the_months_end_is_the_contracts(m1):
    reviewed(m1, when="30 Nov 17:00")

    assert close(m1, when="1 Dec 00:00").number == "2026-0001"


def test_everything_in_the_way_is_named_at_once(m1):
    m1.log("c", "C", "16 Nov 09:00", "10:00")
    work.start_timer(ticket=m1.tickets["A"], agent=m1.world.lea, now=at("30 Nov 17:00"))

    with pytest.raises(statements.Blocked) as refused:
        close(m1)

    assert str(refused.value) == (
        "It can't be closed yet: a timer runs; one line is not approved by the customer; one line is not reviewed."
    )


def test_a_timer_begun_in_the_next_month_is_not_in_the_way(m1):
    work.start_timer(ticket=m1.tickets["A"], agent=m1.world.lea, now=at("1 Dec 08:00"))

    assert closed(m1).total_cents == 120_00


def test_statements_come_in_their_order(m1):
    m1.log("later", "A", "2 Dec 09:00", "10:00")

    with pytest.raises(statements.EarlierOpen, match="November 2026 comes first"):
        close(m1, DECEMBER, "4 Jan 2027 09:00")
    closed(m1, when="4 Jan 2027 09:00")

    assert close(m1, DECEMBER, "4 Jan 2027 09:05").number == "2027-0002"


def test_a_month_with_nothing_needs_no_statement_and_holds_nothing_up(m1):
    closed(m1)
    m1.log("later", "A", "5 Jan 2027 09:00", "10:00")

    with pytest.raises(statements.NothingToClose):
        close(m1, DECEMBER, "4 Jan 2027 09:00")

    assert close(m1, JANUARY, "1 Feb 2027 09:00").number == "2027-0001"


def test_closing_again_is_the_same_statement(m1):
    first = closed(m1)

    again = close(m1, when="1 Dec 10:01")

    with as_provider():
        assert (again.pk, Statement.objects.count(), Series.objects.get().last) == (first.pk, 1, 1)


def test_numbers_have_no_gap_where_a_closing_failed(m1, monkeypatch):
    reviewed(m1)
    monkeypatch.setattr(statements.statement_letters, "tell_closed", lambda *_args, **_kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        close(m1)
    monkeypatch.undo()

    assert close(m1).number == "2026-0001"


def test_a_ticket_with_work_on_a_statement_stays_under_its_contract(m1, world):
    other = make.contract(world.acme, world.softswitch, manager=world.max, number="C-2")
    closed(m1)

    with pytest.raises(assignment.ContractSettled, match="A closed statement has work on this ticket"):
        assignment.move_to_contract(ticket=m1.tickets["B"], actor=world.max.person, contract=other, now=at("2 Dec 09:00"))


def test_a_closed_month_is_not_reviewed(m1):
    closed(m1)

    with pytest.raises(statements.MonthClosed, match="November 2026 is closed as 2026-0001"):
        say(m1, "b", "more", "written_off", reason="Too late", when="2 Dec 09:00")


def test_approvers_and_admins_get_the_total_by_mail(m1):
    approver = make.member(m1.world.acme, "Amy Approver", "approver", language="pt-br")
    statement = closed(m1)

    with as_provider():
        mails = Mail.objects.filter(kind="statement_closed").order_by("address")
        assert {mail.address: mail.headline for mail in mails} == {
            m1.world.ada.email: "The statement of November 2026 is ready: R$120.00.",
            approver.email: mails.get(recipient=approver).headline,
        }
        assert all(f"/statements/{statement.pk}/?company={m1.world.acme.pk}" in mail.action_url for mail in mails)


@pytest.mark.parametrize(
    "change",
    ["UPDATE billing_statement SET total_cents = 0", "DELETE FROM billing_statementline", "UPDATE billing_statementline SET note = ''"],
)
def test_the_database_refuses_to_change_a_statement(m1, change):
    closed(m1)

    with pytest.raises(DatabaseError), as_provider(), connection.cursor() as cursor:
        cursor.execute(change)


def test_an_ended_contract_still_gets_its_correction(m1):
    closed(m1)
    contracts.set_standing(
        actor=m1.world.max.person, contract=m1.contract, state="ended", from_date=date(2026, 12, 1), reason="Sold", now=at("1 Dec 11:00")
    )
    m1.correct("b", "11 Nov 14:00", "14:28", entered="2 Dec 10:00")

    assert lines(closed(m1, DECEMBER, "4 Jan 2027 09:00")) == [("correction", "", 0, 0, -120_00)]


def test_closing_many_holds_calendars_still_before_it_locks_a_contract(m1, world):
    with CaptureQueriesContext(connection) as asked:
        statements.close_months(actor=world.max, contracts=[m1.contract], month=NOVEMBER, now=at("2 Dec 10:00"))

    locks = [sql for sql in (query["sql"] for query in asked) if "FOR NO KEY UPDATE" in sql or "advisory" in sql]
    assert "pg_advisory_xact_lock_shared" in locks[0]


def test_closing_many_says_of_each_what_became_of_it(m1, world):
    packed = make.contract(world.globex, world.softswitch, manager=world.max, number="G-9", package_minutes=300, package_fee_cents=900_00)

    found = statements.close_months(actor=world.max, contracts=[m1.contract, packed], month=NOVEMBER, now=at("1 Dec 10:00"))

    assert [(one.contract.number, one.statement and one.statement.number, one.refusal) for one in found] == [
        ("C-1", None, "It can't be closed yet: one line is not reviewed."),
        ("G-9", "2026-0001", ""),
    ]


# --- What lists say without reckoning ---------------------------------------------------------------------------------
def test_the_lists_amount_is_the_engines_though_an_approvals_lines_are_rounded(desk):
    """Three lines of 20 minutes at 0.01 more than round: each is rounded up, together they cost no more than the ceiling."""
    desk.log("before", "earlier", "3 Nov 09:00", "11:00")
    desk.approve("more", "C", 45, "9 Nov 09:00", rate=250_01)
    for name, day in (("x", "10"), ("y", "11"), ("z", "12")):
        desk.log(name, "C", f"{day} Nov 09:00", "09:15")
    say(desk, "y", "more", "reduced", minutes=10, reason="Less", seen=15)

    with as_provider():
        contract = Contract.objects.select_related("calendar").get(pk=desk.contract.pk)
        state = readiness_of(contract, NOVEMBER, at("1 Dec 09:00"))
        listed = amounts([state], NOVEMBER)

    assert listed == {contract.pk: sum(desk.cents(NOVEMBER).values())}


def test_corrections_are_kept_and_go_with_their_cause(m1):
    closed(m1)
    m1.correct("b", "11 Nov 14:00", "14:28", entered="2 Dec 10:00")
    with as_provider():
        kept = list(Correction.objects.values_list("of_month", "month", "amount_cents"))

    m1.correct("b", "11 Nov 14:00", "14:50", entered="2 Dec 11:00")

    with as_provider():
        assert (kept, Correction.objects.count()) == ([(NOVEMBER, DECEMBER, -120_00)], 0)


def test_a_request_that_waits_is_in_the_way_and_a_draft_is_not(m1):
    m1.log("c", "C", "16 Nov 09:00", "10:00")
    with as_provider():
        request = m1.requests["more"]
        request.pk, request.state, request.ticket = None, "waiting", m1.tickets["C"]
        request.accepted_at = request.accepted_minutes = None
        request.used_minutes, request.submission_key = 0, "6f1c8f0e-0f5e-4a58-9a39-6d5d4c1f0a11"
        request.save(force_insert=True)
        request.listed.create(customer=m1.world.acme, log=m1.logs["c"])
    waiting = needs(m1)["c", None]
    say(m1, "c", None, "written_off", reason="Goodwill", seen=60)
    reviewed(m1)
    with pytest.raises(statements.Blocked, match="a charge request with its work has no answer"):
        close(m1)

    with as_provider():
        request.state, request.drafted_by = "draft", m1.world.sara.person
        request.save(update_fields=["state", "drafted_by"])

    assert (waiting, close(m1).total_cents) == ("waiting", 120_00)


def test_needs_have_a_key_for_each_line(m1):
    with as_provider():
        state = readiness_of(Contract.objects.select_related("calendar").get(pk=m1.contract.pk), NOVEMBER, at("1 Dec 09:00"))

    assert state.needs == {LineKey(m1.logs["b"].pk, m1.requests["more"].pk): Need.TO_REVIEW}
