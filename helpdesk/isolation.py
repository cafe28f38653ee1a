"""Proves on a living system that customers are kept apart: two canary companies, every table and every page, as the wrong one.

All of it happens in one transaction that is rolled back, so that nothing of the canaries stays, not even when it is killed.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.conf import settings
from django.core.files.storage import Storage
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import rls
from accounts.middleware import SESSION_CUSTOMER
from accounts.models import Membership, Person
from accounts.tenancy import Scope, as_provider, enter
from billing.models import Statement
from helpdesk import canaries
from helpdesk.canaries import Canary, call_id
from tickets.models import Ticket, Watcher

# What another customer's row must answer: as what does not exist, or that this address is only posted to, whatever the id.
NOTHING_THERE = {404, 405}
# What hangs on a ticket by its promise.
_CLOCKS = "clock_id IN (SELECT id FROM sla_clock WHERE promise_id = %s)"
OF_PROMISE = {
    "sla_promise": "id = %s",
    "sla_clock": "promise_id = %s",
    "sla_breach": _CLOCKS,
    "sla_annulment": f"breach_id IN (SELECT id FROM sla_breach WHERE {_CLOCKS})",  # noqa: S608 - our own names
}


@dataclass
class Report:
    """What was done, in sentences, and each leak as one."""

    lines: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)


def verify(now: datetime) -> Report:
    """Plant, probe, remove. Leaves the database and the stored files as they were."""
    report = Report(leaks=rls.isolation_faults())
    report.lines.append(f"Read the catalogue: {len(rls.tenant_tables())} tables of customers, {len(report.leaks)} faults.")
    with _rolled_back() as stored:
        catalogue = canaries.prepare(now)
        victim, other = canaries.plant(catalogue, now), canaries.plant(catalogue, now)
        kept = [file.stored_as for canary in (victim, other) for file in (canary.file, canary.loose_file, canary.hidden.file)]
        kept += [victim.licence.stored_as, other.licence.stored_as, catalogue.artifact.stored_as]
        stored += [(file.storage, str(file.name)) for file in kept]
        report.lines.append(f"Planted two canary customers, {victim.customer.pk} and {other.customer.pk}.")
        _probe_tables(report, victim, other)
        _probe_pages(report, victim, other)
        _probe_private(report, victim)
    report.lines.append("Removed them: the transaction was rolled back.")
    return report


@contextmanager
def _rolled_back() -> Iterator[list[tuple[Storage, str]]]:
    """A transaction of which nothing stays, nor of the stored files named in the list."""
    stored: list[tuple[Storage, str]] = []
    try:
        with transaction.atomic():
            yield stored
            transaction.set_rollback(True)
    finally:
        for storage, name in stored:
            storage.delete(name)


# --- Tables ---------------------------------------------------------------------------------------------------------
def _probe_tables(report: Report, victim: Canary, other: Canary) -> None:
    """Read and change the victim's rows from outside, in every table that carries a customer."""
    probes = 0
    for table in rls.tenant_tables():
        column = "id" if table == "accounts_customer" else "customer_id"
        if not _count(Scope("provider"), table, column, victim):
            report.leaks.append(f"{table}: no canary was planted here, so nothing is proved; teach canaries.py the new table")
        for scope in (Scope(), Scope("tenant", other.customer.pk, other.person.pk), Scope("command", other.customer.pk, other.person.pk)):
            probes += 2
            seen = _count(scope, table, column, victim)
            if seen:
                report.leaks.append(f"{table}: {scope.role} of another customer reads {seen} rows")
            if _can_change(scope, table, column, victim):
                report.leaks.append(f"{table}: {scope.role} of another customer changes rows")
    report.lines.append(f"Probed tables {probes} times as nobody, as the other customer's page and as its command.")


def _run(scope: Scope, sql: str, customer_id: int) -> int:
    """Rows that the statement found in this scope; none when the database refuses it. Changes are undone at once."""
    try:
        with enter(scope), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [customer_id])
            found = int(cursor.rowcount)
            transaction.set_rollback(True)
            return found
    except DatabaseError:
        return 0


def _count(scope: Scope, table: str, column: str, victim: Canary) -> int:
    return _run(scope, f"SELECT FROM {table} WHERE {column} = %s", victim.customer.pk)


def _can_change(scope: Scope, table: str, column: str, victim: Canary) -> bool:
    return bool(_run(scope, f"UPDATE {table} SET {column} = {column} WHERE {column} = %s", victim.customer.pk))  # noqa: S608


