"""Stories as they are replayed: with what calendars did meanwhile. No Django."""

from collections.abc import Iterable
from datetime import datetime

from sla.coverage import History
from sla.facts import CalendarChanged, Fact, Opened, Ruled


def with_calendars(facts: Iterable[Fact], until: datetime) -> list[Fact]:
    """The facts in the order in which they are folded, with every version of the calendar that began to rule meanwhile."""
    told = sorted(facts, key=lambda fact: (fact.at, fact.number))
    opened_at = told[0].at
    calendar = next(fact.calendar for fact in reversed(told) if isinstance(fact, Opened | Ruled))
    changes = [CalendarChanged(at=at, number=0) for at, _calendar in calendar.versions if at is not None and opened_at < at <= until]
    return sorted([*told, *changes], key=lambda fact: (fact.at, fact.number))


def switched(before: History, after: History, at: datetime) -> History:
    """One calendar until an instant, another from then on."""
    earlier = [(since, calendar) for since, calendar in before.versions if since is None or since < at]
    ruling = [calendar for since, calendar in after.versions if since is None or since <= at][-1]
    return History([*earlier, (at, ruling), *((since, calendar) for since, calendar in after.versions if since is not None and since > at)])
