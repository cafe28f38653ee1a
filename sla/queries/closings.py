"""What days are called on which a calendar is closed, or open at other hours."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time

from sla.differences import name_in_words
from sla.models import CalendarVersion


def names_of_days(calendar_id: int, days: Collection[date]) -> dict[date, str]:
    """The names of those days that have one, by the version that rules at their noon, in the reader's language: one query, or none."""
    if not days:
        return {}
    rows = CalendarVersion.objects.filter(calendar=calendar_id).order_by("number").only("rules_from", "holidays", "dates")
    versions = list(rows)
    found = {}
    for day in days:
        noon = datetime.combine(day, time(12), UTC)
        ruling = [version for version in versions if version.rules_from is None or version.rules_from <= noon]
        names = ruling[-1].holidays.get(day.isoformat()) or ruling[-1].dates.get(day.isoformat(), {}).get("name")
        if names and (name := name_in_words(names)):
            found[day] = name
    return found
