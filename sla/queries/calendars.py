"""By what time is counted, and what pages need of calendars: the list, a year at a glance, versions, business hours for customers."""

from calendar import monthcalendar
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.dates import MONTHS, WEEKDAYS, WEEKDAYS_ABBR
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.lib.prepared import Prepared, Question, among
from sla import calendar as business_time
from sla import shipped
from sla.content import Break, Content, Kind, Proposal, days_of_year, is_special, kind_of, open_minutes
from sla.coverage import History
from sla.differences import (
    Difference,
    break_in_words,
    day_in_words,
    day_name,
    differences,
    hours_in_words,
    name_in_words,
    week_in_words,
)
from sla.locks import HOLD_STILL
from sla.models import Calendar, CalendarVersion
from sla.shipped import FIRST_YEAR, YEARS_AHEAD, Follows

YEARS_SHOWN_AHEAD = YEARS_AHEAD + 5  # days entered by hand may lie beyond what is known of holidays
COMING_DAYS, COMING_SHOWN = 120, 8
VERSIONS_A_PAGE = 20

KIND_WORDS: dict[Kind, "str | Promise"] = {
    Kind.OPEN: gettext_lazy("Open"),
    Kind.OFF: gettext_lazy("No hours on this weekday"),
    Kind.CLOSED: gettext_lazy("Closed day"),
    Kind.SHORT: gettext_lazy("Shorter day"),
    Kind.OTHER: gettext_lazy("Other hours"),
    Kind.EXTRA: gettext_lazy("Extra day"),
}


@dataclass(frozen=True)
class SpecialDay:
    """A date of which there is something to say. `text`: its hours, what breaks close of them, or why it is closed."""

    day: date
    name: str
    kind: Kind
    label: "str | Promise"
    text: str


def special_day(content: Content, day: date) -> SpecialDay:
    """One date of a version, in words."""
    kind = kind_of(content, day)
    return SpecialDay(day, day_name(day), kind, KIND_WORDS[kind], _with_breaks(content, day))


def _with_breaks(content: Content, day: date) -> str:
    """What a date is, and what breaks close of it; "closed" alone where they leave nothing."""
    breaks, said = content.breaks_of(day), day_in_words(content, day)
    if breaks and content.windows_of(day) and day not in content.holidays and not open_minutes(content, day):
        names = ", ".join(filter(None, (name_in_words(one.name) for one in breaks)))
        return _("closed: %(name)s") % {"name": names} if names else _("closed")
    return "; ".join([said, *(_break_on(one, day) for one in breaks)])


def _break_on(one: Break, day: date) -> str:
    """ "closed 12:00–24:00 (Inventory)": the part of a break that lies on a date."""
    since = f"{one.start:%H:%M}" if one.start.date() == day else "00:00"
    until = f"{one.end:%H:%M}" if one.end.date() == day else "24:00"
    name, text = name_in_words(one.name), _("closed %(hours)s") % {"hours": f"{since}–{until}"}
    return f"{text} ({name})" if name else text


def _break_line(one: Break) -> str:
    name = name_in_words(one.name)
    return f"{break_in_words(one)} ({name})" if name else break_in_words(one)


def newest_version(calendar: Calendar) -> CalendarVersion | None:
    """The version that was made last, which rules now; None for a calendar that has none yet."""
    return CalendarVersion.objects.filter(calendar=calendar).select_related("author").order_by("-number").first()


# --- By what time is counted -------------------------------------------------------------------------------------------
def history(calendar_id: int) -> History:
    """The calendar with all its versions, each from its instant on: what clocks are computed by (SLA-3, SLA-12).

    One small query, which learns of new versions; what a version says never changes and is compiled once in a process.
    Raises Calendar.DoesNotExist.
    """
    return histories([calendar_id])[calendar_id]


def history_held(calendar_id: int) -> History:
    """The same for who computes by it until the transaction ends: in the same round trip it is held still before it is read."""
    return histories_of([calendar_id], _marks.behind(HOLD_STILL, [calendar_id]))[calendar_id]


def histories(calendar_ids: Collection[int]) -> dict[int, History]:
    """Several at once, by the same one query."""
    return histories_of(calendar_ids, _marks(list(calendar_ids)))


def question_of_histories(calendar_ids: Collection[int]) -> Question:
    """That query, to be asked `together` with others; `histories_of` takes its rows."""
    return _marks.question(list(calendar_ids))


def histories_of(calendar_ids: Collection[int], rows: Iterable[tuple[int, int, datetime | None]]) -> dict[int, History]:
    marks: dict[int, list[Mark]] = {calendar_id: [] for calendar_id in calendar_ids}
    for calendar_id, version_id, rules_from in rows:
        marks[calendar_id].append(Mark(version_id, rules_from))
    return {calendar_id: _history(tuple(found)) if found else _as_shipped(calendar_id) for calendar_id, found in marks.items()}


