"""Logging, correcting and deleting work, and timers: what is refused, what is written down, and who hears of it."""

import uuid
from datetime import timedelta

import pytest

from accounts.tenancy import as_provider
from billing.commands import stories, work
from billing.models import Entry, TakenIn, Threshold, Timer, WorkLog
from notifications.models import Mail
from tests import factories as make
from tests.billing.desk import Desk
from tests.sla.stories import at
from tickets import commands as tickets
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
KEY = uuid.UUID("6f1c8f0e-0f5e-4a58-9a39-6d5d4c1f0a11")


@pytest.fixture
def desk(world):
    return Desk(world)


def logs():
    with as_provider():
        return WorkLog.objects.filter(deleted_at=None).count()


# --- What is refused ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("start", "end", "entered", "sentence"),
    [
        ("10 Nov 10:00", "10 Nov 10:00", "10 Nov 12:00", "The work must end after it begins. Check the times."),
        ("10 Nov 10:00", "10 Nov 09:00", "10 Nov 12:00", "The work must end after it begins. Check the times."),
        (
            "10 Nov 10:00",
            "11 Nov 16:00",
            "12 Nov 12:00",
            "That is more than 16 hours in one piece. Check the days, or log it in several pieces.",
        ),
        ("10 Nov 10:00", "10 Nov 13:00", "10 Nov 12:00", "That time has not come yet. Log work when it is done."),
        (
            "1 Nov 10:00",
            "1 Nov 13:00",
            "10 Nov 12:00",
            "SP-%s was opened on 9 Nov 2026; work can lie up to 7 days before that. Check the date.",
        ),
    ],
)
def test_times_that_cannot_be_are_refused_with_a_sentence(desk, start, end, entered, sentence):
    ticket = desk.ticket("A", opened="9 Nov 09:00")

    with pytest.raises(work.Refusal) as refused:
        desk.log("a", "A", start, end, entered=entered)

    assert str(refused.value) == (sentence % ticket.pk if "%s" in sentence else sentence)
    assert logs() == 0


def test_work_before_the_contract_is_refused(desk):
    world = desk.world
    young = Desk(world, make.contract(world.acme, world.softswitch, manager=world.max, number="N-2", first_date=at("9 Nov 00:00").date()))
    young.ticket("A", opened="9 Nov 09:00")

    with pytest.raises(work.BeforeContract, match="The contract begins on 9 Nov 2026"):
        young.log("a", "A", "8 Nov 10:00", "11:00", entered="9 Nov 12:00")


def test_work_needs_a_note(desk):
    with pytest.raises(work.NoteMissing):
        desk.log("a", "A", "10 Nov 10:00", "11:00", note="  ")


def test_a_caller_may_have_been_helped_before_the_ticket_was_filed(desk):
    desk.ticket("A", opened="10 Nov 12:00")
    desk.log("a", "A", "10 Nov 11:00", "11:30", entered="10 Nov 12:05")

    assert desk.taken("a") == {"allowance": 30}


def test_overlapping_work_is_refused_with_the_other_named_in_the_agents_time(desk):
    world = desk.world
    globex = Desk(world, world.globex_contract)
    globex.tickets["G"] = make.ticket(
        world.globex_contract, world.softswitch, world.grace, type="functional", severity="low", now=at("1 Nov 09:00")
    )
    desk.log("a", "A", "10 Nov 10:00", "11:00")

    with pytest.raises(work.Overlaps) as refused:
        globex.log("g", "G", "10 Nov 10:30", "11:30", entered="10 Nov 12:00")

    assert str(refused.value) == (
        f"It overlaps with today 10:00–11:00 on {desk.tickets['A'].number}, which Sara logged already. Change one of the two."
    )
    assert logs() == 1


def test_pieces_may_touch_and_colleagues_may_work_at_once(desk):
    desk.log("a", "A", "10 Nov 10:00", "11:00")
    desk.log("b", "A", "10 Nov 11:00", "12:00")
    desk.log("c", "A", "10 Nov 10:00", "11:00", agent=desk.world.lea)

    assert logs() == 3


def test_a_correction_into_another_log_is_refused_and_changes_nothing(desk):
    desk.log("a", "A", "10 Nov 10:00", "11:00")
    desk.log("b", "A", "10 Nov 11:00", "12:00")

    with pytest.raises(work.Overlaps):
        desk.correct("b", "10 Nov 10:30", "12:00", entered="10 Nov 13:00")

    with as_provider():
        assert WorkLog.objects.get(pk=desk.logs["b"].pk).began_at == at("10 Nov 11:00")
        assert Entry.objects.count() == 2


def test_work_on_a_closed_ticket_is_accepted(desk):
    ticket = desk.ticket("A")
    with as_provider():
        type(ticket).objects.filter(pk=ticket.pk).update(status="closed", closed_at=at("9 Nov 12:00"))
    desk.log("a", "A", "10 Nov 10:00", "11:00")

    assert logs() == 1


