"""The arithmetic of rotas: whole results by example, and laws that hold for every zone and any overrides."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rota import Override, Rotation, Shift, now_and_next, shifts

SAO_PAULO, NEW_YORK = ZoneInfo("America/Sao_Paulo"), ZoneInfo("America/New_York")
ADA, BEN, CAI = 1, 2, 3


def weekly(*people, zone=SAO_PAULO, first=date(2026, 11, 23), at=time(9), days=7, overrides=()):
    return Rotation(zone, first, at, days, people, tuple(overrides))


def local(*parts, zone=SAO_PAULO):
    return datetime(*parts, tzinfo=zone)


def on_call(rotation, at):
    return now_and_next(rotation, at)[0].person


def test_turns_are_handed_over_at_the_local_time_and_not_an_instant_earlier():
    rota = weekly(ADA, BEN)
    handover = local(2026, 11, 30, 9)

    assert [on_call(rota, at) for at in (handover - timedelta(microseconds=1), handover)] == [ADA, BEN]


def test_before_the_first_handover_nobody_is_on_call():
    rota = weekly(ADA, BEN)

    now, after = now_and_next(rota, local(2026, 11, 23, 8))

    assert (now.person, after.person, after.start) == (None, ADA, local(2026, 11, 23, 9))


def test_without_people_nobody_is_ever_on_call():
    assert now_and_next(weekly(), local(2026, 12, 1, 8))[0].person is None


def test_an_override_interrupts_a_turn_and_gives_it_back():
    friday, saturday = local(2026, 11, 27, 18), local(2026, 11, 28, 9)
    rota = weekly(ADA, BEN, overrides=[Override(7, CAI, friday, saturday)])

    assert shifts(rota, local(2026, 11, 23, 9), local(2026, 11, 30, 9)) == [
        Shift(ADA, local(2026, 11, 23, 9), friday),
        Shift(CAI, friday, saturday, override=7, instead_of=ADA),
        Shift(ADA, saturday, local(2026, 11, 30, 9)),
    ]


def test_of_two_overrides_the_later_made_counts():
    start, middle, end = local(2026, 11, 24, 0), local(2026, 11, 24, 12), local(2026, 11, 25, 0)
    rota = weekly(ADA, overrides=[Override(1, BEN, start, end), Override(2, CAI, middle, end)])

    found = shifts(rota, start, end)

    assert [(s.person, s.start, s.end) for s in found] == [(BEN, start, middle), (CAI, middle, end)]


def test_an_override_goes_on_over_a_handover():
    start, end = local(2026, 11, 29, 18), local(2026, 11, 30, 18)
    rota = weekly(ADA, BEN, overrides=[Override(1, CAI, start, end)])

    assert shifts(rota, start, end) == [Shift(CAI, start, end, override=1, instead_of=ADA)]


def test_whoever_goes_on_after_their_own_turn_is_on_call_until_somebody_else_is():
    rota = weekly(ADA, ADA, BEN)

    now, after = now_and_next(rota, local(2026, 11, 24, 12))

    assert (now.person, now.end, after.person) == (ADA, local(2026, 12, 7, 9), BEN)


def test_somebody_alone_is_on_call_without_an_end():
    assert now_and_next(weekly(ADA), local(2026, 11, 24, 12))[1] is None


def test_the_handover_keeps_its_local_time_when_the_clocks_change():
    rota = weekly(ADA, BEN, zone=NEW_YORK, first=date(2026, 3, 2))

    found = shifts(rota, local(2026, 3, 2, 9, zone=NEW_YORK), local(2026, 3, 16, 9, zone=NEW_YORK))

    assert [s.start.astimezone(UTC).hour for s in found] == [14, 13]
    assert [s.end - s.start for s in found] == [timedelta(days=7, hours=-1), timedelta(days=7)]


def test_a_midnight_that_did_not_exist_is_handed_over_when_the_day_began():
    rota = weekly(ADA, BEN, first=date(2018, 11, 3), at=time(0), days=1)

    assert rota.begins(1) == local(2018, 11, 4, 1)
    assert [on_call(rota, rota.begins(1) - timedelta(seconds=1)), on_call(rota, rota.begins(1))] == [ADA, BEN]


def test_of_an_hour_that_comes_twice_the_first_hands_over():
    rota = weekly(ADA, BEN, zone=NEW_YORK, first=date(2026, 10, 31), at=time(1, 30), days=1)

    assert rota.begins(1) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize("first", [date.min, date.max])
def test_no_first_handover_is_too_far_to_say_who_is_on_call(first):
    now, after = now_and_next(weekly(ADA, BEN, first=first), local(2026, 11, 24, 12))

    assert (now.person is None, after is None) == (first == date.max,) * 2


def test_what_it_costs_does_not_grow_with_the_years_that_somebody_typed(monkeypatch):
    far = datetime(9998, 1, 1, tzinfo=UTC)
    asked = []
    monkeypatch.setattr(Rotation, "person_of", lambda _rotation, turn: asked.append(turn) or ADA)
    rota = weekly(ADA, days=1, overrides=[Override(1, ADA, far, far + timedelta(days=1))])

    assert now_and_next(rota, local(2026, 11, 24, 12))[0].person == ADA
    assert len(asked) < 400


# --- Laws -----------------------------------------------------------------------------------------------------------
ZONES = st.sampled_from(
    ["America/Sao_Paulo", "America/New_York", "Europe/Lisbon", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "UTC"]
)
MOMENTS = st.datetimes(datetime(2011, 6, 1), datetime(2027, 6, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - made aware


@st.composite
def overrides(draw):
    found = []
    for number in range(draw(st.integers(0, 4))):
        start = draw(MOMENTS)
        found.append(Override(number, draw(st.integers(10, 13)), start, start + timedelta(minutes=draw(st.integers(1, 60 * 24 * 20)))))
    return tuple(found)


ROTATIONS = st.builds(
    Rotation,
    ZONES.map(ZoneInfo),
    st.dates(date(2011, 1, 1), date(2026, 1, 1)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.integers(1, 28),
    st.lists(st.integers(1, 4), max_size=5).map(tuple),
    overrides(),
)


@given(ROTATIONS, MOMENTS, st.integers(1, 60 * 24 * 60))
def test_shifts_cover_the_time_without_gap_or_overlap(rotation, start, minutes):
    end = start + timedelta(minutes=minutes)

    found = shifts(rotation, start, end)

    assert (found[0].start, found[-1].end) == (start, end)
    assert all(before.end == after.start for before, after in pairwise(found))
    assert all(shift.start < shift.end for shift in found)


@given(ROTATIONS, MOMENTS, st.integers(0, 60 * 24 * 40))
def test_who_is_on_call_is_who_has_the_shift_then(rotation, start, minutes):
    at = start + timedelta(minutes=minutes)
    covering = next(s for s in shifts(rotation, start, at + timedelta(days=1)) if s.start <= at < s.end)

    over = [o for o in rotation.overrides if o.start <= at < o.end]
    turn = rotation.turn_at(at)

    assert on_call(rotation, at) == covering.person == (over[-1].person if over else rotation.person_of(turn))
    assert rotation.begins(turn) <= at < rotation.begins(turn + 1)


@given(ROTATIONS, MOMENTS)
def test_what_comes_next_begins_where_the_present_ends_with_somebody_else(rotation, at):
    now, after = now_and_next(rotation, at)

    assert now.start == at
    if after is not None:
        assert (after.start, after.person != now.person) == (now.end, True)
        assert on_call(rotation, after.start) == after.person


@given(ROTATIONS, st.integers(0, 200))
def test_a_handover_is_at_its_local_time_unless_the_clocks_skip_it(rotation, turn):
    begins = rotation.begins(turn).astimezone(rotation.zone)
    day = rotation.first_date + timedelta(days=turn * rotation.turn_days)
    wanted = datetime.combine(day, rotation.handover)

    exists = (
        datetime.combine(day, rotation.handover, rotation.zone).astimezone(UTC).astimezone(rotation.zone).replace(tzinfo=None) == wanted
    )

    assert begins.replace(tzinfo=None) == wanted if exists else begins.replace(tzinfo=None) > wanted
