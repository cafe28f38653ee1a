"""Explanations as pages show them: sentences, a table that adds up, and a time line (SLA-13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from helpdesk.lib.dues import Due
from helpdesk.lib.moments import zone_name
from helpdesk.lib.spans import Moments, exactly, shares
from helpdesk.lib.tracks import Mark, Span, Track, to_svg
from sla import sentences, words
from sla.clocks import Breach, Outcome
from sla.differences import name_in_words
from sla.explaining import By, Closed, Explanation, Open, Waiting
from sla.models import Calendar
from sla.queries.closings import Closings, closings_of
from sla.queries.dues import latest


@dataclass(frozen=True)
class Row:
    """A line of the table. `kind`: open, paused or closed; `counts` and `sum`: what it adds and what all add up to until it."""

    kind: str
    when: str
    what: str
    counts: str = ""
    sum: str = ""


@dataclass(frozen=True)
class TurnLine:
    """`choices`: the instants that a requalification chose from; empty for all else."""

    at: str
    text: str
    choices: str = ""


@dataclass(frozen=True)
class ClockView:
    """One clock explained. `left`: what remains, in a sentence; `due_at`: None while it is paused; `annulled`: misses that count no more.

    `due_there`: the same instant in the zone of the other times, where that is not the reader's; else empty.
    """

    anchor: str
    label: str
    round: str
    due: Due
    due_at: datetime | None
    due_there: str
    promised: str
    rows: tuple[Row, ...]
    total: str
    left: str
    turns: tuple[TurnLine, ...]
    misses: tuple[str, ...]
    annulled: tuple[str, ...]
    is_running: bool


@dataclass(frozen=True)
class PromiseView:
    """The clocks of a promise, but for `left_out` older ones. `lead`: by which hours it counts, and in which zone times are."""

    lead: str
    clocks: tuple[ClockView, ...]
    summary: tuple[tuple[str, ...], ...]
    svg: SafeString
    left_out: int = 0

    @property
    def running(self) -> list[ClockView]:
        return [clock for clock in self.clocks if clock.is_running]

    @property
    def ended(self) -> list[ClockView]:
        return [clock for clock in self.clocks if not clock.is_running]


def promise_view(
    every: Sequence[Explanation], calendar: Calendar, now: datetime, *, for_staff: bool, with_older: bool = False
) -> PromiseView:
    """For a reader in the language in use. Times are in the calendar's zone, in which its hours make sense, or in the reader's where
    nothing counts by the calendar.
    """
    shown = {id(clock) for clock in latest([one.clock for one in every])}
    explained = [one for one in every if with_older or id(one.clock) in shown]
    by_calendar = any(_counts_by_calendar(one) for one in explained)
    zone = ZoneInfo(calendar.time_zone if by_calendar else timezone.get_current_timezone_name())
    moments = Moments.among(zone, now, [at for one in explained for at in _instants(one)])
    has_closed = any(isinstance(piece, Closed) for one in explained for piece in one.pieces)
    closings = closings_of(calendar) if has_closed else None
    clocks = tuple(_clock_view(one, calendar, moments, closings, for_staff=for_staff) for one in explained)
    tracks = [_track(one, now, moments, for_staff=for_staff) for one in explained]
    return PromiseView(
        lead=sentences.clockwork(calendar.name if by_calendar else "", zone_name(zone, now.astimezone(zone).utcoffset())),
        clocks=clocks,
        summary=tuple(_summary(one, view, moments, now) for one, view in zip(explained, clocks, strict=True)),
        svg=to_svg(tracks, now, _("Time line of the promises"), _describe(tracks), _("now"), moments.full),
        left_out=len(every) - len(explained),
    )


def _counts_by_calendar(one: Explanation) -> bool:
    """Whether open hours matter to it, also in what is paused and would go on by them."""
    is_by_hours = any(not isinstance(piece, Waiting) and not (isinstance(piece, Open) and piece.by == By.ALWAYS) for piece in one.pieces)
    return is_by_hours or not one.clock.course.always


def _instants(one: Explanation) -> list[datetime]:
    ends = [at for piece in one.pieces for at in (piece.start, piece.end) if at is not None]
    return [*ends, *(turn.at for turn in one.turns), *(turn.due for turn in one.turns if turn.due)]


def _clock_view(one: Explanation, calendar: Calendar, moments: Moments, closings: Closings | None, *, for_staff: bool) -> ClockView:
    clock = one.clock
    return ClockView(
        anchor=f"{clock.target}-{clock.begun}",
        label=str(words.TARGETS[clock.target]),
        round=_("round %(round)s") % {"round": clock.round} if clock.round > 1 else "",
        due=_due(one, calendar, for_staff=for_staff),
        due_at=clock.due_at,
        due_there=_due_there(clock.due_at, moments),
        promised=sentences.promised(one),
        rows=tuple(_rows(one, moments, closings, for_staff=for_staff)),
        total=exactly(sum(piece.seconds for piece in one.counted)),
        left=_left(one, moments.now),
        turns=tuple(
            TurnLine(
                moments.full(turn.at),
                sentences.turn(turn, clock.target, moments, for_staff=for_staff),
                sentences.choices(turn.decision, moments) if turn.decision else "",
            )
            for turn in one.turns
        ),
        misses=tuple(sentences.miss(breach, moments) for breach in clock.breaches if breach.annulled_at is None),
        annulled=tuple(sentences.miss(breach, moments) for breach in clock.breaches if breach.annulled_at is not None),
        is_running=clock.is_running,
    )


def _due_there(at: datetime | None, moments: Moments) -> str:
    """ "Mon 23 Nov, 14:20 (Sao Paulo, UTC−3)", where clocks on the reader's walls show something else."""
    if at is None or at.astimezone(moments.zone).utcoffset() == timezone.localtime(at).utcoffset():
        return ""
    facts = {"instant": moments.full(at), "zone": zone_name(moments.zone, at.astimezone(moments.zone).utcoffset())}
    return _("%(instant)s (%(zone)s)") % facts


