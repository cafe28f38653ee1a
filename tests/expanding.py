"""What a migration may do to a table that the released code is using at the same moment: expand it, and nothing else.

`faults` names what would lock everybody out while it runs, or what the code before could not live with afterwards.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, RemoveIndexConcurrently, ValidateConstraint
from django.db import connection, migrations
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.expressions import Expression
from django.db.models.fields import NOT_PROVIDED

# The last migration of each app that installations have. What comes after must work while the code before still runs.
RELEASED = {"accounts": "0002", "notifications": "0002", "sla": "0002", "contracts": "0002", "tickets": "0003"}

CONCURRENT = (AddIndexConcurrently, RemoveIndexConcurrently)
VOLATILE = re.compile(r"random|uuid|clock_timestamp|nextval", re.IGNORECASE)
TABLE = r'(?:ONLY\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:public\.)?"?(?P<table>\w+)"?'
ALTER = rf"^ALTER\s+TABLE\s+{TABLE}\b.*"
STATEMENTS = {
    rf"^CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY).*?\sON\s+{TABLE}": "CREATE INDEX without CONCURRENTLY keeps writers out while it builds",
    rf"^REINDEX\s+(?!.*CONCURRENTLY)(?:TABLE|INDEX)\s+{TABLE}": "REINDEX without CONCURRENTLY keeps writers out",
    rf"{ALTER}\bADD\s+CONSTRAINT\b(?!.*\b(?:NOT\s+VALID|USING\s+INDEX)\b)": "a constraint reads the whole table under a lock: add it NOT VALID or USING INDEX",
    rf"{ALTER}\bADD\s+COLUMN\b(?!.*\bDEFAULT\b).*\bNOT\s+NULL\b": "the code before does not fill a column that is NOT NULL and has no DEFAULT",
    rf"{ALTER}\bALTER\s+(?:COLUMN\s+)?\w+\s+(?:SET\s+DATA\s+)?TYPE\b": "another type writes the whole table anew under a lock",
    rf"{ALTER}\bSET\s+NOT\s+NULL\b": "SET NOT NULL reads the whole table under a lock, and the code before may leave it empty",
    rf"{ALTER}\b(?:DROP\s+COLUMN|RENAME)\b": "the code before still uses the old name",
    rf"{ALTER}\b(?:ENABLE|FORCE|DISABLE)\s+(?:ROW|TRIGGER|RULE)\b": "the code before relies on rights and rules as they were",
    rf"^(?:DROP|TRUNCATE|LOCK)\s+TABLE\s+{TABLE}|^TRUNCATE\s+(?P<emptied>\w+)": "the code before still uses the table",
    rf"^(?:CLUSTER|VACUUM\s+FULL)\s+{TABLE}": "it writes the whole table anew under a lock",
    rf"^REVOKE\s.*?\sON\s+(?:TABLE\s+)?{TABLE}": "the code before still needs the right",
    rf"^(?:ALTER\s+POLICY\s+\w+|DROP\s+POLICY\s+(?:IF\s+EXISTS\s+)?\w+)\s+ON\s+{TABLE}": "the code before still reads and writes under the old policy",
    rf"^CREATE\s+POLICY\s+\w+\s+ON\s+{TABLE}.*\bRESTRICTIVE\b": "a restrictive policy takes from the code before what it sees",
    rf"^CREATE\s+(?:CONSTRAINT\s+)?TRIGGER\s+.*?\sON\s+{TABLE}": "a trigger may refuse what the code before writes",
    rf"^(?:UPDATE|DELETE\s+FROM)\s+{TABLE}": "rows are changed in the migration's one transaction, which holds them: backfill in batches, with atomic = False",
}


@dataclass
class Walk:
    """One migration, looked at with the state before each operation and the tables that were there before all unreleased ones."""

    migration: Migration
    state: ProjectState
    existed: frozenset[str]

    def faults(self) -> Iterator[str]:
        for operation in self.migration.operations:
            for database_operation in _in_database(operation):
                for table, sentence in self._of(database_operation):
                    if table in self.existed:
                        yield f"{self._name}: {type(database_operation).__name__} on {table}: {sentence}"
            operation.state_forwards(self.migration.app_label, self.state)
        yield from self._of_the_whole()

    @property
    def _name(self) -> str:
        return f"{self.migration.app_label}.{self.migration.name}"

    def _of(self, operation: Operation) -> Iterator[tuple[str, str]]:
        if isinstance(operation, migrations.RunSQL):
            yield from _of_sql(operation, atomic=self.migration.atomic)
        elif isinstance(operation, migrations.AddField):
            yield from ((self._table(operation.model_name), sentence) for sentence in _of_new_column(operation.field))
        elif isinstance(operation, migrations.AlterField):
            yield from ((self._table(operation.model_name), sentence) for sentence in self._of_altered_column(operation))
        elif isinstance(operation, migrations.AddIndex) and not isinstance(operation, CONCURRENT):
            yield self._table(operation.model_name), "keeps writers out while it builds: AddIndexConcurrently"
        elif isinstance(operation, migrations.AddConstraint) and not isinstance(operation, AddConstraintNotValid):
            yield (
                self._table(operation.model_name),
                "reads the whole table under a lock: AddConstraintNotValid, or an index made concurrently",
            )
        elif isinstance(operation, migrations.RemoveField | migrations.RenameField):
            yield self._table(operation.model_name), "the code before still uses the column"
        elif isinstance(operation, migrations.DeleteModel | migrations.AlterModelTable):
            yield self._table(operation.name), "the code before still uses the table"
        elif isinstance(operation, migrations.RenameModel):
            yield self._table(operation.old_name), "the code before still uses the table"
        elif isinstance(operation, migrations.AlterUniqueTogether | migrations.AlterIndexTogether | migrations.AlterOrderWithRespectTo):
            yield self._table(operation.name), "builds an index under a lock"

    def _table(self, model: str) -> str:
        return str(self.state.apps.get_model(self.migration.app_label, model)._meta.db_table)

    def _of_altered_column(self, operation: migrations.AlterField) -> Iterator[str]:
        after = self.state.clone()
        operation.state_forwards(self.migration.app_label, after)
        old, new = (
            state.apps.get_model(self.migration.app_label, operation.model_name)._meta.get_field(operation.name)
            for state in (self.state, after)
        )
        if not _only_widens(old, new):
            yield "another type writes the whole table anew under a lock"
        if old.null and not new.null:
            yield "the code before may leave it empty, and the whole table is read under a lock"
        if ((new.db_index or new.unique) and not (old.db_index or old.unique)) or (new.unique and not old.unique):
            yield "builds an index under a lock: AddIndexConcurrently"
        if new.db_default is NOT_PROVIDED and old.db_default is not NOT_PROVIDED and not new.null:
            yield "the code before leaves the column to its default"

    def _of_the_whole(self) -> Iterator[str]:
        operations = [one for operation in self.migration.operations for one in _in_database(operation)]
        concurrent = [one for one in operations if isinstance(one, CONCURRENT) or re.search(r"\bCONCURRENTLY\b", _text(one), re.IGNORECASE)]
        if concurrent and (self.migration.atomic or len(concurrent) < len(operations)):
            yield f"{self._name}: what is done CONCURRENTLY stands in a file of its own, with atomic = False"
        checks = [one for one in operations if isinstance(one, ValidateConstraint) or "VALIDATE CONSTRAINT" in _text(one).upper()]
        if checks and len(checks) < len(operations):
            yield f"{self._name}: a constraint is validated in a file of its own, after the lock of adding it is given back"
        touched = {table for one in operations for table in self._touched(one)} & self.existed
        if touched and self.migration.atomic and any(isinstance(one, migrations.RunPython) for one in operations):
            yield f"{self._name}: a backfill stands in a file of its own: locks on {', '.join(sorted(touched))} would be held through it"

    def _touched(self, operation: Operation) -> Iterator[str]:
        """Tables whose definition it changes."""
        for statement in _statements(_text(operation)):
            found = re.match(rf"^(?:ALTER|LOCK)\s+TABLE\s+{TABLE}", statement, re.IGNORECASE)
            if found:
                yield found["table"]
        model = getattr(operation, "model_name", None)
        if model and (self.migration.app_label, model.lower()) in self.state.models:
            yield self._table(model)


def _in_database(operation: Operation) -> Sequence[Operation]:
    return operation.database_operations if isinstance(operation, migrations.SeparateDatabaseAndState) else [operation]


def _text(operation: Operation) -> str:
    """The SQL of a RunSQL, without the bodies of functions; empty for others."""
    sql = operation.sql if isinstance(operation, migrations.RunSQL) else ""
    parts = [sql] if isinstance(sql, str) else [part if isinstance(part, str) else part[0] for part in sql]
    return re.sub(r"--[^\n]*", "", re.sub(r"(\$\w*\$).*?\1", "''", ";".join(parts), flags=re.DOTALL))


def _statements(text: str) -> list[str]:
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def _of_sql(operation: migrations.RunSQL, *, atomic: bool) -> Iterator[tuple[str, str]]:
    text = _text(operation)
    for statement in _statements(text):
        for pattern, sentence in STATEMENTS.items():
            found = re.match(pattern, statement, re.IGNORECASE | re.DOTALL)
            if found and not (statement.upper().startswith(("UPDATE", "DELETE")) and not atomic):
                yield found["table"] or found.groupdict().get("emptied", ""), sentence


def _of_new_column(field: Any) -> Iterator[str]:
    if field.many_to_many:
        return
    if not field.null and field.db_default is NOT_PROVIDED and not field.generated:
        yield "the code before does not fill it: null=True, or a db_default"
    if field.db_index or field.unique:
        yield "builds its index under a lock: db_index=False, and AddIndexConcurrently after it"
    if field.generated or (isinstance(field.db_default, Expression) and _is_volatile(field.db_default)):
        yield "a value of each row's own writes the whole table anew under a lock"


def _is_volatile(expression: Any) -> bool:
    return any(VOLATILE.search(f"{type(part).__name__} {getattr(part, 'function', '')}") for part in expression.flatten())


def _only_widens(old: Any, new: Any) -> bool:
    before, after = (str(field.db_parameters(connection)["type"]) for field in (old, new))
    if before == after:
        return True
    lengths = [re.fullmatch(r"varchar\((\d+)\)", kind) for kind in (before, after)]
    return bool(lengths[0]) and (after == "text" or bool(lengths[1] and int(lengths[1][1]) > int(lengths[0][1])))


def released() -> ProjectState:
    """The models as installations have them."""
    return _walked(lambda key: _is_released(*key))[0]


def tables(state: ProjectState) -> frozenset[str]:
    return frozenset(model._meta.db_table for model in state.apps.get_models(include_auto_created=True))


def unreleased() -> list[Migration]:
    """Our migrations after the released ones, in order."""
    return _walked(lambda key: _is_released(*key))[1]


def all_faults(later: Sequence[Migration]) -> list[str]:
    state = released()
    existed = tables(state)
    return list(dict.fromkeys(fault for migration in later for fault in Walk(migration, state, existed).faults()))


def _is_released(app: str, name: str) -> bool:
    return app not in RELEASED or name[:4] <= RELEASED[app]


def _walked(is_released: Any) -> tuple[ProjectState, list[Migration]]:
    graph = MigrationLoader(None).graph
    plan = dict.fromkeys(key for leaf in sorted(graph.leaf_nodes()) for key in graph.forwards_plan(leaf))
    state, later = ProjectState(), []
    for key in plan:
        if is_released(key):
            state = graph.nodes[key].mutate_state(state, preserve=False)
        else:
            later.append(graph.nodes[key])
    return state, later
