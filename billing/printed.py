"""A statement as its readers see it: page, PDF and CSV are made of this, in the language that is active.

Made of a statement's rows as the reader's scope shows them, or of a draft's. Days and times are the contract's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.facts import Source, worked_minutes
from billing.models import Statement, StatementLine
from helpdesk.lib import money
from helpdesk.lib.sheets import Row
from tickets.models import Ticket

# What minutes cost that are billed to nobody.
FREE = {
    Source.ALLOWANCE: gettext_lazy("Allowance"),
    Source.PACKAGE: gettext_lazy("Package"),
    Source.INCLUDED: gettext_lazy("Included"),
    Source.COURTESY: gettext_lazy("Courtesy"),
    Source.UNAUTHORISED: gettext_lazy("Not charged"),
}


@dataclass(frozen=True)
class Cover:
    """What some of a log's minutes were taken from. `request`: the approved one; `note`: why less is charged."""

    source: str
    request: int | None
    label: str
    minutes: int
    billed_minutes: int
    rate_cents: int
    amount_cents: int
    note: str

    @property
    def is_charged(self) -> bool:
        """Whether it is for the customer's money: approved, whatever its rate."""
        return self.request is not None

    @property
    def is_unauthorised(self) -> bool:
        return self.source == Source.UNAUTHORISED


@dataclass(frozen=True)
class Work:
    """A log, or its part of the month. `when`: by the contract's clock."""

    log_id: int
    day: date
    when: str
    agent: str
    note: str
    worked_minutes: int
    covers: Sequence[Cover]

    @property
    def minutes(self) -> int:
        return sum(cover.minutes for cover in self.covers)

    @property
    def amount_cents(self) -> int:
        return sum(cover.amount_cents for cover in self.covers)


@dataclass(frozen=True)
class OfTicket:
    ticket: Ticket
    works: Sequence[Work]

    @property
    def minutes(self) -> int:
        return sum(work.minutes for work in self.works)

    @property
    def amount_cents(self) -> int:
        return sum(work.amount_cents for work in self.works)


@dataclass(frozen=True)
class Change:
    """A log's cost in a closed month, before and after. Those on tickets that the reader may not see are left out."""

    ticket: str
    day: date
    before_minutes: int
    after_minutes: int
    before_cents: int
    after_cents: int


@dataclass(frozen=True)
class Corrected:
    of_month: date
    number: str
    amount_cents: int
    changes: Sequence[Change]


@dataclass(frozen=True)
class Private:
    """Work on tickets that the reader may not see, as one sum."""

    minutes: int
    amount_cents: int


@dataclass(frozen=True)
class Printed:
    """`fee_cents`: none without a package fee; `private`: none when the reader sees every line."""

    statement: Statement
    tickets: Sequence[OfTicket]
    fee_cents: int | None
    corrections: Sequence[Corrected]
    private: Private | None

    @property
    def agreed(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.statement.agreed
        return found

    @property
    def is_draft(self) -> bool:
        return not self.statement.number

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.agreed["zone"])

    @property
    def title(self) -> str:
        return _("Statement %(number)s") % {"number": self.statement.number} if not self.is_draft else _("Statement, not closed yet")

    @property
    def month_name(self) -> str:
        return date_format(self.statement.month, "YEAR_MONTH_FORMAT")

    @property
    def closed_at(self) -> datetime:
        return self.statement.closed_at.astimezone(self.zone)

    @property
    def included_minutes(self) -> int:
        """What was done at no charge."""
        return sum(c.minutes for t in self.tickets for w in t.works for c in w.covers if not c.is_charged)

    def money(self, cents: int) -> str:
        return money.shown(cents, self.statement.currency)


def printed(statement: Statement, lines: Iterable[StatementLine], numbers: Mapping[date, str], tickets: Mapping[int, str]) -> Printed:
    """`lines`: in their order, with tickets, as far as the reader sees them; `numbers`: of the contract's statements, by month;

    `tickets`: numbers of those that corrections speak of, as far as the reader sees them.
    """
    lines = list(lines)
    work = [line for line in lines if line.kind == StatementLine.Kind.WORK]
    fees = [line.amount_cents for line in lines if line.kind == StatementLine.Kind.PACKAGE_FEE]
    corrections = [line for line in lines if line.kind == StatementLine.Kind.CORRECTION]
    return Printed(
        statement=statement,
        tickets=[_of_ticket(list(group), ZoneInfo(statement.agreed["zone"])) for _id, group in groupby(work, attrgetter("ticket_id"))],
        fee_cents=fees[0] if fees else None,
        corrections=[_corrected(line, statement, numbers, tickets) for line in corrections],
        private=_private(statement, lines),
    )


