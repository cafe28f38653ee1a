"""A statement before it is closed, as the rows that closing would keep: what the account manager looks at is what the customer gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.conf import settings

from billing.facts import Slice as Part
from billing.facts import Source, month_of
from billing.models import Allocation, Review, Statement, StatementLine, WorkLog
from billing.statements import Account, Line
from contracts.models import Contract

ORDER = [*Allocation.Source.values, ""]


class Cost(NamedTuple):
    """Of one log's minutes by one request in a month: what was billed, or is."""

    log: int
    request: int
    ticket: int
    day: str  # ISO
    minutes: int
    cents: int


@dataclass(frozen=True)
class Draft:
    """Unsaved rows: the statement without number and author, and its lines in their order."""

    statement: Statement
    lines: Sequence[StatementLine]


def draft(contract: Contract, account: Account, month: date, now: datetime) -> Draft:
    """An open month's statement as it would be closed now. `contract`: with calendar and customer. ValueError for a closed month."""
    open_month = account.statement(month)
    worked = _Worked(account, open_month.lines, month, contract)
    corrections = [
        StatementLine(kind=StatementLine.Kind.CORRECTION, of_month=one.of_month, amount_cents=one.amount_cents)
        for one in open_month.corrections
    ]
    fee = StatementLine(kind=StatementLine.Kind.PACKAGE_FEE, of_month=month, amount_cents=open_month.package_fee_cents)
    lines = [*([fee] if fee.amount_cents else []), *worked.lines(), *corrections]
    statement = Statement(
        customer_id=contract.customer_id,
        contract=contract,
        month=month,
        number="",
        closed_at=now,
        currency=contract.currency,
        total_cents=open_month.total_cents,
        agreed=_agreed(contract, account, month, lines) | {"corrections": [_details(contract, account, c.of_month) for c in corrections]},
    )
    for position, line in enumerate(lines, start=1):
        line.customer_id, line.position = contract.customer_id, position
    return Draft(statement, lines)


class _Worked:
    """The lines of work of a month: what each log took from each source."""

    def __init__(self, account: Account, lines: Sequence[Line], month: date, contract: Contract) -> None:
        self._lines, self._month = lines, month
        self.parts = parts_in(account, month)
        self._logs = {log.pk: log for log in WorkLog.objects.filter(pk__in=self.parts).select_related("agent", "ticket")}
        self._reasons = reasons(contract, month)

    def lines(self) -> list[StatementLine]:
        """What each log took from each source; logs whose minutes others' rounding had in it already, with none."""
        costing = {line.log for line in self._lines}
        made = [self._line(line) for line in self._lines]
        made += [StatementLine(amount_cents=0, **self._of_log(log)) for log in self.parts if log not in costing]
        return sorted(made, key=lambda line: (line.ticket_id, line.began_at, line.log_id, ORDER.index(line.source)))

    def _line(self, line: Line) -> StatementLine:
        return StatementLine(
            **self._of_log(line.log),
            request_id=line.approval,
            source=str(line.source),
            minutes=line.minutes,
            billed_minutes=line.billed_minutes,
            rate_cents=line.rate_cents,
            amount_cents=line.amount_cents,
            reason=self._reasons.get((line.log, line.approval), "") if _is_less(line) else "",
        )

    def _of_log(self, pk: int) -> dict[str, Any]:
        log, parts = self._logs[pk], self.parts[pk]
        return {
            "kind": StatementLine.Kind.WORK,
            "ticket": log.ticket,
            "log": log,
            "of_month": self._month,
            "began_at": parts[0].start,
            "ended_at": parts[-1].end,
            "agent_name": log.agent.display_name,
            "note": log.note,
        }


def parts_in(account: Account, month: date) -> dict[int, list[Part]]:
    """The parts of a month by log, of those that have any."""
    found = {log: [part for part in parts if month_of(part.day) == month] for log, parts in account.hours.slices.items()}
    return {log: parts for log, parts in found.items() if parts}


