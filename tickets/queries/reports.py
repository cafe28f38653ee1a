"""The pages and files of reports: which promises were kept, how long it took, and which were missed and why (SLA-14)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from helpdesk.lib import charts
from helpdesk.lib.charts import Chart, Series, number, per_mille
from helpdesk.lib.sheets import Row
from sla.clocks import Cause
from sla.models.promises import CAUSE_WORDS
from sla.rules import Target
from sla.words import TARGETS
from tickets.models import Severity, labels
from tickets.queries.kept import Asked, Figures, Group, Line, Tally, Times, duration, month_name
from tickets.queries.overview import Picture

LONGEST_CHART = 10
LONGEST_TABLE = 50
TONES = {Target.FIRST_RESPONSE: ("accent", False), Target.NEXT_UPDATE: ("info", True), Target.RESOLUTION: ("quiet", False)}


@dataclass(frozen=True)
class Report:
    """`open`: promises that run now and aren't late, which count when they are decided; `unlisted`: lines that only the file has."""

    total: Line
    open: int
    lines: Sequence[Line]
    unlisted: int
    pictures: Sequence[Picture]

    @property
    def is_empty(self) -> bool:
        """Whether these months have nothing to show, misses that were annulled included."""
        return self.total.tally == Tally() and not self.total.annulled and all(picture.chart.is_empty for picture in self.pictures)

    @property
    def open_label(self) -> str:
        return number(self.open)


def console(asked: Asked, group: Group) -> Report:
    """Every customer's promises, or those that were asked for. At most ten queries, whatever the figures."""
    figures = Figures(asked)
    return _report(figures, group, [] if asked.customer_id else [_by_customer(figures)])


def portal(asked: Asked, group: Group) -> Report:
    """What the scope shows: a company's own. At most six queries."""
    return _report(Figures(asked), group, [])


def _report(figures: Figures, group: Group, more: Sequence[Picture]) -> Report:
    targets = {str(target): str(word) for target, word in TARGETS.items()}
    pictures = [
        _per_month(figures.asked, figures.by(Group.MONTH)),
        _by_word("clocks", _("Kept, by promise"), _("Promise"), figures.by(Group.CLOCK), targets),
        _by_word("severities", _("Kept, by severity"), _("Severity"), figures.by(Group.SEVERITY), labels(Severity)),
        _why(figures),
        *_how_long(figures),
        *more,
    ]
    lines = figures.lines(group)
    return Report(figures.total, figures.open, lines[:LONGEST_TABLE], max(0, len(lines) - LONGEST_TABLE), pictures)


def _share(tallies: Sequence[Tally]) -> dict[str, Any]:
    """What a chart of attainments says: the share that was kept, and in its table how many that were."""
    return {
        "series": [Series(pgettext("promises", "Kept"), [tally.attainment for tally in tallies], form=per_mille)],
        "also": [
            Series(pgettext("promises", "Kept (count)"), [tally.kept for tally in tallies]),
            Series(pgettext("promises", "Missed"), [tally.missed for tally in tallies]),
        ],
        "whole": 1000,
    }


def _per_month(asked: Asked, tallies: Mapping[date, Tally]) -> Picture:
    found = [tallies.get(month, Tally()) for month in asked.months]
    whole = sum(found, Tally())
    figures = {"kept": number(whole.kept), "all": number(whole.kept + whole.missed)}
    chart = Chart(
        id="months",
        title=_("Kept promises per month"),
        description=_("%(kept)s of %(all)s promises were kept. The target, at the top, is all of them.") % figures,
        **_months(asked.months),
        **_share(found),
    )
    return Picture(chart, charts.columns)


def _months(months: Sequence[date]) -> dict[str, Any]:
    return {
        "heading": _("Month"),
        "categories": [month_name(month) for month in months],
        "short": [date_format(month, "M Y") for month in months],
    }