def _of_ticket(lines: Sequence[StatementLine], zone: ZoneInfo) -> OfTicket:
    ticket = lines[0].ticket
    assert ticket is not None, "the database refuses work without a ticket"
    return OfTicket(ticket, [_work(list(group), zone) for _log, group in groupby(lines, attrgetter("log_id"))])


def _work(lines: Sequence[StatementLine], zone: ZoneInfo) -> Work:
    first = lines[0]
    assert first.began_at is not None, "work has its times"
    assert first.ended_at is not None, "work has its times"
    assert first.log_id is not None, "the database refuses work without a log"
    began_at, ended_at = first.began_at.astimezone(zone), first.ended_at.astimezone(zone)
    return Work(
        log_id=first.log_id,
        day=began_at.date(),
        when=f"{date_format(began_at, 'TIME_FORMAT')}–{date_format(ended_at, 'TIME_FORMAT')}",
        agent=first.agent_name,
        note=first.note,
        worked_minutes=worked_minutes(began_at, ended_at),
        covers=[_cover(line) for line in lines if line.minutes],
    )


def _cover(line: StatementLine) -> Cover:
    approved = line.source == Source.APPROVAL
    label = _("Approved request %(id)s") % {"id": line.request_id} if approved else str(FREE[Source(line.source)])
    if line.source == Source.UNAUTHORISED and not line.reason:
        label = _("Not approved yet")
    return Cover(line.source, line.request_id, label, line.minutes, line.billed_minutes, line.rate_cents, line.amount_cents, line.reason)


def _corrected(line: StatementLine, statement: Statement, numbers: Mapping[date, str], tickets: Mapping[int, str]) -> Corrected:
    told = next(one for one in statement.agreed["corrections"] if one["of_month"] == line.of_month.isoformat())
    changes = [_change(row, tickets[row["after"][2]]) for row in told["rows"] if row["after"][2] in tickets]
    return Corrected(line.of_month, numbers.get(line.of_month, ""), line.amount_cents, changes)


def _change(row: Mapping[str, Sequence[Any]], ticket: str) -> Change:
    day, before_minutes, before_cents = row["before"][3:]
    after_minutes, after_cents = row["after"][4:]
    return Change(ticket, date.fromisoformat(day), before_minutes, after_minutes, before_cents, after_cents)


def _private(statement: Statement, lines: Sequence[StatementLine]) -> Private | None:
    """What the statement has besides the lines that are shown."""
    if len(lines) >= statement.agreed["lines"]:
        return None
    minutes = statement.agreed["minutes"] - sum(line.minutes for line in lines)
    return Private(minutes, statement.total_cents - sum(line.amount_cents for line in lines))


def rounded_before() -> Cover:
    """What stands beside a log without minutes of its own: the day's rounding had them in it already (BIL-4)."""
    return Cover("", None, _("Within minutes counted before"), 0, 0, 0, 0, "")


# --- As a table ----------------------------------------------------------------------------------------------------------
def header() -> list[str]:
    return [
        *(_("Day"), _("From–until"), _("Ticket"), _("Subject"), _("Done by"), _("What was done"), _("Covered by")),
        *(_("Minutes"), _("Charged minutes"), _("Rate per hour"), _("Amount"), _("Currency"), _("Remark")),
    ]


def rows(shown: Printed) -> Iterable[Row]:
    """A row for each line of the statement, and one for its total."""
    currency = shown.statement.currency
    if shown.fee_cents is not None:
        yield _row(_("Package fee"), shown.fee_cents, currency)
    for group in shown.tickets:
        for work in group.works:
            for cover in work.covers or [rounded_before()]:
                yield [
                    *(work.day.isoformat(), work.when, group.ticket.number, group.ticket.subject, work.agent, work.note),
                    *(cover.label, cover.minutes, cover.billed_minutes),
                    *(_units(cover.rate_cents) if cover.is_charged else None, _units(cover.amount_cents), currency, cover.note),
                ]
    if shown.private is not None:
        yield _row(_("Private tickets"), shown.private.amount_cents, currency, minutes=shown.private.minutes)
    for one in shown.corrections:
        label = _("Correction of %(month)s") % {"month": date_format(one.of_month, "YEAR_MONTH_FORMAT")}
        yield _row(label, one.amount_cents, currency)
    yield _row(_("Total"), shown.statement.total_cents, currency)


def _row(label: str, cents: int, currency: str, minutes: int | None = None) -> Row:
    return [None, None, None, None, None, label, None, minutes, None, None, _units(cents), currency, None]


def _units(cents: int) -> Decimal:
    """With both its decimals: 120.00."""
    return Decimal(cents).scaleb(-2)
