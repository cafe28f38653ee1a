"""Charts as SVG: figures to markup, nothing else. No style stands in it: colours are classes, for both themes.

Widths are percentages and heights pixels, so that a chart fills any width while its letters keep their size. What colours say,
words, places or hatching say too; and every chart has a title, a sentence and, in `rows`, its figures for a table.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

_PLOT_LEFT = 7.0  # per cent, for the scale's numbers
_TOP, _BOTTOM, _HEIGHT = 14, 190, 214  # pixels
_ROW, _ROW_WITH_PARTS = 42, 58  # pixels from one bar to the next
_LONGEST_LABEL = 36


@dataclass(frozen=True)
class Series:
    """One kind of figure, a value per category. `tone`: accent, ok, info, warn, danger or quiet; `hatched`: told apart without colour."""

    label: str
    values: Sequence[int]
    tone: str = "accent"
    hatched: bool = False


@dataclass(frozen=True)
class Chart:
    """Figures by category. `heading`: what the categories are; `short`: names that fit below a column; `urls`: where their table's rows lead."""

    id: str
    title: str
    description: str
    heading: str
    categories: Sequence[str]
    series: Sequence[Series]
    short: Sequence[str] = ()
    urls: Sequence[str] = ()

    @property
    def totals(self) -> list[int]:
        return [sum(values) for values in zip(*(series.values for series in self.series), strict=True)]

    @property
    def is_empty(self) -> bool:
        return not any(self.totals)

    @property
    def has_parts(self) -> bool:
        return len(self.series) > 1

    def rows(self) -> list[tuple[str, str, list[str]]]:
        """For the table: category, where it leads, and the figures in the reader's form."""
        urls = self.urls or [""] * len(self.categories)
        figures = zip(*(series.values for series in self.series), strict=True)
        return [(name, url, [number(v) for v in values]) for name, url, values in zip(self.categories, urls, figures, strict=True)]


def number(value: int) -> str:
    """1234 as its reader writes it: 1,234 or 1.234."""
    return number_format(value, force_grouping=True)


