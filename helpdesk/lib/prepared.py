"""Queries that are put together once, and planned once a connection. The ORM spends more time on writing a small query than it takes.

    open_ones = Prepared(lambda customer: Ticket.objects.filter(customer=customer, closed_at=None))
    open_ones(7)    # a list of customer 7's, as model instances, by the same SQL each time

The function is called once, with marks in the place of its parameters; afterwards only the values change. So it must not decide
anything by them, and need not use them all. Each stands for an id or for words, or for a list of values where it is given to `among`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache, partial
from operator import itemgetter
from threading import Lock
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BooleanField, F, Field, Func, JSONField, Model, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    NamedValuesListIterable,
    ValuesListIterable,
    get_related_populators,
)
from django.db.models.utils import create_namedtuple_class

from helpdesk.lib.statements import Statement

Row = TypeVar("Row")
Bound = int | str | datetime | Sequence[int] | Sequence[str] | Sequence[date] | Sequence[UUID]

# What makes a column's value of JSON's, by the kind of its field. Others are not kept exactly, or never asked so.
READERS: Mapping[str, Callable[[str], Any] | None] = {
    **dict.fromkeys(("BigAutoField", "BigIntegerField", "ForeignKey", "OneToOneField", "IntegerField", "PositiveIntegerField")),
    **dict.fromkeys(("PositiveSmallIntegerField", "SmallIntegerField", "BooleanField", "CharField", "EmailField", "TextField")),
    "FloatField": float,
    "DateField": date.fromisoformat,
    "DateTimeField": datetime.fromisoformat,
}
# No row has such an id: marks in the SQL's parameters, where the values go.
FIRST_MARK = 2**62


@dataclass(frozen=True, eq=False)
class _Made(Generic[Row]):
    """A query put together for `count` values."""

    rows: "QuerySet[Any, Row]"
    compiler: Any
    statement: Statement
    count: int

    def ask(self, values: Sequence["Bound"], *, after: str = "") -> list[Row]:
        """The rows for these values. `after`: as `Statement.rows` takes it."""
        return self.read(self.statement.rows([_parameter(value) for value in values], after=after), self.converters)

    def read_json(self, answer: list[list[Any]] | None) -> list[Row]:
        """The same of rows that came as JSON."""
        readers, rows = self.readers, answer or ()
        written = [tuple([read(v) if read and v is not None else v for read, v in zip(readers, row, strict=True)]) for row in rows]
        return self.read(written, self.converters_of_json)

    def read(self, rows: Any, converters: dict[int, Any]) -> list[Row]:
        """What the ORM makes of these rows, as if it had asked for them itself. Of values without its ado, which takes as long as a query."""
        if self.value_of is not None:
            return list(map(self.value_of, self.compiler.apply_converters(rows, converters) if converters else rows))
        if not rows:
            return []
        found = self.rows.all()
        changes = {"execute_sql": lambda *_args, **_kwargs: [rows], "get_converters": lambda _columns: converters}
        found.query.get_compiler = partial(_compiler, self.compiler, changes)  # type: ignore[method-assign]
        return list(found)

    @cached_property
    def value_of(self) -> Callable[[Sequence[Any]], Any] | None:
        """What makes a row of a query's columns; None where it takes further queries, which is left to the ORM."""
        rows: Any = self.rows
        if rows._iterable_class is NamedValuesListIterable and rows._fields:
            return create_namedtuple_class(*rows._fields)._make
        if rows._iterable_class is ModelIterable and not rows._prefetch_related_lookups:
            return self._instance
        makers: dict[Any, Callable[[Sequence[Any]], Any]] = {ValuesListIterable: tuple, FlatValuesListIterable: itemgetter(0)}
        return makers.get(rows._iterable_class)

    def _instance(self, row: Sequence[Any]) -> Any:
        """What `ModelIterable` makes of a row."""
        columns, model = self.columns, self.rows.model
        made = model.from_db(DEFAULT_DB_ALIAS, columns.names, row[columns.first : columns.end])
        for related in columns.related:
            related.populate(row, made)
        for name, place in columns.added:
            setattr(made, name, row[place])
        return made

    @cached_property
    def columns(self) -> "_Columns":
        compiler = self.compiler
        places = compiler.klass_info["select_fields"]
        first, end = places[0], places[-1] + 1
        names = [expression.target.attname for expression, _sql, _alias in compiler.select[first:end]]
        related = get_related_populators(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg] # of another Django
        return _Columns(first, end, names, related, tuple(compiler.annotation_col_map.items()))

    @cached_property
    def converters(self) -> dict[int, Any]:
        """What the ORM does to a column's value, by its place; finding out takes a fifth of a small query's time."""
        found: dict[int, Any] = self.compiler.get_converters([column for column, *_ in self.compiler.select])
        return found

    @cached_property
    def converters_of_json(self) -> dict[int, Any]:
        """The same without those that read JSON from a text: it is read already."""
        return {place: found for place, found in self.converters.items() if not _is_of_rows(self.compiler.select[place][0].output_field)}

    @cached_property
    def readers(self) -> list[Callable[[str], Any] | None]:
        """What makes a column's value of JSON's; None: it is that. Raises TypeError for a kind of column that JSON does not keep."""
        return [_reader(expression.output_field) for expression, _sql, _alias in self.compiler.select]