# --- Pages ----------------------------------------------------------------------------------------------------------
def _probe_pages(report: Report, victim: Canary, other: Canary) -> None:
    """Ask every address as the other company's person: those of the victim's rows must not exist, no page may hold its token."""
    client, probed = _browser(other.person), 0
    for name, parameters in addresses():
        arguments = _arguments(name, parameters, victim)
        path = reverse(name, kwargs=arguments)
        for method in (client.get, client.post):
            if name in SIGN_OUT:
                continue
            answer = method(path, secure=settings.BEHIND_TLS)
            content = answer.getvalue()
            probed += 1
            if arguments and name.partition(":")[0] in FACES and answer.status_code not in NOTHING_THERE:
                report.leaks.append(f"{path} answered {answer.status_code} to another customer, not 404")
            if victim.token.encode() in content:
                report.leaks.append(f"{path} shows another customer's data")
    for words in (victim.token, victim.ticket.number, str(victim.ticket.pk), call_id(victim.token)):
        answer = client.get(reverse("portal:tickets"), {"q": words, "state": "all"}, secure=settings.BEHIND_TLS)
        probed += 1
        if f"/tickets/{victim.ticket.pk}/".encode() in answer.content:
            report.leaks.append(f"Searching “{words}” finds another customer's ticket")
    report.lines.append(f"Asked pages {probed} times as the other customer.")
    _probe_forms(report, client, victim, other)


def _browser(person: Person) -> Client:
    """Signed in, at an address of its own: the counters of sign-in attempts are locked until the end of this long transaction."""
    client = Client(
        REMOTE_ADDR="192.0.2.1", SERVER_NAME=settings.ALLOWED_HOSTS[0].lstrip("*.") or "localhost", headers={"accept-language": "en"}
    )
    client.raise_request_exception = False
    client.force_login(person)
    return client


# --- A private ticket, as a colleague -------------------------------------------------------------------------------
def _probe_private(report: Report, canary: Canary) -> None:
    """Look for the canary's private ticket as its colleague: in every table that hangs on a ticket, and on every page of the portal."""
    hidden = canary.hidden
    reader = Scope("tenant", canary.customer.pk, hidden.colleague.pk)
    tables = _tables_of_tickets()
    for table, (column, policy) in tables.items():
        condition = f"SELECT FROM {table} WHERE {column}"
        if not _run(Scope("provider"), f"{condition} = %s", hidden.ticket.pk) and "tickets_ticket" not in policy:
            report.leaks.append(f"{table}: its policy does not ask whether the ticket is private")
        if seen := _run(reader, f"{condition} = %s", hidden.ticket.pk):
            report.leaks.append(f"{table}: a colleague reads {seen} rows of a private ticket")
    if _run(reader, "SELECT FROM tickets_file WHERE id = %s", hidden.file.pk):
        report.leaks.append("tickets_file: a colleague reads a file of a private ticket")
    promise = hidden.ticket.promise_id
    assert promise is not None, "whatever is opened is promised something"
    for table, condition in OF_PROMISE.items():
        if not _run(Scope("provider"), f"SELECT FROM {table} WHERE {condition}", promise):
            report.leaks.append(f"{table}: no canary's private ticket has a row, so nothing is proved")
        if seen := _run(reader, f"SELECT FROM {table} WHERE {condition}", promise):
            report.leaks.append(f"{table}: a colleague reads {seen} rows of a private ticket")
    asked = _probe_private_pages(report, replace(canary, ticket=hidden.ticket, file=hidden.file, charge=hidden.charge))
    report.lines.append(
        f"Looked for a private ticket in {len(tables) + len(OF_PROMISE) + 1} tables and on {asked} pages as its requester's colleague."
    )


def _tables_of_tickets() -> dict[str, tuple[str, str]]:
    """Tables that customers may read and whose rows are a ticket's: the column that names it, and what customers may see."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, p.qual FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'ticket_id'
            JOIN pg_policies p ON p.tablename = c.relname AND p.policyname = 'tenant_read'
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped
            """
        )
        found = {table: ("ticket_id", policy) for table, policy in cursor.fetchall()}
    return found | {"tickets_ticket": ("id", "tickets_ticket")}


def _probe_private_pages(report: Report, canary: Canary) -> int:
    """`canary`: with the private ticket and its file in the place of those that colleagues see."""
    client, asked = _browser(canary.hidden.colleague), 0
    for name, parameters in addresses():
        if not name.startswith("portal:"):
            continue
        arguments = _arguments(name, parameters, canary)
        path = reverse(name, kwargs=arguments)
        for method in (client.get, client.post):
            with _undone(client):
                answer = method(path, secure=settings.BEHIND_TLS)
                asked += 1
                if "number" in arguments and answer.status_code not in NOTHING_THERE:
                    report.leaks.append(f"{path} answered {answer.status_code} to a colleague on a private ticket, not 404")
                if canary.hidden.token.encode() in answer.getvalue():
                    report.leaks.append(f"{path} shows a colleague a private ticket")
    for words in (canary.hidden.token, canary.ticket.number, str(canary.ticket.pk)):
        answer = client.get(reverse("portal:tickets"), {"q": words, "state": "all"}, secure=settings.BEHIND_TLS)
        asked += 1
        if f"/tickets/{canary.ticket.pk}/".encode() in answer.content:
            report.leaks.append(f"Searching “{words}” finds a colleague's private ticket")
    return asked