def changed_at(calendar_id: int) -> datetime | None:
    """`History.changed_at`, without what the versions say."""
    marks = _marks([calendar_id])
    return marks[-1][-1] if marks else None


class Mark(NamedTuple):
    """A version of a calendar, and from when on it rules."""

    version_id: int
    rules_from: datetime | None


_marks: "Prepared[tuple[int, int, datetime | None]]" = Prepared(
    lambda calendars: (
        CalendarVersion.objects.filter(among("calendar", calendars))
        .order_by("calendar_id", "number")
        .values_list("calendar_id", "pk", "rules_from")
    )
)


@lru_cache(maxsize=256)
def _history(marks: tuple[Mark, ...]) -> History:
    return History([(mark.rules_from, _compiled(mark.version_id)) for mark in marks])


@lru_cache(maxsize=512)
def _compiled(version_id: int) -> business_time.Calendar:
    version = CalendarVersion.objects.select_related("calendar").get(pk=version_id)
    return compiled(version.calendar.time_zone, version.content())


def compiled(zone: str, content: Content) -> business_time.Calendar:
    """A version as time is counted by it; also one that is not in force yet, to see what it would do."""
    return business_time.Calendar(
        zone,
        week=dict(enumerate(content.week)),
        dates={day: hours.windows for day, hours in content.dates.items()},
        holidays=content.holidays,
        breaks=[(one.start, one.end) for one in content.breaks],
    )


def _as_shipped(calendar_id: int) -> History:
    """For a calendar that code without versions made while the system was updated: what its first version will say."""
    calendar = Calendar.objects.get(pk=calendar_id)
    content = shipped.first_content(Follows(calendar.follows), calendar.day_of(timezone.now()))
    return History([(None, compiled(calendar.time_zone, content))])


# --- The list ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class CalendarRow:
    """A calendar and what its newest version says. `coming`: the next day that differs, None when there is none within months."""

    calendar: Calendar
    version: CalendarVersion
    week: list[tuple[str, str]]
    coming: SpecialDay | None
    today: date


def calendars_page(now: datetime) -> list[CalendarRow]:
    """All calendars by name."""
    newest = CalendarVersion.objects.filter(calendar=OuterRef("calendar")).order_by("-number").values("number")[:1]
    versions = CalendarVersion.objects.filter(number=Subquery(newest)).select_related("calendar", "author")
    return [_row(version, now) for version in versions.order_by("calendar__name")]


def _row(version: CalendarVersion, now: datetime) -> CalendarRow:
    content, today = version.content(), version.calendar.day_of(now)
    return CalendarRow(version.calendar, version, week_in_words(content), next(coming_days(content, today), None), today)


# --- A year at a glance -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class DayCell:
    """A date in a month's grid. `text`: what is special about it, else empty."""

    day: date
    kind: Kind
    text: str
    is_today: bool
    is_over: bool


@dataclass(frozen=True)
class Month:
    """`weeks`: seven cells each from Monday, None outside the month."""

    name: str
    weeks: list[list[DayCell | None]]


@dataclass(frozen=True)
class ProposalRow:
    """An optional day and whether it counts. `closes`: what it closes of the day."""

    proposal: Proposal
    day: str
    name: str
    closes: str
    is_on: bool
    is_over: bool


@dataclass(frozen=True)
class YearPage:
    """A year of a calendar: days before today as they were counted, later ones by the content that is shown."""

    year: int
    earlier: int | None
    later: int | None
    today: date
    months: list[Month]
    week: list[tuple[str, str]]
    special: list[SpecialDay]
    breaks: list[tuple[Break, str]]
    proposals: list[ProposalRow]


def weekday_heads() -> list[tuple[str, str]]:
    """Short and full names of the days from Monday."""
    return [(str(WEEKDAYS_ABBR[day])[:3], capfirst(str(WEEKDAYS[day]))) for day in range(7)]


def legend() -> list[tuple[Kind, "str | Promise"]]:
    return list(KIND_WORDS.items())


def years_shown(today: date) -> range:
    return range(FIRST_YEAR, today.year + YEARS_SHOWN_AHEAD + 1)


def year_page(calendar: Calendar, content: Content, year: int, now: datetime) -> YearPage | None:
    """A year by `content`, which is that of the newest version or of a draft; None for a year that is not shown."""
    today = calendar.day_of(now)
    years = years_shown(today)
    if year not in years:
        return None
    ruling = _Ruling(calendar, content, year, today)
    special = [special_day(ruling.on(day), day) for day in days_of_year(year) if is_special(ruling.on(day), day)]
    texts = {one.day: one.text for one in special}
    return YearPage(
        year=year,
        earlier=year - 1 if year - 1 in years else None,
        later=year + 1 if year + 1 in years else None,
        today=today,
        months=[_month(ruling, year, month, today, texts) for month in range(1, 13)],
        week=week_in_words(content),
        special=special,
        breaks=[(one, _break_line(one)) for one in content.breaks if one.start.year <= year <= one.end.year and one.end.date() >= today],
        proposals=[_proposal_row(content, one, today) for one in content.proposals if one.day.year == year],
    )


