"""Minutes as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib.minutes import parse, spell


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        *(("540", 540), ("30 min", 30), ("30min", 30), ("30 Minutos", 30), ("1 minute", 1), ("45'", 45), ("0", 0)),
        *(("1 h", 60), ("1h", 60), ("27 hours", 1620), ("2 horas", 120), ("1,5 h", 90), ("1.5 h", 90), ("0,25h", 15)),
        *(("1 h 30", 90), ("1h30", 90), ("1h30min", 90), ("1 h 05", 65), ("2 h and 15 min", 135), ("2 horas e 15 minutos", 135)),
        *(("9:00", 540), ("09:30", 570), (" 90:00 ", 5400)),
    ],
)
def test_what_people_write_is_understood(text, minutes):
    assert parse(text) == minutes


@pytest.mark.parametrize(
    "text",
    ["", "soon", "-30", "2 days", "2 d", "2 dias", "1:60", "1:5", "1 h 75", "1,333 h", "1e3", "30 min 1 h", "٣٠", "9" * 41, "1 h\n2 h"],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        parse(text)


@given(st.integers(0, 10**7))
def test_what_is_shown_can_be_written(minutes):
    assert parse(spell(minutes)) == minutes
