"""Rows that commands write often, by statements that are put together once, and planned once a connection (see `statements`).

    insert_events = Insert(Event)
    insert_events([Event(ticket=ticket, position=1), Event(ticket=ticket, position=2)])    # in one round trip; both know their ids now

The ORM puts an INSERT together anew for each row, and has everything returned that the database generates. What a table refuses is
refused as by the ORM; nothing hears of it but the database: no signals.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models

from helpdesk.lib.statements import Statement

Row = TypeVar("Row", bound=models.Model)
LEAVE = "ON CONFLICT DO NOTHING"
FEW = 8
_LENGTH = re.compile(r"\(.*\)")
# What the ORM hands on to the database as it is, by the kind of the field: most values are, and it looks at each for longer than
# the database takes to write it.
_PLAIN: Mapping[type, type] = {
    **dict.fromkeys((models.BigIntegerField, models.IntegerField, models.PositiveIntegerField, models.PositiveSmallIntegerField), int),
    **dict.fromkeys((models.SmallIntegerField, models.ForeignKey, models.OneToOneField), int),
    **dict.fromkeys((models.CharField, models.EmailField, models.TextField), str),
    models.BooleanField: bool,
    models.DateTimeField: datetime,
    models.FloatField: float,
    models.UUIDField: UUID,
}


class Insert(Generic[Row]):
    """Writes new rows of a model without columns of arrays. `on_conflict`: what becomes of one that is there already, as SQL.

    Up to FEW rows go as they are, by a statement for each number of them; more come as one array for each column, which costs
    PostgreSQL as much as ten rows, and then nothing for any further one.
    """

    def __init__(self, model: type[Row], *, on_conflict: str = "") -> None:
        self._model, self._on_conflict = model, on_conflict
        self._of_few: dict[int, Statement] = {}

    def __call__(self, rows: Sequence[Row], *, after: str = "", after_values: Sequence[Any] = ()) -> int:
        """Write them; returns how many. They know their ids then, unless some were left out. `after`: as `Statement.rows` takes it."""
        if not rows:
            return 0
        statement, values = self._few(rows) if len(rows) <= FEW else self._many(rows)
        ids = statement.rows(values, after=after, after_values=after_values)
        if len(ids) == len(rows):
            for row, (pk,) in zip(rows, ids, strict=True):
                row.pk, row._state.adding, row._state.db = pk, False, DEFAULT_DB_ALIAS
        return len(ids)

    def _few(self, rows: Sequence[Row]) -> tuple[Statement, list[Any]]:
        statement = self._of_few.get(len(rows))
        if statement is None:
            places = f"({', '.join(f'%s::{kind}' for kind in self._kinds)})"
            statement = self._of_few[len(rows)] = self._statement(f"VALUES {', '.join([places] * len(rows))}", len(rows))
        return statement, [value(row) for row in rows for value in self._values]

    def _many(self, rows: Sequence[Row]) -> tuple[Statement, list[Any]]:
        return self._of_many, [[value(row) for row in rows] for value in self._values]

    @cached_property
    def _of_many(self) -> Statement:
        return self._statement(f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in self._kinds)})", 1)  # noqa: S608 - our types

    def _statement(self, rows: str, count: int) -> Statement:
        table, key = self._model._meta.db_table, self._model._meta.pk.column
        names = ", ".join(f'"{field.column}"' for field in self._fields)
        sql = f'INSERT INTO "{table}" ({names}) {rows} {self._on_conflict} RETURNING "{key}"'
        return _of_values(sql, count * len(self._fields))

    @cached_property
    def _fields(self) -> Sequence[Any]:
        return [field for field in self._model._meta.concrete_fields if not (field.primary_key or field.generated)]

    @cached_property
    def _values(self) -> Sequence[Callable[[Row], Any]]:
        return [_value_of(field, is_new=True) for field in self._fields]

    @cached_property
    def _kinds(self) -> Sequence[str]:
        """The columns' types without their length: a cast would cut what is too long."""
        return [_LENGTH.sub("", field.db_type(connections[DEFAULT_DB_ALIAS])) for field in self._fields]


class Update(Generic[Row]):
    """Writes the same columns of one row, by the names of its fields. Raises DatabaseError where the scope has no such row."""

    def __init__(self, model: type[Row], *names: str) -> None:
        fields: list[Any] = [model._meta.get_field(name) for name in (*names, model._meta.pk.name)]
        columns = ", ".join(f'"{field.column}" = %s' for field in fields[:-1])
        key = fields[-1].column
        sql = f'UPDATE "{model._meta.db_table}" SET {columns} WHERE "{key}" = %s RETURNING "{key}"'  # noqa: S608 - our names
        self._statement = _of_values(sql, len(fields))
        self._values = [_value_of(field, is_new=False) for field in fields]

    def __call__(self, row: Row) -> None:
        if not self._statement.rows([value(row) for value in self._values]):
            raise DatabaseError(f"there is no {row} to write to")


def _of_values(sql: str, count: int) -> Statement:
    return Statement(sql, [None] * count, [(place, place) for place in range(count)])


def _value_of(field: Any, *, is_new: bool) -> Callable[[Any], Any]:
    """What gives a row's value of this field as the database takes it."""
    name, plain = field.attname, _PLAIN.get(type(field))

    def prepared(row: Any) -> Any:
        return field.get_db_prep_save(field.pre_save(row, is_new), connections[DEFAULT_DB_ALIAS])

    def value(row: Any) -> Any:
        found = getattr(row, name)
        kind = type(found)
        is_as_it_is = found is None or (kind is plain and not (kind is datetime and found.tzinfo is None))
        return found if is_as_it_is else prepared(row)

    return prepared if plain is None or getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False) else value
