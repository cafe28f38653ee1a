"""Clocks by the hundred thousand: how late their steps are told, what an idle sweep costs, and what a change of their calendar costs.

A few tickets are made by the commands; the many are their copies, made by SQL as the owner, each moved in time where its clocks run 24x7.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from typing import Any

import psycopg2
from django.db import connection, models, transaction
from django.db.models import Max

from accounts import commands as accounts
from accounts.models import Membership
from accounts.tenancy import as_provider
from contracts import commands as contracts
from contracts.models import Contract, Product
from helpdesk import environment
from sla import recalculation, shipped
from sla.calendar import Calendar as BusinessTime
from sla.commands import promises
from sla.commands.calendars import create_calendar
from sla.commands.policies import standard_policy
from sla.coverage import Coverage
from sla.models import Clock, Firing, Promise
from sla.shipped import Follows
from tickets import commands
from tickets.models import Event, Ticket

CLOCKS = 100_000
DUE = 1_000
DUE_WITHIN = timedelta(seconds=60)
RHYTHM_SECONDS = 3.0
CHILDREN = 2  # of one worker: as many sweeps at once
POLL_SECONDS = 0.25
AHEAD = timedelta(seconds=15)  # from the end of the filling until the first falls due
HALF_OF_FIRST_ANSWER = timedelta(minutes=15)  # of a critical ticket
IDLE_SWEEPS = 20
TURNS = 5
UPDATED = ("anchor_at", "due_at", "warns_at", "look_at")
# The same columns of the same rows, with nothing to work out: what the least statement costs that changes them.
PLAIN = """
UPDATE sla_clock SET {instants}, left_seconds = left_seconds + 1, used_seconds = used_seconds + 1, reached = reached
 WHERE outcome IS NULL AND pace = 'running' AND NOT always AND due_at >= %(instant)s AND id > %(after)s
