"""A contract's story as facts: what was agreed, what its tickets were from when on, what was entered, approved, said and closed.

Read whole, or for some months. Rows as plain tuples: a month may have a thousand logs. To be asked as the staff or in a command,
since customers see neither what was entered nor what staff wrote of a ticket.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Q, Sum

from billing.facts import (
    Agreement,
    Approval,
    Closing,
    Corrected,
    Deleted,
    Kind,
    Logged,
    Qualification,
    Review,
    State,
    Story,
    month_after,
    month_of,
)
from billing.facts import Entry as Told
from billing.facts import Standing as Stood
from billing.facts import Terms as Agreed
from billing.models import LONGEST, ChargeRequest, Entry, ListedLog, Statement
from billing.models import Review as ReviewRow
from contracts.models import Contract, Standing, Terms, fold
from helpdesk.lib.prepared import Prepared, among, compared, together
from sla.queries.calendars import histories_of, question_of_histories
from sla.queries.policies import rules
from tickets.models import Event
from tickets.promising import version_at_opening
from tickets.qualifying import Effect

Months = Collection[date]
INSTANT = timedelta(microseconds=1)
# What a ticket's price may follow from.
PRICING = (Event.Kind.OPENED, Event.Kind.DECLARED, Event.Kind.VERIFIED, Event.Kind.PROMISE_MOVED)


def zone_of(contract: Contract) -> ZoneInfo:
    """In which the contract has its days and months. Reads the calendar unless it was selected along."""
    return ZoneInfo(contract.calendar.time_zone)


def months_between(began_at: datetime, ended_at: datetime, zone: ZoneInfo) -> list[date]:
    """The local months that [began_at, ended_at) touches, by their first days."""
    month, last = (month_of(at.astimezone(zone).date()) for at in (began_at, ended_at - INSTANT))
    months = [month]
    while month < last:
        month = month_after(month)
        months.append(month)
    return months


def story_of(contract: Contract) -> Story:
    """All that the contract's hours and money follow from. `contract`: with its calendar."""
    known = known_of(contract)
    entries = _entries(contract, None)
    return Story(
        agreement=known.agreement,
        tickets=qualifications_of(_worked_on(entries) | {approval.ticket for approval in known.approvals}),
        entries=entries,
        approvals=_with_listed(known.approvals),
        reviews=_reviews(contract),
        closings=_closings(contract),
    )


def part_of(contract: Contract, known: "Known", months: Months, *, tickets: Collection[int] = (), more: Sequence[Told] = ()) -> Story:
    """What the hours of these months follow from, which must be whole (`linked`). Its money is not: that follows from the whole story.

    `tickets`: whose approvals matter although nobody worked on them. `more`: entries that are not there, to see what they would do.
    """
    entries = [*_entries(contract, months), *more]
    concerned = _worked_on(entries).union(tickets)
    return Story(
        agreement=known.agreement,
        tickets=qualifications_of(concerned),
        entries=entries,
        approvals=_with_listed([approval for approval in known.approvals if approval.ticket in concerned]),
        closings=known.closings,
    )


def _worked_on(entries: Iterable[Told]) -> set[int]:
    return {entry.ticket for entry in entries if isinstance(entry, Logged | Corrected)}


# --- What was agreed --------------------------------------------------------------------------------------------------
class Bounds(NamedTuple):
    """How much of a contract's own story is known: what it has more of is news (see `Ledger`)."""

    terms: int
    standings: int


class Known(NamedTuple):
    """What is known of a contract without looking at its work.

    approvals  all that were accepted, without the logs that they list.
    closings   when months were closed, without what was billed for them.
    is_asked   there are charge requests that are not over.
    """

    agreement: Agreement
    bounds: Bounds
    approvals: Sequence[Approval]
    closings: Sequence[Closing]
    is_asked: bool