# --- Twice ----------------------------------------------------------------------------------------------------------------
def logged(desk, note="Looked", **changes):
    span = {"began_at": at("10 Nov 10:00"), "ended_at": at("10 Nov 11:00")} | changes
    return work.log_work(ticket=desk.ticket("A"), agent=desk.world.sara, note=note, submission_key=KEY, now=at("10 Nov 12:00"), **span)


def test_the_same_form_twice_is_one_log(desk):
    first, second = logged(desk), logged(desk)

    assert (first.pk, logs()) == (second.pk, 1)


def test_the_same_form_with_other_work_is_refused(desk):
    logged(desk)

    with pytest.raises(work.LoggedAlready):
        logged(desk, note="Something else")
    with pytest.raises(work.LoggedAlready):
        logged(desk, began_at=at("10 Nov 08:00"), ended_at=at("10 Nov 09:00"))
    assert logs() == 1


def test_a_log_deleted_twice_has_one_entry(desk):
    desk.log("a", "A", "10 Nov 10:00", "11:00")
    for _time in range(2):
        work.delete_work(log=desk.logs["a"], actor=desk.world.sara, now=at("10 Nov 12:00"))

    with as_provider():
        assert list(Entry.objects.values_list("kind", flat=True)) == ["logged", "deleted"]


def test_a_correction_that_changes_nothing_leaves_no_entry(desk):
    desk.log("a", "A", "10 Nov 10:00", "11:00", note="Looked")
    desk.correct("a", "10 Nov 10:00", "11:00", entered="10 Nov 12:00", note="Looked")

    with as_provider():
        assert Entry.objects.count() == 1


@pytest.fixture
def moved(desk):
    """A ticket as it was read before it and its hours went to another contract."""
    desk.log("a", "A", "10 Nov 09:00", "10:00")
    other = make.contract(desk.world.acme, desk.world.softswitch, manager=desk.world.max, number="N-2")
    with as_provider():
        moving = Ticket.objects.get(pk=desk.tickets["A"].pk)
    tickets.move_to_contract(ticket=moving, actor=desk.world.max.person, contract=other, now=at("10 Nov 11:00"))
    stories.take_in(now=at("10 Nov 11:01"))
    return other


def test_work_counts_under_the_contract_that_its_ticket_is_under_now(desk, moved):
    desk.log("b", "A", "10 Nov 11:10", "12:00")

    with as_provider():
        assert set(WorkLog.objects.values_list("contract_id", flat=True)) == {moved.pk}


def test_a_deleted_log_is_not_corrected(desk):
    desk.log("a", "A", "10 Nov 10:00", "11:00")
    work.delete_work(log=desk.logs["a"], actor=desk.world.sara, now=at("10 Nov 12:00"))

    with pytest.raises(work.WorkDeleted):
        desk.correct("a", "10 Nov 10:00", "10:30", entered="10 Nov 12:30")


# --- Whose ----------------------------------------------------------------------------------------------------------------
def test_a_lead_corrects_a_colleagues_log_for_a_reason_that_stays(desk):
    desk.log("a", "A", "10 Nov 10:00", "11:00")

    with pytest.raises(work.ReasonMissing):
        desk.correct("a", "10 Nov 10:00", "10:30", entered="10 Nov 12:00", actor=desk.world.lea)
    desk.correct("a", "10 Nov 10:00", "10:30", entered="10 Nov 12:00", actor=desk.world.lea, reason="Only half of it")

    with as_provider():
        assert list(Entry.objects.values_list("kind", "by__name", "reason")) == [
            ("logged", "Sara Support", ""),
            ("corrected", "Lea Lead", "Only half of it"),
        ]


# --- Who hears of it --------------------------------------------------------------------------------------------------------
def mails(kind):
    with as_provider():
        return list(Mail.objects.filter(kind=kind).order_by("pk").values_list("recipient__name", "headline"))


def test_unauthorised_work_is_told_to_lead_and_account_manager_at_once(desk):
    desk.log("a", "A", "10 Nov 20:00", "21:00")
    number = desk.tickets["A"].number

    sentence = f"Sara worked on {number} for 1 h that nobody has approved yet."
    assert mails("work_unauthorised") == [("Max Manager", sentence), ("Lea Lead", sentence)]


def test_the_same_unauthorised_work_is_told_once(desk):
    desk.log("a", "A", "10 Nov 20:00", "21:00")
    desk.log("b", "B", "10 Nov 10:00", "11:00", entered="10 Nov 22:00")

    assert len(mails("work_unauthorised")) == 2