""".format(instants=", ".join(f"{column} = {column} + interval '1 second'" for column in UPDATED))


@dataclass(frozen=True)
class Town:
    contract: Contract
    product: Product
    engineer: Any


@cache
def town() -> Town:
    """A provider, a customer, and a contract by the shipped policy, since some days."""
    now = datetime.now(UTC) - timedelta(days=9)
    person = accounts.register_person(email="agent@provider.example", name="Agent", language="en", password=None, now=now)
    agent = accounts.set_staff_roles(actor=None, person=person, display_name="Agent", roles=["agent", "lead", "account_manager"], now=now)
    team = accounts.set_team(actor=None, name="Core", members=[agent], now=now)
    customer = accounts.create_customer(actor=None, name="Company", language="en", time_zone=shipped.ZONE, now=now)
    engineer = accounts.register_person(email="engineer@company.example", name="Engineer", language="en", password=None, now=now)
    accounts.add_member(actor=None, customer=customer, person=engineer, role=Membership.Role.ADMIN, now=now)
    calendar = create_calendar(actor=None, name="Bench", time_zone=shipped.ZONE, follows=Follows.NOTHING, now=now)
    with as_provider():
        product = Product.objects.create(name="Softswitch", team=team)
    terms = {"last_date": date(2099, 12, 31), "policy": standard_policy(now=now), "functional_rate_cents": 1}
    contract = contracts.sign_contract(
        actor=None,
        customer=customer,
        number="C-1",
        signed_date=date(2025, 1, 1),
        first_date=date(2025, 1, 1),
        calendar=calendar,
        currency="BRL",
        account_manager=agent,
        deputy=None,
        products=[product],
        terms={**terms, "off_hours_rate_cents": 1, "update_rate_cents": 1},
        now=now,
    )
    return Town(contract, product, engineer)


# --- Copies ----------------------------------------------------------------------------------------------------------------
@contextmanager
def owner() -> Iterator[Any]:
    parameters = environment.database("DATABASE_OWNER_URL")
    line = psycopg2.connect(
        dbname=parameters["NAME"], user=parameters["USER"], host=parameters["HOST"] or None, port=parameters["PORT"] or None
    )
    line.autocommit = True
    try:
        with line.cursor() as cursor:
            yield cursor
    finally:
        line.close()


def copy(cursor: Any, model: type[models.Model], where: str, count: int, shift: str, **others: str) -> None:
    """So many copies `n` of the rows there, every instant moved by `shift`; `others`: what else a column becomes."""
    fields = [field for field in model._meta.local_concrete_fields if not field.generated and (not field.primary_key or "id" in others)]
    values = {str(field.column): f"t.{field.column} + {shift}" if _is_instant(field) else f"t.{field.column}" for field in fields} | others
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({', '.join(values)}) "  # noqa: S608 - our own names
        f"SELECT {', '.join(values.values())} FROM {model._meta.db_table} t, generate_series(1, {count}) n WHERE {where}"
    )


def _is_instant(field: "models.Field[Any, Any]") -> bool:
    return isinstance(field, models.DateTimeField)


def copy_ticket(cursor: Any, ticket: Ticket, count: int, first: int, shift: str = "interval '0'") -> None:
    """Whole tickets with promise, clocks and opening, numbered from `first`."""
    number = f"{first} + n"
    copy(cursor, Promise, f"t.id = {ticket.promise_id}", count, shift, id=number)
    copy(cursor, Clock, f"t.promise_id = {ticket.promise_id}", count, shift, promise_id=number)
    copy(cursor, Ticket, f"t.id = {ticket.pk}", count, shift, id=number, promise_id=number, submission_key="gen_random_uuid()")
    copy(cursor, Event, f"t.ticket_id = {ticket.pk}", count, shift, ticket_id=number, message_id="NULL::bigint")


def file(severity: str, now: datetime) -> Ticket:
    return commands.open_ticket(
        contract=town().contract,
        product=town().product,
        environment=None,
        version=None,
        type="technical",
        severity=severity,
        subject="Calls drop",
        description="Since this morning.",
        requester=town().engineer,
        opened_by=town().engineer,
        now=now,
    )


# --- The sweep ---------------------------------------------------------------------------------------------------------------
def sweep() -> dict[str, float]:
    """Steps of 1,000 tickets fall due within a minute, among 100,000 clocks that run; and sweeps that find nothing."""
    begun = time.monotonic()
    idle = file("low", commands.database_now())
    with owner() as cursor:
        copy_ticket(cursor, idle, CLOCKS // 2 - DUE, 10_000_000)
        cursor.execute("VACUUM (ANALYZE)")
    cost = _idle_cost()
    first = commands.database_now() + AHEAD
    due = file("critical", first - HALF_OF_FIRST_ANSWER)
    with owner() as cursor:
        copy_ticket(cursor, due, DUE - 1, 20_000_000, shift=f"n * interval '{DUE_WITHIN.total_seconds() / DUE} second'")
        cursor.execute("ANALYZE")
    with as_provider():
        running = Clock.objects.running().count()
    print(f"{running:,} clocks run; filled in {time.monotonic() - begun:.0f} s.", flush=True)
    late = _watch(first + DUE_WITHIN)
    print(f"sweep_late     {late:>10.2f} s    of {DUE:,} steps within {DUE_WITHIN.total_seconds():.0f} s the one told latest", flush=True)
    return {"sweep_late_seconds": round(late, 2), "sweep_idle_share": round(cost, 4)}


def _idle_cost() -> float:
    """The share of one core, ours and the database's, if waiting counts as work: the quickest of some sweeps, every RHYTHM_SECONDS."""
    quickest = float("inf")
    for _turn in range(IDLE_SWEEPS):
        begun = time.perf_counter()
        noticed = commands.notice_due(now=commands.database_now())
        quickest = min(quickest, time.perf_counter() - begun)
        assert noticed == 0, "nothing is due yet"
    share = quickest / RHYTHM_SECONDS
    print(f"sweep_idle     {quickest * 1e6:>10.0f} µs   every {RHYTHM_SECONDS:.0f} s: {share:.2%} of a core", flush=True)
    return share


