"""Time with a sign of life, by local days and months."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from monitoring.uptime import Span, Stretch, days, months

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # 12:00 in São Paulo


def utc(day, hour):
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def test_a_silence_across_midnight_counts_on_both_days():
    found = days([Span(utc(22, 2), utc(22, 5))], utc(20, 3), NOW, SAO_PAULO, 3)

    assert found == [
        Stretch(date(2026, 11, 21), 86400, 3600),
        Stretch(date(2026, 11, 22), 86400, 2 * 3600),
        Stretch(date(2026, 11, 23), 12 * 3600, 0),
    ]
    assert [one.state for one in found] == ["partly", "partly", "up"]


def test_what_was_before_the_first_sign_is_not_known():
    before, first, today = days([], utc(22, 15), NOW, SAO_PAULO, 3)

    assert (before.state, before.per_mille) == ("none", None)
    assert (first.known, today.known) == (12 * 3600, 12 * 3600)


def test_silences_that_overlap_count_once():
    [today] = days([Span(utc(23, 4), utc(23, 6)), Span(utc(23, 5), utc(23, 7))], utc(1, 0), NOW, SAO_PAULO, 1)

    assert (today.down, today.per_mille, today.state) == (3 * 3600, 750, "partly")


def test_half_a_day_without_a_sign_is_down():
    [today] = days([Span(utc(23, 4), utc(23, 10))], utc(1, 0), NOW, SAO_PAULO, 1)

    assert today.state == "down"


def test_months_across_the_turn_of_the_year_and_a_change_of_the_clock():
    """Brazil put its clocks on at midnight of 4 November 2018: that month had an hour less."""
    now = datetime(2019, 2, 1, 1, 0, tzinfo=UTC)  # an hour of January is left there

    found = months([], datetime(2018, 1, 1, tzinfo=UTC), now, SAO_PAULO, 3)

    hours = [(one.first, one.known / 3600) for one in found]
    assert hours == [(date(2018, 11, 1), 719), (date(2018, 12, 1), 744), (date(2019, 1, 1), 743)]


spans = st.builds(
    lambda start, length: Span(NOW - timedelta(minutes=start), NOW - timedelta(minutes=start) + timedelta(minutes=length)),
    st.integers(0, 60 * 24 * 40),
    st.integers(0, 60 * 24 * 3),
)


@given(st.lists(spans, max_size=8), st.integers(1, 60 * 24 * 45))
def test_no_day_is_longer_away_than_known(silences, minutes):
    found = days(silences, NOW - timedelta(minutes=minutes), NOW, SAO_PAULO, 30)

    assert all(0 <= one.down <= one.known <= 90000 for one in found)
    assert sum(one.known for one in found) <= minutes * 60
