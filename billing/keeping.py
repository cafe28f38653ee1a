"""What is kept of a contract's hours in rows, what should be, and how they differ: written, or told in words (BIL-8)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from django.db.models import QuerySet

from billing.allocation import Hours
from billing.facts import Slice as Part
from billing.facts import Source, month_of
from billing.models import Allocation, ChargeRequest, ContractMonth, Slice
from contracts.models import Contract
from helpdesk.lib.prepared import Prepared, among, together
from helpdesk.lib.statements import Statement
from helpdesk.lib.writing import Insert

Months = Collection[date]
Place = tuple[int, date]  # a log, and a month in which it has minutes
GRANTED = ("allowance_minutes", "allowance_used_minutes", "package_minutes", "package_used_minutes")
COLUMNS = ("day", "began_at", "ended_at", "type", "is_in_hours", "worked_minutes", "chargeable_minutes")


class Taken(NamedTuple):
    """Minutes of a slice, from which source; `request`: by which approval."""

    source: str
    minutes: int
    request: int | None


class Piece(NamedTuple):
    """A slice, with what it was taken from."""

    day: date
    began_at: datetime
    ended_at: datetime
    type: str
    is_in_hours: bool
    worked_minutes: int
    chargeable_minutes: int
    taken: tuple[Taken, ...]


Line = tuple[Any, ...]  # a slice with one of its allocations: the columns of SLICE and TAKEN


@dataclass(frozen=True)
class Rows:
    """`lines`: by log, in the order of their time. `months`: minutes granted and used, as GRANTED has it. `used`: those that approvals served."""

    lines: Mapping[int, list[Line]]
    months: Mapping[date, tuple[int, ...]]
    used: Mapping[int, int]

    @cached_property
    def pieces(self) -> dict[Place, list[Piece]]:
        pieces = defaultdict[Place, list[Piece]](list)
        for of_log in self.lines.values():
            for (log, month, *columns), lines in groupby(of_log, itemgetter(slice(len(SLICE)))):
                taken = tuple(Taken(*line[len(SLICE) :]) for line in lines if line[len(SLICE)] is not None)
                pieces[log, month].append(Piece._make((*columns, taken)))
        return dict(pieces)

    def of(self, logs: Collection[int]) -> "Rows":
        """Without what is known of other logs."""
        return Rows({log: self.lines[log] for log in self.lines.keys() & logs}, self.months, self.used)

    def unauthorised(self) -> dict[int, int]:
        """Minutes that nobody agreed to, by log; logs without any are left out."""
        minutes = defaultdict[int, int](int)
        for (log, _month), pieces in self.pieces.items():
            for piece in pieces:
                for taken in piece.taken:
                    if taken.source == Source.UNAUTHORISED:
                        minutes[log] += taken.minutes
        return dict(minutes)


def kept(contract: Contract, months: Months | None, approvals: Collection[int]) -> Rows:
    """What the tables say; `months`: of these only."""
    if months is None:
        slices, rows = _all_slices(contract.pk), _all_months(contract.pk)
    else:
        wanted = sorted(months)
        slices, rows = together(_slices.question(contract.pk, wanted), _months.question(contract.pk, wanted)) if wanted else ([], [])
    lines = defaultdict[int, list[Line]](list)
    for line in slices:
        lines[line[0]].append(line)
    return Rows(
        lines,
        {month: tuple(values) for month, *values in rows},
        dict(ChargeRequest.objects.filter(pk__in=approvals).values_list("pk", "used_minutes") if approvals else ()),
    )


SLICE = ("log_id", "month", *COLUMNS)
TAKEN = ("allocations__source", "allocations__minutes", "allocations__request_id")


def _with_taken(slices: "QuerySet[Slice]") -> Any:
    """Each slice once for each of its allocations, or once without any."""
    return slices.order_by("log_id", "month", "position", "allocations__position").values_list(*SLICE, *TAKEN)


_all_slices: "Prepared[tuple[Any, ...]]" = Prepared(lambda contract: _with_taken(Slice.objects.filter(contract=contract)))
_slices: "Prepared[tuple[Any, ...]]" = Prepared(
    lambda contract, months: _with_taken(Slice.objects.filter(among("month", months), contract=contract))
)
_all_months: "Prepared[tuple[Any, ...]]" = Prepared(
    lambda contract: ContractMonth.objects.filter(contract=contract).values_list("month", *GRANTED)
)
_months: "Prepared[tuple[Any, ...]]" = Prepared(
    lambda contract, months: ContractMonth.objects.filter(among("month", months), contract=contract).values_list("month", *GRANTED)
)


def due(hours: Hours, months: Months | None, approvals: Collection[int]) -> Rows:
    """What they should say; without `months`, of all in which there is work."""
    lines: dict[int, list[Line]] = {}
    for log, parts in hours.slices.items():
        of_log = [line for part in parts for line in _lines(part) if months is None or line[1] in months]
        if of_log:
            lines[log] = of_log
    granted = {line[1] for of_log in lines.values() for line in of_log} if months is None else months
    return Rows(
        lines,
        {month: tuple(attrgetter(*GRANTED)(hours.month(month))) for month in granted},
        {pk: hours.approvals[pk].used_minutes for pk in approvals},
    )


def _lines(part: Part) -> list[Line]:
    log, _ticket, start, end, day, *hours, allocations = part
    own = (log, month_of(day), day, start, end, *hours)
    return [(*own, *taken) for taken in allocations or NOTHING_TAKEN]


NOTHING_TAKEN = ((None, None, None),)


def differing(before: Rows, now: Rows) -> tuple[Rows, Rows]:
    """Both, without the logs that are the same in both: most of a month's are."""
    logs = {log for log in before.lines.keys() | now.lines.keys() if before.lines.get(log) != now.lines.get(log)}
    return before.of(logs), now.of(logs)


