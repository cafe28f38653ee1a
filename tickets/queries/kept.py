"""How many promises were kept, by month, customer, severity and clock, and how long it took (SLA-10, SLA-14). docs/reports.md has the words.

A promise counts in the month in which it was decided: kept, when it was met in time; missed, when its due instant went by, whatever
became of it later. Months are those of the calendar that the contract names. Everything is read in the scope it is called in, so that
a customer's figures are made of what the reader may see.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Aggregate, Case, Count, F, Func, Q, Value, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from helpdesk.lib import charts
from helpdesk.lib.charts import number, per_mille
from helpdesk.lib.minutes import spell
from sla.clocks import Outcome
from sla.models import Breach, Calendar, Clock
from sla.rules import Target
from sla.words import TARGETS
from tickets.models import Severity, Ticket

MOST_MONTHS = 13
TIMED = (Target.FIRST_RESPONSE, Target.RESOLUTION)
SHARES = (0.5, 0.9)
# An answer that solves starts a promise of the next update and ends it at once: it was never waited for.
NEVER_WAITED_FOR = Q(target=Target.NEXT_UPDATE, stopped_at=F("started_at"))


class Group(models.TextChoices):
    """What the lines of the table are."""

    MONTH = "month", _("Month")
    CUSTOMER = "customer", _("Customer")
    SEVERITY = "severity", _("Severity")
    CLOCK = "clock", _("Promise")


COLUMNS = {Group.MONTH: "month", Group.CUSTOMER: "customer", Group.SEVERITY: "severity", Group.CLOCK: "target"}
FINEST = (Group.MONTH, Group.SEVERITY, Group.CLOCK)  # the parts of a key, in this order, of what is counted once for all of them


@dataclass(frozen=True)
class Asked:
    """What a report is about: the first days of its first and its last month, and which promises. Ids; empty texts are all."""

    first: date
    last: date
    customer_id: int | None = None
    product_id: int | None = None
    team_id: int | None = None
    type: str = ""
    severity: str = ""
    target: str = ""

    @property
    def months(self) -> list[date]:
        return [months_after(self.first, count) for count in range(_number(self.last) - _number(self.first) + 1)]


def months_after(month: date, count: int) -> date:
    """The first day of another month."""
    year, place = divmod(_number(month) + count, 12)
    return date(year, place + 1, 1)


def _number(month: date) -> int:
    return month.year * 12 + month.month - 1


@dataclass(frozen=True)
class Tally:
    """How many promises were kept, and how many missed."""

    kept: int = 0
    missed: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.kept + other.kept, self.missed + other.missed)

    @property
    def attainment(self) -> int | None:
        """Of a thousand; rounded down, so that only a month without a miss has all. None when nothing was decided."""
        decided = self.kept + self.missed
        return self.kept * 1000 // decided if decided else None

    @property
    def attainment_label(self) -> str:
        return charts.NOTHING if self.attainment is None else per_mille(self.attainment)

    @property
    def kept_label(self) -> str:
        return number(self.kept)

    @property
    def missed_label(self) -> str:
        return number(self.missed)


@dataclass(frozen=True)
class Times:
    """How long it took until promises were met, late or not, in seconds of coverage: half of them, and nine of ten, took no longer."""

    median: int
    ninety: int

    @property
    def label(self) -> str:
        return f"{duration(self.median)} / {duration(self.ninety)}"


@dataclass(frozen=True)
class Line:
    """One line of the table. `annulled`: misses that a verdict made disappear, and which count nowhere else."""

    label: str
    tally: Tally
    annulled: int = 0
    times: Mapping[str, Times] = field(default_factory=dict)
    url: str = ""

    @property
    def annulled_label(self) -> str:
        return number(self.annulled)

    @property
    def first_response(self) -> Times | None:
        return self.times.get(Target.FIRST_RESPONSE)

    @property
    def resolution(self) -> Times | None:
        return self.times.get(Target.RESOLUTION)


class Figures:
    """What the database counts for one report, in the scope it is asked in; each question is asked once, when it is needed."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self._months = _months_of(asked)

    @cached_property
    def tallies(self) -> dict[tuple[Any, ...], Tally]:
        """Promises kept and missed by FINEST."""
        return self._counted(*FINEST)

    @cached_property
    def _customers(self) -> dict[tuple[Any, ...], Tally]:
        return self._counted(Group.CUSTOMER)

    @cached_property
    def breaches(self) -> dict[tuple[Any, ...], tuple[int, int]]:
        """Misses by FINEST and their cause: how many stand, and how many a verdict annulled."""
        return self._missed(*FINEST)

    @property
    def total(self) -> Line:
        annulled = sum(annulled for _stand, annulled in self.breaches.values())
        return Line(gettext("All"), sum(self.tallies.values(), Tally()), annulled)

    def by(self, group: Group) -> dict[Any, Tally]:
        """Promises kept and missed by month, severity, promise or customer (its id)."""
        if group == Group.CUSTOMER:
            return {customer: tally for (customer,), tally in self._customers.items()}
        found: dict[Any, Tally] = {}
        for key, tally in self.tallies.items():
            part = key[FINEST.index(group)]
            found[part] = found.get(part, Tally()) + tally
        return found

    def annulled_by(self, group: Group) -> dict[Any, int]:
        found: dict[Any, int] = {}
        place, breaches = (0, self._missed(group)) if group == Group.CUSTOMER else (FINEST.index(group), self.breaches)
        for key, (_stand, annulled) in breaches.items():
            if annulled:
                found[key[place]] = found.get(key[place], 0) + annulled
        return found

    @cached_property
    def times_by_month(self) -> dict[Any, dict[str, Times]]:
        return self._times(Group.MONTH)

    def times_by(self, group: Group) -> dict[Any, dict[str, Times]]:
        """By how these promises were met, late or not: the instant that counts is the one at which they were."""
        return self.times_by_month if group == Group.MONTH else self._times(group)

    @cached_property
    def open(self) -> int:
        """Promises that run now, or pause, and aren't late."""
        return int(_chosen(Clock.objects.running().filter(missed_at=None), self.asked).count())

    @cached_property
    def names(self) -> dict[int, str]:
        """Of customers, by their ids."""
        return dict(Customer.objects.values_list("pk", "name"))

    def lines(self, group: Group) -> list[Line]:
        """The table: every month, or the severities and promises of which something was decided; or customers, most missed first."""
        tallies, times, annulled = self.by(group), self.times_by(group), self.annulled_by(group)
        return [
            Line(self._label(group, key), tallies.get(key, Tally()), annulled.get(key, 0), times.get(key, {}), _url(group, key))
            for key in self._ordered(group, {*tallies, *times, *annulled}, tallies)
        ]

    def _ordered(self, group: Group, found: set[Any], tallies: Mapping[Any, Tally]) -> list[Any]:
        match group:
            case Group.MONTH:
                return self.asked.months
            case Group.SEVERITY:
                return [severity for severity in Severity.values if severity in found]
            case Group.CLOCK:
                return [target for target in Target if target in found]
            case Group.CUSTOMER:
                return sorted(found, key=lambda customer: (-tallies.get(customer, Tally()).missed, self.names[customer], customer))

    def _label(self, group: Group, key: Any) -> str:
        match group:
            case Group.MONTH:
                return month_name(key)
            case Group.SEVERITY:
                return str(Severity(key).label)
            case Group.CLOCK:
                return str(TARGETS[key])
            case Group.CUSTOMER:
                return self.names[key]

    def _counted(self, *groups: Group) -> dict[tuple[Any, ...], Tally]:
        """Of what was decided in these months. Promises that were called off before they were due are neither kept nor missed."""
        kept = Q(outcome=Outcome.MET, missed_at=None) & self._near("stopped_at")
        rows = _chosen(Clock.objects.filter(kept | self._near("missed_at")), self.asked).exclude(NEVER_WAITED_FOR)
        rows = self._in_months(rows, Coalesce("missed_at", "stopped_at"), "promise__calendar").values_list(*(COLUMNS[g] for g in groups))
        in_time, late = (Count("pk", filter=Q(missed_at__isnull=is_kept)) for is_kept in (True, False))
        return {self._key(groups, key): Tally(kept, missed) for *key, kept, missed in rows.annotate(kept=in_time, missed=late)}

    def _missed(self, *groups: Group) -> dict[tuple[Any, ...], tuple[int, int]]:
        columns = [{"severity": "clock__severity", "target": "clock__target"}.get(COLUMNS[g], COLUMNS[g]) for g in groups]
        rows = self.missed().order_by().values_list(*columns, "cause").annotate(all=Count("pk"), annulled=Count("annulment"))
        return {(*self._key(groups, key), cause): (all - annulled, annulled) for *key, cause, all, annulled in rows}

    def missed(self) -> Any:
        """The misses of these months, those included that a verdict annulled."""
        rows = _chosen(Breach.objects.filter(self._near("due_at")), self.asked, "clock__")
        return self._in_months(rows, F("due_at"), "clock__promise__calendar")

    def _times(self, group: Group) -> dict[Any, dict[str, Times]]:
        rows = _chosen(Clock.objects.filter(self._near("stopped_at"), outcome=Outcome.MET, target__in=TIMED), self.asked)
        rows = self._in_months(rows, F("stopped_at"), "promise__calendar").annotate(what=F("target"))
        found: dict[Any, dict[str, Times]] = {}
        for value, target, shares in rows.values_list(COLUMNS[group], "what").annotate(shares=_Shares("used_seconds")):
            (key,) = self._key((group,), [value])
            found.setdefault(key, {})[target] = Times(*(round(seconds) for seconds in shares))
        return found

    def _key(self, groups: Iterable[Group], values: Iterable[Any]) -> tuple[Any, ...]:
        """Values as the database has them; months by their first days."""
        return tuple(self.asked.months[value - 1] if group == Group.MONTH else value for group, value in zip(groups, values, strict=True))

    def _near(self, name: str) -> Q:
        """In these months or close to them: what an index can find, before each zone's months are told apart."""
        firsts, ends = zip(*((edges[0], edges[-1]) for edges, _calendars in self._months), strict=True)
        return Q(**{f"{name}__gte": min(firsts), f"{name}__lt": max(ends)})

    def _in_months(self, rows: Any, instant: Any, calendar: str) -> Any:
        """With `month`: which of these it is, from 1 on, by the zone of a calendar (the way to it)."""
        (edges, _most), *others = self._months
        cases = [When(**{f"{calendar}__in": calendars}, then=_Month(instant, edges)) for edges, calendars in others]
        month = Case(*cases, default=_Month(instant, edges)) if cases else _Month(instant, edges)
        return rows.annotate(month=month).filter(month__gte=1, month__lte=len(self.asked.months)).order_by()