def known_of(contract: Contract) -> Known:
    """In one round trip. `contract`: with its calendar."""
    calendars = [contract.calendar_id]
    terms, standings, requests, closings, marks = together(
        *(prepared.question(contract.pk) for prepared in (_terms, _standings, _requests, _closed)), question_of_histories(calendars)
    )
    agreement = Agreement(
        zone=zone_of(contract),
        calendar=histories_of(calendars, marks)[contract.calendar_id],
        first_date=contract.first_date,
        terms=[_agreed(terms, day) for day in sorted({row.from_date for row in terms})],
        standings=[Stood(day, State(state)) for day, state in standings],
    )
    return Known(
        agreement,
        Bounds(len(terms), len(standings)),
        [_approval(*row) for row in requests if row[ACCEPTED_AT] is not None],
        [Closing(month=month, at=at) for month, at in closings],
        is_asked=any(row[OVER_AT] is None for row in requests),
    )


_terms = Prepared(lambda contract: Terms.objects.filter(contract=contract).order_by("number"))
_standings: "Prepared[tuple[date, str]]" = Prepared(
    lambda contract: Standing.objects.filter(contract=contract).order_by("from_date", "pk").values_list("from_date", "state")
)
REQUEST = ("pk", "ticket_id", "kind", "accepted_minutes", "rate_cents", "accepted_at", "work_from", "work_until", "state", "over_at")
ACCEPTED_AT, OVER_AT = REQUEST.index("accepted_at"), REQUEST.index("over_at")
# Those that matter still: accepted, or not over.
_requests: "Prepared[tuple[Any, ...]]" = Prepared(
    lambda contract: (
        ChargeRequest.objects.filter(Q(accepted_at__isnull=False) | Q(over_at=None), contract=contract).order_by("pk").values_list(*REQUEST)
    )
)
_closed: "Prepared[tuple[date, datetime]]" = Prepared(
    lambda contract: Statement.objects.filter(contract=contract).order_by("month").values_list("month", "closed_at")
)


def _approval(
    pk: int,
    ticket: int,
    kind: str,
    minutes: int,
    rate: int,
    accepted_at: datetime,
    work_from: datetime | None,
    work_until: datetime | None,
    state: str,
    over_at: datetime | None,
) -> Approval:
    return Approval(
        id=pk,
        ticket=ticket,
        kind=Kind(kind),
        ceiling_minutes=minutes,
        rate_cents=rate,
        accepted_at=accepted_at,
        work_from=work_from,
        work_until=work_until,
        ended_at=over_at if state == ChargeRequest.State.ENDED else None,
    )


def _with_listed(approvals: Sequence[Approval]) -> list[Approval]:
    """With the logs of earlier work that they cover too."""
    if not approvals:
        return []
    listed = defaultdict[int, set[int]](set)
    rows = ListedLog.objects.filter(request__in=[approval.id for approval in approvals])
    for request, log in rows.values_list("request_id", "log_id"):
        listed[request].add(log)
    return [replace(approval, listed=frozenset(listed[approval.id])) for approval in approvals]


def _agreed(rows: Sequence[Terms], day: date) -> Agreed:
    ruling = fold(rows, day)
    return Agreed(
        from_date=day,
        last_date=ruling.last_date,
        allowance_minutes=ruling.allowance_minutes,
        package_minutes=ruling.package_minutes,
        package_fee_cents=ruling.package_fee_cents,
        functional_rate_cents=ruling.functional_rate_cents,
        off_hours_rate_cents=ruling.off_hours_rate_cents,
        update_rate_cents=ruling.update_rate_cents,
        increment_minutes=ruling.increment_minutes,
    )


# --- What tickets were ------------------------------------------------------------------------------------------------
def qualifications_of(tickets: Collection[int]) -> dict[int, list[Qualification]]:
    """What each ticket was from when on, as far as prices go; by one query for all of them.

    An event that was written by a machine whose clock lagged is dated as the one before it.
    """
    found: dict[int, _Qualified] = {}
    for ticket_id, version_id, kind, at, data in _pricing(sorted(tickets)) if tickets else ():
        if ticket_id not in found:
            found[ticket_id] = _Qualified(version_id or version_at_opening(ticket_id))
        found[ticket_id].hear(kind, at, data)
    return {ticket_id: qualified.told for ticket_id, qualified in found.items()}


