"""The sweep of clocks while what it stands on is killed, doubled and absent: each step fires once, at its own instant (SLA-9, T13)."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tenancy import as_provider
from notifications.models import Mail, Page
from sla.content import Content
from sla.models import Breach, Firing
from tests import factories as make
from tests.faults.load import Load
from tests.faults.workers import EITHER, ask_for, kill
from tickets import commands
from tickets.models import Event, Ticket
from tickets.queries.verification import differences
from tooling.processes import wait_until

pytestmark = pytest.mark.slow
SWEEP = "tickets.tasks.notice_due"
DUE = 20
AGO = timedelta(minutes=31)
PERCENTS = (50, 80, 100)
STEPS = DUE * len(PERCENTS)
WITHIN_SECONDS = 10


def filed(town, number, opened_at):
    """Critical: half of the time for the first answer is over after 15 minutes, all of it after 30."""
    values = {"severity": "critical", "subject": f"Event {number}", "now": opened_at}
    return make.ticket(town.contract, town.softswitch, town.ada, **values)


@pytest.fixture
def due(town):
    """Tickets whose first answer fell due while nobody looked, the oldest first."""
    begin = timezone.now() - AGO
    return [filed(town, number, begin + timedelta(milliseconds=number)) for number in range(DUE)]


def steps():
    """How often each step was written down."""
    with as_provider():
        found = Event.objects.filter(kind__in=["escalated", "missed"])
        return Counter(found.values_list("ticket", "data__target", "data__percent"))


def all_noticed(seconds=30):
    return wait_until(lambda: sum(steps().values()) >= STEPS, seconds, 0.1)


def judge(tickets):
    """Each step fired, was written and was told once, marked late, at its own instant; returns that in a sentence."""
    with as_provider():
        opened = dict(Ticket.objects.filter(pk__in=[t.pk for t in tickets]).values_list("pk", "opened_at"))
        events = list(Event.objects.filter(kind__in=["escalated", "missed"]))
        firings, breaches = Firing.objects.filter(told_at__isnull=False).count(), Breach.objects.count()
        mails, pages = Mail.objects.filter(kind="ticket_escalated"), Page.objects.filter(key__contains="-step-")
        told = [mails.count(), mails.values("about_id", "recipient").distinct().count(), pages.count()]
    written = sorted((e.ticket_id, e.data["percent"], e.at, e.data["late"]) for e in events)
    share = {percent: timedelta(minutes=30) * percent / 100 for percent in PERCENTS}
    assert written == sorted((pk, percent, at + share[percent], True) for pk, at in opened.items() for percent in PERCENTS)
    number = len(tickets)
    assert (firings, breaches, len(events)) == (number * len(PERCENTS), number, number * len(PERCENTS))
    # 50 %: the team of two; 80 %: the team with its lead; 100 %: the lead and the account manager.
    assert told == [number * 6, number * 6, number * len(PERCENTS)]
    assert list(differences()) == []
    return (
        f"{number} tickets, {len(events)} steps written once each at their own instant, {told[0]} mails, {told[2]} pages, {breaches} misses"
    )


def test_two_sweepers_down_for_a_while_notice_each_step_once(desk, due, counted):
    """T13, with real processes."""
    for name in ("worker", "worker-2"):
        desk.start_worker(name)
    for _time in range(8):
        ask_for(desk, SWEEP)

    assert all_noticed()
    counted(judge(due))


@EITHER
def test_a_worker_killed_while_it_notices_tells_each_step_once(desk, due, whom, counted):
    desk.start_worker()
    with desk.holding(f"SELECT FROM sla_promise WHERE id = {due[DUE // 2].promise_id} FOR UPDATE"):
        ask_for(desk, SWEEP)
        desk.wait_for_lock()  # it has noticed half of them
        kill(desk, whom)
        before = sum(steps().values())
    ask_for(desk, SWEEP)

    assert all_noticed()
    assert before == STEPS // 2
    counted(f"killed after {before} of {STEPS} steps: {judge(due)}")


def test_the_database_restarted_while_it_notices_loses_and_doubles_nothing(desk, due, counted):
    desk.start_worker()
    desk.start_beat()
    with desk.holding(f"SELECT FROM sla_promise WHERE id = {due[DUE // 2].promise_id} FOR UPDATE"):
        desk.wait_for_lock()
        before = sum(steps().values())
        desk.crash_database()
    desk.start_database()

    assert all_noticed(60)
    assert [desk.child(name).has_ended() for name in ("worker", "beat")] == [False, False]
    counted(f"crashed after {before} of {STEPS} steps: {judge(due)}")


def test_two_beats_and_two_workers_notice_nothing_twice(desk, due, counted):
    for name in ("worker", "worker-2"):
        desk.start_worker(name)
    for name in ("beat", "beat-2"):
        desk.start_beat(name)

    assert all_noticed()
    counted(judge(due))


def test_without_beat_everything_waits_for_the_next_one(desk, due, counted):
    desk.start_worker()
    assert not wait_until(lambda: steps(), 7, 0.5)

    desk.start_beat()

    assert all_noticed()
    counted(judge(due))


def test_a_queue_that_refuses_and_one_that_forgets_lose_no_step(desk, due, counted):
    desk.stop_queue()
    desk.start_queue()
    for _time in range(3):
        ask_for(desk, SWEEP)
    assert desk.queued() == 3
    desk.flush_queue()
    desk.start_worker()
    desk.start_beat()
    desk.stop_queue()
    assert wait_until(lambda: "refused" in (desk.system.place.logs / "beat.log").read_text().lower(), 20), "beat noticed nothing"
    desk.start_queue()

    assert all_noticed(60)
    counted(judge(due))


def test_steps_fire_within_ten_seconds_of_their_instant(desk, town, counted):
    """Half of the time is used up some seconds from now, spread over ten of them."""
    desk.start_worker()
    desk.start_beat()
    begin = timezone.now() - timedelta(minutes=15) + timedelta(seconds=5)
    for number in range(DUE):
        filed(town, number, begin + timedelta(seconds=number / 2))

    assert wait_until(lambda: len(steps()) == DUE, 40, 0.1)
    with as_provider():
        late = [(firing.told_at - firing.at).total_seconds() for firing in Firing.objects.all()]
        marked = set(Event.objects.filter(kind="escalated").values_list("data__late", flat=True))
    assert (max(late) < WITHIN_SECONDS, marked) == (True, {False})
    counted(f"{DUE} steps, the latest told {max(late):.1f} s after its instant")


def test_tickets_that_can_not_be_noticed_hold_up_no_other(desk, due, counted, caplog):
    """More of them than a sweep looks at in one go, the oldest of all, spoilt in three ways."""
    town_tickets, spoilt = due, 15
    first, second, third = (tickets_sql(town_tickets[n:spoilt:3]) for n in range(3))
    desk.sql(
        f"""
        INSERT INTO tickets_event (customer_id, ticket_id, position, kind, at, by_staff, internal, data)
            SELECT customer_id, id, event_count + 1, 'status_changed', opened_at, true, false, '{{}}' FROM tickets_ticket WHERE id IN ({first});
        UPDATE sla_promise SET phase = 'nonsense' WHERE id IN (SELECT promise_id FROM tickets_ticket WHERE id IN ({second}));
        UPDATE sla_clock SET pace = 'nonsense' WHERE promise_id IN (SELECT promise_id FROM tickets_ticket WHERE id IN ({third}));
        """  # noqa: S608 - our own numbers
    )

    noticed = [commands.notice_due(now=commands.database_now()) for _sweep in range(2)]

    assert noticed == [DUE - spoilt, 0]
    assert {ticket for ticket, _target, _percent in steps()} == {ticket.pk for ticket in town_tickets[spoilt:]}
    assert Counter(caplog.messages) == {f"ticket {t.pk} could not be looked at; the others go on": 2 for t in town_tickets[:spoilt]}
    counted(f"{DUE} tickets, {spoilt} of them spoilt: {DUE - spoilt} noticed in one sweep, {spoilt} told in the log")


def tickets_sql(tickets):
    return ", ".join(str(ticket.pk) for ticket in tickets)


# --- A calendar that changes meanwhile -----------------------------------------------------------------------------------
WEEKS = [
    tuple((("00:00", "24:00"),) for _day in range(7)),
    tuple((("00:00", "11:30"), ("12:00", "24:00")) for _day in range(7)),
    tuple((("01:00", "23:00"),) for _day in range(7)),
]


def test_calendars_that_change_under_load_move_every_clock_and_refuse_nobody(desk, town, counted):
    visitors = [desk.visitor(person) for person in (town.ada, town.alan, town.grace) * 2]
    desk.start_worker()
    desk.start_beat()
    changes, longest = 9, 0.0
    with Load(visitors, town.softswitch) as load:
        for change in range(changes):
            load.more(6)
            begun = timezone.now()
            put_in_force(town.contract.calendar, Content(week=WEEKS[change % len(WEEKS)]), change + 1)
            longest = max(longest, (timezone.now() - begun).total_seconds())
        load.more(12)

    desk.end("beat", "worker")
    assert set(load.answers) == {200}
    assert list(differences()) == []
    with as_provider():
        tickets = Ticket.objects.count()
    counted(f"{changes} versions among {len(load.done)} writes on {tickets} tickets: 0 refused, 0 differences, the longest {longest:.2f} s")


def put_in_force(calendar, content, expected):
    values = {"content": content, "reason": "x", "expected": expected}
    commands.put_in_force(actor=None, calendar=calendar, now=timezone.now(), **values)
