"""Django's migrate, which doesn't stop the service: it gives up a lock that it can't have at once, and tries again."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration

AGAIN = {"55P03", "40P01"}  # the lock was not to be had in time; two waited for each other
CONCURRENT = (AddIndexConcurrently, RemoveIndexConcurrently)
TRIES = 30
PAUSE_SECONDS = 2.0  # between tries; whoever queued behind the last one goes on meanwhile
ALONE = 0x6865_6C70  # the advisory lock's number; any that nothing else takes


class Command(migrate.Command):
    """Statements of a migration wait for locks no longer than TIMEOUTS_MIGRATE says: everybody else would queue behind them.

    Indexes alone are built for as long as that takes and wait for whatever they must, since nobody waits for them.
    """

    connection: BaseDatabaseWrapper

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--tries", type=int, default=TRIES, help=f"how often a lock is asked for (default {TRIES})")
        parser.add_argument("--pause", type=float, default=PAUSE_SECONDS, help=f"seconds between tries (default {PAUSE_SECONDS})")

    def handle(self, *args: Any, tries: int, pause: float, **options: Any) -> None:
        self.connection = connections[options["database"]]
        for left in reversed(range(tries)):
            try:
                with _alone(self.connection, pause, tries), _limits_given_back(self.connection):
                    _drop_unfinished_indexes(self.connection)
                    super().handle(*args, **options)
                    return
            except OperationalError as error:
                if getattr(error.__cause__, "pgcode", "") not in AGAIN:
                    raise
                if not left:
                    raise CommandError(
                        f"A table stayed in use through {tries} tries; what is done is kept, start again: {error}"
                    ) from error
            self.stderr.write(f"A table is in use; trying again in {pause:g} s ({left} tries left).")
            time.sleep(pause)

    def migration_progress_callback(self, action: str, migration: Migration | None = None, fake: bool = False) -> None:
        if migration is not None and action in {"apply_start", "unapply_start"}:
            _limit(self.connection, ("0", "0", "0") if _is_beside_the_service(migration) else settings.TIMEOUTS["migrate"])
        super().migration_progress_callback(action, migration, fake)


def _is_beside_the_service(migration: Migration) -> bool:
    return bool(migration.operations) and all(isinstance(operation, CONCURRENT) for operation in migration.operations)


def _limit(connection: BaseDatabaseWrapper, limits: tuple[str, str, str]) -> None:
    """For the session: migrations open their own transactions, and the owner has no pooler in between."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false),"
            " set_config('idle_in_transaction_session_timeout', %s, false)",
            limits,
        )


@contextmanager
def _limits_given_back(connection: BaseDatabaseWrapper) -> Iterator[None]:
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("RESET statement_timeout; RESET lock_timeout; RESET idle_in_transaction_session_timeout")


@contextmanager
def _alone(connection: BaseDatabaseWrapper, pause: float, tries: int) -> Iterator[None]:
    """Two at once would do the same twice. Asked for again and again, since who waits in a statement holds up concurrent indexes."""
    for _try in range(tries):
        if _asks(connection, "SELECT pg_try_advisory_lock(%s)"):
            break
        time.sleep(pause)
    else:
        raise CommandError("Another migrate is running; start again when it has ended.")
    try:
        yield
    finally:
        if connection.is_usable():
            _asks(connection, "SELECT pg_advisory_unlock(%s)")


def _asks(connection: BaseDatabaseWrapper, sql: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, [ALONE])
        return bool(cursor.fetchone()[0])


def _drop_unfinished_indexes(connection: BaseDatabaseWrapper) -> None:
    """What a concurrent build left when it was cut off: it serves nobody, and its name is in the way."""
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE NOT i.indisvalid AND c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace AND c.relowner = current_user::regrole"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX CONCURRENTLY {name}")
