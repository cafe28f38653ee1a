"""Instants as they stand in a sentence, near ones by the day's name."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from helpdesk.lib import moments

BRASILIA = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2026, 11, 21, 23, 50, tzinfo=BRASILIA)  # a Saturday


@pytest.fixture(autouse=True)
def _reader():
    with translation.override("en"), timezone.override(BRASILIA):
        yield


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ((21, 14, 20), "today 14:20"),
        ((22, 0, 20), "tomorrow 00:20"),
        ((23, 9, 0), "Monday 09:00"),
        ((27, 18, 0), "Friday 18:00"),
        ((28, 9, 0), "Sat 28 Nov 09:00"),
        ((20, 13, 0), "Fri 20 Nov 13:00"),
    ],
)
def test_near_days_are_called_by_name(at, said):
    assert moments.spoken(datetime(2026, 11, *at, tzinfo=BRASILIA), NOW) == said


def test_on_the_same_day_the_time_may_stand_alone():
    assert moments.by_the_clock(NOW, NOW) == "23:50"
    assert moments.by_the_clock(datetime(2026, 11, 22, 0, 20, tzinfo=BRASILIA), NOW) == "tomorrow 00:20"


def test_which_day_it_is_depends_on_the_readers_zone():
    with timezone.override(ZoneInfo("Europe/Lisbon")):  # Sunday there
        assert moments.spoken(NOW, NOW) == "today 02:50"
        assert moments.zoned(NOW) == "Sun 22 Nov 02:50 (Lisbon, UTC+0)"


def test_portuguese_writes_days_and_months_small():
    with translation.override("pt-br"):
        said = moments.spoken(datetime(2026, 11, 23, 9, tzinfo=BRASILIA), NOW)
        letter = moments.zoned(datetime(2026, 11, 30, 13, tzinfo=BRASILIA))

    assert ("segunda-feira" in said, "09:00" in said) == (True, True)
    assert ("seg" in letter, "nov" in letter, "Brasília, UTC−3" in letter) == (True, True, True)


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("Asia/Kolkata", "Kolkata, UTC+5:30"),
        ("America/St_Johns", "St Johns, UTC−3:30"),
        ("America/Sao_Paulo", "Sao Paulo, UTC−3"),
        ("UTC", "UTC, UTC+0"),
    ],
)
def test_a_zone_is_named_with_its_distance_in_hours_and_minutes(zone, name):
    with timezone.override(ZoneInfo(zone)):
        assert moments.zone_at(datetime(2026, 11, 30, tzinfo=UTC)) == name
