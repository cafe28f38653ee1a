"""Two administrators at once, with real commits: versions follow each other. Without the lock they collide, which the control shows."""

from datetime import date
from functools import partial

import pytest
from django.db import IntegrityError

from accounts.tenancy import as_provider
from sla.commands import calendars
from sla.commands.calendars import ChangedMeanwhile
from sla.edits import Close
from sla.models import Calendar, CalendarVersion
from tests import factories as make
from tests.flows.meeting import Meeting, at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def calendar(db):
    return make.calendar()


def deeds(calendar, *days):
    """Each closes another day, on top of the first version."""
    with as_provider():
        content = CalendarVersion.objects.get(calendar=calendar).content()

    def close(day):
        closed = Close(day, {}).on(content)
        return calendars.change_calendar(actor=None, calendar=calendar, content=closed, reason="x", expected=1, now=make.NOW).number

    return [partial(close, day) for day in days]


def numbers(calendar):
    with as_provider():
        return list(CalendarVersion.objects.filter(calendar=calendar).values_list("number", flat=True))


def test_two_changes_at_once_make_one_version_and_a_refusal(calendar, monkeypatch):
    monkeypatch.setattr(calendars, "_last", Meeting().after(calendars._last))

    results = at_once(*deeds(calendar, date(2026, 12, 24), date(2026, 12, 31)))

    assert sorted(map(str, results)) == sorted(["2", str(ChangedMeanwhile())])
    assert numbers(calendar) == [1, 2]


def test_the_same_change_twice_at_once_makes_one_version(calendar, monkeypatch):
    monkeypatch.setattr(calendars, "_last", Meeting().after(calendars._last))

    results = at_once(*deeds(calendar, date(2026, 12, 24), date(2026, 12, 24)))

    assert (results, numbers(calendar)) == ([2, 2], [1, 2])


def test_without_the_lock_they_collide(calendar, monkeypatch):
    monkeypatch.setattr(calendars, "change_calendars_alone", lambda: None)
    monkeypatch.setattr(calendars, "_lock", lambda calendar: Calendar.objects.get(pk=calendar.pk))
    monkeypatch.setattr(calendars, "_last", Meeting().after(calendars._last))

    results = at_once(*deeds(calendar, date(2026, 12, 24), date(2026, 12, 31)))

    assert [type(result) for result in results if result != 2] == [IntegrityError]
