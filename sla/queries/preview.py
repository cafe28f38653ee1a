"""What each choice would mean if something were filed now: covered or not, and by when what is promised (TIC-1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sla.calendar import OutOfReach
from sla.coverage import Coverage
from sla.queries.calendars import history
from sla.queries.policies import rules, version_for
from sla.rules import Row, Rules, Target, Value

ALWAYS = Coverage.always()


@dataclass(frozen=True)
class Preview:
    """A row of the policy at one instant. `always`: covered 24x7, else by the calendar; `opens_at`: when it opens next, if it is closed.

    Instants in UTC; None where nothing is promised, and where the calendar never opens for so long again.
    """

    always: bool
    is_open_now: bool
    opens_at: datetime | None
    first_response_due: datetime | None
    next_update_seconds: int | None
    resolution_due: datetime | None


def preview(policy_id: int, calendar_id: int, now: datetime) -> Mapping[Value, Preview]:
    """What would be promised for every qualification, by the versions that rule at `now`: the same as `make_promise` would keep.

    Two queries. Raises PolicyVersion.DoesNotExist and Calendar.DoesNotExist as those do.
    """
    return previews(rules(version_for(policy_id, now).pk), history(calendar_id).known_at(now), now)


def previews(rules: Rules, calendar: Coverage, now: datetime) -> Mapping[Value, Preview]:
    """The same by given rules and hours."""
    opens_at = None if calendar.is_open(now) else _opening(calendar, now)
    return {value: _preview(row, ALWAYS if row.always else calendar, opens_at, now) for value, row in rules.rows.items()}


def _preview(row: Row, coverage: Coverage, opens_at: datetime | None, now: datetime) -> Preview:
    is_open = coverage.is_open(now)
    return Preview(
        always=row.always,
        is_open_now=is_open,
        opens_at=None if is_open else opens_at,
        first_response_due=_due(row, Target.FIRST_RESPONSE, coverage, now),
        next_update_seconds=row.seconds.get(Target.NEXT_UPDATE),
        resolution_due=_due(row, Target.RESOLUTION, coverage, now),
    )


def _opening(calendar: Coverage, now: datetime) -> datetime | None:
    return next((opening for opening, _closing in calendar.windows(now, 1)), None)


def _due(row: Row, target: Target, coverage: Coverage, now: datetime) -> datetime | None:
    if target not in row.seconds:
        return None
    try:
        return coverage.add(now, row.seconds[target])
    except OutOfReach:
        return None
