"""Random stories of a contract: nothing is lost, nothing is given twice, and nothing that was given is taken away by what comes later."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billing.allocation import Hours, allocate
from billing.facts import (
    Agreement,
    Approval,
    Corrected,
    Deleted,
    Entry,
    Kind,
    Logged,
    Qualification,
    Slice,
    Source,
    Standing,
    State,
    Story,
)
from billing.statements import Account
from tests.billing.books import DECEMBER, JANUARY, NOVEMBER, SIGNED
from tests.sla.stories import BRASILIA, SHIPPED

TICKETS = (1, 2, 3)
TYPES = ("functional", "functional", "technical", "update_service")
FIRST = datetime(2026, 11, 26, tzinfo=BRASILIA)  # a Thursday; the month ends on the Monday after
TOLD = FIRST + timedelta(days=10)  # entries come after all of the work, so that they can be told one by one

moments = st.integers(0, 7 * 24 * 12).map(lambda fives: FIRST + timedelta(minutes=5 * fives))
office = st.builds(
    lambda day, minute: FIRST + timedelta(days=day, hours=9, minutes=minute), st.sampled_from([0, 1, 4, 5]), st.integers(0, 8 * 60)
)
begins = office | moments
lengths = st.integers(1, 90) | st.sampled_from([60 * 12, 60 * 30])


def _told(step: int) -> datetime:
    return TOLD + timedelta(hours=step)


@st.composite
def agreements(draw: Any) -> Agreement:
    terms = replace(
        SIGNED,
        allowance_minutes=draw(st.sampled_from([0, 15, 60, 120])),
        package_minutes=draw(st.sampled_from([0, 30])),
        package_fee_cents=draw(st.sampled_from([0, 100_00])),
        increment_minutes=draw(st.sampled_from([1, 7, 15, 15, 60])),
    )
    amended = replace(terms, from_date=date(2026, 11, 28), increment_minutes=10, allowance_minutes=45)
    standings = [Standing(date(2026, 11, 27), State.SUSPENDED), Standing(date(2026, 11, 30), State.ACTIVE)]
    return Agreement(
        zone=BRASILIA,
        calendar=SHIPPED,
        first_date=date(2026, 1, 1),
        terms=[terms, amended] if draw(st.booleans()) else [terms],
        standings=standings if draw(st.booleans()) else (),
    )


@st.composite
def entries(draw: Any, *, most: int = 12, begins: st.SearchStrategy[datetime] = begins) -> list[Entry]:
    told: list[Entry] = []
    there: list[int] = []
    for number in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(["logged", "logged", "corrected", "corrected", "deleted"])) if there else "logged"
        log = draw(st.sampled_from(there)) if kind != "logged" else number
        at, start = _told(2 * number), draw(begins)
        content = {"ticket": draw(st.sampled_from(TICKETS)), "start": start, "end": start + timedelta(minutes=draw(lengths))}
        if kind == "deleted":
            told.append(Deleted(at=at, number=number, log=log))
            there.remove(log)
        elif kind == "corrected":
            told.append(Corrected(at=at, number=number, log=log, **content))
        else:
            told.append(Logged(at=at, number=number, log=log, **content))
            there.append(log)
    return told


@st.composite
def approvals(draw: Any) -> list[Approval]:
    return [_approval(draw, id) for id in range(1, draw(st.integers(0, 5)) + 1)]


def _approval(draw: Any, id: int) -> Approval:
    since = draw(moments)
    return Approval(
        id=id,
        ticket=draw(st.sampled_from(TICKETS)),
        kind=draw(st.sampled_from(Kind)),
        ceiling_minutes=draw(st.integers(1, 120)),
        rate_cents=draw(st.integers(1, 500_00)),
        accepted_at=draw(moments),
        work_from=since,
        work_until=since + timedelta(hours=draw(st.integers(1, 72))),
        listed=frozenset(draw(st.lists(st.integers(0, 6), max_size=3))),
        ended_at=draw(st.none() | moments),
    )


@st.composite
def qualifications(draw: Any, *, verdicts: int) -> list[Qualification]:
    """What a ticket is while work is done, and later verdicts, told between the entries."""
    told = [_qualification(draw, FIRST, verdict=False)]
    told += [_qualification(draw, at, verdict=draw(st.booleans())) for at in sorted(draw(st.lists(moments, max_size=2)))]
    steps = sorted(draw(st.lists(st.integers(0, 12), max_size=verdicts)))
    return [*told, *(_qualification(draw, _told(2 * step + 1), verdict=True) for step in steps)]


def _qualification(draw: Any, at: datetime, *, verdict: bool) -> Qualification:
    type = draw(st.sampled_from(TYPES))
    return Qualification(at=at, type=type, always=type == "technical" and draw(st.booleans()), verdict=verdict)


@st.composite
def stories(draw: Any, *, verdicts: int = 2) -> Story:
    return Story(
        agreement=draw(agreements()),
        tickets={ticket: draw(qualifications(verdicts=verdicts)) for ticket in TICKETS},
        entries=draw(entries()),
        approvals=draw(approvals()),
    )


def _slices(hours: Hours) -> list[Slice]:
    return [slice for slices in hours.slices.values() for slice in slices]


def _by_ticket_day(hours: Hours) -> Mapping[tuple[int, date], list[Slice]]:
    days = defaultdict(list)
    for slice in _slices(hours):
        days[slice.ticket, slice.day].append(slice)
    return days


def _taken(slices: Sequence[Slice]) -> Counter[tuple[Source, int | None]]:
    taken: Counter[tuple[Source, int | None]] = Counter()
    for slice in slices:
        for allocation in slice.allocations:
            taken[allocation.source, allocation.approval] += allocation.minutes
    return taken


def _last_words(story: Story) -> dict[int, Logged | Corrected]:
    """Each log as it is in the end."""
    logs: dict[int, Logged | Corrected] = {}
    for entry in sorted(story.entries, key=attrgetter("number")):
        if isinstance(entry, Logged | Corrected):
            logs[entry.log] = entry
        else:
            del logs[entry.log]
    return logs


@given(stories())
def test_no_minute_is_lost(story: Story) -> None:
    hours = allocate(story)

    worked = {log: sum(slice.worked_minutes for slice in slices) for log, slices in hours.slices.items()}
    assert worked == {log: (entry.end - entry.start) // timedelta(minutes=1) for log, entry in _last_words(story).items()}
    for slice in _slices(hours):
        assert sum(allocation.minutes for allocation in slice.allocations) == slice.chargeable_minutes >= 0
    for (_, day), slices in _by_ticket_day(hours).items():
        increment = story.agreement.terms_on(day).increment_minutes
        worked_minutes = sum(slice.worked_minutes for slice in slices)
        assert sum(slice.chargeable_minutes for slice in slices) == -(-worked_minutes // increment) * increment


@given(stories())
def test_no_minute_is_given_twice(story: Story) -> None:
    hours = allocate(story)

    for month in (NOVEMBER, DECEMBER):
        taken = _taken([slice for slice in _slices(hours) if slice.day.month == month.month])
        of_month = hours.month(month)
        assert (of_month.allowance_used_minutes, of_month.package_used_minutes) == (
            taken[Source.ALLOWANCE, None],
            taken[Source.PACKAGE, None],
        )
        assert min(of_month.allowance_left_minutes, of_month.package_left_minutes) >= 0
    taken = _taken(_slices(hours))
    for id, approval in hours.approvals.items():
        assert (approval.used_minutes, approval.left_minutes >= 0) == (taken[Source.APPROVAL, id], True)


@given(stories())
def test_nothing_lacks_what_is_left(story: Story) -> None:
    """Functional minutes of a day in force are unauthorised only in a month whose minutes are used up; so with approvals in force."""
    hours = allocate(story)

    for slice in _slices(hours):
        if Source.UNAUTHORISED not in {allocation.source for allocation in slice.allocations}:
            continue
        if slice.type == "functional" and slice.is_in_hours and story.agreement.is_in_force_on(slice.day):
            month = hours.month(slice.day.replace(day=1))
            assert (month.allowance_left_minutes, month.package_left_minutes) == (0, 0)
        for approval in hours.approvals.values():
            assert approval.left_minutes == 0 or not _surely_covers(approval.approval, approval.cancelled_at, slice)


def _surely_covers(approval: Approval, cancelled_at: datetime | None, slice: Slice) -> bool:
    assert approval.work_from is not None
    assert approval.work_until is not None
    ends = [approval.work_until, *(end for end in (approval.ended_at, cancelled_at) if end is not None)]
    kinds = {
        Kind.FUNCTIONAL_EXCESS: slice.type == "functional" and slice.is_in_hours,
        Kind.UPDATE_SERVICE: slice.type == "update_service",
        Kind.OFF_HOURS: not slice.is_in_hours,
    }
    is_inside = max(approval.accepted_at, approval.work_from) <= slice.start and slice.end <= min(ends)
    return approval.ticket == slice.ticket and kinds[approval.kind] and is_inside


@given(stories(), st.randoms())
def test_facts_may_be_told_in_any_order(story: Story, random: Any) -> None:
    told = [list(story.entries), list(story.approvals)]
    for facts in told:
        random.shuffle(facts)

    shuffled = allocate(replace(story, entries=told[0], approvals=told[1]))

    assert (shuffled.slices, shuffled.approvals) == (allocate(story).slices, allocate(story).approvals)


@given(stories(), st.data())
def test_a_correction_that_changes_nothing_changes_nothing(story: Story, data: Any) -> None:
    known: dict[int, Logged | Corrected] = {}
    told: list[Entry] = []
    for entry in story.entries:
        told.append(entry)
        if isinstance(entry, Logged | Corrected):
            known[entry.log] = entry
        else:
            del known[entry.log]
        if known and data.draw(st.booleans()):
            same = known[data.draw(st.sampled_from(sorted(known)))]
            told.append(Corrected(at=entry.at, number=entry.number, log=same.log, ticket=same.ticket, start=same.start, end=same.end))

    numbered = [replace(entry, number=number) for number, entry in enumerate(told)]

    assert allocate(replace(story, entries=numbered)).slices == allocate(story).slices


@given(stories())
def test_a_later_entry_takes_nothing_from_earlier_ones(story: Story) -> None:
    """Told one by one, no entry worsens another log's cover. What a log of the same ticket's day is charged may grow by what the day
    gives up; only such minutes may lack cover."""
    told = list(story.entries)
    for count in range(1, len(told)):
        told_at = told[count].at
        tickets = {ticket: [q for q in all_told if q.at <= told_at] for ticket, all_told in story.tickets.items()}
        before = allocate(replace(story, tickets=tickets, entries=told[:count]))
        after = allocate(replace(story, tickets=tickets, entries=told[: count + 1]))
        for log, slices in before.slices.items():
            if log != told[count].log:
                _assert_no_worse(slices, after.slices[log])


def _assert_no_worse(before: Sequence[Slice], after: Sequence[Slice]) -> None:
    for slice, later in zip(before, after, strict=True):
        more = max(0, later.chargeable_minutes - slice.chargeable_minutes)
        fewer = max(0, slice.chargeable_minutes - later.chargeable_minutes)
        was, now = _standing(slice), _standing(later)
        for place in set(was) | set(now):
            covered_before = sum(minutes for source, minutes in was.items() if source <= place)
            covered_after = sum(minutes for source, minutes in now.items() if source <= place)
            assert covered_after >= covered_before - fewer
        assert now[UNCOVERED] <= was[UNCOVERED] + more


UNCOVERED = (3, 0)


def _standing(slice: Slice) -> Counter[tuple[int, int]]:
    """A slice's minutes by how good their cover is, the best first; approvals among themselves count as one."""
    order = {Source.ALLOWANCE: (0, 0), Source.PACKAGE: (1, 0), Source.APPROVAL: (2, 0), Source.UNAUTHORISED: UNCOVERED}
    standing: Counter[tuple[int, int]] = Counter()
    for allocation in slice.allocations:
        standing[order.get(allocation.source, (0, 0))] += allocation.minutes
    return standing


