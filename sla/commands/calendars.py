"""Making calendars, and giving them new versions. Each change is written to the audit trail."""

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Person
from accounts.tenancy import as_provider
from helpdesk.lib.refusals import Refusal
from sla import recalculation, shipped
from sla.checking import check, check_zone
from sla.content import Content, to_json
from sla.locks import change_calendars_alone
from sla.models import Calendar, CalendarVersion
from sla.queries.calendars import history
from sla.shipped import Follows

Kind = CalendarVersion.Kind
INSTANT = timedelta(microseconds=1)


class NameTaken(Refusal):
    sentence = _("There is a calendar with this name already.")


class NothingChanges(Refusal):
    sentence = _("The calendar says this already. There is nothing to put in force.")


class ChangedMeanwhile(Refusal):
    sentence = _("Somebody else changed this calendar meanwhile. Look at it again: your changes now lie on top of theirs.")


def create_calendar(
    *, actor: Person | None, name: str, time_zone: str, follows: Follows = Follows.NOTHING, content: Content | None = None, now: datetime
) -> Calendar:
    """A new calendar with its first version, which rules for all time. `content`: unless told, that of the calendar as shipped.

    Raises NameTaken, and the refusals of `sla.checking`.
    """
    check_zone(time_zone)
    with as_provider():
        try:
            with transaction.atomic():
                calendar = Calendar.objects.create(name=name, time_zone=time_zone, follows=follows)
        except IntegrityError as error:
            raise NameTaken from error
        audit.record(
            actor=actor,
            customer_id=None,
            verb="create_calendar",
            target=calendar,
            after=audit.facts(calendar, "name", "time_zone", "follows"),
            now=now,
        )
        begin_calendar(actor=actor, calendar=calendar, content=content, now=now)
    return calendar


def begin_calendar(*, actor: Person | None, calendar: Calendar, content: Content | None = None, now: datetime) -> CalendarVersion:
    """The first version of a calendar; the one there is when it has one. Raises the refusals of `sla.checking`."""
    with as_provider():
        locked = _lock(calendar)
        first = CalendarVersion.objects.filter(calendar=locked).first()
        if first is not None:
            return first
        follows, today = Follows(locked.follows), locked.day_of(now)
        wanted = content if content is not None else shipped.first_content(follows, today)
        check(wanted, today)
        return CalendarVersion.objects.create(
            calendar=locked,
            number=1,
            kind=Kind.FIRST,
            holidays_until=_holidays_until(follows, today),
            author=actor,
            created_at=now,
            **to_json(wanted),
        )


def change_calendar(
    *, actor: Person | None, calendar: Calendar, content: Content, reason: str, expected: int, now: datetime
) -> CalendarVersion:
    """A new version, which rules from `now` on; time before is counted by the versions before (SLA-3).

    `expected`: the number of the version that `content` was made from. The same change sent twice makes one version.
    Open clocks move with it. Raises ChangedMeanwhile, NothingChanges, and the refusals of `sla.checking`.
    """
    with as_provider():
        change_calendars_alone()
        locked = _lock(calendar)
        last = _last(locked, now)
        if last.number != expected:
            if _is_sent_again(last, actor, content, expected):
                return last
            raise ChangedMeanwhile
        if content == last.content():
            raise NothingChanges
        check(content, locked.day_of(now))
        known = history(locked.pk)
        version = _add(last, locked, content, Kind.CHANGED, actor=actor, reason=reason, holidays_until=last.holidays_until, now=now)
        assert version.rules_from is not None, "it follows another"
        recalculation.move(
            calendar_id=locked.pk,
            before=known.known_at(version.rules_from),
            after=history(locked.pk).known_at(version.rules_from),
            at=version.rules_from,
        )
        return version


def extend_calendars(*, now: datetime) -> int:
    """Give every calendar the holidays of the years up to ten ahead that it lacks; returns how many got a new version.

    Years that it has are left as people edited them, so that no clock moves. A calendar without any version gets its first.
    """
    extended = 0
    with as_provider():
        for calendar in Calendar.objects.filter(versions=None).order_by("pk"):
            begin_calendar(actor=None, calendar=calendar, now=now)
        for pk in Calendar.objects.exclude(follows=Follows.NOTHING).order_by("pk").values_list("pk", flat=True):
            extended += _extend(pk, now)
    return extended


def _extend(pk: int, now: datetime) -> bool:
    calendar = Calendar.objects.get(pk=pk)
    if not _missing_years(_last(calendar, now), calendar, now):
        return False
    locked = _lock(calendar)
    last = _last(locked, now)
    years = _missing_years(last, locked, now)
    if not years:
        return False
    content = _with_days(last.content(), Follows(locked.follows), years)
    _add(last, locked, content, Kind.EXTENDED, actor=None, reason="", holidays_until=years[-1], now=now)
    return True


def _missing_years(last: CalendarVersion, calendar: Calendar, now: datetime) -> range:
    known = last.holidays_until or shipped.FIRST_YEAR - 1
    return range(known + 1, shipped.last_year(calendar.day_of(now)) + 1)


def _with_days(content: Content, follows: Follows, years: range) -> Content:
    """With the days of further years; what people entered there already stays."""
    holidays, proposals = shipped.days(follows, years)
    free = {day: name for day, name in holidays.items() if day not in content.dates}
    return Content(
        week=content.week,
        dates=content.dates,
        holidays=dict(sorted((free | dict(content.holidays)).items())),
        breaks=content.breaks,
        proposals=content.proposals + proposals,
    )


def _add(
    last: CalendarVersion,
    calendar: Calendar,
    content: Content,
    kind: str,
    *,
    actor: Person | None,
    reason: str,
    holidays_until: int | None,
    now: datetime,
) -> CalendarVersion:
    # Clocks of several machines differ: a version never rules from before the one that it follows.
    rules_from = max(now, last.rules_from + INSTANT) if last.rules_from else now
    version = CalendarVersion.objects.create(
        calendar=calendar,
        number=last.number + 1,
        kind=kind,
        rules_from=rules_from,
        holidays_until=holidays_until,
        reason=reason,
        author=actor,
        created_at=now,
        **to_json(content),
    )
    audit.record(
        actor=actor,
        customer_id=None,
        verb="change_calendar" if kind == Kind.CHANGED else "extend_calendar",
        target=calendar,
        before={"calendar_version": last.number},
        after={"calendar_version": version.number, "reason": reason},
        now=now,
    )
    return version


def _lock(calendar: Calendar) -> Calendar:
    """Versions of one calendar are numbered one after the other."""
    return Calendar.objects.select_for_update().get(pk=calendar.pk)


def _last(calendar: Calendar, now: datetime) -> CalendarVersion:
    """The newest version; makes the first where the calendar came from code that knew no versions."""
    found = CalendarVersion.objects.filter(calendar=calendar).order_by("-number").first()
    return found or begin_calendar(actor=None, calendar=calendar, now=now)


def _is_sent_again(last: CalendarVersion, actor: Person | None, content: Content, expected: int) -> bool:
    return last.number == expected + 1 and last.author_id == (actor.pk if actor else None) and last.content() == content


def _holidays_until(follows: Follows, today: date) -> int | None:
    return shipped.last_year(today) if follows != Follows.NOTHING else None
