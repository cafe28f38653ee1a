"""Hours: reckoning a month, saving work, and many agents at once: python -m benchmarks.billing [--logs N] [--rounds N].

A month of a thousand logs is reckoned against a bare pass in Python over the rows that it is read from; saving work against a plain
Django page; 32 agents who log on one contract, in turns under its lock, against the same on 32 contracts.

The everyday case has the limits: functional work in business hours, within the allowance. All of it lies in the last whole month, by
the contract's calendar, whenever this runs. The same outside business hours, which nobody approved, is shown beside it: leads and the
account manager get a mail of each such log. The last line is one JSON object with the ratios.
"""

import argparse
import gc
import json
import statistics
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import django

from benchmarks._load import Browser, served
from billing.facts import month_after, month_of

if TYPE_CHECKING:
    from accounts.models import StaffMember
    from benchmarks._filling import Filled
    from billing.facts import Story
    from contracts.models import Contract
    from tickets.models import Ticket

LIMITS = {"allocate": 20.0, "log": 2.5}
AT_LEAST = {"agents": 0.5}
AGENTS = 32
LOGS_EACH = 6  # of an agent, in the race
WORKED, EVERY = timedelta(minutes=5), timedelta(minutes=10)
TICKETS_OF_MONTH = 100
WORKERS = 2
LOOKS = 15


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench billing")
    parser.add_argument("--logs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=60)
    arguments = parser.parse_args()
    django.setup()
    from benchmarks._filling import fill  # noqa: PLC0415 - needs Django's models

    filled = fill(2000, datetime.now(UTC))
    scene = _Scene(filled)
    print(f"Filled in {filled.seconds:.0f} s.", flush=True)
    ratios = {"allocate": _reckoning(scene, arguments.logs)}
    with served("benchmarks._settings", WORKERS) as (port, _pid):
        for kind, in_hours in (("", True), (" off-hours", False)):
            ratios[f"log{kind}"] = _saving(scene, port, arguments.rounds, in_hours=in_hours)
            ratios[f"agents{kind}"] = _racing(scene, port, in_hours=in_hours)
    for name, ratio in ratios.items():
        print(f"{name:<16} {ratio:>6.2f}  {_limit(name)}")
    print(json.dumps({"bench": "billing", "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()}}))


def _limit(name: str) -> str:
    if name in LIMITS:
        return f"(at most {LIMITS[name]})"
    return f"(at least {AT_LEAST[name]})" if name in AT_LEAST else ""


class _Scene:
    """Contracts, each for one use, functional tickets and agents, made by the commands.

    `month`: the last whole one, in which all work lies: at whatever hour of whatever day this runs, it is the same work.
    """

    def __init__(self, filled: "Filled") -> None:
        from accounts.tenancy import as_provider  # noqa: PLC0415 - after django.setup()
        from contracts.commands import amend  # noqa: PLC0415
        from contracts.models import Contract  # noqa: PLC0415
        from sla.queries.calendars import history  # noqa: PLC0415

        self.filled, self.now = filled, datetime.now(UTC).replace(microsecond=0)
        with as_provider():
            found = Contract.objects.select_related("customer", "calendar").order_by("customer_id", "pk").distinct("customer_id")
            contracts = list(found[: 1 + 2 * (AGENTS + 2)])
            calendar = contracts[0].calendar
            self.zone, self.calendar = ZoneInfo(calendar.time_zone), history(calendar.pk).known_at(self.now)
        for contract in contracts:  # what goes beyond is told by mail, which is another matter
            amend(actor=None, contract=contract, from_date=contract.first_date, changes={"allowance_minutes": 60_000}, now=self.now)
        self.contracts = iter(contracts)
        self.month = month_of(month_of(self.now.astimezone(self.zone).date()) - timedelta(days=1))
        self.opened_at = datetime.combine(self.month, time(), self.zone)
        self.agents = [self._agent(number) for number in range(AGENTS)]
        self.others = [self._agent(AGENTS + number) for number in range(4)]
        self.moments = {(agent.pk, in_hours): self._moments(in_hours=in_hours) for agent in self.agents for in_hours in (True, False)}

    def _moments(self, *, in_hours: bool) -> Iterator[datetime]:
        """When an agent begins the next piece of work, inside the calendar's hours or outside them."""
        at, until = self.opened_at.astimezone(UTC), datetime.combine(month_after(self.month), time(), self.zone)
        while at < until:
            if self.calendar.is_open(at) == self.calendar.is_open(at + WORKED) == in_hours:
                yield at
            at += EVERY

    def _agent(self, number: int) -> "StaffMember":
        from accounts import commands as accounts  # noqa: PLC0415

        name = f"Agent {number} of the benchmark"
        person = accounts.register_person(email=f"agent{number}@bench.example", name=name, language="en", now=self.now)
        return accounts.set_staff_roles(actor=None, person=person, display_name=name, roles=["agent"], now=self.now)

    def ticket(self, contract: "Contract") -> "Ticket":
        from accounts.models import Person  # noqa: PLC0415
        from accounts.tenancy import as_provider  # noqa: PLC0415
        from contracts.models import Product  # noqa: PLC0415
        from tickets import commands  # noqa: PLC0415

        with as_provider():
            product = Product.objects.get(pk=self.filled.product)
            requester = Person.objects.filter(memberships__customer=contract.customer_id).order_by("pk")[0]
        return commands.open_ticket(
            contract=contract,
            product=product,
            environment=None,
            version=None,
            type="functional",
            severity="medium",
            subject="How do I route calls?",
            description="To another site.",
            requester=requester,
            opened_by=requester,
            now=self.opened_at,
        )


# --- A month ----------------------------------------------------------------------------------------------------------
def _reckoning(scene: _Scene, logs: int) -> float:
    """Reading and reckoning a month, against reading its rows and adding up their minutes."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    from accounts.tenancy import as_provider  # noqa: PLC0415
    from billing.allocation import allocate  # noqa: PLC0415
    from billing.models import Entry  # noqa: PLC0415
    from billing.reckoning import book  # noqa: PLC0415
    from billing.stories import PRICING, known_of, linked, part_of  # noqa: PLC0415
    from tickets.models import Event  # noqa: PLC0415

    contract = next(scene.contracts)
    month = _fill_month(scene, contract, logs)

    def read() -> "Story":
        known = known_of(contract)
        months, tickets = linked(contract, known.approvals, [month])
        return part_of(contract, known, months, tickets=tickets)

    def reckon() -> object:
        return allocate(read())

    def whole() -> None:
        with as_provider(), book(contract.pk, now=scene.now) as hours:
            hours.touch_month(month)

    def bare() -> float:
        entries = list(
            Entry.objects.filter(contract=contract).order_by("number").values_list("log_id", "ticket_id", "began_at", "ended_at", "at")
        )
        tickets = {row[1] for row in entries}
        events = Event.objects.filter(ticket__in=tickets, kind__in=PRICING).values_list("ticket_id", "kind", "at", "data")
        types = {ticket: data["type"] for ticket, _kind, _at, data in events}
        return sum((ended - began).total_seconds() for _log, ticket, began, ended, _at in entries if types[ticket] == "functional")

    whole()
    gc.collect()
    gc.freeze()  # as a web process does once it is loaded
    with as_provider():
        times = {"bare pass": _median(bare), "read the story": _median(read), "allocate": _median(reckon)}
        with CaptureQueriesContext(connection) as queries:
            reckon()
    times["reckon and compare"] = _median(whole)
    for name, seconds in times.items():
        print(f"{name:<20} {seconds * 1000:>7.1f} ms for {logs} logs", flush=True)
    print(f"allocate asks {len(queries)} queries", flush=True)
    return times["allocate"] / times["bare pass"]


def _fill_month(scene: _Scene, contract: "Contract", count: int) -> date:
    """Logs of ten minutes, forty a day, as rows: entering them one by one would take most of the time."""
    from accounts.tenancy import as_provider  # noqa: PLC0415
    from billing.models import Entry, Ledger, WorkLog  # noqa: PLC0415

    tickets = [scene.ticket(contract) for _number in range(TICKETS_OF_MONTH)]
    first = datetime.combine(scene.month, time(12), UTC)
    of_contract = {"customer_id": contract.customer_id, "contract_id": contract.pk}
    with as_provider():
        logs = WorkLog.objects.bulk_create(
            WorkLog(
                **of_contract,
                ticket=tickets[number * 7 % TICKETS_OF_MONTH],
                agent=scene.others[number // 1000],
                began_at=(began_at := first + timedelta(days=number % 1000 // 40, minutes=12 * (number % 40))),
                ended_at=began_at + timedelta(minutes=10),
                note="Looked into it",
                logged_at=scene.now,
            )
            for number in range(count)
        )
        Entry.objects.bulk_create(
            Entry(
                **of_contract,
                number=number,
                kind="logged",
                log=log,
                ticket_id=log.ticket_id,
                began_at=log.began_at,
                ended_at=log.ended_at,
                note=log.note,
                at=scene.now,
            )
            for number, log in enumerate(logs, start=1)
        )
        Ledger.objects.create(**of_contract, last_number=count, last_at=scene.now)
    return scene.month


def _median(what: Callable[[], object]) -> float:
    seconds = []
    for _look in range(LOOKS):
        begun = perf_counter()
        what()
        seconds.append(perf_counter() - begun)
    return statistics.median(seconds)


# --- Saving work --------------------------------------------------------------------------------------------------------
class _Agent:
    """A browser that logs five minutes after five minutes on one ticket."""

    def __init__(self, scene: _Scene, port: int, agent: "StaffMember", ticket: "Ticket", *, in_hours: bool) -> None:
        from benchmarks.web import _session  # noqa: PLC0415

        self.browser, self.path = Browser(port, _session(agent.pk)), f"/console/tickets/{ticket.pk}/time/"
        self.moments = scene.moments[agent.pk, in_hours]
        self.token = self.browser.token(self.path)
        self.browser.connection.close()  # it would be let go of while others get ready; the next request opens it again

    def log(self) -> float:
        """Seconds that it took."""
        from django.utils import timezone  # noqa: PLC0415

        began = timezone.localtime(next(self.moments))
        values = {
            "day": f"{began:%Y-%m-%d}",
            "began": f"{began:%H:%M}",
            "minutes": str(WORKED // timedelta(minutes=1)),
            "note": "Looked into it",
        }
        sent = {"csrfmiddlewaretoken": self.token, "submission_key": str(uuid.uuid4())}
        return self.browser.post(self.path, values | sent).seconds


def _saving(scene: _Scene, port: int, rounds: int, *, in_hours: bool) -> float:
    """One who logs beside a small month; every round asks for the floor too."""
    agent = _Agent(scene, port, scene.agents[0], scene.ticket(next(scene.contracts)), in_hours=in_hours)
    floor, log = [], []
    for number in range(rounds + rounds // 10):
        seconds = agent.browser.get("/floor/").seconds, agent.log()
        if number >= rounds // 10:
            floor.append(seconds[0])
            log.append(seconds[1])
    print(f"floor {statistics.median(floor) * 1000:.1f} ms, log {statistics.median(log) * 1000:.1f} ms", flush=True)
    return statistics.median(log) / statistics.median(floor)


# --- Many at once -------------------------------------------------------------------------------------------------------
def _racing(scene: _Scene, port: int, *, in_hours: bool) -> float:
    one, apart = next(scene.contracts), islice(scene.contracts, AGENTS)
    speeds = [
        _throughput(scene, port, [scene.ticket(contract) for contract in contracts], in_hours=in_hours)
        for contracts in ([one] * AGENTS, apart)
    ]
    print(f"{AGENTS} agents on one contract {speeds[0]:.0f} logs/s, on {AGENTS} contracts {speeds[1]:.0f} logs/s", flush=True)
    return speeds[0] / speeds[1]


def _throughput(scene: _Scene, port: int, tickets: "Sequence[Ticket]", *, in_hours: bool) -> float:
    """Logs a second, of agents who each save some at once; before that one each, so that all of the server's connections know the statements."""
    agents = [_Agent(scene, port, agent, ticket, in_hours=in_hours) for agent, ticket in zip(scene.agents, tickets, strict=True)]

    def work(agent: _Agent, logs: int) -> None:
        for _log in range(logs):
            agent.log()

    def race(logs: int) -> float:
        threads = [threading.Thread(target=work, args=[agent, logs]) for agent in agents]
        begun = perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return perf_counter() - begun

    race(1)
    return AGENTS * LOGS_EACH / race(LOGS_EACH)


if __name__ == "__main__":
    main()
