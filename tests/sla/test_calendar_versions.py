"""Versions of calendars: made once, never changed, extended by years; and what is counted by them."""

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from accounts.tenancy import as_provider, as_tenant
from sla import shipped, tasks
from sla.checking import NeverOpen, UnknownZone
from sla.commands import calendars
from sla.commands.calendars import ChangedMeanwhile, NameTaken, NothingChanges
from sla.content import Content, to_json
from sla.edits import Close, MakeUsual, SetHours
from sla.models import Calendar, CalendarVersion
from sla.queries.calendars import business_hours, history, year_page
from sla.shipped import Follows
from tests import factories as make

pytestmark = pytest.mark.django_db

NOW, LATER = make.NOW, make.NOW + timedelta(hours=1)
CHRISTMAS_EVE = date(2026, 12, 24)
ZONE = ZoneInfo("America/Sao_Paulo")


def local(*moment):
    return datetime(*moment, tzinfo=ZONE)


@pytest.fixture
def helena():
    return make.staff("Helena Prado", "administrator").person


@pytest.fixture
def calendar(db):
    return make.calendar(follows=Follows.FLORIANOPOLIS)


def newest(calendar):
    with as_provider():
        return CalendarVersion.objects.filter(calendar=calendar).order_by("-number").first()


def close(calendar, actor, day=CHRISTMAS_EVE, *, expected=None, now=LATER):
    version = newest(calendar)
    content = Close(day, {"": "Rest"}).on(version.content())
    return calendars.change_calendar(
        actor=actor, calendar=calendar, content=content, reason="Agreed", expected=expected or version.number, now=now
    )


def counted(calendar, day):
    """Open hours of a local day, as clocks count them when all versions are known."""
    midnight = local(day.year, day.month, day.day)
    with as_provider():
        return history(calendar.pk).known_at(local(2040, 1, 1)).elapsed(midnight, midnight + timedelta(days=1)) / 3600


# --- Making -----------------------------------------------------------------------------------------------------------
def test_a_new_calendar_has_one_version_that_rules_for_all_time(calendar):
    version = newest(calendar)

    assert (version.number, version.rules_from, version.kind, version.holidays_until) == (1, None, "first", 2036)
    assert version.content() == shipped.first_content(Follows.FLORIANOPOLIS, date(2026, 11, 23))
    assert counted(calendar, date(2014, 4, 22)) == 9
    assert [counted(calendar, date(2026, 11, day)) for day in (2, 19, 20, 23)] == [0, 9, 0, 9]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"time_zone": "America/Nowhere"}, UnknownZone),
        ({"time_zone": "../../etc/passwd"}, UnknownZone),
        ({"name": "Hours of America/Sao_Paulo"}, NameTaken),
        ({"content": Content(week=((),) * 7)}, NeverOpen),
    ],
)
def test_what_can_not_be_a_calendar_is_refused(calendar, changes, refusal):
    with pytest.raises(refusal):
        calendars.create_calendar(actor=None, now=NOW, **({"name": "Night", "time_zone": "UTC"} | changes))

    with as_provider():
        assert not Calendar.objects.filter(name="Night").exists()


# --- Changing ---------------------------------------------------------------------------------------------------------
def test_a_change_rules_from_its_instant_on(calendar, helena):
    version = close(calendar, helena)

    assert (version.number, version.rules_from, version.author, version.reason) == (2, LATER, helena, "Agreed")
    assert (counted(calendar, CHRISTMAS_EVE), counted(calendar, date(2026, 12, 23))) == (0, 9)


def test_time_before_a_version_is_counted_by_the_one_before(calendar, helena):
    first = newest(calendar).content()
    hours = SetHours(date(2026, 11, 23), (("09:00", "10:00"),), {}).on(first)
    at_eleven = local(2026, 11, 23, 11)
    calendars.change_calendar(actor=helena, calendar=calendar, content=hours, reason="x", expected=1, now=at_eleven)

    # Until 11:00 the day was open from 09:00; from then on it is over.
    assert counted(calendar, date(2026, 11, 23)) == 2


def test_what_was_known_before_a_version_stays_known(calendar, helena):
    close(calendar, helena)

    with as_provider():
        found = history(calendar.pk)
    due = [found.known_at(at).add(local(2026, 12, 23, 17), 2 * 3600) for at in (NOW, LATER)]
    assert due == [local(2026, 12, 24, 10), local(2026, 12, 28, 10)]


def test_a_change_is_in_the_audit_trail(calendar, helena):
    close(calendar, helena)

    with as_provider():
        entry = AuditEntry.objects.get(verb="change_calendar")
    assert (entry.actor, entry.target_table, entry.target_id, entry.at) == (helena, "sla_calendar", calendar.pk, LATER)
    assert (entry.before, entry.after) == ({"calendar_version": 1}, {"calendar_version": 2, "reason": "Agreed"})


