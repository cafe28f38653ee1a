"""Instants and spans inside sentences and tables, local to a zone that is named once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as formatted
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from helpdesk.lib.minutes import spell


@dataclass(frozen=True)
class Moments:
    """How instants are written for one reader. `now`: what "today" and this year are; `shifts`: the zone's offset changes among them."""

    zone: ZoneInfo
    now: datetime
    shifts: bool = False

    @classmethod
    def among(cls, zone: ZoneInfo, now: datetime, instants: Iterable[datetime]) -> "Moments":
        """For these instants: each says its distance from UTC when they don't share one."""
        return cls(zone, now, len({at.astimezone(zone).utcoffset() for at in instants}) > 1)

    def full(self, at: datetime, *, exact: bool = False) -> str:
        """ "Mon 23 Nov, 14:20"; of another year with that."""
        return _("%(day)s, %(time)s") % {"day": self.day(self._local(at).date()), "time": self.time(at, exact=exact)}

    def near(self, at: datetime) -> str:
        """The same, and "today 14:20" on the day itself."""
        if self._local(at).date() == self._local(self.now).date():
            return _("today %(time)s") % {"time": self.time(at)}
        return self.full(at)

    def time(self, at: datetime, *, exact: bool = False) -> str:
        """ "14:20"; `exact`: with seconds unless they are none."""
        local = self._local(at)
        text = formatted(local, "H:i:s" if exact and local.second else "H:i")
        return f"{text} {offset(local)}" if self.shifts else text

    def day(self, day: date) -> str:
        """ "Mon 23 Nov"; of another year with that."""
        pattern = pgettext("format", "D j M") if day.year == self._local(self.now).year else pgettext("format", "D j M Y")
        return formatted(day, pattern)

    def period(self, start: datetime, end: datetime) -> str:
        """ "Mon 23 Nov, 09:00 – 18:00", exactly; the second day only where it is another."""
        same_day = self._local(start).date() == self._local(end).date()
        until = self.time(end, exact=True) if same_day else self.full(end, exact=True)
        return f"{self.full(start, exact=True)} – {until}"

    def local_period(self, start: datetime, end: datetime) -> str:
        """The same of naive local times of the zone."""
        return self.period(start.replace(tzinfo=self.zone), end.replace(tzinfo=self.zone))

    def days(self, days: Iterable[date]) -> str:
        """Days in order, those in a row as one: "Sat 21 Nov – Sun 22 Nov"."""
        rows: list[list[date]] = []
        for day in days:
            if rows and (day - rows[-1][-1]).days == 1:
                rows[-1].append(day)
            else:
                rows.append([day])
        return ", ".join(self.day(row[0]) if len(row) == 1 else f"{self.day(row[0])} – {self.day(row[-1])}" for row in rows)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)


def offset(local: datetime) -> str:
    """ "UTC−3", "UTC+5:30"."""
    minutes = int((local.utcoffset() or local - local).total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'−' if minutes < 0 else '+'}{hours}{f':{rest:02d}' if rest else ''}"


def exactly(seconds: float) -> str:
    """ "3 h 30", "3 h 28 min 40 s", "48 s": nothing is rounded away but parts of a second."""
    minutes, rest = divmod(round(seconds), 60)
    if not rest:
        return spell(minutes)
    facts = {"hours": minutes // 60, "minutes": minutes % 60, "seconds": rest}
    if not minutes:
        return _("%(seconds)s s") % facts
    return (_("%(hours)s h %(minutes)s min %(seconds)s s") if minutes >= 60 else _("%(minutes)s min %(seconds)s s")) % facts


def shares(parts: Iterable[float]) -> list[int]:
    """Seconds rounded so that what is shown adds up to what is shown: each is the step between two rounded sums."""
    sums, total = [0], 0.0
    for part in parts:
        total += part
        sums.append(round(total))
    return [after - before for before, after in pairwise(sums)]
