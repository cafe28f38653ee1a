"""Calendars against a walker that looks at the wall's clock every quarter of an hour: slow, and plainly right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from sla.calendar import Calendar

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)

# Zones, each with a day around which its clocks did something, or nothing.
PLACES = (
    ("America/Sao_Paulo", date(2018, 11, 4)),  # no midnight
    ("America/Sao_Paulo", date(2018, 2, 18)),  # 23:00 twice on the 17th
    ("America/Sao_Paulo", date(2026, 11, 20)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that did not exist
    ("Pacific/Kwajalein", date(1993, 8, 21)),  # another
    ("Asia/Kathmandu", date(2026, 1, 1)),  # +05:45
    ("Africa/Casablanca", date(2026, 3, 22)),
    ("UTC", date(2024, 2, 29)),
)


@dataclass(frozen=True)
class Spec:
    """What a calendar is made from, and whether an instant is open by it, word for word."""

    tz: str
    week: Mapping[int, Sequence[tuple[str, str]]]
    dates: Mapping[date, Sequence[tuple[str, str]]]
    holidays: frozenset[date]
    breaks: Sequence[tuple[datetime, datetime]]

    def calendar(self) -> Calendar:
        return Calendar(self.tz, self.week, self.dates, self.holidays, self.breaks)

    def is_open(self, at: datetime) -> bool:
        local = at.astimezone(ZoneInfo(self.tz)).replace(tzinfo=None)
        if any(begin <= local < end for begin, end in self.breaks):
            return False
        if local.date() in self.holidays and local.date() not in self.dates:
            return False
        return any(begin <= local < end for day in (local.date() - DAY, local.date()) for begin, end in self._windows(day))

    def _windows(self, day: date) -> list[tuple[datetime, datetime]]:
        return [_on(day, *window) for window in self.dates.get(day, self.week.get(day.weekday(), ()))]


@cache
def _on(day: date, begin: str, end: str) -> tuple[datetime, datetime]:
    opening = datetime.combine(day, time.fromisoformat(begin))
    closing = datetime.combine(day + DAY, time(0)) if end == "24:00" else datetime.combine(day, time.fromisoformat(end))
    return opening, closing if closing > opening else closing + DAY


def _steps(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The time between two instants, cut at each quarter of an hour."""
    edges = [start]
    at = start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0) + QUARTER
    while at < end:
        edges.append(at)
        at += QUARTER
    return list(zip(edges, [*edges[1:], end], strict=True)) if end > start else []


def walked(is_open: Callable[[datetime], bool], start: datetime, end: datetime) -> timedelta:
    return sum((until - since for since, until in _steps(start, end) if is_open(since)), timedelta())


def walked_to(is_open: Callable[[datetime], bool], start: datetime, amount: timedelta, limit: datetime) -> datetime | None:
    """When the amount is used up; None when it is not by the limit."""
    if not amount:
        return start
    for since, until in _steps(start, limit):
        if is_open(since):
            if amount <= until - since:
                return since + amount
            amount -= until - since
    return None


def walked_back_to(is_open: Callable[[datetime], bool], start: datetime, amount: timedelta, limit: datetime) -> datetime | None:
    if not amount:
        return start
    for since, until in reversed(_steps(limit, start)):
        if is_open(since):
            if amount <= until - since:
                return until - amount
            amount -= until - since
    return None


