"""What is left of a contract's hours and when that ends, and where a month's hours went: for customers and staff alike."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from billing.facts import month_after, month_of
from billing.models import Allocation, ChargeRequest, ContractMonth, Slice, Statement
from billing.queries.statements import is_in_force_in
from contracts.models import Contract
from contracts.queries import ContractCard
from helpdesk.lib import charts
from helpdesk.lib.charts import Chart, Series
from helpdesk.lib.minutes import spell
from helpdesk.lib.prepared import Prepared, Question, among
from sla.queries.calendars import history
from tickets.models import Ticket
from tickets.queries.overview import Picture

Source = Allocation.Source
MINUTE = 60
MONTHS_SHOWN = 12


class Granted(NamedTuple):
    allowance: int
    package: int


@dataclass(frozen=True)
class Allowance:
    """A month's included functional minutes. `resets_on`: the day from which the next month's are there."""

    contract: Contract
    month: date
    granted: Granted
    used: Granted

    @property
    def left_minutes(self) -> int:
        return max(0, self.granted.allowance - self.used.allowance)

    @property
    def package_left_minutes(self) -> int:
        return max(0, self.granted.package - self.used.package)

    @property
    def all_left_minutes(self) -> int:
        """Of allowance and package: what can still be asked without an approval."""
        return self.left_minutes + self.package_left_minutes

    @property
    def percent(self) -> int:
        """Used, of the allowance."""
        return min(100, 100 * self.used.allowance // self.granted.allowance) if self.granted.allowance else 0

    @property
    def package_percent(self) -> int:
        return min(100, 100 * self.used.package // self.granted.package) if self.granted.package else 0

    @property
    def tone(self) -> str:
        return "danger" if self.percent >= 100 else "warn" if self.percent >= 80 else ""

    @property
    def resets_on(self) -> date:
        return month_after(self.month)

    @property
    def is_granted(self) -> bool:
        """Whether the month includes any functional work at all."""
        return bool(self.granted.allowance or self.granted.package)


def granted(contract: Contract, month: date) -> Granted:
    """By the terms of the month's first day, in full if a day of it is in force (CON-2). Reads terms and standings unless prefetched."""
    if not is_in_force_in(contract, month):
        return Granted(0, 0)
    terms = contract.terms_on(month)
    return Granted(terms.allowance_minutes, terms.package_minutes)


Used = Mapping[tuple[int, date], Granted]  # by contract and month


def allowances(contracts: Sequence[Contract], now: datetime, used: Used | None = None) -> dict[int, Allowance]:
    """This month's, by contract; `contracts` with calendars, terms and standings. One query, or none where `used` is known."""
    months = {contract.pk: month_of(contract.today(now)) for contract in contracts}
    if used is None:
        used = _used(contracts, set(months.values())) if contracts else {}
    return {
        contract.pk: Allowance(
            contract,
            months[contract.pk],
            granted(contract, months[contract.pk]),
            used.get((contract.pk, months[contract.pk]), Granted(0, 0)),
        )
        for contract in contracts
    }


def allowance_of(contract: Contract, month: date) -> Allowance:
    used = _used([contract], {month})
    return Allowance(contract, month, granted(contract, month), used.get((contract.pk, month), Granted(0, 0)))


def with_allowances(cards: Sequence[ContractCard], now: datetime, used: Used) -> list[tuple[ContractCard, Allowance | None]]:
    """Contracts in short, each with this month's hours if it is in force."""
    found = allowances([card.contract for card in cards if card.state == "in_force"], now, used)
    return [(card, found.get(card.contract.pk)) for card in cards]


def used_question(customer_id: int, now: datetime) -> Question:
    """What this month of each of a customer's contracts has used, in whichever zone it is, to be asked together with others; see `used_of`."""
    return _used_by.question(customer_id, sorted({month_of((now + timedelta(days=days)).date()) for days in (-1, 1)}))


def used_of(answer: Iterable[Sequence[Any]]) -> Used:
    return {(contract, month): Granted(*used) for contract, month, *used in answer}


def _used(contracts: Sequence[Contract], months: Iterable[date]) -> Used:
    return used_of(_used_in([contract.pk for contract in contracts], sorted(months)))


