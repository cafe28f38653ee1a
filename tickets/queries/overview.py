"""How many tickets come, go and are open: figures for both overviews, counted by the database in a few passes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, DateField, F
from django.db.models.functions import TruncWeek
from django.db.models.lookups import IsNull
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from helpdesk.lib import charts
from helpdesk.lib.charts import Chart, Series, number
from tickets.models import Severity, Status, Ticket, TicketQuerySet
from tickets.states import CUSTOMER_WORDS

WEEKS = (13, 26, 52)
USUAL_WEEKS = 26
LONGEST_LIST = 10
MOST_AGENTS = 20
TONES = {Severity.CRITICAL: "danger", Severity.HIGH: "warn", Severity.MEDIUM: "info", Severity.LOW: "quiet"}


@dataclass(frozen=True)
class Period:
    """Whole weeks up to the present one, which begin on Monday in the reader's time zone."""

    mondays: tuple[date, ...]

    @property
    def start(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.mondays[0], time.min))


def last_weeks(count: int, now: datetime) -> Period:
    today = timezone.localdate(now)
    monday = today - timedelta(days=today.weekday())
    return Period(tuple(monday - timedelta(weeks=back) for back in reversed(range(count))))


@dataclass(frozen=True)
class Picture:
    """A chart with its drawing."""

    chart: Chart
    draw: Callable[[Chart], str]

    @property
    def svg(self) -> str:
        return self.draw(self.chart)


def console(*, team_id: int | None, weeks: int, now: datetime) -> list[Picture]:
    """Every customer's tickets, or those of one team. Five queries."""
    rows = Ticket.objects.all() if team_id is None else Ticket.objects.filter(team=team_id)
    period = last_weeks(weeks, now)
    standing = _counted(rows.filter(closed_at=None), "status", "severity", "assignee", "assignee__display_name")
    opened = rows.filter(opened_at__gte=period.start)
    return [
        _per_week(rows, period),
        _by_state(((status, count) for (status, *_rest), count in standing), dict(Status.choices), _queues()),
        _by_severity(((severity, count) for (status, severity, *_rest), count in standing if status != Status.RESOLVED)),
        _load([(key[1], key[2], key[3], count) for key, count in standing if key[0] != Status.RESOLVED]),
        _top("product", _("Opened by product"), _("Product"), _counted(opened, "product", "product__name")),
        _top("customer", _("Opened by customer"), _("Customer"), _counted(opened, "customer", "customer__name"), "console:customer"),
    ]


def portal(*, weeks: int, now: datetime) -> list[Picture]:
    """The tickets that the scope shows: a company's own. Four queries."""
    rows, period = Ticket.objects.all(), last_weeks(weeks, now)
    standing = _counted(rows.filter(closed_at=None).annotate(checking=IsNull(F("verified_at"), True)), "status", "checking")
    states = (("checking" if status == Status.OPEN and checking else status, count) for (status, checking), count in standing)
    places = _counted(rows.filter(opened_at__gte=period.start), "environment", "environment__name")
    return [
        _per_week(rows, period),
        _by_state(states, {key: str(word) for key, word in CUSTOMER_WORDS.items()}, {}),
        _top("environment", _("Opened by environment"), _("Environment"), places, none=_("No environment given")),
    ]


def _counted(rows: TicketQuerySet, *columns: str) -> list[tuple[tuple[Any, ...], int]]:
    """Tickets per combination of these columns."""
    return [(tuple(values), count) for *values, count in rows.order_by().values_list(*columns).annotate(count=Count("*"))]


def _week_counts(rows: TicketQuerySet, column: str, period: Period) -> list[int]:
    weekly = rows.filter(**{f"{column}__gte": period.start}).order_by()
    found = dict(weekly.annotate(week=TruncWeek(column, output_field=DateField())).values_list("week").annotate(count=Count("*")))
    return [found.get(monday, 0) for monday in period.mondays]