@given(stories(verdicts=3))
def test_a_verdict_takes_nothing_from_other_tickets(story: Story) -> None:
    for ticket, told in story.tickets.items():
        for count in range(1, len(told)):
            # Of what is told at the same instant, nobody says which came first.
            others = {other: [q for q in all_told if q.at < told[count].at] for other, all_told in story.tickets.items()}
            entries = [entry for entry in story.entries if entry.at <= told[count].at]
            before = allocate(replace(story, entries=entries, tickets={**others, ticket: told[:count]}))
            after = allocate(replace(story, entries=entries, tickets={**others, ticket: told[: count + 1]}))
            for log, slices in before.slices.items():
                if slices[0].ticket != ticket and told[count].at > TOLD:
                    _assert_no_worse(slices, after.slices[log])


@given(entries(begins=office), agreements())
def test_a_day_that_shrinks_keeps_what_it_was_given(told: list[Entry], agreement: Agreement) -> None:
    """With nothing but a month's minutes: when a log is deleted, its ticket's day lacks no more than before."""
    story = Story(agreement=agreement, tickets={t: [Qualification(at=FIRST, type="functional", always=True)] for t in TICKETS})
    for count, entry in enumerate(told):
        if isinstance(entry, Deleted):
            before = _lacking(allocate(replace(story, entries=told[:count])))
            after = _lacking(allocate(replace(story, entries=told[: count + 1])))
            assert all(minutes <= before[day] for day, minutes in after.items())