def write(contract: Contract, before: Rows, now: Rows) -> None:
    """Make the tables say what they should: only what differs is touched."""
    places = before.pieces.keys() | now.pieces.keys()
    changed = {place for place in places if before.pieces.get(place) != now.pieces.get(place)}
    _remove(contract, changed & before.pieces.keys())
    if come := sorted(changed & now.pieces.keys()):
        _insert(contract, {place: now.pieces[place] for place in come})
    months = [month for month, granted in now.months.items() if before.months.get(month) != granted]
    if months:
        _keep_months(contract, {month: now.months[month] for month in months})
    for pk, minutes in now.used.items():
        if before.used.get(pk) != minutes:
            ChargeRequest.objects.filter(pk=pk).update(used_minutes=minutes)


def _remove(contract: Contract, places: Iterable[Place]) -> None:
    by_month = defaultdict[date, list[int]](list)
    for log, month in places:
        by_month[month].append(log)
    for month, logs in by_month.items():
        slices = Slice.objects.filter(contract=contract, month=month, log__in=logs)
        Allocation.objects.filter(contract=contract, month=month, slice__in=slices.values("pk")).delete()
        slices.delete()


def _insert(contract: Contract, pieces: Mapping[Place, list[Piece]]) -> None:
    of_contract = {"customer_id": contract.customer_id, "contract_id": contract.pk}
    slices, taken = [], []
    for (log, month), of_place in pieces.items():
        for position, piece in enumerate(of_place, start=1):
            columns = dict(zip(COLUMNS, piece, strict=False))
            slices.append(Slice(log_id=log, month=month, position=position, **columns, **of_contract))
            taken.append(piece.taken)
    _new_slices(slices)
    allocations = [
        Allocation(
            slice=row, month=row.month, position=position, source=one.source, minutes=one.minutes, request_id=one.request, **of_contract
        )
        for row, of_slice in zip(slices, taken, strict=True)
        for position, one in enumerate(of_slice, start=1)
    ]
    if allocations:
        _new_allocations(allocations)


_new_slices = Insert(Slice)
_new_allocations = Insert(Allocation)


def _keep_months(contract: Contract, months: Mapping[date, tuple[int, ...]]) -> None:
    columns = zip(*((month, *granted) for month, granted in sorted(months.items())), strict=True)
    KEEP_MONTHS.rows([contract.customer_id, contract.pk, *map(list, columns)])


KEEP_MONTHS = Statement.named(
    """
    INSERT INTO billing_contractmonth (
        customer_id, contract_id, month, allowance_minutes, allowance_used_minutes, package_minutes, package_used_minutes
    )
    SELECT %(customer)s::bigint, %(contract)s::bigint, *
    FROM unnest(%(month)s::date[], %(allowance)s::int[], %(allowance_used)s::int[], %(package)s::int[], %(package_used)s::int[])
    ON CONFLICT (customer_id, contract_id, month) DO UPDATE SET
        allowance_minutes = excluded.allowance_minutes, allowance_used_minutes = excluded.allowance_used_minutes,
        package_minutes = excluded.package_minutes, package_used_minutes = excluded.package_used_minutes
    RETURNING month
    """,
    *("customer", "contract", "month", "allowance", "allowance_used", "package", "package_used"),
)


# --- In words ---------------------------------------------------------------------------------------------------------
def differences(before: Rows, now: Rows) -> Iterator[str]:
    """What is kept otherwise than it should be, in words without anyone's text."""
    for log, month in sorted(before.pieces.keys() | now.pieces.keys()):
        was, should = before.pieces.get((log, month), []), now.pieces.get((log, month), [])
        if was != should:
            yield f"log {log} in {month:%Y-%m}: kept as {_shown(was)}, not as {_shown(should)}"
    for month, granted in sorted(now.months.items()):
        if before.months.get(month) != granted:
            yield f"{month:%Y-%m}: kept are {_granted(before.months.get(month))}, not {_granted(granted)}"
    for pk, minutes in sorted(now.used.items()):
        if before.used.get(pk) != minutes:
            yield f"charge request {pk}: {before.used.get(pk)} minutes are kept as used, not {minutes}"


def _shown(pieces: Iterable[Piece]) -> str:
    return "; ".join(_piece_shown(piece) for piece in pieces) or "nothing"


def _piece_shown(piece: Piece) -> str:
    taken = " + ".join(f"{one.minutes} {one.source}{f' {one.request}' if one.request else ''}" for one in piece.taken) or "nothing"
    hours = "in hours" if piece.is_in_hours else "off-hours"
    span = f"{piece.began_at:%FT%H:%M}-{piece.ended_at:%H:%MZ}"
    return f"{piece.type} {hours} {span}, {piece.worked_minutes} worked, {piece.chargeable_minutes} chargeable: {taken}"


def _granted(values: tuple[int, ...] | None) -> str:
    if values is None:
        return "no minutes"
    allowance, allowance_used, package, package_used = values
    return f"{allowance_used} of {allowance} and {package_used} of {package} minutes"