class _Ruling:
    """Which content says what a date is: the version that ruled when the day ended, and for today and later the one that is shown."""

    def __init__(self, calendar: Calendar, content: Content, year: int, today: date) -> None:
        self._content, self._today = content, today
        self._past = _ruling_in(calendar, year) if year <= today.year else []

    def on(self, day: date) -> Content:
        if day >= self._today:
            return self._content
        return next(content for since, content in reversed(self._past) if since is None or since <= day)


def _ruling_in(calendar: Calendar, year: int) -> list[tuple[date | None, Content]]:
    """The versions by which days of a year were counted, each with the day at whose end it ruled first; the oldest with None."""
    zone = ZoneInfo(calendar.time_zone)
    marks = CalendarVersion.objects.filter(calendar=calendar).order_by("number").values_list("pk", "rules_from")
    since = {pk: rules_from.astimezone(zone).date() if rules_from else None for pk, rules_from in marks}
    before = [pk for pk, day in since.items() if day is None or day <= date(year, 1, 1)]
    wanted = before[-1:] + [pk for pk, day in since.items() if pk not in before and day is not None and day.year == year]
    found = CalendarVersion.objects.in_bulk(wanted)
    return [(None if pk in before else since[pk], found[pk].content()) for pk in wanted]


def _month(ruling: _Ruling, year: int, month: int, today: date, texts: dict[date, str]) -> Month:
    def cell(number: int) -> DayCell | None:
        if not number:
            return None
        day = date(year, month, number)
        return DayCell(day, kind_of(ruling.on(day), day), texts.get(day, ""), is_today=day == today, is_over=day < today)

    return Month(capfirst(str(MONTHS[month])), [[cell(number) for number in week] for week in monthcalendar(year, month)])


def _proposal_row(content: Content, proposal: Proposal, today: date) -> ProposalRow:
    return ProposalRow(
        proposal,
        day_name(proposal.day),
        name_in_words(proposal.name),
        _closes(proposal),
        content.has_switched_on(proposal),
        is_over=proposal.day < today,
    )


def _closes(proposal: Proposal) -> str:
    if proposal.is_whole_day:
        return _("closed all day")
    if proposal.start == "00:00":
        return _("closed until %(time)s") % {"time": proposal.end}
    if proposal.end == "24:00":
        return _("closed from %(time)s on") % {"time": proposal.start}
    return _("closed %(hours)s") % {"hours": hours_in_words(((proposal.start, proposal.end),))}


# --- Versions ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class VersionRow:
    """A version and what it says otherwise than the one before; nothing for the first."""

    version: CalendarVersion
    changes: list[Difference]


def versions_page(calendar: Calendar, before: int | None, now: datetime) -> tuple[list[VersionRow], bool]:
    """Versions, newest first, and whether there are older ones. `before`: the number that the page before ended with."""
    rows = CalendarVersion.objects.filter(calendar=calendar).select_related("author").order_by("-number")
    if before is not None:
        rows = rows.filter(number__lt=before)
    found = list(rows[: VERSIONS_A_PAGE + 1])
    today = calendar.day_of(now)
    contents = [version.content() for version in found]
    changes = [differences(old, new, today) for new, old in pairwise(contents)]
    shown = [VersionRow(version, of) for version, of in zip(found, [*changes, []], strict=True)]
    return shown[:VERSIONS_A_PAGE], len(found) > VERSIONS_A_PAGE


# --- For customers ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class BusinessHours:
    """What a contract's calendar means for a customer: the usual week, and the days within months that differ from it."""

    time_zone: str
    week: list[tuple[str, str]]
    coming: list[SpecialDay]


def business_hours(calendar: Calendar, now: datetime) -> BusinessHours | None:
    """The hours that rule now and the next days that differ; None for a calendar without a version. One query."""
    version = newest_version(calendar)
    if version is None:
        return None
    content = version.content()
    coming = coming_days(content, calendar.day_of(now))
    return BusinessHours(calendar.time_zone, week_in_words(content), list(islice(coming, COMING_SHOWN)))


def coming_days(content: Content, today: date) -> Iterator[SpecialDay]:
    """From today on the days that differ from what their weekday lets expect; a holiday on a Sunday does not."""
    for offset in range(COMING_DAYS):
        day = today + timedelta(days=offset)
        if kind_of(content, day) not in {Kind.OPEN, Kind.OFF} and (content.week[day.weekday()] or content.windows_of(day)):
            yield special_day(content, day)
