"""What happens below is taken into the hours: verdicts, moves to another contract, amendments (BIL-8, BIL-9, CON-2, CON-3).

Tickets and contracts know nothing of hours. Their stories are looked through by a sweep, which finds what they have more of than it
took in, and which keeps nothing in memory; a verdict counts from the instant at which it was given.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from accounts.tenancy import as_provider
from billing.models import ChargeRequest, Entry, Ledger, TakenIn, WorkLog
from billing.reckoning import Book, book
from billing.stories import PRICING
from contracts.models import Standing, Terms
from tickets.models import Event, Ticket

log = logging.getLogger(__name__)

LOOKED_BACK = timedelta(days=7)  # for tickets that changed, every few seconds; once a night at all of them


@dataclass(frozen=True)
class News:
    """A ticket whose story went on. `under`: the contract that has its hours, `to`: the one it is under now."""

    row: TakenIn
    under: int
    to: int
    position: int

    @property
    def is_moved(self) -> bool:
        return self.under != self.to


def take_in(*, everything: bool = False, now: datetime) -> int:
    """Let hours follow what tickets and contracts tell anew; returns how many contracts were reckoned.

    `everything`: also what changed long ago, as after an outage of weeks. A contract that can't be reckoned is logged and passed over.
    """
    with as_provider():
        news = _news(since=None if everything else now - LOOKED_BACK)
        concerned = set(_amended()) | {one.under for one in news}
    by_contract = defaultdict[int, list[News]](list)
    for one in news:
        by_contract[one.under].append(one)
    return sum(_followed(contract, by_contract[contract], now) for contract in sorted(concerned))


def take_in_contract(*, contract_id: int, now: datetime) -> None:
    """The same for one contract at once, for whoever can't wait for the sweep."""
    with as_provider():
        news = [one for one in _news(since=None, contract_id=contract_id) if one.under == contract_id]
    _follow(contract_id, news, now)


def take_in_ticket(*, ticket_id: int, now: datetime) -> int:
    """The same for the contract that has a ticket's hours, if one has them yet; returns the id of the one that it is under."""
    with as_provider():
        contract, under = Ticket.objects.values_list("contract_id", "taken_in__contract_id").get(pk=ticket_id)
    if under is not None:
        take_in_contract(contract_id=under, now=now)
    return int(contract)


def _followed(contract: int, news: Collection[News], now: datetime) -> bool:
    try:
        _follow(contract, news, now)
    except Exception:
        if not connection.is_usable():
            raise  # it is not this contract: the next sweep finds the database again
        log.exception("contract %s could not be reckoned; the others go on", contract)
        return False
    return True


def _follow(contract: int, news: Collection[News], now: datetime) -> None:
    """Stories first, in one go; then each ticket that left, with its hours."""
    with as_provider(), book(contract, now=now) as hours:
        hours.take_in_terms()
        for one in news:
            if not one.is_moved:
                hours.touch(one.row.ticket_id)
                _note(one)
    for one in news:
        if one.is_moved:
            _move(one, now)


def _note(one: News) -> None:
    """The story is taken in as far as it was read, which is no further than what the reckoning reads after this."""
    TakenIn.objects.filter(pk=one.row.pk).update(position=one.position)


def _news(*, since: datetime | None, contract_id: int | None = None) -> list[News]:
    """Tickets that moved, or whose price may have changed; of the others it is noted that they were looked at."""
    rows = TakenIn.objects.filter(Q(position__lt=F("ticket__event_count")) | ~Q(contract=F("ticket__contract")))
    if since is not None:
        rows = rows.filter(ticket__changed_at__gte=since)
    if contract_id is not None:
        rows = rows.filter(contract=contract_id)
    told = rows.annotate(under=F("contract_id"), to=F("ticket__contract_id"), count=F("ticket__event_count")).order_by("pk")
    news = [News(row, row.under, row.to, row.count) for row in told]
    priced = _priced({one.row.ticket_id: one.row.position for one in news})
    found = [one for one in news if one.is_moved or one.row.ticket_id in priced]
    _note_all([one for one in news if one not in found])
    return found


def _priced(positions: Mapping[int, int]) -> set[int]:
    """Of tickets whose stories are known so far, those that tell more of what prices follow from."""
    if not positions:
        return set()
    events = Event.objects.filter(ticket__in=positions, kind__in=PRICING).values_list("ticket_id", "position")
    return {ticket for ticket, position in events if position > positions[ticket]}


def _note_all(news: Collection[News]) -> None:
    for one in news:
        one.row.position = one.position
    TakenIn.objects.bulk_update([one.row for one in news], ["position"], batch_size=500)


def _amended() -> list[int]:
    """Contracts with more terms or standings than were taken in."""
    ledgers = Ledger.objects.annotate(terms=_count_of(Terms), standings=_count_of(Standing))
    return list(ledgers.exclude(terms_count=F("terms"), standings_count=F("standings")).values_list("contract_id", flat=True))


def _count_of(model: type[Terms | Standing]) -> Coalesce:
    """How many of them the ledger's contract has."""
    of_contract = model._default_manager.filter(contract=OuterRef("contract")).order_by().values("contract")
    return Coalesce(Subquery(of_contract.annotate(count=Count("pk")).values("count")), 0)


# --- A ticket that was moved ------------------------------------------------------------------------------------------
def _move(one: News, now: datetime) -> None:
    """A ticket's logs leave with it, and what was approved for it: unless the other contract has another currency, of which nobody spoke.

    Both contracts are locked in the order of their ids, as everyone does who needs two.
    """
    first, second = sorted((one.under, one.to))
    with as_provider(), book(first, now=now) as one_book, book(second, now=now) as other_book:
        books = {opened.contract.pk: opened for opened in (one_book, other_book)}
        if TakenIn.objects.filter(pk=one.row.pk, contract=one.under, ticket__contract=one.to).update(
            contract=one.to, position=one.position
        ):
            _move_hours(one.row.ticket_id, books[one.under], books[one.to])


def _move_hours(ticket_id: int, source: Book, target: Book) -> None:
    logs = list(WorkLog.objects.filter(ticket=ticket_id, contract=source.contract, deleted_at=None).order_by("began_at", "pk"))
    for work in logs:
        source.enter(Entry.Kind.LEFT, work, by=None)
    WorkLog.objects.filter(pk__in=[work.pk for work in logs]).update(contract=target.contract)
    source.touch(ticket_id)
    if source.contract.currency == target.contract.currency:
        ChargeRequest.objects.filter(ticket=ticket_id, contract=source.contract).update(contract=target.contract)
    source.reckon()  # its rows go before the others come: a log has each of its parts once
    for work in logs:
        target.enter(Entry.Kind.ARRIVED, work, by=None)
    target.touch(ticket_id)
