"""Releases against the least that could do the same: python -m benchmarks.releases [--recipients N] [--mails N] [--mb N] [--part NAME].

prepare: freezing N recipients, against a bare INSERT … SELECT of as many rows into the same table. relay: sending the announcement's
mails to a local SMTP sink, against a bare loop sending the same mails over one connection. memory: what the web process holds during a
download, over what it held before. The last line is one JSON object with the ratios.
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import django

from benchmarks._load import served

if TYPE_CHECKING:
    from anymail.message import AnymailMessage

    from accounts.models import Person
    from contracts.models import Product
    from releases.models import Release

LIMITS = {"prepare": 3.0, "relay": 2.0, "memory": 1.2}
ROUNDS = 5
TURNS = 10
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEB_WORKERS = 1
ZEROS = b"\0" * 1024 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench releases")
    parser.add_argument("--recipients", type=int, default=10_000)
    parser.add_argument("--mails", type=int, default=1000)
    parser.add_argument("--mb", type=int, default=1024)
    parser.add_argument("--part", action="append", choices=sorted(LIMITS))
    wish = parser.parse_args()
    django.setup()
    product = _fill(wish.recipients)
    parts = {
        "prepare": lambda: _prepare(product, wish.recipients),
        "relay": lambda: _relay(product, wish.mails),
        "memory": lambda: _memory(product, wish.mb),
    }
    ratios = {name: parts[name]() for name in wish.part or parts}
    print(json.dumps({"bench": "releases", "ratios": ratios}))


def _fill(number: int) -> "Product":
    """So many companies with a contract for one product and one person each, as rows."""
    from django.db import transaction  # noqa: PLC0415 - after django.setup()

    from accounts import commands as accounts  # noqa: PLC0415
    from accounts.models import Customer, Membership, Person  # noqa: PLC0415
    from accounts.tenancy import as_provider  # noqa: PLC0415
    from contracts.models import Contract, ContractProduct, Product, Terms  # noqa: PLC0415
    from sla.commands.calendars import create_calendar  # noqa: PLC0415
    from sla.commands.policies import standard_policy  # noqa: PLC0415

    print(f"Filling {number:,} customers.", flush=True)
    person = accounts.register_person(email="max@bench.example", name="Max", language="en", now=NOW)
    manager = accounts.set_staff_roles(actor=None, person=person, display_name="Max", roles=["account_manager"], now=NOW)
    team = accounts.set_team(actor=None, name="Bench", members=[manager], now=NOW)
    calendar, policy = create_calendar(actor=None, name="Bench", time_zone="America/Sao_Paulo", now=NOW), standard_policy(now=NOW)
    agreed = {"policy": policy, "allowance_minutes": 120, "package_minutes": 0, "package_fee_cents": 0, "increment_minutes": 15}
    agreed |= dict.fromkeys(("functional_rate_cents", "off_hours_rate_cents", "update_rate_cents"), 1)
    days = {"signed_date": date(2025, 1, 10), "first_date": date(2025, 2, 1), "created_at": NOW}
    people = Person.objects.bulk_create([Person(email=f"p{n}@c{n}.example", name=f"P {n}", created_at=NOW) for n in range(number)])
    with transaction.atomic(), as_provider():
        product = Product.objects.create(name="Bench", team=team)
        customers = Customer.objects.bulk_create([Customer(name=f"C {n}", created_at=NOW) for n in range(number)])
        own = [Contract(customer=one, number="C-1", calendar=calendar, account_manager=manager, **days) for one in customers]
        contracts = Contract.objects.bulk_create(own)
        signed = {"number": 0, "from_date": date(2025, 2, 1), "last_date": date(2099, 12, 31), "created_at": NOW}
        Terms.objects.bulk_create([Terms(customer_id=c.customer_id, contract=c, **signed, **agreed) for c in contracts])
        ContractProduct.objects.bulk_create([ContractProduct(customer_id=c.customer_id, contract=c, product=product) for c in contracts])
        pairs: list[tuple[Customer, Person]] = list(zip(customers, people, strict=True))
        Membership.objects.bulk_create([Membership(customer=c, person=p, role="admin", created_at=NOW) for c, p in pairs])
    from benchmarks._clocks import owner  # noqa: PLC0415

    with owner() as cursor:
        cursor.execute("VACUUM (ANALYZE)")  # as it is on a system that has lived for a night
    return product


def _draft(product: "Product", number: str) -> "Release":
    import io  # noqa: PLC0415

    from releases import commands  # noqa: PLC0415

    notes = "\n".join(f"- A line of what is new, as long as such lines are, number {line}." for line in range(20))
    release = commands.draft_release(
        actor=None, product=product, number=number, kind="update", nature="technical", notes_en=notes, notes_pt=notes, now=NOW
    )
    commands.add_artifact(actor=None, release=release, kind="package", name="p.tgz", content=io.BytesIO(b"x" * 1000), size=1000, now=NOW)
    return release


# --- Freezing who is told ---------------------------------------------------------------------------------------------
BARE = """
    INSERT INTO releases_recipient (customer_id, release_id, purpose, person_id, state)
    SELECT customer_id, %s, 'published', person_id, 'waiting' FROM accounts_membership LIMIT %s
