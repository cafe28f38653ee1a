"""Hours: reckoning a month, saving work, and many agents at once: python -m benchmarks.billing [--logs N] [--rounds N].

A month of a thousand logs is reckoned against a bare pass in Python over the rows that it is read from; saving work against a plain
Django page; 32 agents who log on one contract, in turns under its lock, against the same on 32 contracts. The last line is one JSON
object with the ratios.
"""

import argparse
import json
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import django

from benchmarks._load import Browser, served

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
        ratios["log"] = _saving(scene, port, arguments.rounds)
        ratios["agents"] = _racing(scene, port)
    for name, ratio in ratios.items():
        limit = f"at most {LIMITS[name]}" if name in LIMITS else f"at least {AT_LEAST[name]}"
        print(f"{name:<10} {ratio:>6.2f}  ({limit})")
    print(json.dumps({"bench": "billing", "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()}}))


class _Scene:
    """Contracts, functional tickets and agents, made by the commands."""

    def __init__(self, filled: "Filled") -> None:
        from accounts.tenancy import as_provider  # noqa: PLC0415 - after django.setup()
        from contracts.commands import amend  # noqa: PLC0415
        from contracts.models import Contract  # noqa: PLC0415

        self.filled, self.now = filled, datetime.now(UTC).replace(microsecond=0)
        self.opened_at = self.now - timedelta(days=12)
        with as_provider():
            found = Contract.objects.select_related("customer", "calendar").order_by("customer_id", "pk").distinct("customer_id")
            self.contracts = list(found[: AGENTS + 3])
        for contract in self.contracts:  # what goes beyond is told by mail, which is another matter
            amend(actor=None, contract=contract, from_date=contract.first_date, changes={"allowance_minutes": 60_000}, now=self.now)
        self.agents = [self._agent(number) for number in range(AGENTS)]
        self.others = [self._agent(AGENTS + number) for number in range(4)]

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

    contract = scene.contracts[-1]
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
    first = scene.now.replace(day=1, hour=12, minute=0, second=0)
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
    return first.date()


def _median(what: Callable[[], object]) -> float:
    seconds = []
    for _look in range(LOOKS):
        begun = time.perf_counter()
        what()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


# --- Saving work --------------------------------------------------------------------------------------------------------
class _Agent:
    """A browser that logs five minutes after five minutes on one ticket."""

    def __init__(self, scene: _Scene, port: int, agent: "StaffMember", ticket: "Ticket", begins_at: datetime) -> None:
        from benchmarks.web import _session  # noqa: PLC0415

        self.browser, self.path, self.at = Browser(port, _session(agent.pk)), f"/console/tickets/{ticket.pk}/time/", begins_at
        self.token = self.browser.token(self.path)
        self.browser.connection.close()  # it would be let go of while others get ready; the next request opens it again

    def log(self) -> float:
        """Seconds that it took."""
        from django.utils import timezone  # noqa: PLC0415

        began, self.at = timezone.localtime(self.at), self.at + timedelta(minutes=10)
        values = {"day": f"{began:%Y-%m-%d}", "began": f"{began:%H:%M}", "minutes": "5", "note": "Looked into it"}
        sent = {"csrfmiddlewaretoken": self.token, "submission_key": str(uuid.uuid4())}
        return self.browser.post(self.path, values | sent).seconds


def _saving(scene: _Scene, port: int, rounds: int) -> float:
    """One who logs beside a small month; every round asks for the floor too."""
    agent = _Agent(scene, port, scene.agents[0], scene.ticket(scene.contracts[-2]), scene.now - timedelta(days=11))
    floor, log = [], []
    for number in range(rounds + rounds // 10):
        seconds = agent.browser.get("/floor/").seconds, agent.log()
        if number >= rounds // 10:
            floor.append(seconds[0])
            log.append(seconds[1])
    print(f"floor {statistics.median(floor) * 1000:.1f} ms, log {statistics.median(log) * 1000:.1f} ms", flush=True)
    return statistics.median(log) / statistics.median(floor)


# --- Many at once -------------------------------------------------------------------------------------------------------
def _racing(scene: _Scene, port: int) -> float:
    one, *_others = scene.contracts
    together = _throughput(scene, port, [scene.ticket(one) for _agent in scene.agents], scene.now - timedelta(days=9))
    apart = _throughput(
        scene, port, [scene.ticket(contract) for contract in scene.contracts[1 : AGENTS + 1]], scene.now - timedelta(days=7)
    )
    print(f"{AGENTS} agents on one contract {together:.0f} logs/s, on {AGENTS} contracts {apart:.0f} logs/s", flush=True)
    return together / apart


def _throughput(scene: _Scene, port: int, tickets: "Sequence[Ticket]", begins_at: datetime) -> float:
    """Logs a second, of agents who each save some at once."""
    agents = [_Agent(scene, port, agent, ticket, begins_at) for agent, ticket in zip(scene.agents, tickets, strict=True)]

    def work(agent: _Agent) -> None:
        for _log in range(LOGS_EACH):
            agent.log()

    threads = [threading.Thread(target=work, args=[agent]) for agent in agents]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return AGENTS * LOGS_EACH / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
