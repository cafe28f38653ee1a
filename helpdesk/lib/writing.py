"""Rows that commands write often, by statements that are put together once, and planned once a connection.

    insert_events = Insert(Event)
    insert_events(Event(ticket=ticket, position=1), Event(ticket=ticket, position=2))    # in one round trip; both know their ids now

The ORM puts an INSERT together anew for each row, and has everything returned that the database generates.
"""

from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models

from helpdesk.lib.statements import Statement

Row = TypeVar("Row", bound=models.Model)
# So many rows at once are usual: each number of them has a statement of its own, and a connection keeps those.
FEW = 6


class Insert(Generic[Row]):
    """Writes new rows of a model. `on_conflict`: what becomes of one that is there already, as SQL; rows don't learn their ids then."""

    def __init__(self, model: type[Row], *, on_conflict: str = "") -> None:
        self._table, self._key = model._meta.db_table, model._meta.pk
        self._fields: list[Any] = [field for field in model._meta.concrete_fields if not (field.primary_key or field.generated)]
        self._on_conflict = on_conflict
        self._kept: dict[int, Statement] = {}

    def __call__(self, *rows: Row) -> None:
        if not rows:
            return
        connection = connections[DEFAULT_DB_ALIAS]
        values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for row in rows for field in self._fields]
        found = self._statement(len(rows)).rows(values)
        for row in rows:
            row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
        if not self._on_conflict:
            for row, (key,) in zip(rows, found, strict=True):
                row.pk = key

    def _statement(self, count: int) -> Statement:
        if count > FEW:
            return self._made(count, is_kept=False)
        if count not in self._kept:
            self._kept[count] = self._made(count, is_kept=True)
        return self._kept[count]

    def _made(self, count: int, *, is_kept: bool) -> Statement:
        columns = ", ".join(f'"{field.column}"' for field in self._fields)
        row = f"({', '.join(['%s'] * len(self._fields))})"
        values = ", ".join([row] * count)
        sql = f'INSERT INTO "{self._table}" ({columns}) VALUES {values} {self._on_conflict} RETURNING "{self._key.column}"'  # noqa: S608 - our names
        return _of_values(sql, len(self._fields) * count, is_kept=is_kept)


class Update(Generic[Row]):
    """Writes the same columns of one row, by the names of its fields. Raises DatabaseError where the scope has no such row."""

    def __init__(self, model: type[Row], *names: str) -> None:
        self._fields: list[Any] = [model._meta.get_field(name) for name in (*names, model._meta.pk.name)]
        columns = ", ".join(f'"{field.column}" = %s' for field in self._fields[:-1])
        key = self._fields[-1].column
        sql = f'UPDATE "{model._meta.db_table}" SET {columns} WHERE "{key}" = %s RETURNING "{key}"'  # noqa: S608 - our names
        self._statement = _of_values(sql, len(self._fields), is_kept=True)

    def __call__(self, row: Row) -> None:
        connection = connections[DEFAULT_DB_ALIAS]
        values = [field.get_db_prep_save(field.pre_save(row, add=False), connection) for field in self._fields]
        if not self._statement.rows(values):
            raise DatabaseError(f"there is no {row} to write to")


def _of_values(sql: str, count: int, *, is_kept: bool) -> Statement:
    return Statement(sql, [None] * count, [(place, place) for place in range(count)], is_kept=is_kept)