"""


def _prepare(product: "Product", number: int) -> float:
    """By turns, each in a transaction that is rolled back after its foreign keys were checked: the next finds the same table."""
    from django.db import connection, transaction  # noqa: PLC0415

    from accounts.tenancy import as_provider  # noqa: PLC0415
    from releases.commands.publishing import freeze_recipients  # noqa: PLC0415

    release = _draft(product, "1.0")
    fastest = {"ours": float("inf"), "bare": float("inf")}
    for turn in range(2 * ROUNDS):
        name = ("ours", "bare")[turn % 2]
        with as_provider(), transaction.atomic(), connection.cursor() as cursor:
            begun = time.perf_counter()
            if name == "ours":
                made = freeze_recipients(release, NOW)
            else:
                cursor.execute(BARE, [release.pk, number])
                made = cursor.rowcount
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            fastest[name] = min(fastest[name], time.perf_counter() - begun)
            transaction.set_rollback(True)
        assert made == number, f"{name} made {made} rows, not {number}"
    return _said("prepare", fastest["ours"], fastest["bare"], f"{number:,} recipients")


# --- Sending -------------------------------------------------------------------------------------------------------------
def _relay(product: "Product", number: int) -> float:
    """The announcement's first mails, by turns: our relay, then the same mails composed before and sent over one connection."""
    from django.conf import settings  # noqa: PLC0415

    from accounts.tenancy import as_provider  # noqa: PLC0415
    from notifications.composition import compose  # noqa: PLC0415
    from notifications.models import Mail  # noqa: PLC0415
    from notifications.tasks import relay_outbox  # noqa: PLC0415
    from releases import commands  # noqa: PLC0415
    from releases.commands import distribution  # noqa: PLC0415

    distribution.MOST_WAITING = each = number // TURNS
    commands.publish(actor=None, release=_draft(product, "2.0"), now=NOW)
    fastest = {"ours": float("inf"), "bare": float("inf")}
    with _Sink() as sink:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = "notifications.smtp.EmailBackend", "127.0.0.1", sink.port
        for _turn in range(TURNS):
            commands.distribute(now=NOW)
            with as_provider():
                messages = [compose(mail) for mail in Mail.objects.filter(kind="release_published", state=Mail.State.DUE).order_by("pk")]
            begun = time.perf_counter()
            sent = relay_outbox()
            fastest["ours"] = min(fastest["ours"], time.perf_counter() - begun)
            assert sent == len(messages) == each, f"the relay sent {sent} of {len(messages)} mails, not {each}"
            begun = time.perf_counter()
            _send_bare(messages)
            fastest["bare"] = min(fastest["bare"], time.perf_counter() - begun)
    return _said("relay", fastest["ours"], fastest["bare"], f"{each} mails a turn, {each / fastest['ours']:.0f} a second")