def scale(largest: int) -> list[int]:
    """Round numbers from 0 to the first one that is no smaller than the largest value, in two to five steps."""
    step = next(s for power in range(19) for s in (10**power, 2 * 10**power, 5 * 10**power) if s * 5 >= largest)
    return list(range(0, max(2, -(-largest // step)) * step + 1, step))


def columns(chart: Chart) -> SafeString:
    """Columns from left to right, the series side by side: values over time."""
    ticks = scale(max((value for series in chart.series for value in series.values), default=0))
    slot = (100 - _PLOT_LEFT) / max(1, len(chart.categories))
    pieces = [_scale_line(tick, ticks[-1]) for tick in ticks]
    pieces += [_column(chart, index, slot, ticks[-1]) for index in range(len(chart.categories))]
    pieces += _labels_below(chart, slot)
    return _svg(chart, _HEIGHT, "columns", pieces)


def _scale_line(tick: int, top: int) -> SafeString:
    y = _y(tick, top)
    return format_html(
        '<line class="{}" x1="0" x2="100%" y1="{}" y2="{}"/><text class="chart-label" x="0" y="{}">{}</text>',
        "chart-grid" if tick else "chart-base",
        _plain(y),
        _plain(y),
        _plain(y - 4),
        number(tick),
    )


def _column(chart: Chart, index: int, slot: float, top: int) -> SafeString:
    """The bars of one category, with what they say for whoever points at them."""
    left = _PLOT_LEFT + index * slot
    width = slot * 0.8 / len(chart.series)
    pieces = [
        _rect(
            chart, series, left + slot * 0.1 + place * width, _y(series.values[index], top), width, _BOTTOM - _y(series.values[index], top)
        )
        for place, series in enumerate(chart.series)
        if series.values[index]
    ]
    whole = format_html(
        '<rect class="chart-field" x="{}%" y="{}" width="{}%" height="{}"/>', _plain(left), _TOP, _plain(slot), _BOTTOM - _TOP
    )
    return format_html("<g><title>{}</title>{}{}</g>", _sentence(chart, index), whole, _joined(pieces))


def _labels_below(chart: Chart, slot: float) -> list[SafeString]:
    """Some of the short names: about six, and every second of them makes room on a narrow page."""
    step = max(1, -(-len(chart.short) // 6))
    shown = range(0, len(chart.short), step)
    pieces = []
    for place, index in enumerate(shown):
        left, is_last = _PLOT_LEFT + index * slot, index * slot > 85  # the last one ends where the chart does
        classes = "chart-label" + " chart-label-spare" * (place % 2) + " chart-label-last" * is_last
        x, y = _plain(100 if is_last else left), _BOTTOM + 18
        pieces.append(format_html('<text class="{}" x="{}%" y="{}">{}</text>', classes, x, y, chart.short[index]))
    return pieces


def bars(chart: Chart) -> SafeString:
    """Bars from top to bottom with their names and totals above: values of things. Several series are parts of one bar, named below it."""
    largest = max(chart.totals, default=0) or 1
    height = _ROW_WITH_PARTS if chart.has_parts else _ROW
    pieces = [_bar(chart, index, index * height, largest) for index in range(len(chart.categories))]
    return _svg(chart, height * len(chart.categories), "bars", pieces)


def _bar(chart: Chart, index: int, y: int, largest: int) -> SafeString:
    pieces, left = [], 0.0
    for series in chart.series:
        width = 100 * series.values[index] / largest
        if width:
            pieces.append(_rect(chart, series, left, y + 20, width, 10))
        left += width
    name = chart.categories[index]
    parts = [(series.label, series.values[index]) for series in chart.series if series.values[index]] if chart.has_parts else []
    return format_html(
        '<g><title>{}</title><text class="chart-name" x="0" y="{}">{}</text><text class="chart-total" x="100%" y="{}">{}</text>{}'
        '<text class="chart-label" x="0" y="{}">{}</text></g>',
        _sentence(chart, index),
        y + 14,
        name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1].rstrip()}…",
        y + 14,
        number(chart.totals[index]),
        _joined(pieces),
        y + 46,
        " · ".join(f"{label} {number(value)}" for label, value in parts),
    )


def _rect(chart: Chart, series: Series, x: float, y: float, width: float, height: float) -> SafeString:
    fill = format_html(' fill="url(#{}-{})"', chart.id, series.tone) if series.hatched else ""
    return format_html(
        '<rect class="chart-bar chart-{}{}" x="{}%" y="{}" width="{}%" height="{}"{}/>',
        "edge-" if series.hatched else "",
        series.tone,
        _plain(x),
        _plain(y),
        _plain(width),
        _plain(height),
        fill,
    )


def _sentence(chart: Chart, index: int) -> str:
    """ "Week of 16 Nov: Opened 12, Solved 9"."""
    return f"{chart.categories[index]}: " + ", ".join(f"{series.label} {number(series.values[index])}" for series in chart.series)


def _svg(chart: Chart, height: int, kind: str, pieces: Iterable[SafeString]) -> SafeString:
    patterns = [
        format_html(
            '<pattern id="{}-{}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
            '<rect class="chart-ground" width="5" height="5"/><rect class="chart-{}" width="2.5" height="5"/></pattern>',
            chart.id,
            series.tone,
            series.tone,
        )
        for series in chart.series
        if series.hatched
    ]
    return format_html(
        '<svg class="chart-svg chart-{}" role="img" width="100%" height="{}" aria-labelledby="{}-title {}-description" focusable="false">'
        '<title id="{}-title">{}</title><desc id="{}-description">{}</desc><defs>{}</defs>{}</svg>',
        kind,
        height,
        chart.id,
        chart.id,
        chart.id,
        chart.title,
        chart.id,
        chart.description,
        _joined(patterns),
        _joined(pieces),
    )


def _joined(pieces: Iterable[SafeString]) -> SafeString:
    return mark_safe("".join(pieces))  # noqa: S308 - each was made by format_html


def _y(value: int, top: int) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * value / top


def _plain(value: float) -> str:
    """A number as SVG reads it, whatever the reader's language."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