_pricing: "Prepared[tuple[int, int | None, str, datetime, dict[str, Any]]]" = Prepared(
    lambda tickets: (
        Event.objects.filter(among("ticket_id", tickets), kind__in=PRICING)
        .order_by("ticket_id", "position")
        .values_list("ticket_id", "ticket__promise__opened_version_id", "kind", "at", "data")
    )
)


class _Qualified:
    """One ticket's qualifications as its events tell them. `version_id`: of the policy that rules meanwhile."""

    def __init__(self, version_id: int) -> None:
        self._version_id, self._value = version_id, ("", "")
        self.told: list[Qualification] = []

    def hear(self, kind: str, at: datetime, data: Mapping[str, str | int]) -> None:
        if kind == Event.Kind.DECLARED and data["effect"] == Effect.CLAIMED:
            return
        if kind == Event.Kind.PROMISE_MOVED:
            self._version_id = int(data["version"])
        else:
            self._value = str(data["type"]), str(data["severity"])
        at = max(at, self.told[-1].at) if self.told else at
        always = rules(self._version_id).rows[self._value].always
        self.told.append(Qualification(at=at, type=self._value[0], always=always, verdict=kind == Event.Kind.VERIFIED))


# --- What was entered -------------------------------------------------------------------------------------------------
class Linked(NamedTuple):
    """Months that follow from each other and from no others, and the tickets with approvals of which these are all the months."""

    months: set[date]
    tickets: set[int]


def linked(
    contract: Contract,
    approvals: Iterable[Approval],
    months: Months = (),
    *,
    logs: Collection[int] = (),
    tickets: Collection[int] = (),
    everything: bool = False,
) -> Linked:
    """The months given and those of these logs and tickets (or of `everything`), with all that they are linked to.

    Months have nothing to do with each other but by approvals, which a ticket's work of several months may use up (M17).
    """
    zone = zone_of(contract)
    approved = {approval.ticket for approval in approvals}
    entries = _of_all(contract.pk) if everything else _entries_of(contract, approved.union(tickets), logs)
    of_ticket = defaultdict[int, set[date]](set)
    found = set(months)
    for log, ticket, began_at, ended_at in entries:
        between = months_between(began_at, ended_at, zone)
        of_ticket[ticket].update(between)
        if everything or log in logs or ticket in tickets:
            found.update(between)
    if everything:
        return Linked(found, approved)
    whole = set(tickets)
    while more := [ticket for ticket in approved if not of_ticket[ticket].isdisjoint(found)]:
        approved.difference_update(more)
        whole.update(more)
        found.update(*(of_ticket[ticket] for ticket in more))
    return Linked(found, whole)


def _entries_of(contract: Contract, tickets: Collection[int], logs: Collection[int]) -> list[tuple[int, int, datetime, datetime]]:
    """What was ever entered on these tickets or about these logs."""
    return _of_some(contract.pk, sorted(tickets), sorted(logs)) if tickets or logs else []


_of_all: "Prepared[tuple[int, int, datetime, datetime]]" = Prepared(
    lambda contract: Entry.objects.filter(contract=contract).order_by().values_list("log_id", "ticket_id", "began_at", "ended_at")
)
_of_some: "Prepared[tuple[int, int, datetime, datetime]]" = Prepared(
    lambda contract, tickets, logs: (
        Entry.objects.filter(contract=contract)
        .annotate(wanted=among("ticket_id", tickets), touched=among("log_id", logs))
        .filter(Q(wanted=True) | Q(touched=True))
        .order_by()
        .values_list("log_id", "ticket_id", "began_at", "ended_at")
    )
)