def _due(one: Explanation, calendar: Calendar, *, for_staff: bool) -> Due:
    clock, missed = one.clock, one.clock.breach
    return Due(
        label=str(words.TARGETS[clock.target]),
        terms=words.terms(int(one.whole), always=clock.course.always, calendar=calendar.name),
        due_at=clock.due_at,
        waits_for=words.waits_for(one.turns[-1].phase, for_staff=for_staff) if clock.is_running and clock.due_at is None else "",
        missed_at=missed.due_at if missed else None,
        met_at=clock.stopped_at if clock.outcome == Outcome.MET else None,
        is_cancelled=clock.outcome == Outcome.CANCELLED,
        used_minutes=int(clock.course.used // 60),
    )


def _left(one: Explanation, now: datetime) -> str:
    """How much of it has gone by; nothing once it ended."""
    if not one.clock.is_running:
        return ""
    left = one.left_at(now)
    facts = {"gone": exactly(one.whole - left), "left": exactly(left), "whole": exactly(one.whole)}
    if left <= 0:
        return _("All %(whole)s have gone by.") % facts
    return _("Of %(whole)s, %(gone)s have gone by and %(left)s are left.") % facts


# --- The table --------------------------------------------------------------------------------------------------------
def _rows(one: Explanation, moments: Moments, closings: Closings | None, *, for_staff: bool) -> list[Row]:
    parts, total = iter(shares(piece.seconds for piece in one.counted)), 0
    open_days = {day for piece in one.counted for day in _days(piece.start, piece.end, moments.zone)}
    rows = []
    for piece in one.pieces:
        match piece:
            case Open():
                part = next(parts)
                total += part
                when = moments.period(piece.start, piece.end)
                rows.append(Row("open", when, sentences.why_counted(piece.by), exactly(part), exactly(total)))
            case Waiting():
                when = moments.period(piece.start, piece.end) if piece.end else _("since %(at)s") % {"at": moments.full(piece.start)}
                rows.append(Row("paused", when, _("paused: %(what)s") % {"what": words.waits_for(piece.phase, for_staff=for_staff)}))
            case Closed():
                days = [day for day in _days(piece.start, piece.end, moments.zone) if day not in open_days]
                assert closings is not None, "what is never closed has no such piece"
                rows += [Row("closed", when, what) for when, what in _closed(piece, days, moments, closings)]
    return rows


def _closed(piece: Closed, days: Sequence[date], moments: Moments, closings: Closings) -> list[tuple[str, str]]:
    """What is closed in it, in order: breaks, each day that has a name for itself, the other days together."""
    breaks = closings.breaks_between(piece.start, piece.end)
    found = [(one.start, moments.local_period(one.start, one.end), name_in_words(one.name)) for one in breaks]
    others = [day for day in days if not any(one.closes(day) for one in breaks)]
    found += [(datetime.combine(row[0], time()), moments.days(row), name) for row, name in _in_rows(others, closings)]
    return [(when, _("closed: %(name)s") % {"name": name} if name else _("closed")) for _since, when, name in sorted(found)]


def _in_rows(days: Sequence[date], closings: Closings) -> list[tuple[list[date], str]]:
    found: list[tuple[list[date], str]] = []
    for day in days:
        name = closings.name_of(day)
        if found and not name and not found[-1][1]:
            found[-1][0].append(day)
        else:
            found.append(([day], name))
    return found


def _days(start: datetime, end: datetime, zone: ZoneInfo) -> list[date]:
    """Local dates of [start, end)."""
    first, last = start.astimezone(zone).date(), (end - timedelta.resolution).astimezone(zone).date()
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


# --- The time line ----------------------------------------------------------------------------------------------------
def _track(one: Explanation, now: datetime, moments: Moments, *, for_staff: bool) -> Track:
    clock, turns = one.clock, one.turns
    end = clock.stopped_at or max(now, clock.due_at or now)
    spans = [Span(piece.start, min(piece.end, end), "open", "") for piece in one.counted if piece.start < end]
    waits = [piece for piece in one.pieces if isinstance(piece, Waiting)]
    spans += [
        Span(piece.start, piece.end or now, "paused", words.waits_for(piece.phase, for_staff=for_staff))
        for piece in waits
        if piece.start < (piece.end or now)
    ]
    marks = [
        Mark(turn.at, "turn", sentences.turn(turn, clock.target, moments, for_staff=for_staff)) for turn in turns[1:-1] if turn.decision
    ]
    marks += [_miss_mark(breach, moments) for breach in clock.breaches]
    if clock.stopped_at is not None:
        marks.append(Mark(clock.stopped_at, str(clock.outcome), f"{_outcome(one)}: {moments.full(clock.stopped_at)}"))
    elif clock.due_at is not None and clock.breach is None:
        marks.append(Mark(clock.due_at, "due", _("due %(due)s") % {"due": moments.full(clock.due_at)}))
    return Track(_name(one), clock.started_at, end, tuple(spans), tuple(marks))


def _miss_mark(breach: Breach, moments: Moments) -> Mark:
    return Mark(breach.due_at, "annulled" if breach.annulled_at else "missed", sentences.miss(breach, moments))


def _name(one: Explanation) -> str:
    label = str(words.TARGETS[one.clock.target])
    return _("%(label)s, round %(round)s") % {"label": label, "round": one.clock.round} if one.clock.round > 1 else label


def _outcome(one: Explanation) -> str:
    return _("kept") if one.clock.outcome == Outcome.MET else _("no longer promised")


def _describe(tracks: Sequence[Track]) -> str:
    """The time line in a sentence, for those who don't see it."""
    paused = _("paused")
    return "; ".join(f"{track.label}: {', '.join(mark.title for mark in track.marks) or paused}" for track in tracks)


def _summary(one: Explanation, view: ClockView, moments: Moments, now: datetime) -> tuple[str, ...]:
    """The table behind the time line: promise, begun, due, and what became of it."""
    clock = one.clock
    due = moments.full(clock.due_at) if clock.due_at is not None else "–"
    return _name(one), moments.full(clock.started_at.astimezone(UTC)), due, view.due.text(now)