_USED = ("contract_id", "month", "allowance_used_minutes", "package_used_minutes")
_used_in = Prepared(
    lambda contracts, months: ContractMonth.objects.filter(among("contract", contracts), among("month", months)).values_list(*_USED)
)
_used_by = Prepared(lambda customer, months: ContractMonth.objects.filter(among("month", months), customer=customer).values_list(*_USED))


def ends_on(allowance: Allowance, now: datetime) -> date | None:
    """The day on which the allowance ends at the pace of this month's business hours so far.

    None when it lasts, when nothing of it is used or left, and before the month's first business hour has passed.
    """
    contract = allowance.contract
    zone = ZoneInfo(contract.calendar.time_zone)
    since, until = (datetime.combine(day, time(), zone) for day in (allowance.month, allowance.resets_on))
    coverage = history(contract.calendar_id).known_at(now)
    passed, whole = coverage.elapsed(since, now), coverage.elapsed(since, until)
    used, left = allowance.used.allowance, allowance.left_minutes
    if passed <= 0 or not used or not left or left * passed / used >= whole - passed:
        return None
    return coverage.add(now, left * passed / used).astimezone(zone).date()


# --- Where they went -----------------------------------------------------------------------------------------------------
class Taken(NamedTuple):
    """Minutes from a source; `label` says which in words."""

    source: str
    label: str
    minutes: int


@dataclass(frozen=True)
class Log:
    """A log's part of a month. `when`: by the contract's clock."""

    day: date
    when: str
    agent: str
    note: str
    worked_minutes: int
    taken: Sequence[Taken]


@dataclass(frozen=True)
class TicketHours:
    ticket: Ticket
    logs: Sequence[Log]
    taken: Sequence[Taken]

    @property
    def worked_minutes(self) -> int:
        return sum(log.worked_minutes for log in self.logs)


@dataclass(frozen=True)
class MonthHours:
    """`private_minutes`: of allowance and package, used on tickets that the reader does not see."""

    allowance: Allowance
    tickets: Sequence[TicketHours]
    private_minutes: int
    statement: Statement | None


def month_hours(contract: Contract, month: date) -> MonthHours:
    """A contract's month by ticket, as far as the scope shows it. Five queries."""
    allowance = allowance_of(contract, month)
    slices = Slice.objects.filter(contract=contract, month=month).select_related("log__ticket", "log__agent")
    parts = list(slices.prefetch_related("allocations").order_by("log__ticket_id", "began_at", "log_id", "position"))
    by_ticket: dict[int, dict[int, list[Slice]]] = {}
    for part in parts:
        by_ticket.setdefault(part.log.ticket_id, {}).setdefault(part.log_id, []).append(part)
    statement = Statement.objects.filter(contract=contract, month=month).first()
    zone, label = ZoneInfo(contract.calendar.time_zone), _label if statement is None else _label_when_closed
    tickets = [_of_ticket(list(logs.values()), zone, label) for logs in by_ticket.values()]
    seen = sum(t.minutes for ticket in tickets for t in ticket.taken if t.source in (Source.ALLOWANCE, Source.PACKAGE))
    return MonthHours(allowance, tickets, max(0, sum(allowance.used) - seen), statement)


def _of_ticket(logs: Sequence[Sequence[Slice]], zone: ZoneInfo, label: Callable[[Allocation], str]) -> TicketHours:
    made = [_log(parts, zone, label) for parts in logs]
    return TicketHours(logs[0][0].log.ticket, made, _summed([one for log in made for one in log.taken]))


def _log(parts: Sequence[Slice], zone: ZoneInfo, label: Callable[[Allocation], str]) -> Log:
    began_at, ended_at = parts[0].began_at.astimezone(zone), parts[-1].ended_at.astimezone(zone)
    log = parts[0].log
    return Log(
        day=began_at.date(),
        when=f"{date_format(began_at, 'TIME_FORMAT')}–{date_format(ended_at, 'TIME_FORMAT')}",
        agent=log.agent.display_name,
        note=log.note,
        worked_minutes=sum(part.worked_minutes for part in parts),
        taken=_summed([Taken(one.source, label(one), one.minutes) for part in parts for one in part.allocations.all()]),
    )


def _label(one: Allocation) -> str:
    return _("Approved request %(id)s") % {"id": one.request_id} if one.request_id else str(one.get_source_display())