def test_a_change_of_nothing_makes_no_version(calendar, helena):
    with pytest.raises(NothingChanges):
        calendars.change_calendar(actor=helena, calendar=calendar, content=newest(calendar).content(), reason="x", expected=1, now=LATER)

    assert newest(calendar).number == 1


def test_a_change_that_leaves_no_open_minute_is_refused(calendar, helena):
    with pytest.raises(NeverOpen):
        calendars.change_calendar(actor=helena, calendar=calendar, content=Content(week=((),) * 7), reason="x", expected=1, now=LATER)

    assert newest(calendar).number == 1


def test_whoever_is_second_overwrites_nothing(calendar, helena):
    other = make.staff("Ines Installer", "administrator").person
    close(calendar, helena)

    with pytest.raises(ChangedMeanwhile):
        close(calendar, other, date(2026, 12, 31), expected=1)

    assert (newest(calendar).number, date(2026, 12, 31) in newest(calendar).content().holidays) == (2, False)


def test_the_same_change_sent_twice_makes_one_version(calendar, helena):
    content = Close(CHRISTMAS_EVE, {}).on(newest(calendar).content())

    versions = [
        calendars.change_calendar(actor=helena, calendar=calendar, content=content, reason="x", expected=1, now=LATER) for _ in range(2)
    ]

    assert versions[0] == versions[1] == newest(calendar)


def test_versions_rule_one_after_the_other_though_clocks_differ(calendar, helena):
    close(calendar, helena)

    slow = close(calendar, helena, date(2026, 12, 31), now=NOW)

    assert (slow.number, slow.rules_from) == (3, LATER + timedelta(microseconds=1))


def test_the_database_keeps_versions_as_they_are(calendar):
    version = newest(calendar)
    values = to_json(version.content()) | {"calendar": calendar, "kind": "changed", "created_at": NOW}

    with as_provider():
        for attempt in (
            lambda: CalendarVersion.objects.filter(pk=version.pk).update(reason="Never"),
            lambda: CalendarVersion.objects.filter(pk=version.pk).delete(),
        ):
            with pytest.raises(IntegrityError, match="only ever added to"), transaction.atomic():
                attempt()
        for number, rules_from in ((1, None), (2, None), (1, NOW)):
            with pytest.raises(DatabaseError), transaction.atomic():
                CalendarVersion.objects.create(number=number, rules_from=rules_from, **values)


# --- Extending --------------------------------------------------------------------------------------------------------
def in_year(year):
    return datetime(year, 3, 1, 12, tzinfo=UTC)


def test_a_year_later_one_more_year_is_known_and_nothing_else_differs(calendar):
    before = newest(calendar).content()

    calendars.extend_calendars(now=in_year(2027))

    version = newest(calendar)
    after = version.content()
    more, proposals = shipped.days(Follows.FLORIANOPOLIS, [2037])
    assert (version.number, version.kind, version.author, version.holidays_until) == (2, "extended", None, 2037)
    assert dict(after.holidays) == dict(before.holidays) | more
    assert after.proposals == before.proposals + proposals
    assert (after.week, after.dates, after.breaks) == (before.week, before.dates, before.breaks)


def test_extending_is_harmless_when_nothing_is_missing(calendar):
    extended = [calendars.extend_calendars(now=in_year(year)) > 0 for year in (2026, 2029, 2029, 2027)]

    assert extended == [False, True, False, False]
    assert newest(calendar).number == 2


def test_what_people_edited_is_kept_when_years_are_added(calendar, helena):
    content = MakeUsual(date(2030, 1, 1)).on(newest(calendar).content())
    content = SetHours(date(2037, 12, 25), (("10:00", "12:00"),), {"": "Watch"}).on(content)
    content = Close(date(2037, 1, 1), {"": "Ours"}).on(content)
    calendars.change_calendar(actor=helena, calendar=calendar, content=content, reason="x", expected=1, now=LATER)

    calendars.extend_calendars(now=in_year(2027))

    after = newest(calendar).content()
    assert date(2030, 1, 1) not in after.holidays
    assert (after.dates[date(2037, 12, 25)].windows, date(2037, 12, 25) in after.holidays) == ((("10:00", "12:00"),), False)
    assert after.holidays[date(2037, 1, 1)] == {"": "Ours"}


def test_a_calendar_that_follows_nothing_is_not_extended(db):
    lisbon = make.calendar("Europe/Lisbon")

    calendars.extend_calendars(now=in_year(2030))

    assert (newest(lisbon).number, newest(lisbon).holidays_until) == (1, None)


def test_a_calendar_without_a_version_gets_its_first(db):
    with as_provider():
        bare = Calendar.objects.create(name="Bare", time_zone="America/Sao_Paulo")
        before = history(bare.pk)
        calendars.extend_calendars(now=NOW)

        assert newest(bare).kind == "first"
        span = (local(2026, 11, 1), local(2026, 12, 31))
        assert before.known_at(NOW).elapsed(*span) == history(bare.pk).known_at(NOW).elapsed(*span) > 0