@dataclass(frozen=True)
class _Columns:
    """Where a row has what an instance is made of: its own columns, `related` instances, and what was annotated."""

    first: int
    end: int
    names: Sequence[str]
    related: Sequence[Any]
    added: Sequence[tuple[str, int]]


class Prepared(Generic[Row]):
    """`by_value`: it is planned anew each time, since some values find a thousand times as many rows as others."""

    def __init__(self, build: Callable[..., "QuerySet[Any, Row]"], *, by_value: bool = False) -> None:
        self._build, self._by_value = build, by_value
        self._lock = Lock()
        self._made: _Made[Row] | None = None

    def __call__(self, *values: "Bound") -> list[Row]:
        """The rows for these values, asked now. A list, since what narrowed it further would not be in the SQL."""
        return self._for(values).ask(values)

    def behind(self, sql: str, *values: "Bound") -> list[Row]:
        """The rows as they are once this SQL has run, in the same round trip: of locks, behind which everything is read as it is then."""
        return self._for(values).ask(values, after=sql)

    def question(self, *values: "Bound") -> "Question":
        """The same to be asked `together` with others."""
        return Question(self._for(values), values)

    def first(self, *values: "Bound") -> Row | None:
        """The first of them, or None."""
        return next(iter(self(*values)), None)

    def _for(self, values: Sequence["Bound"]) -> "_Made[Row]":
        made = self._made or self._make(len(values))
        if len(values) != made.count:
            raise TypeError(f"{len(values)} values were given, {made.count} are asked for")
        return made

    def _make(self, count: int) -> "_Made[Row]":
        with self._lock:
            if self._made is None:
                rows = self._build(*range(FIRST_MARK, FIRST_MARK + count))
                compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
                self._made = _Made(rows, compiler, self._statement(*compiler.as_sql()), count)
        return self._made

    def _statement(self, sql: str, parameters: Sequence[Any]) -> Statement:
        marks = [(place, number) for place, parameter in enumerate(parameters) if (number := _number_of(parameter)) is not None]
        return Statement(sql, parameters, marks, is_kept=not self._by_value)


@dataclass(frozen=True)
class Question:
    """A prepared query with its values."""

    made: _Made[Any]
    values: Sequence["Bound"]

    def ask(self) -> list[Any]:
        """Its rows, asked by itself."""
        return self.made.ask(self.values)

    def rows(self, answer: list[list[Any]] | None) -> list[Any]:
        """What the query finds by itself, made of the answer in JSON."""
        return self.made.read_json(answer)


def together(*questions: Question) -> list[list[Any]]:
    """The rows of each, asked in one round trip: of a small query's time, most is the way to the database and back.

    contracts, terms = together(_contracts.question(7), _terms.question(7))
    """
    return beside(NOTHING, (), *questions)[1]


NOTHING = Statement("SELECT", (), ())


def beside(statement: Statement, values: Sequence["Bound"], *questions: Question) -> tuple[tuple[Any, ...], list[list[Any]]]:
    """The one row of a statement that is a SELECT of values alone, and the rows of each question, in the same round trip."""
    asked = [*values, *(value for question in questions for value in question.values)]
    (row,) = _joined(statement, len(values), tuple(question.made for question in questions)).rows([_parameter(value) for value in asked])
    own = len(row) - len(questions)
    return row[:own], [question.rows(answer) for question, answer in zip(questions, row[own:], strict=True)]