def walked_windows(is_open: Callable[[datetime], bool], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    windows: list[tuple[datetime, datetime]] = []
    for since, until in _steps(start, end):
        if not is_open(since):
            continue
        if windows and windows[-1][1] == since:
            windows[-1] = windows[-1][0], until
        else:
            windows.append((since, until))
    return windows


def _clock(quarter: int) -> str:
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"


@st.composite
def days(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Windows of a day, in any order; the last may end on the next one."""
    edges = sorted(draw(st.sets(st.integers(0, 95), max_size=6)))
    if len(edges) % 2:
        return [(_clock(edges[-1]), _clock(draw(st.integers(0, edges[0])))), *_pairs(edges[:-1])]
    return _pairs(edges)


def _pairs(edges: Sequence[int]) -> list[tuple[str, str]]:
    return [(_clock(begin), _clock(end + 1)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


@st.composite
def specs(draw: st.DrawFn, place: tuple[str, date]) -> Spec:
    near = st.integers(-9, 9).map(lambda count: place[1] + count * DAY)
    quarters = st.integers(-800, 800).map(lambda count: datetime.combine(place[1], time(0)) + count * QUARTER)
    return Spec(
        tz=place[0],
        week=draw(st.dictionaries(st.integers(0, 6), days())),
        dates=draw(st.dictionaries(near, days(), max_size=3)),
        holidays=frozenset(draw(st.sets(near, max_size=4))),
        breaks=[
            (begin, begin + length * QUARTER) for begin, length in draw(st.lists(st.tuples(quarters, st.integers(1, 300)), max_size=3))
        ],
    )


def instants(place: tuple[str, date]) -> st.SearchStrategy[datetime]:
    middle = datetime.combine(place[1], time(12), UTC)
    return st.one_of(
        st.integers(-500, 500).map(lambda count: middle + count * QUARTER),
        st.timedeltas(-5 * DAY, 5 * DAY).map(lambda delta: middle + delta),
    )


def cases(instant_count: int) -> st.SearchStrategy[tuple[Spec, list[datetime]]]:
    return st.sampled_from(PLACES).flatmap(
        lambda place: st.tuples(specs(place), st.lists(instants(place), min_size=instant_count, max_size=instant_count).map(sorted))
    )


amounts = st.one_of(
    st.integers(0, 400).map(lambda count: count * QUARTER),
    st.timedeltas(timedelta(0), timedelta(days=4)),
)


def exact(amount: timedelta) -> float:
    return amount // timedelta(seconds=1) if not amount.microseconds else amount / timedelta(seconds=1)


@settings(max_examples=200)
@given(cases(2))
def test_elapsed_is_the_open_time_that_a_walker_counts(case: tuple[Spec, list[datetime]]) -> None:
    spec, (start, end) = case

    elapsed = spec.calendar().elapsed(start, end)

    assert elapsed == exact(walked(spec.is_open, start, end))


@settings(max_examples=200)
@given(cases(1), amounts)
def test_what_is_due_is_where_a_walker_has_used_the_amount_up(case: tuple[Spec, list[datetime]], amount: timedelta) -> None:
    spec, [start] = case
    expected = walked_to(spec.is_open, start, amount, start + 14 * DAY)
    if expected is None:
        return

    assert spec.calendar().add(start, exact(amount)) == expected


@settings(max_examples=200)
@given(cases(1), amounts)
def test_subtracting_is_walking_backwards(case: tuple[Spec, list[datetime]], amount: timedelta) -> None:
    spec, [start] = case
    expected = walked_back_to(spec.is_open, start, amount, start - 14 * DAY)
    if expected is None:
        return

    assert spec.calendar().subtract(start, exact(amount)) == expected


@settings(max_examples=150)
@given(cases(2))
def test_windows_and_openness_are_what_a_walker_sees(case: tuple[Spec, list[datetime]]) -> None:
    spec, (start, end) = case
    calendar = spec.calendar()
    expected = walked_windows(spec.is_open, start, end)

    windows = calendar.windows(start, len(expected))
    intervals = list(calendar.intervals(start, end))

    assert [(begin, min(until, end)) for begin, until in windows] == expected
    assert [until - begin for begin, until, _ in intervals] == [(until - begin) // timedelta(microseconds=1) for begin, until in expected]
    assert [before for _, _, before in intervals] == [
        walked(spec.is_open, start, begin) // timedelta(microseconds=1) for begin, _ in expected
    ]
    assert calendar.is_open(start) == spec.is_open(start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0))
    for begin, until in windows:
        assert calendar.is_open(begin)
        assert not calendar.is_open(until)


@settings(max_examples=200)
@given(cases(3))
def test_time_adds_up_and_turns_around(case: tuple[Spec, list[datetime]]) -> None:
    spec, (first, second, third) = case
    calendar = spec.calendar()

    # From the far end first, so that compiling begins late and grows backwards.
    later, earlier = calendar.elapsed(second, third), calendar.elapsed(first, second)

    assert round((earlier + later) * 1_000_000) == round(calendar.elapsed(first, third) * 1_000_000)
    assert calendar.elapsed(third, first) == -calendar.elapsed(first, third)


@settings(max_examples=200)
@given(cases(2))
def test_adding_what_has_elapsed_leads_back(case: tuple[Spec, list[datetime]]) -> None:
    spec, (start, end) = case
    calendar = spec.calendar()
    elapsed = calendar.elapsed(start, end)

    due, begun = calendar.add(start, elapsed), calendar.subtract(end, elapsed)

    # The first and the last of the instants between which as much time passes: where time stands still there are many.
    assert start <= due <= end
    assert start <= begun <= end
    assert calendar.elapsed(start, due) == elapsed == calendar.elapsed(begun, end)
    assert calendar.elapsed(due, end) == 0 == calendar.elapsed(start, begun)
    assert due == start or calendar.is_open(due - timedelta(microseconds=1))
    assert begun == end or calendar.is_open(begun)


@settings(max_examples=20)
@given(cases(1), st.lists(st.integers(1990, 2060), min_size=2, max_size=3))
def test_answers_do_not_depend_on_what_was_asked_before(case: tuple[Spec, list[datetime]], years: list[int]) -> None:
    spec, [at] = case
    asked, fresh = spec.calendar(), spec.calendar()

    for year in years:
        asked.is_open(datetime(year, 6, 1, tzinfo=UTC))

    assert asked.windows(at, 5) == fresh.windows(at, 5)
    assert asked.elapsed(at, at + 300 * DAY) == fresh.elapsed(at, at + 300 * DAY)
    assert asked.elapsed(at - 300 * DAY, at) == fresh.elapsed(at - 300 * DAY, at)
