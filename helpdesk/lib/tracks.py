"""A time line as SVG: a row for each thing that lasts, with its spans and marks. No style stands in it: looks are classes, for both themes.

Widths are percentages and heights pixels, so that it fills any width while its letters keep their size.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_TOP, _ROW, _BOTTOM = 20, 40, 22  # pixels
_LEFT, _RIGHT = 1.0, 98.0  # per cent

Scale = Callable[[datetime], str]


@dataclass(frozen=True)
class Span:
    """`kind`: open or paused."""

    start: datetime
    end: datetime
    kind: str
    title: str


@dataclass(frozen=True)
class Mark:
    """`kind`: turn, due, met, cancelled, missed or annulled; each has a shape of its own."""

    at: datetime
    kind: str
    title: str


@dataclass(frozen=True)
class Track:
    label: str
    start: datetime
    end: datetime
    spans: Sequence[Span]
    marks: Sequence[Mark]


def to_svg(tracks: Sequence[Track], now: datetime, title: str, description: str, now_word: str, say: Scale) -> SafeString:
    """All rows on one scale, from the first beginning to the last end, with a line at `now`. Nothing for no rows.

    `say`: writes the instants at which the scale begins and ends.
    """
    if not tracks:
        return SafeString("")
    first = min(track.start for track in tracks)
    last = max([now, *(track.end for track in tracks), *(mark.at for track in tracks for mark in track.marks)])
    whole = max((last - first).total_seconds(), 1)

    def x(at: datetime) -> str:
        return f"{_LEFT + (_RIGHT - _LEFT) * (at - first).total_seconds() / whole:.2f}"

    foot = _TOP + _ROW * len(tracks)
    height = foot + _BOTTOM
    rows = format_html_join("", "{}", ((_row(track, _TOP + _ROW * place, x),) for place, track in enumerate(tracks)))
    return format_html(
        '<svg class="tracks" width="100%" height="{}" role="img" aria-label="{}"><title>{}</title><desc>{}</desc>'
        '<line class="track-now" x1="{}%" x2="{}%" y1="12" y2="{}"></line><text class="track-word track-word-{}" x="{}%" y="10">{}</text>{}'
        '<text class="track-word" x="{}%" y="{}">{}</text><text class="track-word track-word-end" x="{}%" y="{}">{}</text></svg>',
        *(height, f"{title}: {description}", title, description, x(now), x(now), foot),
        *("end" if float(x(now)) > 50 else "start", x(now), now_word, rows),
        *(x(first), height - 4, say(first), x(last), height - 4, say(last)),
    )


def _row(track: Track, top: int, x: Scale) -> SafeString:
    middle = top + 26
    spans = format_html_join(
        "",
        '<rect class="track-{}" x="{}%" width="{}%" y="{}" height="8"><title>{}</title></rect>',
        (
            (s.kind, x(s.start), f"{max(0.2, float(x(s.end)) - float(x(s.start))):.2f}", middle - 4, s.title or track.label)
            for s in track.spans
        ),
    )
    marks = format_html_join("", "{}", ((_mark(mark, x(mark.at), middle),) for mark in _apart(track.marks)))
    return format_html(
        '<text class="track-label" x="{}%" y="{}">{}</text><line class="track-line" x1="{}%" x2="{}%" y1="{}" y2="{}"></line>{}{}',
        *(_LEFT, top + 14, track.label, x(track.start), x(track.end), middle, middle, spans, marks),
    )


def _apart(marks: Iterable[Mark]) -> list[Mark]:
    return sorted(marks, key=lambda mark: mark.at)


# Shapes around the origin, so that they need no colour to be told apart.
_SHAPES = {
    "due": "M-6 0 0 -7 6 0 0 7Z",
    "met": "M-6 0 -2 5 6 -5",
    "missed": "M-5 -5 5 5M5 -5 -5 5",
    "annulled": "M-5 -5 5 5M5 -5 -5 5",
    "cancelled": "M-5 0 5 0",
    "turn": "M0 -7 0 7",
}


def _mark(mark: Mark, x: str, middle: int) -> SafeString:
    """An SVG of its own at the place in per cent, since a path knows only pixels."""
    return format_html(
        '<svg class="track-at" x="{}%" y="{}" overflow="visible"><path class="track-mark track-mark-{}" d="{}"><title>{}</title></path></svg>',
        *(x, middle, mark.kind, _SHAPES[mark.kind], mark.title),
    )
