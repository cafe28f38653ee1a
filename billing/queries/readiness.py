"""How far months are from being closed: what each line still needs, and what stands in the way (BIL-10).

For many contracts at once by a number of queries that does not grow with them; closing one asks the same.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from hashlib import sha256
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Exists, Max, OuterRef, Sum

from billing.facts import cost_cents, month_after
from billing.models import Allocation, ChargeRequest, ContractMonth, Correction, Entry, ListedLog, Review, Slice, Statement, Timer
from contracts.models import Contract

Source = Allocation.Source


class LineKey(NamedTuple):
    """What a log took in a month from one request; `request` none: what nobody approved."""

    log: int
    request: int | None


class Need(StrEnum):
    """What a line needs, or what was said of it."""

    UNAUTHORISED = "unauthorised"  # nobody approved it, and nobody is asked
    WAITING = "waiting"  # a request lists it
    RETURNED = "returned"  # to the agent, who has not corrected it
    TO_REVIEW = "to_review"
    APPROVED = "approved"
    REDUCED = "reduced"
    WRITTEN_OFF = "written_off"


OPEN_NEEDS = (Need.UNAUTHORISED, Need.WAITING, Need.RETURNED, Need.TO_REVIEW)
ASKED = (ChargeRequest.State.TO_RELEASE, ChargeRequest.State.WAITING)
DRAFTED = (ChargeRequest.State.WISHED, ChargeRequest.State.DRAFT)  # nobody is asked yet, so nobody is waited for


class Said(NamedTuple):
    """The latest word on a line. `minutes`: that it had then; `most`: that it may cost."""

    verdict: str
    minutes: int
    most: int
    at: datetime
    reason: str
    by: int


@dataclass
class Readiness:
    """One contract's month. `minutes`: of lines that cost or lack an approval; `asked`: requests without an answer, and the logs of it
    that they list; `drafted`: those that are not sent yet."""

    contract: Contract
    month: date
    is_over: bool
    number: str = ""
    earlier: list[date] = field(default_factory=list)
    minutes: dict[LineKey, int] = field(default_factory=dict)
    said: dict[LineKey, Said] = field(default_factory=dict)
    corrected: dict[int, datetime] = field(default_factory=dict)
    asked: dict[int, set[int]] = field(default_factory=dict)
    drafted: dict[int, set[int]] = field(default_factory=dict)
    timers: list[Timer] = field(default_factory=list)
    has_work: bool = False
    owed_cents: int = 0

    @property
    def is_closed(self) -> bool:
        return bool(self.number)

    @property
    def needs(self) -> dict[LineKey, Need]:
        """Of each line that costs, lacks an approval, or was returned."""
        returned = {key for key in self.said if key.request is None and self._is_returned(key)}
        return {key: self._need(key) for key in sorted(self.minutes.keys() | returned, key=lambda key: (key.log, key.request or 0))}

    def keys(self, wanted: Need) -> list[LineKey]:
        """The lines that need this."""
        return [key for key, need in self.needs.items() if need == wanted]

    @property
    def unseen(self) -> str:
        """SHA-256 of the lines that nobody has said a word of yet, with their minutes: what is approved is what was looked at."""
        return sha256(repr([(*key, self.minutes[key]) for key in self.keys(Need.TO_REVIEW)]).encode()).hexdigest()

    def count(self, *needs: Need) -> int:
        return sum(need in needs for need in self.needs.values())

    @property
    def is_ready(self) -> bool:
        """Nothing stands in the way of closing it."""
        return self.is_over and not (self.is_closed or self.earlier or self.timers or self.asked or self.count(*OPEN_NEEDS))

    def _need(self, key: LineKey) -> Need:
        said = self.said.get(key)
        if self._is_returned(key):
            return Need.RETURNED
        counts = said is not None and said.verdict != Review.Verdict.RETURNED and said.minutes == self.minutes.get(key, 0)
        if said is not None and counts:
            return Need(said.verdict)
        if key.request is not None:
            return Need.TO_REVIEW
        return Need.WAITING if any(key.log in logs for logs in self.asked.values()) else Need.UNAUTHORISED

    def _is_returned(self, key: LineKey) -> bool:
        said, corrected = self.said.get(key), self.corrected.get(key.log)
        return said is not None and said.verdict == Review.Verdict.RETURNED and (corrected is None or corrected <= said.at)


def readiness(contracts: Sequence[Contract], month: date, now: datetime) -> dict[int, Readiness]:
    """By contract, of a month by its first day. `contracts`: with their calendars. Nine queries."""
    found = {contract.pk: Readiness(contract, month, is_over=contract.today(now) >= month_after(month)) for contract in contracts}
    _add_statements(found, month)
    _add_earlier(found, month)
    _add_lines(found, month)
    _add_words(found, month)
    _add_requests(found, month)
    _add_timers(found, month)
    return found


def readiness_of(contract: Contract, month: date, now: datetime) -> Readiness:
    return readiness([contract], month, now)[contract.pk]


def _add_statements(found: Mapping[int, Readiness], month: date) -> None:
    for contract, number in Statement.objects.filter(contract__in=found, month=month).values_list("contract_id", "number"):
        found[contract].number = number


def _add_earlier(found: Mapping[int, Readiness], month: date) -> None:
    """Months before with work or corrections that aren't closed: statements come in order. Months with nothing need none."""
    is_closed = Exists(Statement.objects.filter(contract=OuterRef("contract"), month=OuterRef("month")))
    has_work = Exists(Slice.objects.filter(contract=OuterRef("contract"), month=OuterRef("month")))
    worked = ContractMonth.objects.filter(has_work, ~is_closed, contract__in=found, month__lt=month).values_list("contract_id", "month")
    owed = Correction.objects.filter(contract__in=found, month__lte=month).values_list("contract_id", "month", "amount_cents")
    for contract, earlier in worked:
        found[contract].earlier.append(earlier)
    for contract, lands, cents in owed:
        if lands == month:
            found[contract].owed_cents += cents
        elif lands not in found[contract].earlier:
            found[contract].earlier.append(lands)
    for one in found.values():
        one.earlier.sort()