def _watch(last: datetime) -> float:
    """The longest time from a step's instant until others could see that it was told. Two sweeps at most run at once, as in one worker."""
    told_by: dict[datetime, float] = {}  # seconds late, by the step's instant
    next_tick, give_up = time.monotonic(), last + timedelta(minutes=3)
    running: set[Future[None]] = set()
    with ThreadPoolExecutor(CHILDREN) as children:
        while len(told_by) < DUE:
            running = {child for child in running if not child.done()}
            if time.monotonic() >= next_tick:
                next_tick += RHYTHM_SECONDS
                if len(running) < CHILDREN:
                    running.add(children.submit(_sweep_once))
            with as_provider():
                instants = set(Firing.objects.filter(told_at__isnull=False).values_list("at", flat=True))
            now = commands.database_now()
            told_by |= {at: (now - at).total_seconds() for at in instants - told_by.keys()}
            assert now < give_up, f"only {len(told_by)} of {DUE} steps were told"
            time.sleep(POLL_SECONDS)
    return max(told_by.values())


def _sweep_once() -> None:
    try:
        commands.notice_due(now=commands.database_now())
    finally:
        connection.close()


# --- A calendar that changes --------------------------------------------------------------------------------------------------
def recalculate() -> dict[str, float]:
    """100,000 open clocks move with their calendar; beside it the same rows updated plainly. Each is rolled back."""
    calendar = create_calendar(actor=None, name="Bench, moved", time_zone=shipped.ZONE, follows=Follows.NOTHING, now=datetime.now(UTC)).pk
    policy = standard_policy(now=datetime.now(UTC)).pk
    week = {day: [("09:00", "18:00")] for day in range(5)}
    usual = BusinessTime(shipped.ZONE, week)
    before = Coverage([(None, usual)])
    began = datetime(2026, 11, 23, 12, tzinfo=UTC)
    values = [("technical", severity) for severity in ("high", "medium", "low")]
    with as_provider():
        last_before = Clock.objects.aggregate(last=Max("pk"))["last"] or 0  # of other parts, which stay where they are
        seeds = [
            promises.make_promise(
                customer_id=town().contract.customer_id,
                policy_id=policy,
                calendar_id=calendar,
                value=values[number % len(values)],
                now=began + timedelta(seconds=37 * number),
            ).promise
            for number in range(100)
        ]
    with owner() as cursor:
        for number, seed in enumerate(seeds):
            copies, first = CLOCKS // len(seeds) // 2 - 1, 30_000_000 + number * 10_000
            copy(cursor, Promise, f"t.id = {seed.pk}", copies, "interval '0'", id=f"{first} + n")
            copy(cursor, Clock, f"t.promise_id = {seed.pk}", copies, "interval '0'", promise_id=f"{first} + n")
    at = began + timedelta(hours=1, minutes=50)
    changed = BusinessTime(shipped.ZONE, {**week, 0: [("09:00", "10:30")], 2: [("08:00", "18:00")]})
    after = Coverage([(None, usual), (at, changed)])
    deeds = {
        "plain": partial(_plainly, at, last_before),
        "move": partial(recalculation.move, calendar_id=calendar, before=before, after=after, at=at),
    }
    times: Mapping[str, list[float]] = {name: [] for name in deeds}
    rows: dict[str, int] = {}
    for _turn in range(TURNS):
        for name, deed in deeds.items():
            with owner() as cursor:
                cursor.execute("VACUUM (ANALYZE) sla_clock, sla_promise, sla_firing")
            with transaction.atomic():
                with as_provider():
                    began_at = time.perf_counter()
                    rows[name] = deed()
                    times[name].append(time.perf_counter() - began_at)
                transaction.set_rollback(True)
    assert rows["move"] == rows["plain"] == CLOCKS, f"they would not be comparable: {rows}"
    move, plain = min(times["move"]), min(times["plain"])
    print(
        f"recalculate    {move:>10.2f} s    plain {plain:>10.2f} s    ratio {move / plain:>5.2f}   of {rows['move']:,} clocks", flush=True
    )
    return {"recalculate": round(move / plain, 3)}


def _plainly(instant: datetime, after: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(PLAIN, {"instant": instant, "after": after})
        return int(cursor.rowcount)
