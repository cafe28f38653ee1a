"""Charts as SVG: figures to markup, nothing else. No style stands in it: colours are classes, for both themes.

Widths are percentages and heights pixels, so that a chart fills any width while its letters keep their size. What colours say,
words, places or hatching say too; and every chart has a title, a sentence and, in `rows`, its figures for a table.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

_PLOT_LEFT = 7.0  # per cent, for the scale's numbers
_TOP, _BOTTOM, _HEIGHT = 14, 190, 214  # pixels
_ROW, _ROW_WITH_PARTS = 42, 58  # pixels from one bar to the next
_LONGEST_LABEL = 36
NOTHING = "–"


def number(value: int) -> str:
    """1234 as its reader writes it: 1,234 or 1.234."""
    return number_format(value, force_grouping=True)


def per_mille(value: int) -> str:
    """987 of a thousand as its reader writes it in per cent: 98.7% or 98,7%; whole ones without a fraction."""
    return f"{number_format(value / 10, decimal_pos=1 if value % 10 else 0)}%"


def scale(largest: int) -> list[int]:
    """Round numbers from 0 to the first one that is no smaller than the largest value, in two to five steps."""
    step = next(s for power in range(19) for s in (10**power, 2 * 10**power, 5 * 10**power) if s * 5 >= largest)
    return _ticks(largest, step)


def time_scale(largest: int) -> list[int]:
    """The same for seconds, in round minutes and hours."""
    round_minutes = (1, 2, 5, 10, 15, 30, *(hours * 60 * 10**power for power in range(9) for hours in (1, 2, 5)))
    return _ticks(largest, next(minutes * 60 for minutes in round_minutes if minutes * 60 * 5 >= largest))


def _ticks(largest: int, step: int) -> list[int]:
    return list(range(0, max(2, -(-largest // step)) * step + 1, step))


@dataclass(frozen=True)
class Series:
    """One kind of figure, a value per category, or None where there is none.

    `tone`: accent, ok, info, warn, danger or quiet; `hatched`: told apart without colour; `form`: how its values are written.
    """

    label: str
    values: Sequence[int | None]
    tone: str = "accent"
    hatched: bool = False
    form: Callable[[int], str] = number

    def shown(self, index: int) -> str:
        value = self.values[index]
        return NOTHING if value is None else self.form(value)


@dataclass(frozen=True)
class Chart:
    """Figures by category. `heading`: what the categories are; `short`: names that fit below a column; `urls`: where their table's rows lead.

    `also`: figures that only the table shows; `whole`: the value that fills the chart, where it isn't the largest one (1000 of a
    thousand; 0 is a figure then, too); `scale`: round values up to the largest one.
    """

    id: str
    title: str
    description: str
    heading: str
    categories: Sequence[str]
    series: Sequence[Series]
    short: Sequence[str] = ()
    urls: Sequence[str] = ()
    also: Sequence[Series] = ()
    whole: int = 0
    scale: Callable[[int], list[int]] = scale

    @property
    def totals(self) -> list[int]:
        return [sum(value or 0 for value in values) for values in zip(*(series.values for series in self.series), strict=True)]

    @property
    def is_empty(self) -> bool:
        return not any(value is not None if self.whole else value for series in self.series for value in series.values)

    @property
    def table(self) -> Sequence[Series]:
        """What the table's columns are."""
        return (*self.series, *self.also)

    @property
    def has_parts(self) -> bool:
        return len(self.series) > 1

    def rows(self) -> list[tuple[str, str, list[str]]]:
        """For the table: category, where it leads, and the figures in the reader's form."""
        urls = self.urls or [""] * len(self.categories)
        return [
            (name, url, [series.shown(index) for series in self.table])
            for index, (name, url) in enumerate(zip(self.categories, urls, strict=True))
        ]


def columns(chart: Chart) -> SafeString:
    """Columns from left to right, the series side by side: values over time."""
    ticks = chart.scale(chart.whole or max((value or 0 for series in chart.series for value in series.values), default=0))
    slot = (100 - _PLOT_LEFT) / max(2, len(chart.categories))  # a single one takes half
    pieces = [_scale_line(chart.series[0].form(tick) if tick else "0", tick, ticks[-1]) for tick in ticks]
    pieces += [_column(chart, index, slot, ticks[-1]) for index in range(len(chart.categories))]
    pieces += _labels_below(chart, slot)
    return _svg(chart, _HEIGHT, "columns", pieces)


def _scale_line(name: str, tick: int, top: int) -> SafeString:
    y = _y(tick, top)
    return format_html(
        '<line class="{}" x1="0" x2="100%" y1="{}" y2="{}"/><text class="chart-label" x="0" y="{}">{}</text>',
        "chart-grid" if tick else "chart-base",
        _plain(y),
        _plain(y),
        _plain(y - 4),
        name,
    )


def _column(chart: Chart, index: int, slot: float, top: int) -> SafeString:
    """The bars of one category, with what they say for whoever points at them."""
    left = _PLOT_LEFT + index * slot
    width = slot * 0.8 / len(chart.series)
    pieces = []
    for place, series in enumerate(chart.series):
        x, value = left + slot * 0.1 + place * width, series.values[index]
        if value:
            pieces.append(_rect(chart, series, x, _y(value, top), width, _BOTTOM - _y(value, top)))
        elif value == 0 and chart.whole:  # a figure, unlike none
            pieces.append(format_html('<text class="chart-label" x="{}%" y="{}">{}</text>', _plain(x), _BOTTOM - 4, series.form(0)))
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
        middle, is_last = _PLOT_LEFT + (index + 0.5) * slot, index * slot > 85  # the last one ends where the chart does
        classes = "chart-label" + " chart-label-spare" * (place % 2) + (" chart-label-last" if is_last else " chart-label-below")
        x, y = _plain(100 if is_last else middle), _BOTTOM + 18
        pieces.append(format_html('<text class="{}" x="{}%" y="{}">{}</text>', classes, x, y, chart.short[index]))
    return pieces


def bars(chart: Chart) -> SafeString:
    """Bars from top to bottom with their names and totals above: values of things. Several series are parts of one bar, named below it."""
    largest = chart.whole or max(chart.totals, default=0) or 1
    height = _ROW_WITH_PARTS if chart.has_parts else _ROW
    pieces = [_bar(chart, index, index * height, largest) for index in range(len(chart.categories))]
    return _svg(chart, height * len(chart.categories), "bars", pieces)


def _bar(chart: Chart, index: int, y: int, largest: int) -> SafeString:
    pieces, left = [], 0.0
    for series in chart.series:
        width = 100 * (series.values[index] or 0) / largest
        if width:
            pieces.append(_rect(chart, series, left, y + 20, width, 10))
        left += width
    name = chart.categories[index]
    parts = [f"{series.label} {series.shown(index)}" for series in chart.series if series.values[index]] if chart.has_parts else []
    return format_html(
        '<g><title>{}</title><text class="chart-name" x="0" y="{}">{}</text><text class="chart-total" x="100%" y="{}">{}</text>{}'
        '<text class="chart-label" x="0" y="{}">{}</text></g>',
        _sentence(chart, index),
        y + 14,
        name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1].rstrip()}…",
        y + 14,
        chart.series[0].form(chart.totals[index]),
        _joined(pieces),
        y + 46,
        " · ".join(parts),
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
    return f"{chart.categories[index]}: " + ", ".join(f"{series.label} {series.shown(index)}" for series in chart.series)


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
