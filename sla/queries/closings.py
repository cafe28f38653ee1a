"""What days are called on which a calendar is closed, and which breaks close it, by the versions that ruled then."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sla.content import Break, Content
from sla.differences import name_in_words
from sla.models import Calendar, CalendarVersion


@dataclass(frozen=True)
class Closings:
    """A calendar's versions, of which only those that are asked are read whole. Dates and breaks are local to its zone."""

    zone: ZoneInfo
    _versions: Sequence[CalendarVersion]
    _contents: dict[int, Content] = field(default_factory=dict)

    def name_of(self, day: date) -> str:
        """What a day is called by the version that rules at its noon, in the reader's language; empty when it has no name."""
        return name_in_words(self._ruling_at(datetime.combine(day, time(12), UTC)).name_of(day))

    def breaks_between(self, start: datetime, end: datetime) -> list[Break]:
        """The breaks that close hours between two instants, each by the version that ruled when it did, in their order."""
        found = {
            (one.start, one.end): one
            for since, until, content in self._ruling_between(start, end)
            for one in content.breaks
            if one.start < self._local(until) and self._local(since) < one.end and _closes_hours(content, one)
        }
        return [found[key] for key in sorted(found)]

    def _ruling_between(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime, Content]]:
        """The versions that rule in a time, each with its part of it."""
        begins = [max(start, version.rules_from) if version.rules_from else start for version in self._versions]
        parts = zip(self._versions, begins, [*begins[1:], end], strict=True)
        return [(since, min(until, end), self._content(version)) for version, since, until in parts if since < min(until, end)]

    def _ruling_at(self, at: datetime) -> Content:
        return self._content([version for version in self._versions if version.rules_from is None or version.rules_from <= at][-1])

    def _content(self, version: CalendarVersion) -> Content:
        if version.number not in self._contents:
            self._contents[version.number] = version.content()
        return self._contents[version.number]

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(tzinfo=None)


def closings_of(calendar: Calendar) -> Closings:
    """One query."""
    return Closings(ZoneInfo(calendar.time_zone), list(CalendarVersion.objects.filter(calendar=calendar).order_by("number")))


def _closes_hours(content: Content, one: Break) -> bool:
    """Whether there would be hours on one of its days without it."""
    days = range((one.end.date() - one.start.date()).days + 1)
    return any(_has_hours(content, one.start.date() + timedelta(days=count)) for count in days)


def _has_hours(content: Content, day: date) -> bool:
    """Whether a date would be open but for breaks."""
    return day not in content.holidays and bool(content.windows_of(day))
