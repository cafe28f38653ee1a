"""Environments in lists: what is wrong where, the worst first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, F, IntegerField, Min, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from accounts.models import Customer
from contracts.models import Environment
from monitoring.models import Episode, Heartbeat, Watch
from monitoring.queries.gate import SHUT_WORDS, Gate, gates
from tickets.models import Severity

PAGE = 50
NOTHING = 9  # after every severity
RANKS = {severity.value: rank for rank, severity in enumerate((Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW))}
BY_RANK = {rank: Severity(value) for value, rank in RANKS.items()}
_RANK = Case(
    *(When(severity=value, then=Value(rank)) for value, rank in RANKS.items()), default=Value(NOTHING), output_field=IntegerField()
)


@dataclass(frozen=True)
class EnvironmentRow:
    """`alerts`: how many last; `worst`: the worst of their severities; `beats`, `silent`: signs of life, and those that don't come."""

    environment: Environment
    gate: Gate
    alerts: int
    worst: Severity | None
    beats: int
    silent: int

    @property
    def tone(self) -> str:
        if not self.gate.is_open:
            return ""
        return "danger" if self.worst in {Severity.CRITICAL, Severity.HIGH} else "warn" if self.alerts else "ok"

    @property
    def icon(self) -> str:
        return {"": "pause", "ok": "check"}.get(self.tone, "alert")

    @property
    def words(self) -> "str | Promise":
        if not self.gate.is_open:
            return pgettext_lazy("monitoring", "Not watched")
        return pgettext_lazy("monitoring", "Alerts") if self.alerts else pgettext_lazy("monitoring", "Quiet")

    @property
    def why_shut(self) -> "str | Promise":
        return SHUT_WORDS.get(self.gate.shut, "")


def of_customer(customer: Customer, now: datetime) -> list[EnvironmentRow]:
    """Environments in use of one customer, by name. Two queries."""
    found = Environment.objects.filter(customer=customer, retired_at=None).order_by("name")
    return _rows(list(found.annotate(**_figures("pk"))), now)


def worst_first(now: datetime, page: int = 1) -> tuple[list[EnvironmentRow], bool]:
    """Environments of all customers that were ever authorised, with whether there are more. Three queries."""
    rows = Environment.objects.filter(retired_at=None, pk__in=Subquery(Watch.objects.values("environment_id"))).select_related("customer")
    rows = rows.annotate(**_figures("pk")).order_by(
        *(F("worst").asc(), F("alerts").desc(), F("silent").desc(), "customer__name", "name", "pk")
    )
    found = list(rows[(page - 1) * PAGE : page * PAGE + 1])
    return _rows(found[:PAGE], now), len(found) > PAGE


def _figures(key: str) -> dict[str, Coalesce]:
    lasting = Episode.objects.filter(environment=OuterRef(key), ended_at=None).order_by().values("environment")
    beats = Heartbeat.objects.filter(environment=OuterRef(key), removed_at=None).order_by().values("environment")
    counted = {
        "alerts": lasting.annotate(n=Count("pk")).values("n"),
        "beats": beats.annotate(n=Count("pk")).values("n"),
        "silent": beats.annotate(n=Count("pk", filter=Q(state=Heartbeat.State.DOWN))).values("n"),
    }
    worst = lasting.annotate(n=Min(_RANK)).values("n")
    figures = {name: Coalesce(Subquery(rows), 0) for name, rows in counted.items()}
    return figures | {"worst": Coalesce(Subquery(worst), NOTHING)}


def _rows(environments: Sequence[Environment], now: datetime) -> list[EnvironmentRow]:
    """Of environments with their figures."""
    passages = gates([environment.pk for environment in environments], now)
    return [
        EnvironmentRow(one, passages[one.pk], one.alerts, BY_RANK.get(one.worst), one.beats, one.silent)  # type: ignore[attr-defined]
        for one in environments
    ]
