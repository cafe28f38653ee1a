"""Statements that the database reads and plans once in each connection: of a small query's time that is three quarters.

A statement is known to one connection under a name (PREPARE), for one role: a plan holds that role's policies, and PostgreSQL itself
makes another where a role has changed. Behind a pooler nothing is kept, since the next statement may go to another server process.
"""

import re
from collections.abc import Sequence
from contextvars import ContextVar
from itertools import count
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from psycopg2.extensions import AsIs

# The role in which the database is asked now; the tenancy's scopes set it. A wrong one would cost time, and nothing else.
asking_role: ContextVar[str] = ContextVar("asking_role", default="none")


class Statement:
    """SQL with its parameters. `marks`: places among these, each with the number of the value that goes there.

    `is_kept`: one plan serves all values. It must not where some values find a thousand times as many rows as others: PostgreSQL
    would plan for the usual ones, and what is best for three rows takes minutes with as many thousands.
    """

    def __init__(self, sql: str, parameters: Sequence[Any], marks: Sequence[tuple[int, int]], *, is_kept: bool = True) -> None:
        self.sql, self.parameters, self.marks, self.is_kept = sql, tuple(parameters), tuple(marks), is_kept
        self.places = f"({', '.join(['%s'] * len(self.marks))})" if self.marks else ""
        self._text = ""

    @classmethod
    def named(cls, sql: str, *names: str, **constants: Any) -> "Statement":
        """Of SQL with %(name)s in it: `names` in the order in which their values will be given, the others as constants.

        In a list of results a value needs its type written after it.
        """
        found = re.findall(r"%\((\w+)\)s", sql)
        marks = [(place, names.index(name)) for place, name in enumerate(found) if name in names]
        return cls(re.sub(r"%\(\w+\)s", "%s", sql), [constants.get(name) for name in found], marks)

    def rows(self, values: Sequence[Any], *, after: str = "", after_values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What it finds for these values, asked now. `after`: SQL that runs before it in the same round trip, with values of its own.

        Raises django.db.Error alone, also where it asks the driver itself: so that a lost connection is known as one.
        """
        connection = connections[DEFAULT_DB_ALIAS]
        before = f"{after}; " if after else ""
        with connection.wrap_database_errors, connection.cursor() as cursor:
            kept = _kept_by(connection) if self.is_kept else None
            if kept is None:
                cursor.execute(before + self.sql, [*after_values, *self._bound(values)])
            else:
                kept.execute(self, cursor, before, [*after_values, *(values[number] for _place, number in self.marks)])
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def text(self, cursor: Any) -> str:
        """The SQL with its constants in place and $1, $2 … for the values, to be sent with parameters after it."""
        if not self._text:
            bound: list[Any] = list(self.parameters)
            for number, (place, _value) in enumerate(self.marks, start=1):
                bound[place] = AsIs(f"${number}")
            self._text = cursor.mogrify(self.sql, bound).decode().replace("%", "%%")
        return self._text

    def _bound(self, values: Sequence[Any]) -> list[Any]:
        bound = list(self.parameters)
        for place, number in self.marks:
            bound[place] = values[number]
        return bound


class _Kept:
    """The statements that one connection knows, by the role that asks: the names they have there."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.is_allowed = _is_direct(session)
        self.names: dict[tuple[Statement, str], str] = {}
        self.numbers = count(1)

    def execute(self, statement: Statement, cursor: Any, before: str, values: Sequence[Any]) -> None:
        """One that fails is forgotten, and kept anew under another name the next time: a column of it may have another type now."""
        key = statement, asking_role.get()
        name, prepare = self.names.pop(key, ""), ""
        if not name:
            name = f"kept_{next(self.numbers)}"
            prepare = f"PREPARE {name} AS {statement.text(cursor)}; "
        cursor.execute(f"{before}{prepare}EXECUTE {name}{statement.places}", values)
        self.names[key] = name


def _kept_by(connection: Any) -> _Kept | None:
    """What this connection keeps; None where it must keep nothing."""
    kept: _Kept | None = getattr(connection, "kept_statements", None)
    if kept is None or kept.session is not connection.connection:
        kept = connection.kept_statements = _Kept(connection.connection)
    return kept if kept.is_allowed else None


def _is_direct(session: Any) -> bool:
    """Whether it leads to one process of PostgreSQL: a pooler's clients are told the number of none."""
    with session.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return bool(cursor.fetchone()[0] == session.info.backend_pid)