def _by_word(id: str, title: str, heading: str, tallies: Mapping[str, Tally], words: Mapping[str, str]) -> Picture:
    keys = [key for key in words if key in tallies]
    chart = Chart(
        id=id,
        title=title,
        description=_("The share of promises that were kept."),
        heading=heading,
        categories=[words[key] for key in keys],
        **_share([tallies[key] for key in keys]),
    )
    return Picture(chart, charts.bars)


def _by_customer(figures: Figures) -> Picture:
    tallies, names = figures.by(Group.CUSTOMER), figures.names
    keys = sorted(tallies, key=lambda key: (-tallies[key].missed, -tallies[key].kept, names[key]))[:LONGEST_CHART]
    chart = Chart(
        id="customers",
        title=_("Kept, by customer"),
        description=_("The share of promises that were kept, most missed ones first; at most %(most)s.") % {"most": number(LONGEST_CHART)},
        heading=_("Customer"),
        categories=[names[key] for key in keys],
        urls=[reverse("console:customer", args=[key]) for key in keys],
        **_share([tallies[key] for key in keys]),
    )
    return Picture(chart, charts.bars)


def _why(figures: Figures) -> Picture:
    """A bar for each cause and, apart, one for the annulled ones; its parts are what was promised."""
    names: dict[str, str] = {str(cause): str(CAUSE_WORDS[cause]) for cause in Cause} | {"annulled": _("Annulled by a verdict")}
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for (_month, _severity, target, cause), (stand, annulled) in figures.breaches.items():
        found[cause][target] = found[cause].get(target, 0) + stand
        found["annulled"][target] = found["annulled"].get(target, 0) + annulled
    keys = [key for key in names if any(found[key].values())]
    chart = Chart(
        id="causes",
        title=_("Missed, by cause"),
        description=_("Why promises were missed. Annulled ones stand apart and count nowhere else."),
        heading=_("Cause"),
        categories=[names[key] for key in keys],
        series=[
            Series(str(TARGETS[target]), [found[key].get(target, 0) for key in keys], tone, hatched)
            for target, (tone, hatched) in TONES.items()
        ],
    )
    return Picture(chart, charts.bars)


def _how_long(figures: Figures) -> Iterable[Picture]:
    took, months = figures.times_by(Group.MONTH), figures.asked.months
    titles = {Target.FIRST_RESPONSE: _("Time to the first response"), Target.RESOLUTION: _("Time to the resolution")}
    for target, title in titles.items():
        found = [took.get(month, {}).get(target) for month in months]
        chart = Chart(
            id=f"time-{target.value}",
            title=title,
            description=_("Of the hours that count: half took no longer than the median, nine of ten no longer than the 90th percentile."),
            **_months(months),
            series=[
                Series(_("Median"), [times.median if times else None for times in found], form=duration),
                Series(_("90th percentile"), [times.ninety if times else None for times in found], "info", hatched=True, form=duration),
            ],
            scale=charts.time_scale,
        )
        yield Picture(chart, charts.columns)


# --- The table as a file ---------------------------------------------------------------------------------------------
def header(group: Group) -> list[str]:
    minutes = _("%(what)s (minutes)")
    names = [_("First response, median"), _("First response, 90th percentile"), _("Resolution, median"), _("Resolution, 90th percentile")]
    counts = [pgettext("promises", "Kept (count)"), pgettext("promises", "Missed"), _("Kept (%)"), _("Annulled by a verdict")]
    return [str(group.label), *counts, *(minutes % {"what": name} for name in names)]


def rows(asked: Asked, group: Group) -> list[Row]:
    return [_row(line) for line in Figures(asked).lines(group)]


def _row(line: Line) -> Row:
    attainment = line.tally.attainment
    share = None if attainment is None else attainment / 10
    return [
        line.label,
        line.tally.kept,
        line.tally.missed,
        share,
        line.annulled,
        *_minutes(line.first_response),
        *_minutes(line.resolution),
    ]


def _minutes(times: Times | None) -> tuple[int | None, int | None]:
    return (None, None) if times is None else (-(-times.median // 60), -(-times.ninety // 60))