# --- Forms ----------------------------------------------------------------------------------------------------------
def _probe_forms(report: Report, client: Client, victim: Canary, other: Canary) -> None:
    """Send each of the portal's forms about one's own rows, well filled but for one field, which names a row of the victim."""
    own, theirs = _filled(other), _filled(victim)
    before, sent = _rows_of(victim), 0
    for name, parameters in addresses():
        if not name.startswith("portal:"):
            continue
        path = reverse(name, kwargs=_arguments(name, parameters, other))
        for field_name in NAMING_ROWS:
            with _undone(client):
                answer = client.post(path, own | {field_name: theirs[field_name]}, secure=settings.BEHIND_TLS)
                sent += 1
                if victim.token.encode() in answer.getvalue():
                    report.leaks.append(f"{path} with another customer's {field_name} shows its data")
                report.leaks += [f"{path} with another customer's {field_name} {what}" for what in _traces(client, victim, other, before)]
    report.lines.append(f"Sent forms {sent} times with a row of the other customer.")


@contextmanager
def _undone(client: Client) -> Iterator[None]:
    """Each form begins with the same rows and the same session: one that succeeds must not spoil the next."""
    cookies = copy(client.cookies)
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    client.cookies = cookies


NAMING_ROWS = ("customer", "contract", "environment", "person", "requester", "upload")


def _filled(canary: Canary) -> dict[str, object]:
    """What any form of the portal asks for, by field."""
    words = f"Probe {secrets.token_hex(4)}"
    return {
        "customer": canary.customer.pk,
        "contract": canary.contract.pk,
        "environment": canary.environment.pk,
        "person": canary.person.pk,
        "requester": canary.person.pk,
        "upload": canary.loose_file.pk,
        "product": canary.ticket.product_id,
        "version": canary.ticket.version_id,
        "type": "technical",
        "severity": "low",
        "subject": words,
        "description": words,
        "body": words,
        "name": words,
        "email": f"{secrets.token_hex(8)}@canary.invalid",
        "role": "member",
        "language": "en",
        "required": "on",
        "reason": words,
        "verdict": 1,
    }


def _rows_of(victim: Canary) -> dict[str, str]:
    """A digest of the victim's rows by table, as the staff see them."""
    found = {}
    with as_provider(), connection.cursor() as cursor:
        for table in rls.tenant_tables():
            column = "id" if table == "accounts_customer" else "customer_id"
            cursor.execute(
                f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t WHERE {column} = %s",  # noqa: S608
                [victim.customer.pk],
            )
            found[table] = cursor.fetchone()[0]
    return found


def _traces(client: Client, victim: Canary, other: Canary, before: dict[str, str]) -> list[str]:
    """What a form did to the victim's rows, or took of them into the other company's."""
    after = _rows_of(victim)
    found = [f"changes its rows of {table}" for table in before if before[table] != after[table]]
    own = {"customer": other.customer}
    with as_provider():
        taken = {
            "contract": Ticket.objects.filter(**own, contract=victim.contract),
            "environment": Ticket.objects.filter(**own, environment=victim.environment),
            "requester": Ticket.objects.filter(**own, requester=victim.person),
            "watcher": Watcher.objects.filter(**own, person=victim.person),
            "member": Membership.objects.filter(**own, person=victim.person),
        }
        found += [f"takes its {what}" for what, rows in taken.items() if rows.exists()]
    if client.session.get(SESSION_CUSTOMER) == victim.customer.pk:
        found.append("looks at it from then on")
    return found


FACES = {"portal", "console"}
SIGN_OUT = {"account_logout"}


def addresses() -> list[tuple[str, tuple[str, ...]]]:
    """Every named address of the resolver (without Django's own admin) with the names of its parameters."""
    return sorted(_walk(get_resolver().url_patterns, "", ()))


def _walk(patterns: list[URLPattern | URLResolver], prefix: str, outer: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for pattern in patterns:
        own = outer + tuple(pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from _walk(pattern.url_patterns, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix, own)
        elif pattern.name:
            yield f"{prefix}{pattern.name}", own


def _arguments(name: str, parameters: tuple[str, ...], victim: Canary) -> dict[str, object]:
    """The victim's own ids for an address."""
    with as_provider():
        statement = Statement.objects.filter(contract=victim.contract).order_by("pk").first()
    assert statement is not None, "each canary has one"
    by_name: dict[str, object] = {
        "number": victim.ticket.pk,
        "contract_id": victim.contract.pk,
        "month": statement.month,
        "customer_id": victim.customer.pk,
        "slug": "all",
        "token": "made-up",
        "uidb36": "1",
        "key": "made-up",
        "span": "day",
        "what": "fail",
    }
    by_page = {
        "approval": victim.charge.pk,
        "contract": victim.contract.pk,
        "environment": victim.environment.pk,
        "watch": victim.environment.pk,
        "customer": victim.customer.pk,
        "statement": statement.pk,
        "people_revoke": victim.invitation.pk,
        "people": victim.membership.pk,
        "file": victim.file.pk,
        "licences": victim.contract.pk,
        "licence": victim.licence.pk,
    }
    page = name.rpartition(":")[2]
    pk = next((value for start, value in by_page.items() if page.startswith(start)), victim.ticket.pk)
    return {parameter: by_name.get(parameter, pk) for parameter in parameters}