def test_the_task_runs_as_beat_calls_it(calendar):
    assert tasks.extend_calendars.apply().get() == 0


# --- The first versions -----------------------------------------------------------------------------------------------
def test_the_migration_gives_calendars_that_were_there_a_first_version(db):
    migration = import_module("sla.migrations.0013_first_calendar_versions")
    zones = {"America/Sao_Paulo": "br_florianopolis", "America/Manaus": "br", "Europe/Lisbon": ""}
    with as_provider():
        rows = {zone: Calendar.objects.create(name=zone, time_zone=zone) for zone in zones}
        migration.give_first_versions(apps, None)
        migration.give_first_versions(apps, None)

        versions = {zone: list(CalendarVersion.objects.filter(calendar=row)) for zone, row in rows.items()}
        assert {zone: Calendar.objects.get(pk=row.pk).follows for zone, row in rows.items()} == zones
    assert {zone: (len(found), found[0].number, bool(found[0].content().holidays)) for zone, found in versions.items()} == {
        "America/Sao_Paulo": (1, 1, True),
        "America/Manaus": (1, 1, True),
        "Europe/Lisbon": (1, 1, False),
    }


def test_an_empty_installation_has_the_standard_calendar(db):
    """This database is one, unless a test with real commits emptied it after the migrations."""
    migration = import_module("sla.migrations.0013_first_calendar_versions")
    with as_provider():
        if not Calendar.objects.exists():
            migration.give_first_versions(apps, None)
        standard = Calendar.objects.get(name=shipped.NAME)

    assert (standard.time_zone, standard.follows) == ("America/Sao_Paulo", "br_florianopolis")
    assert [counted(standard, date(2026, 11, day)) for day in (2, 19, 20)] == [0, 9, 0]


# --- Counting ---------------------------------------------------------------------------------------------------------
def test_counting_asks_one_small_query_once_its_versions_are_known(calendar, helena):
    counted(calendar, CHRISTMAS_EVE)
    with as_provider(), CaptureQueriesContext(connection) as known:
        history(calendar.pk)
    close(calendar, helena)
    with as_provider(), CaptureQueriesContext(connection) as one_more:
        history(calendar.pk)
        history(calendar.pk)

    assert (len(known), len(one_more)) == (1, 2), "whoever put the version in force has compiled it"
    assert '"week"' not in known[0]["sql"]


def test_customers_count_by_the_same_versions(world):
    with as_tenant(world.acme.pk):
        found = history(world.contract.calendar_id).known_at(NOW).add(local(2026, 11, 23, 9), 3600)

    assert found == local(2026, 11, 23, 10)


def test_a_calendar_that_is_not_there_says_so(db):
    with as_provider(), pytest.raises(Calendar.DoesNotExist):
        history(0)


# --- Pages' queries ---------------------------------------------------------------------------------------------------
def cells(page):
    return {cell.day: cell for month in page.months for week in month.weeks for cell in week if cell}


def test_a_year_shows_past_days_as_they_were_counted_and_later_ones_as_they_will_be(calendar, helena):
    close(calendar, helena, now=local(2026, 12, 23, 15))
    content = MakeUsual(CHRISTMAS_EVE).on(newest(calendar).content())
    calendars.change_calendar(actor=helena, calendar=calendar, content=content, reason="x", expected=2, now=local(2026, 12, 28, 9))

    with as_provider():
        page = year_page(calendar, content, 2026, local(2026, 12, 29, 9))

    days = cells(page)
    assert len(days) == 365
    assert (days[CHRISTMAS_EVE].kind, days[CHRISTMAS_EVE].is_over) == ("closed", True)
    assert (days[date(2026, 12, 29)].is_today, days[date(2026, 12, 29)].is_over) == (True, False)
    assert days[date(2026, 11, 20)].text == "closed: National Day of Zumbi and Black Awareness"
    assert [one.day for one in page.special if one.day.month >= 11] == [
        *(date(2026, 11, day) for day in (2, 15, 20)),
        *(date(2026, 12, day) for day in (24, 25)),
    ]


@pytest.mark.parametrize("year", [0, 1, 2013, 2042, 9999, 10000, 10**12])
def test_years_far_away_are_not_shown(calendar, year):
    with as_provider():
        assert year_page(calendar, newest(calendar).content(), year, NOW) is None


def test_customers_see_the_week_and_the_days_that_differ(calendar, world):
    with as_tenant(world.acme.pk):
        hours = business_hours(calendar, NOW)

    assert hours.week == [("Monday to Friday", "09:00–18:00"), ("Saturday and Sunday", "closed")]
    assert [(one.name, one.text) for one in hours.coming] == [
        ("Fri, 25 Dec 2026", "closed: Christmas Day"),
        ("Fri, 1 Jan 2027", "closed: Universal Fraternization Day"),
        ("Mon, 8 Feb 2027", "closed: Carnival"),
        ("Tue, 9 Feb 2027", "closed: Carnival"),
    ]
