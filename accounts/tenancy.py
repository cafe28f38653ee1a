"""Whose rows the database shows: one scope per transaction, kept by PostgreSQL's row-level security.

A scope is a role and a customer, both set LOCAL, so that they die with the transaction. Without a scope the login role
sees the few tables that signing in needs, and nothing of any customer. The roles' policies are made in `rls.py`.

With the scope come the limits of this kind of work: how long a statement, a wait for a lock and an idle transaction may take.
What no scope covers has the limits of the login role, made in `deploy/postgres/roles.sql`.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings
from django.db import InternalError, connection, models, transaction
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from helpdesk.lib.statements import Statement, asking_role

log = logging.getLogger(__name__)

Kind = Literal["none", "tenant", "command", "provider"]
Work = Literal["web", "worker", "relay", "shell"]


@dataclass(frozen=True)
class Scope:
    """`tenant` reads what a customer may read; `command` writes for one customer; `provider` is the staff's."""

    kind: Kind = "none"
    customer_id: int | None = None
    person_id: int | None = None

    @property
    def role(self) -> str:
        return "none" if self.kind == "none" else f"desk_{self.kind}"

    def admits(self, inner: "Scope") -> bool:
        """Whether `inner` may be entered from here: a command from its own customer's page or from the staff's, never wider."""
        if self.kind in {"none", "provider"}:
            return inner.kind != "tenant" or self.kind == "none"
        return inner.customer_id == self.customer_id and inner.kind in {self.kind, "command"}


NO_SCOPE = Scope()
_current: ContextVar[Scope] = ContextVar("scope", default=NO_SCOPE)
_work: ContextVar[Work] = ContextVar("work", default="shell")


class ScopeError(RuntimeError):
    """A scope was entered from inside one that does not admit it: the code would have seen another customer's rows."""


def current() -> Scope:
    return _current.get()


@contextmanager
def working_as(work: Work) -> Iterator[None]:
    """Scopes entered in the block have the limits of this kind of work (`settings.TIMEOUTS`); without it, those of a shell."""
    token = _work.set(work)
    try:
        yield
    finally:
        _work.reset(token)


SCOPE = "SELECT set_config('role', %s, true), set_config('app.customer', %s, true), set_config('app.person', %s, true)"
# In the same statement: the limits cost no round trip of their own. They stay until the transaction ends.
# What is kept planned (helpdesk/lib/statements.py) is planned once, and not for the first five values first.
LIMITS = ", set_config('plan_cache_mode', 'force_generic_plan', true)" + "".join(
    f", set_config('{name}', %s, true)" for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
)


def _limits(before: Scope) -> Sequence[str]:
    """What a scope sets of them: nothing inside another one, which did."""
    limits: Sequence[str] = settings.TIMEOUTS[_work.get()]
    return limits if before == NO_SCOPE else ()


def _setting(scope: Scope, limits: Sequence[str]) -> tuple[str, list[str]]:
    return SCOPE + LIMITS * bool(limits), [scope.role, str(scope.customer_id or ""), str(scope.person_id or ""), *limits]


def _apply(scope: Scope, limits: Sequence[str] = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(*_setting(scope, limits))


@contextmanager
def _known(scope: Scope) -> Iterator[None]:
    """The block knows the scope that the database is in."""
    token, role = _current.set(scope), asking_role.set(scope.role)
    try:
        yield
    finally:
        _current.reset(token)
        asking_role.reset(role)


@contextmanager
def enter(scope: Scope) -> Iterator[None]:
    """Run the block in `scope`, in a transaction (the outermost use opens it). Raises ScopeError when that would widen.

    Inside the same scope nothing happens at all: no savepoint either, so what fails there spoils the transaction around it.
    The scope before is put back by a statement, since a LOCAL setting outlives the savepoint in which it was made; when the
    block fails, the rollback itself puts it back. A block that ends well after a database error, such as a page that became
    an answer of 500, is rolled back too: raising again here would only hide the error that counts.
    """
    before = current()
    if before == scope and connection.in_atomic_block:
        yield
        return
    if not before.admits(scope):
        raise ScopeError(f"{scope} cannot be entered from {before}")
    with transaction.atomic():
        _apply(scope, _limits(before))
        with _known(scope):
            yield
        try:
            _apply(before)
        except (InternalError, transaction.TransactionManagementError):
            log.exception("The block kept a database error to itself; what it wrote is rolled back")
            transaction.set_rollback(True)


@contextmanager
def request_scope(scope: Scope, with_it: Statement | None = None, values: Sequence[int] = ()) -> Iterator[list[tuple[Any, ...]]]:
    """The scope of a request's own transaction, which is open and ends right after: no savepoint, and nothing need be put back.

    Only where a larger transaction goes on, in tests and in the proof of isolation, the scope before is.

    `with_it`: a query that goes along in the same round trip, for these values; its rows are what the block gets. Raises ScopeError as `enter` does.
    """
    assert connection.in_atomic_block, "the request's transaction is open"
    before = current()
    if not before.admits(scope):
        raise ScopeError(f"{scope} cannot be entered from {before}")
    limits = _limits(before)
    with _known(scope):
        if with_it is None:
            _apply(scope, limits)
            yield []
        else:
            setting, its_values = _setting(scope, limits)
            yield with_it.rows(values, after=setting, after_values=its_values)
    if connection.savepoint_ids and not _has_failed():
        _apply(before)


def at_once(scope: Scope, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What the last of these statements finds, in a scope and a transaction of their own: one round trip, commit included.

    Inside a transaction, which only tests and proofs have here, they are part of it.
    """
    if connection.in_atomic_block:
        with enter(scope), connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())
    assert current() == NO_SCOPE, "a scope has a transaction"
    statement, values = _setting(scope, settings.TIMEOUTS[_work.get()])
    with connection.cursor() as cursor:  # statements that are sent together are one transaction of PostgreSQL's
        cursor.execute(f"{statement}; {sql}", [*values, *parameters])
        return list(cursor.fetchall())


def _has_failed() -> bool:
    return connection.connection is not None and connection.connection.info.transaction_status == TRANSACTION_STATUS_INERROR


class HiddenError(RuntimeError):
    """A statement failed and nobody said so: the page would tell of work that is not done."""


def refuse_hidden_error() -> None:
    """Raises HiddenError when a statement of this transaction failed and the error went no further."""
    if _has_failed():
        raise HiddenError


def as_tenant(customer_id: int, person_id: int | None = None) -> AbstractContextManager[None]:
    """What a page of this customer reads."""
    return enter(Scope("tenant", customer_id, person_id))


def acting_for(customer_id: int | None) -> AbstractContextManager[None]:
    """What a command writes for this customer; None: rows that belong to no customer, such as mail about an account."""
    return enter(Scope("command", customer_id, current().person_id))


def as_provider(person_id: int | None = None) -> AbstractContextManager[None]:
    """What the staff's pages, their commands across customers, and sweeps see."""
    return enter(Scope("provider", None, person_id or current().person_id))


def as_nobody(person_id: int | None = None) -> AbstractContextManager[None]:
    """Signing in: no customer; `person_id` may read their own memberships and staff roles."""
    return enter(Scope("none", None, person_id))


class TenantModel(models.Model):
    """A row that belongs to a customer. Its migration names it in `rls.tenant_table`; a test refuses one that does not."""

    customer = models.ForeignKey("accounts.Customer", models.PROTECT, related_name="+")

    class Meta:
        abstract = True
