"""Whether what is kept of hours is what the contracts' stories say (BIL-8)."""

from collections.abc import Iterator
from typing import Any

from django.core.cache import cache

from billing import keeping
from billing.allocation import Hours, allocate
from billing.keeping import Rows
from billing.models import Entry, Ledger, WorkLog
from billing.stories import story_of
from contracts.models import Contract

LAST_FOUND = "hours:differences"  # in the cache's table, which needs no scope
OF_LOG = ("ticket_id", "began_at", "ended_at", "note")


def last_found() -> int | None:
    """How many differences the last complete verification left; None before the first."""
    found: int | None = cache.get(LAST_FOUND)
    return found


def contracts_with_hours() -> list[int]:
    """Contracts of which anything was ever told, by id."""
    return list(Ledger.objects.order_by("contract_id").values_list("contract_id", flat=True))


# What a story comes to when its rows were altered or lost.
SPOILT = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)


def rows_of(contract: Contract) -> tuple[Rows, Rows]:
    """What is kept of all of a contract's hours, and what its whole story says. Raises SPOILT when that can't be told."""
    hours = allocate(story_of(contract))
    approvals = list(hours.approvals)
    before = keeping.kept(contract, None, approvals)
    return before, _due(hours, before)


def _due(hours: Hours, before: Rows) -> Rows:
    """Of the months in which there is work, or a row."""
    worked = keeping.due(hours, None, list(hours.approvals))
    months = worked.months.keys() | before.months.keys()
    return keeping.due(hours, months, list(hours.approvals))


def differences_of(contract: Contract) -> list[str]:
    """What differs of a contract, in words without anyone's text; of one that is not locked, perhaps only as it was read."""
    try:
        before, due = rows_of(contract)
    except SPOILT as error:
        return [f"contract {contract.pk}: its story can't be told: {type(error).__name__}"]
    found = [*_of_logs(contract), *keeping.differences(before, due)]
    return [f"contract {contract.pk}: {difference}" for difference in found]


def _of_logs(contract: Contract) -> Iterator[str]:
    """Logs that are otherwise than their last entry says."""
    entries = Entry.objects.filter(contract=contract).order_by("number").values_list("log_id", "kind", *OF_LOG)
    last: dict[int, tuple[Any, ...]] = {log: tuple(told) for log, *told in entries}
    logs = WorkLog.objects.filter(contract=contract).values_list("pk", "deleted_at", *OF_LOG)
    rows: dict[int, tuple[Any, ...]] = {pk: tuple(row) for pk, *row in logs}
    for log, (kind, *told) in last.items():
        deleted_at, *row = rows.pop(log, (None,))
        if kind == Entry.Kind.LEFT:
            if row:
                yield f"log {log}: it is still here, though it left"
        elif (kind == Entry.Kind.DELETED) != (deleted_at is not None) or row != told:
            yield f"log {log}: it is not what its last entry says"
    yield from (f"log {log}: nothing was entered of it" for log in rows)
