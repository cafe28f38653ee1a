"""What a change of a policy does, as the page shows it before it is made."""

import math
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from sla import words
from sla.calendar import OutOfReach
from sla.coverage import Coverage
from sla.examples import Adds, examples, openings
from sla.models import Calendar
from sla.queries.calendars import history
from sla.queries.policies import Difference, differences, grouped
from sla.rules import SEVERITIES, TYPES, VALUES, Rules, Target, Value


@dataclass(frozen=True)
class Opening:
    """An instant from which the examples count."""

    label: str
    at: datetime


@dataclass(frozen=True)
class Due:
    """By the version before and by the new one; None where nothing is promised."""

    label: str
    before: datetime | None
    after: datetime | None

    @property
    def moves(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class ExampleLine:
    label: str
    due: list[Due]


@dataclass(frozen=True)
class Consequences:
    """What differs, and when what differs would be due. `calendar`: in whose business hours; without any there are no examples.

    `oddities`: sentences about what is allowed, but looks like a slip of the pen.
    """

    differences: list[Difference]
    oddities: list[str]
    calendar: Calendar | None
    openings: list[Opening]
    lines: list[ExampleLine]


def consequences(before: Rules, after: Rules, now: datetime) -> Consequences:
    """The change from `before` to `after` in words and by examples, counted in the installation's first calendar as it is known now."""
    calendar = Calendar.objects.order_by("pk").first()
    if calendar is None:
        return Consequences(differences(before, after), oddities(after), None, [], [])
    starts = openings(now, ZoneInfo(calendar.time_zone))
    labels = [_("Begun now"), _("Begun on Friday at 17:30"), _("Begun on Saturday at 23:00")]
    groups = {value: label for value, label, _rows in grouped(lambda value: (before.rows[value], after.rows[value]))}
    lines = [
        ExampleLine(
            f"{groups[example.value]}: {str(words.TARGETS[example.target]).lower()}",
            [Due(label, *pair) for label, pair in zip(labels, example.due, strict=True)],
        )
        for example in examples(before, after, groups, starts, _counting(history(calendar.pk).known_at(now)))
    ]
    begun = [Opening(label, at) for label, at in zip(labels, starts, strict=True)]
    return Consequences(differences(before, after), oddities(after), calendar, begun, lines)


def oddities(rules: Rules) -> list[str]:
    """A solution promised before the first response, and what is promised later, or not at all, to the more severe of two qualifications."""
    return [
        *(
            _("%(value)s: the resolution is promised before the first response.") % {"value": words.value(value)}
            for value in reversed(VALUES)
            if _seconds(rules, value, Target.RESOLUTION) < _seconds(rules, value, Target.FIRST_RESPONSE) < math.inf
        ),
        *(
            _("%(value)s: %(target)s is promised later than for %(lesser)s, or not at all.")
            % {"value": words.value(value), "target": str(words.TARGETS[target]).lower(), "lesser": words.value(lesser)}
            for lesser, value in _neighbours()
            for target in Target
            if rules.rows[lesser].always >= rules.rows[value].always
            if _seconds(rules, value, target) > _seconds(rules, lesser, target)
        ),
    ]


def _seconds(rules: Rules, value: Value, target: Target) -> float:
    """A target; endless where it is left out."""
    return rules.rows[value].seconds.get(target, math.inf)


def _neighbours() -> list[tuple[Value, Value]]:
    """Each qualification with the next more severe one of its type."""
    return [((type, low), (type, high)) for type in TYPES for low, high in pairwise(SEVERITIES) if (type, high) in VALUES]


def _counting(coverage: Coverage) -> Adds:
    """Due instants of a coverage; None where its calendar is never open for so long."""

    def add(start: datetime, seconds: int) -> datetime | None:
        try:
            return coverage.add(start, seconds)
        except OutOfReach:
            return None

    return add
