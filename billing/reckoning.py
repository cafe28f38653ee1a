"""The only way to change what a contract's hours follow from: alone with it, and reckoned before anyone else sees it (BIL-8).

    with acting_for(customer_id), book(contract_id, now=now) as hours:
        hours.enter(Entry.Kind.LOGGED, log, by=agent)

The contract's row is the lock: who comes second waits, and sees what the first left. Contracts are locked before tickets, always. At
the end of the block the months concerned are reckoned as a whole and written where they differ; then what follows from that is done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property

from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from billing import keeping
from billing.allocation import Hours, allocate
from billing.commands import consequences
from billing.keeping import Rows
from billing.models import ContractMonth, Entry, Ledger, Slice, TakenIn, WorkLog
from billing.statements import Account
from billing.stories import Bounds, Known, known_of, linked, months_between, part_of, story_of, zone_of
from contracts.models import Contract
from helpdesk.lib.prepared import Prepared
from helpdesk.lib.refusals import Refusal
from helpdesk.lib.writing import Insert
from sla.locks import HOLD_STILL
from tickets.commands import settle_contract
from tickets.models import Ticket

__all__ = ["Book", "alone_with", "book", "story_of"]


class MovedMeanwhile(Refusal):
    sentence = _("This ticket was moved to another contract a moment ago. Send it once more, in a few seconds.")


@contextmanager
def book(contract_id: int, *, now: datetime) -> Iterator["Book"]:
    """A contract's hours, alone until the transaction ends; reckoned when the block does, if it told of something new.

    The scope is the caller's: the staff's, or a command's of the contract's customer. Raises Contract.DoesNotExist.
    """
    opened = Book(alone_with(contract_id), now)
    yield opened
    opened.reckon()


def alone_with(contract_id: int) -> Contract:
    """The contract, locked until the transaction ends, with its ledger. Raises Contract.DoesNotExist."""
    assert connection.in_atomic_block, "the caller entered a scope"
    # Calendars before any row, as whoever locks a ticket does. What is read is asked for behind the lock, not along with it: whoever
    # waited for that would be shown what was there before the wait.
    found = _contracts.behind(f"{HOLD_STILL}; SELECT FROM contracts_contract WHERE id = {int(contract_id)} FOR NO KEY UPDATE", contract_id)
    if not found:
        raise Contract.DoesNotExist
    return found[0]


_contracts = Prepared(lambda contract: Contract.objects.select_related("calendar", "customer", "ledger").filter(pk=contract))
_taken_in = Prepared(
    lambda ticket: TakenIn.objects.select_related("ticket").filter(ticket=ticket).only("contract_id", "ticket__contract_id")
)
_entries = Insert(Entry)
# Before an entry, in the same round trip.
NUMBERED = "UPDATE billing_ledger SET last_number = %s, last_at = %s WHERE id = %s"


class Book:
    """A locked contract and what is new of it. After the reckoning: `hours` of `months`, by what was `known`, and their rows `before` and `after`,
    of the logs of which they differ.

    Months that nothing new concerns are not looked at: what the hours of all of them are, and their money, is `account()`.
    """

    def __init__(self, contract: Contract, now: datetime) -> None:
        self.contract, self.now = contract, now
        self.months: set[date] = set()
        self.hours: Hours | None = None
        self.known: Known | None = None
        self.before = self.after = Rows({}, {}, {})
        self._logs: set[int] = set()
        self._tickets: set[int] = set()
        self._months: set[date] = set()
        self._all = False

    # What is new

    def enter(self, kind: Entry.Kind, log: WorkLog, *, by: Person | None, reason: str = "") -> Entry:
        """Write down what became of a log, which was saved so; the next number is given.

        Entries go on in the order of their numbers: one from a clock that lags is dated as the last.
        """
        ledger = self._ledger
        ledger.last_number, ledger.last_at = ledger.last_number + 1, max(ledger.last_at or self.now, self.now)
        if kind == Entry.Kind.LOGGED:  # it was nowhere before
            self._months.update(months_between(log.began_at, log.ended_at, zone_of(self.contract)))
        else:
            self._logs.add(log.pk)
        entry = Entry(
            customer_id=self.contract.customer_id,
            contract=self.contract,
            number=ledger.last_number,
            kind=kind,
            log=log,
            ticket_id=log.ticket_id,
            began_at=log.began_at,
            ended_at=log.ended_at,
            note=log.note,
            at=ledger.last_at,
            by=by,
            reason=reason,
        )
        _entries([entry], after=NUMBERED, after_values=[ledger.last_number, ledger.last_at, ledger.pk])
        return entry

    def keep(self, ticket: Ticket) -> None:
        """From now on what the ticket's story says anew is taken in: it has work, or a charge request. Twice is once.

        Raises MovedMeanwhile when its hours are another contract's, or are about to be: what came here would stay behind.
        """
        under = _taken_in.first(ticket.pk)
        if under is None:
            row = TakenIn(customer_id=ticket.customer_id, ticket=ticket, contract=self.contract, position=ticket.event_count)
            TakenIn.objects.bulk_create([row], ignore_conflicts=True)
            under = _taken_in.first(ticket.pk)
        if under is None or {under.contract_id, under.ticket.contract_id} != {self.contract.pk}:
            raise MovedMeanwhile

    def touch(self, ticket_id: int) -> None:
        """The hours of this ticket may be others: an approval came or ended, or its story went on."""
        self._tickets.add(ticket_id)

    def touch_month(self, month: date) -> None:
        """What this month grants, or what of it is kept, may be otherwise."""
        self._months.add(month)

    def touch_all(self) -> None:
        """Any hours of the contract may be others: it was amended, or is verified."""
        self._all = True

    def take_in_terms(self) -> None:
        """Look whether the contract was amended, suspended or ended since; with anything else that is new, that is looked at anyway."""
        self._follow_contract(known_of(self.contract).bounds)

    def settle(self, month: date) -> None:
        """A month is closed: tickets with work in it stay under this contract from now on (CON-3). Raises MovedAway for one that left."""
        self.reckon()
        worked_on = Slice.objects.filter(contract=self.contract, month=month).values_list("log__ticket_id", flat=True)
        settle_contract(contract=self.contract, ticket_ids=set(worked_on), now=self.now)

    # What comes of it

    def account(self) -> Account:
        """The contract's hours and money, all of them, as they are now with what was told until here. Reads the whole story."""
        return Account(story_of(self.contract))

    def reckon(self) -> None:
        """Bring the rows to what the story says, and do what follows from that, until nothing is new."""
        while self._has_news():
            self.known = known_of(self.contract)
            self._follow_contract(self.known.bounds)
            self._reckon(self.known)
            consequences.follow(self, now=self.now)

    @cached_property
    def _ledger(self) -> Ledger:
        """Made with the first thing that is told. The contract's lock is its lock too."""
        known: Ledger | None = getattr(self.contract, "ledger", None)
        return known or Ledger.objects.create(contract=self.contract, customer_id=self.contract.customer_id)

    def _has_news(self) -> bool:
        return bool(self._logs or self._tickets or self._months or self._all)

    def _follow_contract(self, bounds: Bounds) -> None:
        """An amendment or a standing since the last time may concern any month."""
        ledger = self._ledger
        if (ledger.terms_count, ledger.standings_count) != bounds:
            self._all = True
            ledger.terms_count, ledger.standings_count = bounds
            ledger.save(update_fields=["terms_count", "standings_count"])

    def _reckon(self, known: Known) -> None:
        months, tickets = linked(
            self.contract, known.approvals, self._concerned(), logs=self._logs, tickets=self._tickets, everything=self._all
        )
        self._logs, self._tickets, self._months, self._all = set(), set(), set(), False
        self.hours, self.months = allocate(part_of(self.contract, known, months, tickets=tickets)), months
        approvals = [pk for pk, served in self.hours.approvals.items() if served.approval.ticket in tickets]
        kept, due = keeping.kept(self.contract, months, approvals), keeping.due(self.hours, months, approvals)
        self.before, self.after = keeping.differing(kept, due)
        keeping.write(self.contract, self.before, self.after)

    def _concerned(self) -> set[date]:
        """Months that were named, and all that have a row when anything may be otherwise."""
        if not self._all:
            return self._months
        return self._months | set(ContractMonth.objects.filter(contract=self.contract).values_list("month", flat=True))