def _per_week(rows: TicketQuerySet, period: Period) -> Picture:
    opened, solved = (_week_counts(rows, column, period) for column in ("opened_at", "resolved_at"))
    figures = {"opened": number(sum(opened)), "solved": number(sum(solved)), "weeks": number(len(period.mondays))}
    chart = Chart(
        id="weeks",
        title=_("Tickets per week"),
        description=_("Opened: %(opened)s; solved: %(solved)s; in %(weeks)s weeks, the present one included.") % figures,
        heading=_("Week from"),
        categories=[date_format(monday, "SHORT_DATE_FORMAT") for monday in period.mondays],
        short=[date_format(monday, _("j M")) for monday in period.mondays],
        series=[
            Series(pgettext("tickets", "Opened"), opened, "accent"),
            Series(pgettext("tickets", "Solved"), solved, "info", hatched=True),
        ],
    )
    return Picture(chart, charts.columns)


def _by_state(counts: Iterable[tuple[str, int]], words: dict[Any, Any], urls: dict[str, str]) -> Picture:
    found = _summed(counts)
    keys = [key for key in words if found.get(key)]
    chart = Chart(
        id="states",
        title=_("By state, now"),
        description=_("Open, or solved in the last days: %(count)s.") % {"count": number(sum(found.values()))},
        heading=_("State"),
        categories=[str(words[key]) for key in keys],
        series=[Series(_("Tickets"), [found[key] for key in keys])],
        urls=[urls.get(key, "") for key in keys],
    )
    return Picture(chart, charts.bars)


def _by_severity(counts: Iterable[tuple[str, int]]) -> Picture:
    found = _summed(counts)
    chart = Chart(
        id="severities",
        title=_("Open, by severity"),
        description=_("Open now: %(count)s.") % {"count": number(sum(found.values()))},
        heading=_("Severity"),
        categories=[str(severity.label) for severity in Severity if found.get(severity)],
        series=[Series(_("Tickets"), [found[severity] for severity in Severity if found.get(severity)])],
    )
    return Picture(chart, charts.bars)


def _load(counts: list[tuple[str, int | None, str | None, int]]) -> Picture:
    """Who has how much on their desk: the most loaded first, what is nobody's last."""
    names: dict[int | None, str] = {}
    by_agent: dict[int | None, dict[str, int]] = {}
    for severity, agent, name, count in counts:
        names[agent] = name or _("Nobody yet")
        by_agent.setdefault(agent, {})[severity] = count
    agents = sorted(by_agent, key=lambda agent: (agent is None, -sum(by_agent[agent].values()), names[agent]))[:MOST_AGENTS]
    chart = Chart(
        id="load",
        title=_("Open, by assignee"),
        description=_("Open tickets of each assignee by severity, the longest list first."),
        heading=_("Assignee"),
        categories=[names[agent] for agent in agents],
        series=[Series(str(s.label), [by_agent[agent].get(s, 0) for agent in agents], TONES[s]) for s in Severity],
    )
    return Picture(chart, charts.bars)


def _top(id: str, title: str, heading: str, counts: list[tuple[tuple[Any, ...], int]], page: str = "", none: str = "") -> Picture:
    """The most frequent ones; `page`: the address of one, by its id; `none`: the name of what has none."""
    first = sorted(counts, key=lambda entry: (-entry[1], str(entry[0][1])))[:LONGEST_LIST]
    chart = Chart(
        id=id,
        title=title,
        description=_("Tickets opened in the period, the most first; at most %(most)s.") % {"most": number(LONGEST_LIST)},
        heading=heading,
        categories=[str(name or none) for (_pk, name), _count in first],
        series=[Series(_("Tickets"), [count for _key, count in first])],
        urls=[reverse(page, args=[pk]) if page and pk else "" for (pk, _name), _count in first],
    )
    return Picture(chart, charts.bars)


def _summed(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, count in counts:
        found[key] = found.get(key, 0) + count
    return found


def _queues() -> dict[str, str]:
    """The queue in which staff find the tickets of a state."""
    slugs = {
        Status.WAITING_CUSTOMER: "waiting-customer",
        Status.WAITING_APPROVAL: "waiting-approval",
        Status.WAITING_THIRD_PARTY: "waiting-third-party",
        Status.RESOLVED: "resolved",
    }
    return {str(status): reverse("console:queue", args=[slug]) for status, slug in slugs.items()}
