"""Random stories of a contract in rows: months reckoned apart are the months of the whole, and so are rows kept step by step."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.tenancy import as_provider
from billing import keeping
from billing.allocation import allocate
from billing.commands import stories, work
from billing.models import ChargeRequest, Entry, WorkLog
from billing.queries.verification import differences_of
from billing.reckoning import book
from billing.stories import known_of, linked, months_between, part_of, story_of, zone_of
from contracts.models import Contract
from helpdesk.lib.refusals import Refusal
from tests import factories as make
from tests.sla.stories import BRASILIA
from tickets import commands as tickets
from tickets.models import Event

pytestmark = pytest.mark.django_db
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
FIRST = datetime(2026, 9, 1, tzinfo=BRASILIA)
AFTER = datetime(2026, 12, 1, tzinfo=BRASILIA)  # by then all of the work is done
TYPES = ("functional", "functional", "technical", "update_service")

# Days close to the months' ends, so that work across midnight is not rare.
days = st.sampled_from([2, 3, 28, 29, 30, 31, 57, 58, 59, 60, 61, 62])
begins = st.builds(lambda day, half: FIRST + timedelta(days=day, minutes=30 * half), days, st.integers(18, 30) | st.integers(18, 47))
lengths = st.integers(5, 240)
early = st.builds(lambda hour: FIRST + timedelta(hours=hour), st.integers(0, 72))  # an approval of the first days serves all months
places = st.sampled_from([0, 0, 0, 1, 2, 3])  # mostly on one ticket
steps = st.lists(
    st.one_of(
        st.tuples(st.just("log"), places, begins, lengths),
        st.tuples(st.just("log"), places, begins, lengths),
        st.tuples(st.just("correct"), places, begins, lengths),
        st.tuples(st.just("delete"), places, begins, lengths),
        st.tuples(st.just("approve"), places, early | begins, lengths),
        st.tuples(st.just("verdict"), places, st.sampled_from(TYPES), st.none()),
    ),
    min_size=3,
    max_size=12,
)


@pytest.fixture
def world(world):
    """Of a contract that includes little: what is approved is soon used up, in one month by what is done in another."""
    scarce = make.contract(world.acme, world.softswitch, manager=world.max, number="N-2", allowance_minutes=30)
    return replace(world, contract=scarce)


@pytest.fixture
def opened(world):
    """Four tickets of Acme, two of them functional."""
    return [make.ticket(world.contract, world.softswitch, world.ada, type=kind, severity="medium", now=FIRST) for kind in TYPES]


def undone(test):
    """Each example begins with the same rows."""

    def run(*args, **kwargs):
        with as_provider(), transaction.atomic():
            test(*args, **kwargs)
            transaction.set_rollback(True)

    return run


class Story:
    """Rows as commands would leave them, without what follows from them."""

    def __init__(self, world, opened):
        self.world, self.opened, self.logs, self.number = world, opened, [], 0
        self.of_contract = {"customer": world.acme, "contract": world.contract}

    def tell(self, step):
        kind, place, what, length = step
        ticket, now = self.opened[place], AFTER + timedelta(minutes=self.number)
        self.number += 1
        if kind == "approve":
            self._approve(ticket, what, length)
        elif kind == "verdict":
            self._verdict(ticket, what, now)
        elif kind == "log":
            self._enter("logged", self._log(ticket, what, length), ticket, what, length, now)
        elif self.logs:
            log = self.logs[(place * 7) % len(self.logs)]
            self._enter("corrected" if kind == "correct" else "deleted", log, log.ticket, what, length, now)
            if kind == "delete":
                self.logs.remove(log)

    def _log(self, ticket, began_at, length):
        # Years ago and apart: here only the entries count.
        apart = datetime(2020, 1, 1, tzinfo=BRASILIA) + timedelta(days=self.number)
        log = WorkLog.objects.create(
            **self.of_contract,
            ticket=ticket,
            agent=self.world.sara,
            began_at=apart,
            ended_at=apart + timedelta(1),
            note="x",
            logged_at=AFTER,
        )
        self.logs.append(log)
        return log

    def _enter(self, kind, log, ticket, began_at, length, now):
        ended_at = began_at + timedelta(minutes=length)
        Entry.objects.create(
            **self.of_contract, number=self.number, kind=kind, log=log, ticket=ticket, began_at=began_at, ended_at=ended_at, at=now
        )

    def _approve(self, ticket, accepted_at, minutes):
        columns = {"minutes": minutes, "accepted_minutes": minutes, "rate_cents": 240_00}
        instants = dict.fromkeys(("answer_by", "drafted_at", "accepted_at"), accepted_at)
        ChargeRequest.objects.create(
            **self.of_contract, ticket=ticket, kind="functional_excess", state="accepted", reason="x", **columns, **instants
        )

    def _verdict(self, ticket, type, now):
        position = Event.objects.filter(ticket=ticket).count() + 1
        data = {"type": type, "severity": "medium"}
        Event.objects.create(customer=self.world.acme, ticket=ticket, position=position, kind="verified", at=now, by_staff=True, data=data)


def part(rows, months):
    """What is of these months."""
    pieces = {place: pieces for place, pieces in rows.pieces.items() if place[1] in months}
    return pieces, {month: granted for month, granted in rows.months.items() if month in months}


@given(told=steps)
@settings(max_examples=40, suppress_health_check=SLOW)
def test_months_that_are_reckoned_apart_are_those_of_the_whole(world, opened, told):
    @undone
    def example():
        story = Story(world, opened)
        for step in told:
            story.tell(step)
        contract = Contract.objects.select_related("calendar").get(pk=world.contract.pk)
        known, whole = known_of(contract), allocate(story_of(contract))
        zone = zone_of(contract)
        worked = {month for entry in Entry.objects.all() for month in months_between(entry.began_at, entry.ended_at, zone)}

        for month in sorted(worked):
            months, tickets_whole = linked(contract, known.approvals, [month])
            hours = allocate(part_of(contract, known, months, tickets=tickets_whole))
            approvals = [pk for pk, served in hours.approvals.items() if served.approval.ticket in tickets_whole]
            found, expected = keeping.due(hours, months, approvals), keeping.due(whole, months, approvals)
            assert (found.pieces, found.months, found.used) == (expected.pieces, expected.months, expected.used)

    example()


@given(told=steps)
@settings(max_examples=12, suppress_health_check=SLOW)
def test_rows_kept_step_by_step_are_those_of_the_whole_story(world, opened, told):
    @undone
    def example():
        logs = []
        for number, step in enumerate(told):
            act(step, logs, AFTER + timedelta(minutes=number))
            contract = Contract.objects.select_related("calendar").get(pk=world.contract.pk)
            assert differences_of(contract) == []

    def act(step, logs, now):
        kind, place, what, length = step
        ticket = opened[place]
        if kind == "verdict":
            tickets.verify(ticket=ticket, agent=world.lea.person, type=what, severity="medium", reason="So it is", now=now)
            stories.take_in(now=now)
        elif kind == "approve":
            approve(ticket, length, now)
        elif kind == "log":
            enter(lambda span: logs.append(work.log_work(ticket=ticket, agent=world.sara, note="x", now=now, **span)), what, length)
        elif logs:
            log = logs[place % len(logs)]
            if kind == "delete":
                logs.remove(log)
                work.delete_work(log=log, actor=world.sara, now=now)
            else:
                enter(lambda span: work.correct_work(log=log, actor=world.sara, note="x", now=now, **span), what, length)

    def enter(command, began_at, length):
        """One agent can't do two things at once: what overlaps is refused, and is then not in the story."""
        try:
            with transaction.atomic():
                command({"began_at": began_at, "ended_at": began_at + timedelta(minutes=length)})
        except Refusal:
            return

    def approve(ticket, minutes, now):
        story = Story(world, opened)
        with book(world.contract.pk, now=now) as hours:
            story._approve(ticket, now, minutes)
            hours.keep(ticket)
            hours.touch(ticket.pk)

    example()


@given(told=steps)
@settings(max_examples=20, suppress_health_check=SLOW)
def test_no_month_gives_more_than_it_grants(world, opened, told):
    @undone
    def example():
        story = Story(world, opened)
        for step in told:
            story.tell(step)
        rows = keeping.due(allocate(story_of(Contract.objects.select_related("calendar").get(pk=world.contract.pk))), None, [])
        taken = Counter[date]()
        for (_log, month), pieces in rows.pieces.items():
            taken[month] += sum(one.minutes for piece in pieces for one in piece.taken if one.source == "allowance")
        assert all(count <= 30 and rows.months[month][1] == count for month, count in taken.items())

    example()
