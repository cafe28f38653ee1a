"""Random stories under random calendars: what is kept of clocks, moved by one statement, is what a replay of each story says (SLA-11)."""

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from random import Random

import pytest

from accounts.tenancy import as_provider
from helpdesk.lib.refusals import Refusal
from sla.content import Break
from sla.edits import AddBreak, Close, SetHours, SetWeek
from sla.models import Breach, Clock, Firing
from sla.recalculation import concerned
from tests import factories as make
from tests.sla.stories import at
from tickets import commands
from tickets.models import Ticket
from tickets.queries.verification import differences

pytestmark = pytest.mark.django_db

TICKETS, VERSIONS = 40, 3
BEGIN = at("23 Nov 08:00")
VALUES = [("technical", severity) for severity in ("critical", "high", "medium", "low")]
VALUES += [("functional", "medium"), ("functional", "low"), ("update_service", "medium")]
STATES = ("", "", "waiting_customer", "resolved", "waiting_third_party")


class Days:
    """Several people at work for some days, each deed later than the one before; what the product refuses is simply not done."""

    def __init__(self, world, seed):
        self.world, self.random, self.now = world, Random(seed), BEGIN  # noqa: S311 - the same stories every time
        self.tickets = []
        self.helps = 0
        calendar = make.calendar("America/Noronha")
        self.elsewhere = make.contract(world.acme, world.softswitch, manager=world.max, number="N-2", calendar=calendar)

    def pass_time(self, most_minutes):
        self.now += timedelta(minutes=self.random.randrange(1, most_minutes), seconds=self.random.randrange(60))

    def file(self):
        self.pass_time(30)
        type, severity = self.random.choice(VALUES)
        made = make.ticket(self.world.contract, self.world.softswitch, self.world.ada, type=type, severity=severity, now=self.now)
        self.tickets.append(made)

    def do_something(self):
        self.pass_time(45)
        deeds = [self.answer, self.answer, self.reply, self.verify, self.declare, self.help, self.hold, self.solve, self.sweep, self.move]
        with as_provider():
            ticket = Ticket.objects.get(pk=self.random.choice(self.tickets).pk)
        with suppress(Refusal):
            self.random.choice(deeds)(ticket)

    def answer(self, ticket):
        commands.answer(ticket=ticket, agent=self.sara, body="Looking.", status=self.random.choice(STATES) or None, now=self.now)

    def reply(self, ticket):
        commands.reply(ticket=ticket, author=self.world.ada, body="That one.", now=self.now)

    def verify(self, ticket):
        """By another lead than the one to whom it may be assigned: a verdict may undo a miss."""
        type, severity = self.random.choice(VALUES)
        commands.verify(ticket=ticket, agent=self.world.lea.person, type=type, severity=severity, reason="As it is.", now=self.now)

    def declare(self, ticket):
        type, severity = self.random.choice(VALUES)
        values = {"type": type, "severity": severity, "reason": "It changed.", "seen": ticket.event_count}
        commands.declare(ticket=ticket, person=self.world.ada, now=self.now, **values)

    def move(self, ticket):
        """To another contract, under another calendar, or back."""
        chosen = self.random.choice([self.world.contract, self.elsewhere])
        commands.move_to_contract(ticket=ticket, actor=self.world.lea.person, contract=chosen, now=self.now)

    def help(self, ticket):
        self.helps += 1
        start = self.now + timedelta(minutes=self.random.randrange(600))
        until = start + timedelta(minutes=self.random.randrange(30, 400))
        commands.cover(ticket=ticket, actor=self.world.ada, by_staff=False, key=f"{self.helps}", start=start, until=until, now=self.now)

    def hold(self, ticket):
        held = commands.place_hold(ticket=ticket, reason="Two hours", placed_by=self.sara, now=self.now)
        self.pass_time(60)
        if self.random.random() < 0.5:
            commands.release_hold(hold=held, released_by=self.sara, now=self.now)

    def solve(self, ticket):
        commands.mark_solved(ticket=ticket, person=self.world.ada, now=self.now)

    def sweep(self, _ticket):
        commands.notice_due(now=self.now)

    @property
    def sara(self):
        return self.world.sara.person

    def change_calendar(self):
        """Other hours, a break, a day closed or opened; returns how many running clocks could move by it."""
        self.pass_time(200)
        calendar = self.world.contract.calendar
        with as_provider():
            last = calendar.versions.order_by("-number").first()
            before = last.content()
            waiting = concerned(calendar.pk, self.now).count()
        week = tuple(self.hours() if day < 5 or self.random.random() < 0.3 else () for day in range(7))
        content = SetWeek(week).on(before)
        for edit in (Close(self.day(), {}), SetHours(self.day(), self.hours(), {}), AddBreak(self.a_break())):
            content = edit.on(content)
        values = {"content": content, "reason": "x", "expected": last.number, "now": self.now}
        commands.put_in_force(actor=None, calendar=calendar, **values)
        return waiting

    def day(self):
        return date(2026, 11, 23) + timedelta(days=self.random.randrange(14))

    def a_break(self):
        start = datetime.combine(self.day(), time(self.random.randrange(7, 17), 20))
        return Break(start, start + timedelta(minutes=self.random.randrange(15, 600)), {})

    def hours(self):
        opens, closes = self.random.randrange(6, 11), self.random.randrange(14, 23)
        noon = self.random.choice(["12:00", "12:30", "13:15"])
        if self.random.random() < 0.5:
            return ((f"{opens:02d}:00", f"{closes:02d}:30"),)
        return ((f"{opens:02d}:00", noon), ("13:30", f"{closes:02d}:30"))


def kept():
    with as_provider():
        return [Clock.objects.count(), Clock.objects.running().count(), Breach.objects.count(), Firing.objects.count()]


@pytest.mark.parametrize("seed", [1, 2])
def test_moving_all_clocks_at_once_is_replaying_every_story(world, seed):
    days = Days(world, seed)
    for _ticket in range(TICKETS):
        days.file()

    moved = 0
    for _version in range(VERSIONS):
        for _deed in range(TICKETS):
            days.do_something()
        moved += days.change_calendar()
        assert list(differences()) == []
    for _deed in range(TICKETS // 2):
        days.do_something()

    assert list(differences()) == []
    clocks, running, breaches, firings = kept()
    assert moved > 30
    assert min(clocks - running, running, breaches, firings) > 10
