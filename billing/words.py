"""What minutes were taken from, in a reader's words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.dates import MONTHS
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from billing.allocation import MonthHours
from billing.facts import Allocation, Source
from helpdesk.lib.minutes import spell

# By source: the label of a chip, its tone, and a sentence of a split.
LABELS: dict[Source, "str | Promise"] = {
    Source.ALLOWANCE: pgettext_lazy("minutes", "allowance"),
    Source.PACKAGE: pgettext_lazy("minutes", "package"),
    Source.APPROVAL: pgettext_lazy("minutes", "approved"),
    Source.INCLUDED: pgettext_lazy("minutes", "included"),
    Source.COURTESY: pgettext_lazy("minutes", "courtesy"),
    Source.UNAUTHORISED: pgettext_lazy("minutes", "not approved"),
}
TONES = {Source.APPROVAL: "accent", Source.INCLUDED: "ok", Source.COURTESY: "ok", Source.UNAUTHORISED: "warn"}
SENTENCES: dict[Source, "str | Promise"] = {
    Source.ALLOWANCE: gettext_lazy("%(minutes)s from the allowance of %(month)s"),
    Source.PACKAGE: gettext_lazy("%(minutes)s from the package of %(month)s"),
    Source.APPROVAL: gettext_lazy("%(minutes)s from what was approved"),
    Source.INCLUDED: gettext_lazy("%(minutes)s included"),
    Source.COURTESY: gettext_lazy("%(minutes)s as a courtesy, at no charge"),
    Source.UNAUTHORISED: gettext_lazy("%(minutes)s over: approval needed"),
}


@dataclass(frozen=True)
class Cover:
    """So many minutes of a log from one source, as a chip shows them."""

    source: str
    minutes: int

    @property
    def text(self) -> str:
        return f"{spell(self.minutes)} {LABELS[Source(self.source)]}"

    @property
    def tone(self) -> str:
        return TONES.get(Source(self.source), "")

    @property
    def needs_approval(self) -> bool:
        return self.source == Source.UNAUTHORISED


def month_name(month: date) -> str:
    return str(MONTHS[month.month])


def left_in_words(hours: MonthHours) -> str:
    """ "1 h 25 of November are left", of allowance and package together."""
    left = hours.allowance_left_minutes + hours.package_left_minutes
    facts = {"minutes": spell(left), "month": month_name(hours.month)}
    return (_("%(minutes)s of %(month)s left") if left else _("nothing of %(month)s left")) % facts


def split_in_words(pieces: Iterable[tuple[date, Allocation]]) -> list[str]:
    """What a log is taken from, a sentence each: "20 min from the allowance of November", "15 min over: approval needed"."""
    minutes: dict[tuple[Source, date | None], int] = {}
    for month, piece in pieces:
        key = piece.source, month if piece.source in {Source.ALLOWANCE, Source.PACKAGE} else None
        minutes[key] = minutes.get(key, 0) + piece.minutes
    return [
        str(SENTENCES[source]) % {"minutes": spell(count), "month": month_name(month) if month else ""}
        for (source, month), count in minutes.items()
    ]