def _send_bare(messages: "Sequence[AnymailMessage]") -> None:
    """Over one connection, and nothing is noted."""
    from django.core.mail import get_connection  # noqa: PLC0415

    line = get_connection()
    line.open()
    for message in messages:
        message.connection = line
        message.send()
    line.close()


class _Sink:
    """The receiver of mail of the demo, in a process of its own, writing every mail to a folder."""

    def __enter__(self) -> "_Sink":
        import tempfile  # noqa: PLC0415

        self.folder = tempfile.TemporaryDirectory(prefix="bench-mail-")
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        command = [sys.executable, "-m", "tooling.smtp_sink", self.folder.name, "--descriptor", str(listening.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[listening.fileno()])
        listening.close()
        return self

    def __exit__(self, *_unused: object) -> None:
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


# --- Memory of a download ---------------------------------------------------------------------------------------------
def _memory(product: "Product", megabytes: int) -> float:
    """The highest proportional memory of the worker during a download over that after a small one. The file is zeros, and its rows say so."""
    from accounts.models import Membership  # noqa: PLC0415
    from accounts.tenancy import as_provider  # noqa: PLC0415
    from releases import commands, links  # noqa: PLC0415
    from releases.models import Artifact  # noqa: PLC0415

    release = commands.publish(actor=None, release=_draft(product, "3.0"), now=NOW)
    with as_provider():
        file = Artifact.objects.get(release=release)
        member = Membership.objects.select_related("person").order_by("pk")[0]
    path, cookie = Path(file.stored_as.path), _session(member.person)
    address = links.file_link(purpose="artifact", file=file.pk, customer=member.customer_id, person=member.person_id)
    with served("helpdesk.settings", WEB_WORKERS) as (port, pid):
        for _warm in range(3):
            _download(port, address, cookie)
        before = _worker_mb(pid)
        with path.open("wb") as content:
            for _mb in range(megabytes):
                content.write(ZEROS)
        with as_provider():
            Artifact.objects.filter(pk=file.pk).update(size=megabytes * 1024**2)
        highest, seconds = _watched(pid, lambda: _download(port, address, cookie))
    path.unlink()
    print(
        f"{'memory':<10} before {before:.1f} MB, highest {highest:.1f} MB during {megabytes} MB at {megabytes / seconds:.0f} MB/s",
        flush=True,
    )
    ratio = round(highest / before, 3)
    print(f"{'memory':<10} ratio {ratio}   limit {LIMITS['memory']}", flush=True)
    return ratio


def _session(person: "Person") -> Mapping[str, str]:
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    client = Client()
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}


def _download(port: int, address: str, cookies: Mapping[str, str]) -> int:
    """Reads and forgets; returns the bytes."""
    import http.client  # noqa: PLC0415

    line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    line.request("GET", address, headers={"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())})
    answer = line.getresponse()
    if answer.status != 200:
        sys.exit(f"the download was answered with {answer.status}")
    read = 0
    while piece := answer.read(1024 * 1024):
        read += len(piece)
    line.close()
    return read


def _watched(pid: int, work: "Callable[[], object]") -> tuple[float, float]:
    """The highest memory while the work goes on, and its seconds."""
    begun, done = time.perf_counter(), threading.Thread(target=work)
    done.start()
    highest = 0.0
    while done.is_alive():
        highest = max(highest, _worker_mb(pid))
        time.sleep(0.05)
    return highest, time.perf_counter() - begun


def _worker_mb(pid: int) -> float:
    """Private memory of the only worker, in MB: the pages of the file that the kernel keeps are nobody's."""
    (worker,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    rollup = Path(f"/proc/{worker}/smaps_rollup").read_text()
    return sum(int(found) for found in re.findall(r"^(?:Private_Dirty|Private_Clean):\s+(\d+)", rollup, re.MULTILINE)) / 1024


def _said(name: str, ours: float, bare: float, what: str) -> float:
    ratio = round(ours / bare, 3)
    print(
        f"{name:<10} {ours * 1000:>9.0f} ms   bare {bare * 1000:>9.0f} ms   ratio {ratio:>6.2f}   limit {LIMITS[name]}   {what}", flush=True
    )
    return ratio


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    main()