def _months_of(asked: Asked) -> list[tuple[list[datetime], list[int]]]:
    """For each zone of a calendar: the instants at which its months begin and the last one ends, and the calendars."""
    zones: dict[str, list[int]] = {}
    for pk, zone in Calendar.objects.order_by("pk").values_list("pk", "time_zone"):
        zones.setdefault(zone, []).append(pk)
    days = [*asked.months, months_after(asked.last, 1)]
    return [
        ([datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC) for day in days], calendars) for zone, calendars in zones.items()
    ]


def _url(group: Group, key: Any) -> str:
    return reverse("console:customer", args=[key]) if group == Group.CUSTOMER else ""


def month_name(month: date) -> str:
    return capfirst(date_format(month, "YEAR_MONTH_FORMAT"))


def duration(seconds: int) -> str:
    """Hours and full minutes, rounded up."""
    return spell(-(-seconds // 60))


class _Month(Func):
    """Which of the months an instant lies in, from 1 on. Nothing in a query of a whole year's promises costs less."""

    function = "width_bucket"
    output_field = models.IntegerField()

    def __init__(self, instant: Any, edges: list[datetime]) -> None:
        super().__init__(instant, Value(edges, output_field=ArrayField(models.DateTimeField())))


class _Shares(Aggregate):
    """The values below which so many of all lie, SHARES, in between two where it falls so."""

    function = "percentile_cont"
    template = "%(function)s(ARRAY[" + ", ".join(map(str, SHARES)) + "]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = ArrayField(models.FloatField())


def _chosen(rows: Any, asked: Asked, clock: str = "") -> Any:
    """Those that the report is about; `clock`: the way from a row to its clock."""
    named = {
        "customer_id": asked.customer_id,
        f"{clock}type": asked.type,
        f"{clock}severity": asked.severity,
        f"{clock}target": asked.target,
    }
    rows = rows.filter(**{name: value for name, value in named.items() if value})
    of_ticket = {name: value for name, value in (("product", asked.product_id), ("team", asked.team_id)) if value}
    if not of_ticket:
        return rows
    return rows.filter(**{f"{clock}promise__in": Ticket.objects.filter(**of_ticket).order_by().values("promise")})
