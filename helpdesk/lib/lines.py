"""A curve as an SVG image of its own: it stands outside the page's style sheets, so its colours are ones that both themes can show."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_WIDTH, _HEIGHT, _TOP, _BOTTOM, _LEFT = 600, 160, 14, 136, 44
_LINE, _WORD, _GRID = "#0b8f83", "#75808a", "#8a949e"  # 3:1 and more on both grounds
Point = tuple[datetime, float]


def to_svg(
    points: Sequence[Point], start: datetime, end: datetime, *, title: str, description: str, unit: str, top: float, labels: Sequence[str]
) -> SafeString:
    """`top`: what the scale reaches at least; `labels`: words below its beginning and end. A gap in time is a gap in the curve."""
    highest = max([top, *(value for _at, value in points)])
    whole = (end - start).total_seconds() or 1.0

    def x(at: datetime) -> float:
        return _LEFT + (_WIDTH - _LEFT) * (at - start).total_seconds() / whole

    def y(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * value / highest

    lines = format_html_join(
        "",
        '<polyline fill="none" stroke="{}" stroke-width="2" stroke-linejoin="round" points="{}"/>',
        ((_LINE, " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in run)) for run in _runs(points)),
    )
    grid = format_html_join(
        "",
        '<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="{}" stroke-opacity=".35"/><text x="0" y="{}" fill="{}" font-size="12">{}</text>',
        (
            (_LEFT, _WIDTH, f"{y(v):.1f}", f"{y(v):.1f}", _GRID, f"{y(v) + 4:.1f}", _WORD, f"{v:g} {unit}")
            for v in (0, highest / 2, highest)
        ),
    )
    below = format_html(
        '<text x="{}" y="{}" fill="{}" font-size="12">{}</text><text x="{}" y="{}" fill="{}" font-size="12" text-anchor="end">{}</text>',
        *(_LEFT, _HEIGHT - 6, _WORD, labels[0], _WIDTH, _HEIGHT - 6, _WORD, labels[1]),
    )
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" font-family="system-ui, sans-serif">'
        "<title>{}</title><desc>{}</desc>{}{}{}</svg>",
        *(_WIDTH, _HEIGHT, title, description, grid, lines, below),
    )


def message(text: str, title: str) -> SafeString:
    """An image that says why there is no curve."""
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" font-family="system-ui, sans-serif"><title>{}</title>'
        '<text x="{}" y="{}" fill="{}" font-size="15" text-anchor="middle">{}</text></svg>',
        *(_WIDTH, _HEIGHT, f"{title}: {text}", _WIDTH // 2, _HEIGHT // 2, _WORD, text),
    )


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """Points without a gap between them: three times the usual distance is one."""
    if len(points) < 2:
        return [list(points)] if points else []
    usual = min(later[0] - earlier[0] for earlier, later in pairwise(points))
    runs = [[points[0]]]
    for earlier, later in pairwise(points):
        if later[0] - earlier[0] > max(usual * 3, timedelta(seconds=1)):
            runs.append([])
        runs[-1].append(later)
    return runs