def test_thresholds_are_told_once_each_to_customer_and_account_manager(desk):
    desk.log("a", "A", "10 Nov 10:00", "11:00")
    desk.log("b", "A", "11 Nov 10:00", "10:15")
    half = mails("hours_used")
    desk.log("c", "A", "12 Nov 10:00", "11:00")
    desk.correct("c", "12 Nov 10:00", "10:15", entered="12 Nov 12:00")
    desk.correct("c", "12 Nov 10:00", "10:45", entered="12 Nov 13:00")

    used, up = (
        "50 % of the functional hours of November 2026 are used: 1 h left of 2 h.",
        "The functional hours of November 2026 are used up: all 2 h of them.",
    )
    assert half == [("Max Manager", used), ("Ada Lovelace", used)]
    assert mails("hours_used")[2:] == [("Max Manager", up), ("Ada Lovelace", up)]
    with as_provider():
        assert sorted(Threshold.objects.values_list("percent", flat=True)) == [50, 80, 100]


# --- Timers -----------------------------------------------------------------------------------------------------------------
def test_a_timer_runs_until_it_is_stopped_and_becomes_a_log(desk):
    sara = desk.world.sara
    work.start_timer(ticket=desk.ticket("A"), agent=sara, now=at("10 Nov 10:00"))
    work.start_timer(ticket=desk.ticket("A"), agent=sara, now=at("10 Nov 10:10"))
    desk.logs["a"] = work.stop_timer(agent=sara, note="Looked", now=at("10 Nov 10:40"))

    assert desk.taken("a") == {"allowance": 45}
    with as_provider():
        assert not Timer.objects.exists()


def test_each_has_one_timer(desk):
    work.start_timer(ticket=desk.ticket("A"), agent=desk.world.sara, now=at("10 Nov 10:00"))
    work.start_timer(ticket=desk.ticket("B"), agent=desk.world.lea, now=at("10 Nov 10:00"))

    with pytest.raises(work.TimerRuns, match=f"Your timer runs on {desk.tickets['A'].number} since today 10:00"):
        work.start_timer(ticket=desk.ticket("B"), agent=desk.world.sara, now=at("10 Nov 11:00"))


def test_a_timer_stopped_twice_is_one_log(desk):
    sara = desk.world.sara
    work.start_timer(ticket=desk.ticket("A"), agent=sara, now=at("10 Nov 10:00"))
    first = work.stop_timer(agent=sara, note="Looked", submission_key=KEY, now=at("10 Nov 10:40"))
    second = work.stop_timer(agent=sara, note="Looked", submission_key=KEY, now=at("10 Nov 10:41"))

    assert (first.pk, logs()) == (second.pk, 1)
    with pytest.raises(work.NoTimer):
        work.stop_timer(agent=sara, note="Looked", now=at("10 Nov 10:42"))


def test_a_timer_whose_time_is_refused_runs_on(desk):
    sara = desk.world.sara
    work.start_timer(ticket=desk.ticket("A"), agent=sara, now=at("10 Nov 10:00"))

    with pytest.raises(work.TooLong):
        work.stop_timer(agent=sara, note="Looked", now=at("11 Nov 10:00"))
    desk.logs["a"] = work.stop_timer(agent=sara, note="Looked", ended_at=at("10 Nov 11:00"), now=at("11 Nov 10:00"))

    assert desk.taken("a") == {"allowance": 60}


def test_a_timer_that_ran_for_hours_is_warned_of_once(desk):
    work.start_timer(ticket=desk.ticket("A"), agent=desk.world.sara, now=at("10 Nov 10:00"))

    assert [work.warn_of_timers(now=at("10 Nov 10:00") + timedelta(hours=hours)) for hours in (3, 4, 5)] == [0, 1, 0]
    assert mails("timer_runs") == [
        ("Sara Support", f"Your timer on {desk.tickets['A'].number} has run since Tue 10 Nov 10:00 (Sao Paulo, UTC−3).")
    ]


def test_a_discarded_timer_leaves_nothing(desk):
    work.start_timer(ticket=desk.ticket("A"), agent=desk.world.sara, now=at("10 Nov 10:00"))
    work.discard_timer(agent=desk.world.sara)

    with as_provider():
        assert (Timer.objects.count(), WorkLog.objects.count()) == (0, 0)


def test_work_on_a_ticket_that_was_just_moved_takes_its_hours_along(desk):
    """Else, moved back before the sweep, it would stay behind under the contract that it was under for a moment."""
    desk.log("a", "A", "10 Nov 09:00", "10:00")
    other = make.contract(desk.world.acme, desk.world.softswitch, manager=desk.world.max, number="N-2")
    tickets.move_to_contract(ticket=desk.tickets["A"], actor=desk.world.max.person, contract=other, now=at("10 Nov 10:30"))

    desk.log("b", "A", "10 Nov 11:10", "12:00")

    with as_provider():
        assert set(WorkLog.objects.values_list("contract_id", flat=True)) == {other.pk}
        assert TakenIn.objects.get().contract_id == other.pk
