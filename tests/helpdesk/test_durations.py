import pytest

from helpdesk.templatetags.durations import days, hours


@pytest.mark.parametrize(("minutes", "words"), [(0, "0 min"), (45, "45 min"), (60, "1 h"), (65, "1 h 05"), (120, "2 h"), (90, "1 h 30")])
def test_minutes_as_people_say_them(minutes, words):
    assert hours(minutes) == words


@pytest.mark.parametrize(("minutes", "words"), [(90, "1 h 30"), (1440, "1 d"), (1499, "1 d"), (6915, "4 d 19 h")])
def test_minutes_on_the_wall_as_people_say_them(minutes, words):
    assert days(minutes) == words