def _entries(contract: Contract, months: Months | None) -> list[Told]:
    """Of some months: all entries about the logs that ever touched them."""
    if months is None:
        return [_told(*row) for row in _all_entries(contract.pk)]
    zone = zone_of(contract)
    runs = [[datetime.combine(day, time(), zone) for day in (first, month_after(last))] for first, last in _runs(months)]
    if len(runs) != 1:
        entries = Entry.objects.filter(contract=contract, log__in=_touching(contract, runs)).order_by("number")
        return [_told(*row) for row in entries.values_list(*ENTRY)]
    ((since, until),) = runs
    return [_told(*row) for row in _entries_between(contract.pk, since - LONGEST, until, since)]


ENTRY = ("number", "kind", "log_id", "ticket_id", "began_at", "ended_at", "at")
_all_entries: "Prepared[tuple[Any, ...]]" = Prepared(
    lambda contract: Entry.objects.filter(contract=contract).order_by("number").values_list(*ENTRY)
)
# Told by its beginning too, which the index knows: no log is longer than that. As a list, each of which is looked up: joined by an
# estimate of a few, a thousand would be compared with a thousand.
_entries_between: "Prepared[tuple[Any, ...]]" = Prepared(
    lambda contract, before, until, since: (
        Entry.objects.filter(
            among(
                "log_id",
                ArraySubquery(
                    Entry.objects.filter(
                        compared("began_at", ">", before),
                        compared("began_at", "<", until),
                        compared("ended_at", ">", since),
                        contract=contract,
                    )
                    .order_by()
                    .values("log")
                ),
            ),
            contract=contract,
        )
        .order_by("number")
        .values_list(*ENTRY)
    )
)


def _touching(contract: Contract, runs: Iterable[Sequence[datetime]]) -> Any:
    """Logs that ever touched one of several runs of months."""
    touches = Q(pk=None)
    for since, until in runs:
        touches |= Q(began_at__gt=since - LONGEST, began_at__lt=until, ended_at__gt=since)
    return Entry.objects.filter(touches, contract=contract).values("log")


def _told(number: int, kind: str, log: int, ticket: int, began_at: datetime, ended_at: datetime, at: datetime) -> Told:
    told = TOLD.get(kind)
    if told is None:
        return Deleted(at=at, number=number, log=log)
    return told(at=at, number=number, log=log, ticket=ticket, start=began_at, end=ended_at)


TOLD: Mapping[str, type[Logged | Corrected]] = {
    Entry.Kind.LOGGED: Logged,
    Entry.Kind.ARRIVED: Logged,
    Entry.Kind.CORRECTED: Corrected,
}


def _runs(months: Months) -> Iterator[tuple[date, date]]:
    """Months that follow on each other, as (first, last)."""
    first = last = None
    for month in sorted(months):
        if last is not None and month == month_after(last):
            last = month
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = month
    if first is not None and last is not None:
        yield first, last


# --- What was said and closed -------------------------------------------------------------------------------------------------
def _reviews(contract: Contract) -> list[Review]:
    """The latest word on each line, where it lets the line cost less: approved and returned ones cost what they took."""
    rows = ReviewRow.objects.filter(contract=contract, request__isnull=False).order_by("pk")
    latest = {
        (month, log, request): (verdict, most)
        for month, log, request, verdict, most in rows.values_list("month", "log_id", "request_id", "verdict", "most_minutes")
    }
    return [
        Review(month=month, log=log, approval=request, most_minutes=most)
        for (month, log, request), (verdict, most) in latest.items()
        if verdict in (ReviewRow.Verdict.REDUCED, ReviewRow.Verdict.WRITTEN_OFF)
    ]


def _closings(contract: Contract) -> list[Closing]:
    closed_at: dict[date, datetime] = {}
    billed = defaultdict[date, dict[date, int]](dict)
    rows = Statement.objects.filter(contract=contract).order_by("month")
    for month, at, of_month, cents in rows.values_list("month", "closed_at", "lines__of_month").annotate(cents=Sum("lines__amount_cents")):
        closed_at[month] = at
        if of_month is not None:
            billed[month][of_month] = cents
    return [Closing(month=month, at=at, billed_cents=billed[month]) for month, at in closed_at.items()]
