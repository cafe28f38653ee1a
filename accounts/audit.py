"""The audit trail (TEN-5): every change of a contract, qualification, role and the like is written down, and stays."""

from datetime import date, datetime
from typing import Any

from django.db import models

from accounts.models import AuditEntry, Person


def facts(row: models.Model, *fields: str) -> dict[str, Any]:
    """The named columns of a row as JSON can hold them: dates as ISO text, references as ids."""
    columns = {column.name: column for column in row._meta.concrete_fields}
    values = {name: columns[name].value_from_object(row) for name in fields}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def record(
    *,
    actor: Person | None,
    customer_id: int | None,
    verb: str,
    target: models.Model,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    now: datetime,
) -> None:
    """Write one line of the trail, in the transaction of the change itself; keep only what differs."""
    before, after = before or {}, after or {}
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key) or key not in before or key not in after}
    AuditEntry.objects.create(
        customer_id=customer_id,
        at=now,
        actor=actor,
        verb=verb,
        target_table=target._meta.db_table,
        target_id=target.pk,
        before={key: value for key, value in before.items() if key in changed},
        after={key: value for key, value in after.items() if key in changed},
    )