def _add_lines(found: Mapping[int, Readiness], month: date) -> None:
    for contract in Slice.objects.filter(contract__in=found, month=month).values_list("contract_id", flat=True).distinct():
        found[contract].has_work = True
    taken = Allocation.objects.filter(contract__in=found, month=month, source__in=(Source.APPROVAL, Source.UNAUTHORISED))
    rows = taken.order_by().values_list("contract_id", "slice__log_id", "request_id").annotate(Sum("minutes"))
    for contract, log, request, minutes in rows:
        found[contract].minutes[LineKey(log, request)] = minutes


def _add_words(found: Mapping[int, Readiness], month: date) -> None:
    """The latest word on each line, and when its log was last entered."""
    columns = ("contract_id", "log_id", "request_id", "verdict", "minutes", "most_minutes", "at", "reason", "by_id")
    for contract, log, request, *said in Review.objects.filter(contract__in=found, month=month).order_by("pk").values_list(*columns):
        found[contract].said[LineKey(log, request)] = Said(*said)
    logs = {key.log for one in found.values() for key in one.said}
    entered = Entry.objects.filter(log__in=logs).order_by().values_list("contract_id", "log_id").annotate(Max("at"))
    for contract, log, at in entered:
        if contract in found:
            found[contract].corrected[log] = at


def _add_requests(found: Mapping[int, Readiness], month: date) -> None:
    worked = Exists(Slice.objects.filter(log=OuterRef("log"), contract=OuterRef("log__contract"), month=month))
    listed = ListedLog.objects.filter(worked, log__contract__in=found, request__state__in=(*ASKED, *DRAFTED))
    for contract, request, state, log in listed.values_list("log__contract_id", "request_id", "request__state", "log_id"):
        requests = found[contract].asked if state in ASKED else found[contract].drafted
        requests.setdefault(request, set()).add(log)


def _add_timers(found: Mapping[int, Readiness], month: date) -> None:
    """Those that run since the month, whose work is still missing from it."""
    timers = Timer.objects.filter(ticket__contract__in=found).select_related("ticket", "agent").order_by("started_at")
    for timer in timers:
        one = found[timer.ticket.contract_id]
        if timer.started_at < datetime.combine(month_after(month), time(), ZoneInfo(one.contract.calendar.time_zone)):
            one.timers.append(timer)


# --- What open months come to --------------------------------------------------------------------------------------------
def amounts(found: Collection[Readiness], month: date) -> dict[int, int]:
    """By contract, in cents: what the lines of an open month cost, as the engine has it, without fee and corrections. One query.

    An approval's lines together never cost more than was shown as the most, so all its lines of any month count, in order of entry.
    """
    requests = {key.request for one in found for key in one.minutes if key.request is not None}
    order = Entry.objects.filter(
        log=OuterRef("slice__log"), contract=OuterRef("contract"), kind__in=(Entry.Kind.LOGGED, Entry.Kind.ARRIVED)
    )
    taken = Allocation.objects.filter(request__in=requests).order_by()
    columns = ("request_id", "request__rate_cents", "request__accepted_minutes", "contract_id", "slice__log_id", "month")
    rows = taken.values_list(*columns).annotate(minutes=Sum("minutes"), entered=order.order_by("-number").values("number")[:1])
    said = _said_less(requests)
    cents = dict.fromkeys((one.contract.pk for one in found), 0)
    whole = sorted(rows, key=lambda row: (row[0], row[-1] or 0, row[5]))
    for _request, lines in groupby(whole, key=lambda row: row[0]):
        for contract, of_month, amount in _costs(lines, said):
            if of_month == month and contract in cents:
                cents[contract] += amount
    return cents


def _said_less(requests: Collection[int | None]) -> dict[tuple[date, int, int], int]:
    """The most minutes that reviewed lines may cost, where that is less than they took."""
    columns = ("month", "log_id", "request_id", "verdict", "most_minutes")
    rows = Review.objects.filter(request__in=requests).order_by("pk").values_list(*columns)
    latest = {(month, log, request): (verdict, most) for month, log, request, verdict, most in rows}
    less = (Review.Verdict.REDUCED, Review.Verdict.WRITTEN_OFF)
    return {key: most for key, (verdict, most) in latest.items() if verdict in less}


def _costs(lines: Iterable[tuple], said: Mapping[tuple[date, int, int], int]) -> Iterable[tuple[int, date, int]]:  # type: ignore[type-arg]
    left: int | None = None
    for request, rate, accepted, contract, log, month, minutes, _entered in lines:
        left = cost_cents(accepted, rate) if left is None else left
        amount = min(cost_cents(min(minutes, said.get((month, log, request), minutes)), rate), left)
        left -= amount
        yield contract, month, amount
