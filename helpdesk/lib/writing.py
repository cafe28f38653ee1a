"""Rows that commands write often, by statements that are put together once, and planned once a connection (see `statements`).

    insert_events = Insert(Event)
    insert_events([Event(ticket=ticket, position=1), Event(ticket=ticket, position=2)])    # in one round trip; both know their ids now

The ORM puts an INSERT together anew for each row, and has everything returned that the database generates. What a table refuses is
refused as by the ORM; nothing hears of it but the database: no signals.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models

from helpdesk.lib.statements import Statement

Row = TypeVar("Row", bound=models.Model)
LEAVE = "ON CONFLICT DO NOTHING"
_LENGTH = re.compile(r"\(.*\)")


class Insert(Generic[Row]):
    """Writes new rows of a model without columns of arrays. `on_conflict`: what becomes of one that is there already, as SQL."""

    def __init__(self, model: type[Row], *, on_conflict: str = "") -> None:
        self._model, self._on_conflict = model, on_conflict

    def __call__(self, rows: Sequence[Row], *, after: str = "", after_values: Sequence[Any] = ()) -> int:
        """Write them; returns how many. They know their ids then, unless some were left out. `after`: as `Statement.rows` takes it."""
        if not rows:
            return 0
        connection = connections[DEFAULT_DB_ALIAS]
        columns = [[field.get_db_prep_save(field.pre_save(row, True), connection) for row in rows] for field in self._fields]
        ids = self._statement.rows(columns, after=after, after_values=after_values)
        if len(ids) == len(rows):
            for row, (pk,) in zip(rows, ids, strict=True):
                row.pk, row._state.adding, row._state.db = pk, False, DEFAULT_DB_ALIAS
        return len(ids)

    @cached_property
    def _fields(self) -> Sequence[Any]:
        return [field for field in self._model._meta.concrete_fields if not (field.primary_key or field.generated)]

    @cached_property
    def _statement(self) -> Statement:
        """The columns come as arrays: the same text for any number of rows. Of types without their length: a cast would cut what is too long."""
        connection = connections[DEFAULT_DB_ALIAS]
        names = ", ".join(f'"{field.column}"' for field in self._fields)
        arrays = ", ".join(f"%s::{_LENGTH.sub('', field.db_type(connection))}[]" for field in self._fields)
        table, key = self._model._meta.db_table, self._model._meta.pk.column
        sql = f'INSERT INTO "{table}" ({names}) SELECT * FROM unnest({arrays}) {self._on_conflict} RETURNING "{key}"'  # noqa: S608 - our names
        return _of_values(sql, len(self._fields))


class Update(Generic[Row]):
    """Writes the same columns of one row, by the names of its fields. Raises DatabaseError where the scope has no such row."""

    def __init__(self, model: type[Row], *names: str) -> None:
        self._fields: list[Any] = [model._meta.get_field(name) for name in (*names, model._meta.pk.name)]
        columns = ", ".join(f'"{field.column}" = %s' for field in self._fields[:-1])
        key = self._fields[-1].column
        sql = f'UPDATE "{model._meta.db_table}" SET {columns} WHERE "{key}" = %s RETURNING "{key}"'  # noqa: S608 - our names
        self._statement = _of_values(sql, len(self._fields))

    def __call__(self, row: Row) -> None:
        connection = connections[DEFAULT_DB_ALIAS]
        values = [field.get_db_prep_save(field.pre_save(row, add=False), connection) for field in self._fields]
        if not self._statement.rows(values):
            raise DatabaseError(f"there is no {row} to write to")


def _of_values(sql: str, count: int) -> Statement:
    return Statement(sql, [None] * count, [(place, place) for place in range(count)])
