"""Queries that are put together once. Of a small query's time the ORM spends three quarters on writing its SQL.

    open_ones = Prepared(lambda customer: Ticket.objects.filter(customer=customer, closed_at=None))
    open_ones(7)    # a list of customer 7's, as model instances, by the same SQL each time

The function is called once, with marks in the place of its parameters; afterwards only the values change. So it must not decide
anything by them. Each stands for an id, or for a list of values where it is given to `among`.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from functools import partial
from threading import Lock
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BooleanField, F, Func, Model, QuerySet, Value

Row = TypeVar("Row")

# No row has such an id: marks in the SQL's parameters, where the values go.
FIRST_MARK = 2**62


class Prepared(Generic[Row]):
    def __init__(self, build: Callable[..., "QuerySet[Any, Row]"]) -> None:
        self._build = build
        self._lock = Lock()
        self._made: tuple[QuerySet[Any, Row], Any, str, tuple[Any, ...]] | None = None

    def __call__(self, *values: "int | Sequence[int] | Sequence[str]") -> list[Row]:
        """The rows for these values, asked now. A list, since what narrowed it further would not be in the SQL."""
        rows, compiler, sql, parameters = self._made or self._make(len(values))
        if len(values) != len({p for p in parameters if _is_mark(p)}):
            raise TypeError(f"{len(values)} values were given for another number of parameters")
        bound = tuple(values[p - FIRST_MARK] if _is_mark(p) else p for p in parameters)
        found = rows.all()
        found.query.get_compiler = partial(_compiler, compiler, sql, bound)  # type: ignore[method-assign]
        return list(found)

    def first(self, *values: "int | Sequence[int] | Sequence[str]") -> Row | None:
        """The first of them, or None."""
        return next(iter(self(*values)), None)

    def _make(self, count: int) -> "tuple[QuerySet[Any, Row], Any, str, tuple[Any, ...]]":
        with self._lock:
            if self._made is None:
                rows = self._build(*range(FIRST_MARK, FIRST_MARK + count))
                compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
                sql, parameters = compiler.as_sql()
                self._made = rows, compiler, sql, tuple(parameters)
        return self._made


def among(column: str, values: int) -> Func:
    """A condition for `filter`: the column is one of the list that the mark stands for."""
    return Func(F(column), Value(values), template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField())


def attach(parents: Iterable[Model], name: str, rows: Iterable[Any], key: str) -> None:
    """Give each parent its rows of a reverse relation, as `prefetch_related` would; `key`: the row's column with the parent's id."""
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, key), []).append(row)
    for parent in parents:
        attach_many(parent, name, found.get(parent.pk, []))


def attach_many(parent: Model, name: str, rows: list[Any]) -> None:
    """Give one parent the rows of a relation of many to many, as `prefetch_related` would."""
    kept = getattr(parent, name).all()
    kept._result_cache, kept._prefetch_done = rows, True
    parent.__dict__.setdefault("_prefetched_objects_cache", {})[name] = kept


def _is_mark(parameter: object) -> bool:
    return isinstance(parameter, int) and parameter >= FIRST_MARK


def _compiler(made: Any, sql: str, parameters: tuple[Any, ...], using: str | None = None, *_unused: object, **_options: object) -> Any:
    """What the ORM asks for the SQL: here the one from before, with this thread's connection."""
    compiler = copy(made)
    compiler.connection = connections[using or DEFAULT_DB_ALIAS]
    compiler.as_sql = lambda *_args, **_kwargs: (sql, parameters)
    return compiler