@lru_cache(maxsize=256)
def _joined(first: Statement, count: int, queries: tuple[_Made[Any], ...]) -> Statement:
    """One statement whose row has what the first selects for its `count` values, then the rows of each query; their values follow."""
    parameters, marks = list(first.parameters), list(first.marks)
    before = count
    for made in queries:
        marks += [(len(parameters) + place, before + number) for place, number in made.statement.marks]
        parameters += made.statement.parameters
        before += made.count
    is_kept = first.is_kept and all(made.statement.is_kept for made in queries)
    own = "," if first is not NOTHING and queries else ""
    return Statement(f"{first.sql}{own} {', '.join(map(_as_json, queries))}", parameters, marks, is_kept=is_kept)


def _as_json(made: _Made[Any]) -> str:
    """SQL of one value: the list of a query's rows, each a list of columns."""
    columns = ", ".join(f"c{place}" for place in range(len(made.readers)))
    return f"(SELECT json_agg(json_build_array({columns})) FROM ({made.statement.sql}) AS q({columns}))"  # noqa: S608 - made by the ORM


def among(column: str, values: int | Sequence[int] | ArraySubquery) -> Func:
    """A condition for `filter`: the column is one of the list, of the list that the mark stands for, or of what the query finds."""
    found = values if isinstance(values, ArraySubquery) else Value(_parameter(values))
    return Func(F(column), found, template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField())


def compared(column: str, operator: str, value: int | datetime) -> Func:
    """A condition for `filter`: the column is before or after an instant, or after the one that the mark stands for."""
    return Func(F(column), Value(value), template="(%(expressions)s)", arg_joiner=f" {operator} ", output_field=BooleanField())


def name_of(model: type[Model], key: str, column: str) -> Subquery:
    """One column of the row that `key` refers to, for `annotate`; NULL where the scope does not show it.

    A join would do as well, but the planner takes longer over each further one: nine tables cost ten times as much as nine of these.
    """
    return Subquery(model._default_manager.order_by().filter(pk=OuterRef(key)).values(column)[:1])


def rows_of(rows: "QuerySet[Any]", *columns: str, most: int | None = None, **named: Any) -> ArraySubquery:
    """Rows of another table that refer to the outer one, for `annotate`: a list of dicts in the same query, by column or by a name given.

    Instants and days come as texts, as JSON has them.
    """
    return ArraySubquery(rows.values(json=JSONObject(**{column: F(column) for column in columns}, **named))[:most])


def attach(parents: Iterable[Model], name: str, rows: Iterable[Any], key: str) -> None:
    """Give each parent its rows of a reverse relation, as `prefetch_related` would; `key`: the row's column with the parent's id."""
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, key), []).append(row)
    for parent in parents:
        attach_many(parent, name, found.get(parent.pk, []))


def attach_many(parent: Model, name: str, rows: list[Any]) -> None:
    """Give one parent the rows of a relation of many to many, as `prefetch_related` would."""
    kept: Any = QuerySet(parent._meta.get_field(name).related_model)
    kept._result_cache, kept._prefetch_done = rows, True
    parent.__dict__.setdefault("_prefetched_objects_cache", {})[name] = kept


def _reader(field: "Field[Any, Any]") -> Callable[[str], Any] | None:
    kind = field.get_internal_type()
    if _is_of_rows(field):
        return None
    if kind not in READERS:
        raise TypeError(f"a {kind} is not asked together with others")
    return READERS[kind]


def _is_of_rows(field: "Field[Any, Any]") -> bool:
    """Whether a column is one that `rows_of` asks."""
    return isinstance(field, ArrayField) and isinstance(field.base_field, JSONField)


def _parameter(value: "Bound") -> object:
    """A sequence as a list, which the driver writes as an array; whole numbers as the text of one, which is read much faster than that."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return value
    return f"{{{','.join(map(str, value))}}}" if {*map(type, value)} <= {int} else list(value)


def _number_of(parameter: object) -> int | None:
    """The number of the value that a mark stands for, also where a column of texts has made a text of it; None: it is no mark."""
    if isinstance(parameter, str) and parameter.isdecimal() and len(parameter) == len(str(FIRST_MARK)):
        parameter = int(parameter)
    return parameter - FIRST_MARK if isinstance(parameter, int) and parameter >= FIRST_MARK else None


def _compiler(made: Any, changes: Mapping[str, Any], using: str | None = None, *_unused: object, **_options: object) -> Any:
    """What the ORM asks for the SQL: here the one from before, with this thread's connection."""
    compiler = copy(made)
    compiler.connection = connections[using or DEFAULT_DB_ALIAS]
    compiler.__dict__.update(changes)
    return compiler