def _label_when_closed(one: Allocation) -> str:
    """What nobody approved waits for no approval any more: nothing is charged for it."""
    return _("Not charged") if one.source == Source.UNAUTHORISED else _label(one)


def _summed(taken: Sequence[Taken]) -> list[Taken]:
    minutes: dict[tuple[str, str], int] = {}
    for source, label, count in taken:
        minutes[source, label] = minutes.get((source, label), 0) + count
    order = list(Source.values)
    return sorted(
        (Taken(source, label, count) for (source, label), count in minutes.items()), key=lambda one: (order.index(one.source), one.label)
    )


# --- The year --------------------------------------------------------------------------------------------------------------
def months_until(month: date, count: int = MONTHS_SHOWN) -> list[date]:
    """So many months that end with this one, oldest first."""
    number = month.year * 12 + month.month - 1
    return [date(each // 12, each % 12 + 1, 1) for each in range(number - count + 1, number + 1)]


def year_picture(contract: Contract, month: date) -> Picture:
    """Functional hours of twelve months: from the allowance, from the package, and approved beyond. Two queries."""
    months = months_until(month)
    used = _used([contract], set(months))
    beyond = _approved(contract, months)
    named = [date_format(each, "YEAR_MONTH_FORMAT") for each in months]
    series = [_series(_("Allowance"), [used.get((contract.pk, each), Granted(0, 0)).allowance for each in months], "accent")]
    if any(granted(contract, each).package for each in months):
        series.append(
            _series(_("Package"), [used.get((contract.pk, each), Granted(0, 0)).package for each in months], "info", hatched=True)
        )
    series.append(_series(_("Approved beyond"), [beyond.get(each, 0) for each in months], "warn"))
    chart = Chart(
        id="year",
        title=_("Twelve months of hours"),
        description=_("What was used of the hours included, and what was approved beyond them."),
        heading=_("Month"),
        categories=named,
        short=[date_format(each, "M Y") for each in months],
        series=series,
        also=[_series(_("Included"), [granted(contract, each).allowance for each in months], "quiet")],
        scale=charts.time_scale,
    )
    return Picture(chart, charts.columns)


def _series(label: str, minutes: Sequence[int], tone: str, *, hatched: bool = False) -> Series:
    """In seconds, as charts of time have it."""
    return Series(label, [count * MINUTE for count in minutes], tone, hatched, form=lambda seconds: spell(seconds // MINUTE))


def _approved(contract: Contract, months: Sequence[date]) -> dict[date, int]:
    functional = Allocation.objects.filter(
        contract=contract, month__in=months, source=Source.APPROVAL, request__kind=ChargeRequest.Kind.FUNCTIONAL_EXCESS
    )
    return dict(functional.order_by().values_list("month").annotate(Sum("minutes")))


# --- A contract's months, for staff ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class MonthLine:
    """`minutes`: by source; `statement`: where it is closed."""

    allowance: Allowance
    minutes: Mapping[str, int]
    statement: Statement | None

    @property
    def month(self) -> date:
        return self.allowance.month

    @property
    def free(self) -> int:
        """Minutes that cost nothing whatever the allowance: repairs, and courtesy outside hours."""
        return self.minutes.get(Source.INCLUDED, 0) + self.minutes.get(Source.COURTESY, 0)


def months_of(contract: Contract, now: datetime) -> list[MonthLine]:
    """The last two years of a contract, newest first, as far as it goes back. Three queries."""
    today = month_of(contract.today(now))
    months = [month for month in months_until(today, 2 * MONTHS_SHOWN) if month >= month_of(contract.first_date)]
    used = _used([contract], set(months))
    taken: dict[date, dict[str, int]] = {}
    rows = Allocation.objects.filter(contract=contract, month__in=months).order_by().values_list("month", "source").annotate(Sum("minutes"))
    for month, source, minutes in rows:
        taken.setdefault(month, {})[source] = minutes
    closed = {statement.month: statement for statement in Statement.objects.filter(contract=contract)}
    return [
        MonthLine(
            Allowance(contract, month, granted(contract, month), used.get((contract.pk, month), Granted(0, 0))),
            taken.get(month, {}),
            closed.get(month),
        )
        for month in reversed(months)
    ]
