"""Pages against a plain Django page, on a database of 100,000 tickets: python -m benchmarks.web [--rows N] [--rounds N].

Every round asks for the floor and for each page once, so that what else the machine does falls on all alike. No page is cached
anywhere. The last line is one JSON object with the ratios of the medians.
"""

import argparse
import json
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import django

from benchmarks._load import Answer, Browser, memory_mb, served

if TYPE_CHECKING:
    from benchmarks._filling import Filled

LIMITS = {
    "queue": (1.5, 2.0),
    "ticket_5": (1.2, 1.8),
    "ticket_200": (3.0, 5.0),
    "search": (1.8, 2.5),
    "file": (1.5, 2.5),
    "reply": (1.5, 2.5),
    "home": (1.5, 2.0),
}
CLIENTS = (1, 8, 32)
LOAD_SECONDS = 6
WORKERS = 2


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench web")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=150)
    arguments = parser.parse_args()
    django.setup()
    from benchmarks._filling import fill  # noqa: PLC0415 - needs Django's models

    print(f"Filling {arguments.rows:,} tickets.", flush=True)
    filled = fill(arguments.rows, datetime.now(UTC))
    print(f"Filled in {filled.seconds:.0f} s.", flush=True)
    with served("benchmarks._settings", WORKERS) as (port, pid):
        staff, engineer = Browser(port, _session(filled.agent)), Browser(port, _session(filled.engineer))
        pages = _pages(filled, staff, engineer)
        times = _measure(pages, arguments.rounds)
        ratios = _show(times)
        _show_throughput(filled, port)
        print("Memory: " + ", ".join(f"{name} {mb:.0f} MB" for name, mb in memory_mb(pid)))
    print(json.dumps({"bench": "web", "ratios": ratios}))


def _session(person_id: int) -> dict[str, str]:
    """Cookies of somebody who has signed in."""
    from django.conf import settings  # noqa: PLC0415 - after django.setup()
    from django.test import Client  # noqa: PLC0415

    from accounts.models import Person  # noqa: PLC0415

    client = Client()
    client.force_login(Person.objects.get(pk=person_id), backend=settings.AUTHENTICATION_BACKENDS[0])
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}


def _pages(filled: "Filled", staff: Browser, engineer: Browser) -> dict[str, Callable[[], Answer]]:
    from benchmarks._filling import RARE_WORD  # noqa: PLC0415 - needs Django's models

    short, long = f"/console/tickets/{filled.short_ticket}/", f"/console/tickets/{filled.long_ticket}/"
    own = f"/tickets/{filled.short_ticket}/"
    token = engineer.token("/tickets/new/")
    event = {
        "type": "technical",
        "severity": "high",
        "product": str(filled.product),
        "subject": "Calls drop",
        "description": "Since this morning. " * 20,
    }

    def send(path: str, values: Mapping[str, str]) -> Answer:
        return engineer.post(path, {"csrfmiddlewaretoken": token, "submission_key": str(uuid.uuid4()), **values})

    return {
        "floor": lambda: staff.get("/floor/"),
        "queue": lambda: staff.get("/console/queues/all/"),
        "ticket_5": lambda: staff.get(short),
        "ticket_200": lambda: staff.get(long),
        "search": lambda: staff.get(f"/console/search/?q={RARE_WORD}"),
        "file": lambda: send("/tickets/new/", event),
        "reply": lambda: send(f"/tickets/{filled.replied_ticket}/reply/", {"body": "It happens again, at the same hour. " * 10}),
        "home": lambda: engineer.get("/"),
        "portal ticket_5": lambda: engineer.get(own),
        "portal list": lambda: engineer.get("/tickets/"),
    }


def _measure(pages: Mapping[str, Callable[[], Answer]], rounds: int) -> dict[str, list[Answer]]:
    """The answers of each page, after a tenth of the rounds to warm up."""
    times: dict[str, list[Answer]] = {name: [] for name in pages}
    for number in range(rounds + rounds // 10):
        for name, ask in pages.items():
            answer = ask()
            if number >= rounds // 10:
                times[name].append(answer)
    return times


def _show(times: Mapping[str, list[Answer]]) -> dict[str, float]:
    medians = {name: statistics.median(answer.seconds for answer in answers) for name, answers in times.items()}
    floor = medians["floor"]
    print(f"\n{'page':<16} {'median':>9} {'p95':>9} {'ratio':>6} {'aim':>5} {'limit':>6} {'bytes sent':>11}")
    for name, answers in times.items():
        p95 = statistics.quantiles([answer.seconds for answer in answers], n=20)[-1]
        aim, limit = LIMITS.get(name, ("", ""))
        print(
            f"{name:<16} {medians[name] * 1000:>6.2f} ms {p95 * 1000:>6.2f} ms {medians[name] / floor:>6.2f} {aim:>5} {limit:>6} {len(answers[-1].body):>11,}"
        )
    return {name: round(medians[name] / floor, 3) for name in LIMITS}


def _show_throughput(filled: "Filled", port: int) -> None:
    """Requests a second of staff who read queues and tickets, at 1, 8 and 32 browsers."""
    cookies = _session(filled.agent)
    paths = ("/console/queues/all/", f"/console/tickets/{filled.short_ticket}/", "/console/queues/mine/")
    for clients in CLIENTS:
        ends, counts = time.monotonic() + LOAD_SECONDS, [0] * clients

        def browse(place: int, ends: float = ends, counts: list[int] = counts) -> None:
            browser = Browser(port, cookies)
            while time.monotonic() < ends:
                browser.get(paths[counts[place] % len(paths)])
                counts[place] += 1

        threads = [threading.Thread(target=browse, args=[place]) for place in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"{clients:>3} browsers: {sum(counts) / LOAD_SECONDS:>5.0f} pages/s")


if __name__ == "__main__":
    main()