def _is_less(line: Line) -> bool:
    """Whether a review's reason belongs to the line: it costs less than it took, or what nobody approved was written off."""
    return line.source == Source.UNAUTHORISED or (line.approval is not None and line.billed_minutes < line.minutes)


def reasons(contract: Contract, month: date) -> Mapping[tuple[int, int | None], str]:
    """Why less is charged, by log and request: the latest word."""
    rows = Review.objects.filter(contract=contract, month=month).order_by("pk")
    less = (Review.Verdict.REDUCED, Review.Verdict.WRITTEN_OFF)
    found = rows.values_list("log_id", "request_id", "verdict", "reason")
    return {(log, request): reason if verdict in less else "" for log, request, verdict, reason in found}


def _agreed(contract: Contract, account: Account, month: date, lines: Sequence[StatementLine]) -> dict[str, Any]:
    hours, terms = account.hours.month(month), contract.terms_on(month)
    return {
        "provider": settings.PROVIDER_NAME,
        "customer": contract.customer.name,
        "contract": contract.number,
        "zone": contract.calendar.time_zone,
        "account_manager": contract.account_manager.display_name,
        "allowance_minutes": hours.allowance_minutes,
        "allowance_used_minutes": hours.allowance_used_minutes,
        "package_minutes": hours.package_minutes,
        "package_used_minutes": hours.package_used_minutes,
        "increment_minutes": terms.increment_minutes,
        "lines": len(lines),
        "minutes": sum(line.minutes for line in lines),
    }


# --- Corrections ------------------------------------------------------------------------------------------------------
def _details(contract: Contract, account: Account, of_month: date) -> dict[str, Any]:
    """What changed in a closed month since statements last spoke of it, by log and request, so that its correction can be followed."""
    before, after = _told(contract, of_month), _now(account, of_month)
    pairs = [(before.get(key), after.get(key)) for key in sorted(before.keys() | after.keys())]
    whole = [(was or _without(is_now), is_now or _without(was)) for was, is_now in pairs]
    return {"of_month": of_month.isoformat(), "rows": [{"before": [*was], "after": [*is_now]} for was, is_now in whole if was != is_now]}


def _without(cost: Cost | None) -> Cost:
    """The same log and request when nothing was billed of it, or nothing is any more."""
    assert cost is not None, "one of the two is there"
    return cost._replace(minutes=0, cents=0)


def _told(contract: Contract, of_month: date) -> dict[tuple[int, int], Cost]:
    """As the month's own statement has it, then as each correction since left it."""
    lines = StatementLine.objects.filter(
        statement__contract=contract, statement__month=of_month, kind=StatementLine.Kind.WORK, request__isnull=False
    )
    columns = ("log_id", "request_id", "ticket_id", "began_at", "billed_minutes", "amount_cents")
    known = {}
    for log, request, ticket, began_at, minutes, cents in lines.values_list(*columns):
        day = contract.calendar.day_of(began_at).isoformat()
        known[log, request] = Cost(log, request, ticket, day, minutes, cents)
    later = Statement.objects.filter(contract=contract, lines__kind=StatementLine.Kind.CORRECTION, lines__of_month=of_month)
    for agreed in later.order_by("closed_at", "pk").values_list("agreed", flat=True):
        for one in agreed["corrections"]:
            if one["of_month"] == of_month.isoformat():
                known |= {(cost.log, cost.request): cost for cost in (Cost(*row["after"]) for row in one["rows"])}
    return known


def _now(account: Account, of_month: date) -> dict[tuple[int, int], Cost]:
    found = {}
    for line in account.lines(of_month):
        if line.approval is not None:
            day = next(part.day for part in account.hours.slices[line.log] if month_of(part.day) == of_month).isoformat()
            found[line.log, line.approval] = Cost(line.log, line.approval, line.ticket, day, line.billed_minutes, line.amount_cents)
    return found