def _lacking(hours: Hours) -> Counter[tuple[int, date]]:
    return Counter({day: _taken(slices)[Source.UNAUTHORISED, None] for day, slices in _by_ticket_day(hours).items()})


@given(entries(), agreements())
def test_a_months_minutes_are_served_as_seats_in_a_row(told: list[Entry], agreement: Agreement) -> None:
    """With nothing but a month's minutes, corrections and all: a ticket's day takes seats at the end and gives up its last; the first
    are covered."""
    story = Story(
        agreement=agreement, tickets={t: [Qualification(at=FIRST, type="functional", always=True)] for t in TICKETS}, entries=told
    )

    covered = {
        (key, source): minutes
        for key, slices in _by_ticket_day(allocate(story)).items()
        for (source, _), minutes in _taken(slices).items()
        if source != Source.UNAUTHORISED
    }

    assert covered == _by_seats(told, agreement)


def _by_seats(told: Sequence[Entry], agreement: Agreement) -> dict[tuple[tuple[int, date], Source], int]:
    worked: dict[int, Counter[tuple[int, date]]] = {}
    rows: dict[date, list[tuple[int, date]]] = {NOVEMBER: [], DECEMBER: []}
    for entry in told:
        before = worked.pop(entry.log, Counter())
        if isinstance(entry, Logged | Corrected):
            minutes = (entry.start + timedelta(minutes=count) for count in range((entry.end - entry.start) // timedelta(minutes=1)))
            worked[entry.log] = Counter((entry.ticket, at.astimezone(BRASILIA).date()) for at in minutes)
        for key in sorted(before | worked.get(entry.log, Counter()), key=lambda key: key[1]):
            day = key[1]
            increment = agreement.terms_on(day).increment_minutes
            charged = -(-sum(of_log[key] for of_log in worked.values()) // increment) * increment
            row = rows[day.replace(day=1)]
            if agreement.is_in_force_on(day):
                row += [key] * (charged - row.count(key))
                for _ in range(row.count(key) - charged):
                    del row[len(row) - 1 - row[::-1].index(key)]
    covered: Counter[tuple[tuple[int, date], Source]] = Counter()
    for month, row in rows.items():
        terms = agreement.terms_on(month)
        covered.update((key, Source.ALLOWANCE) for key in row[: terms.allowance_minutes])
        covered.update((key, Source.PACKAGE) for key in row[terms.allowance_minutes :][: terms.package_minutes])
    return dict(covered)


@given(stories(), st.lists(st.integers(0, 12), min_size=2, max_size=2))
def test_statements_bill_what_it_comes_to(story: Story, closing_steps: list[int]) -> None:
    """Whenever months are closed, all statements together bill what all months come to, reviews and corrections included."""
    for month, step in zip((NOVEMBER, DECEMBER), sorted(closing_steps), strict=True):
        at = _told(2 * step)
        known = replace(story, entries=[entry for entry in story.entries if entry.at < at])
        known = replace(known, tickets={ticket: [q for q in told if q.at < at] for ticket, told in story.tickets.items()})
        story = replace(story, closings=[*story.closings, Account(known).statement(month).closed(at)])

    account = Account(story)

    billed = sum(sum(closing.billed_cents.values()) for closing in story.closings) + account.statement(JANUARY).total_cents
    lines = [line for month in (NOVEMBER, DECEMBER, JANUARY) for line in account.lines(month)]
    fees = sum(story.agreement.terms_on(month).package_fee_cents for month in (NOVEMBER, DECEMBER, JANUARY))
    assert billed == sum(line.amount_cents for line in lines) + fees
    for approval in story.approvals:
        assert sum(line.amount_cents for line in lines if line.approval == approval.id) <= approval.most_cents


@given(entries(), agreements(), approvals(), st.data())
def test_logs_that_only_come_are_served_as_by_hand(told: list[Entry], agreement: Agreement, given: list[Approval], data: Any) -> None:
    """Without corrections, a reckoning minute by minute comes to the same."""
    logs = [entry for entry in told if isinstance(entry, Logged)]
    type = data.draw(st.sampled_from(TYPES))
    tickets = {ticket: [Qualification(at=FIRST, type=type)] for ticket in TICKETS}

    hours = allocate(Story(agreement=agreement, tickets=tickets, entries=logs, approvals=given))

    assert {log: _sources(slices) for log, slices in hours.slices.items()} == _by_hand(logs, agreement, type, given)


def _sources(slices: Sequence[Slice]) -> dict[str, int]:
    return {f"{source} {approval}": minutes for (source, approval), minutes in _taken(slices).items()}


def _by_hand(logs: Sequence[Logged], agreement: Agreement, type: str, approvals: Sequence[Approval]) -> dict[int, dict[str, int]]:
    left: Counter[str] = Counter({f"approval {approval.id}": approval.ceiling_minutes for approval in approvals})
    for month in (NOVEMBER, DECEMBER):
        terms = agreement.terms_on(month)
        left |= Counter({f"allowance {month}": terms.allowance_minutes, f"package {month}": terms.package_minutes})
    worked: Counter[tuple[int, date]] = Counter()
    result: dict[int, dict[str, int]] = {}
    for log in logs:
        taken: Counter[str] = Counter()
        by_day = groupby(_minutes(log, agreement, type, approvals), key=lambda minute: minute[0])
        for day, minutes in by_day:
            increment = agreement.terms_on(day).increment_minutes
            for wants, count in _charged([wants for _, wants in minutes], worked, (log.ticket, day), increment):
                for well in wants[:-1]:
                    served = min(count, left[well])
                    left[well] -= served
                    count -= served
                    taken[f"{well.split()[0]} {well.split()[1] if well.startswith('approval') else None}"] += served
                taken[f"{wants[-1]} None"] += count
        result[log.log] = {source: minutes for source, minutes in taken.items() if minutes}
    return result


Wants = tuple[str, ...]  # wells in their order, and what a minute is that finds none


def _minutes(log: Logged, agreement: Agreement, type: str, approvals: Sequence[Approval]) -> list[tuple[date, Wants]]:
    coverage = SHIPPED.known_at(log.start)
    found, begun_in_hours, last_open = [], coverage.is_open(log.start), log.start
    for count in range((log.end - log.start) // timedelta(minutes=1)):
        at = log.start + timedelta(minutes=count)
        if coverage.is_open(at):
            last_open = at
        day = at.astimezone(BRASILIA).date()
        # The closing is a minute after the last open one.
        increment = agreement.terms_on(last_open.astimezone(BRASILIA).date()).increment_minutes
        is_past_closing = at - last_open < timedelta(minutes=increment + 1)
        found.append((day, _wants(log, agreement, type, approvals, at, coverage.is_open(at) or (begun_in_hours and is_past_closing))))
    return found


def _wants(log: Logged, agreement: Agreement, type: str, approvals: Sequence[Approval], at: datetime, in_hours: bool) -> Wants:
    if type == "technical" and in_hours:
        return ("included",)
    wants: list[str] = []
    day = at.astimezone(BRASILIA).date()
    if type == "functional" and in_hours and agreement.is_in_force_on(day):
        wants += [f"allowance {day.replace(day=1)}", f"package {day.replace(day=1)}"]
    in_window = False
    for approval in sorted(approvals, key=lambda approval: (approval.accepted_at, approval.id)):
        assert approval.work_from is not None
        assert approval.work_until is not None
        kind = {"functional": Kind.FUNCTIONAL_EXCESS if in_hours else Kind.OFF_HOURS, "technical": Kind.OFF_HOURS}.get(type)
        kinds = {kind} if kind else {Kind.UPDATE_SERVICE} | (set() if in_hours else {Kind.OFF_HOURS})
        inside = approval.accepted_at <= at and approval.work_from <= at < approval.work_until
        inside = inside and (approval.ended_at is None or at < approval.ended_at)
        listed = log.log in approval.listed and at < approval.accepted_at
        if approval.ticket == log.ticket and approval.kind in kinds and (inside or listed):
            wants.append(f"approval {approval.id}")
            in_window = in_window or inside
    return (*wants, "courtesy" if type == "technical" and not in_window else "unauthorised")


def _charged(minutes: Sequence[Wants], worked: Counter[tuple[int, date]], key: tuple[int, date], increment: int) -> list[tuple[Wants, int]]:
    """Parts of a log's day as what they want and their chargeable minutes, by BIL-4."""
    parts = [(wants, len(list(run))) for wants, run in groupby(minutes)]
    before = -(-worked[key] // increment) * increment
    worked[key] += len(minutes)
    padding = -(-worked[key] // increment) * increment - before - len(minutes)
    longest = max(range(len(parts)), key=lambda place: (parts[place][1], -place))
    charged = []
    for place, (wants, count) in enumerate(parts):
        off = min(count, max(0, -padding))
        padding += off
        charged.append((wants, count - off + (padding if place == longest and padding > 0 else 0)))
    return charged
