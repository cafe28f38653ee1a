"""What amending, suspending or verifying would do to a contract's hours, before anybody does it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import transaction
from django.utils.formats import date_format

from billing.facts import Qualification, Story, month_after, month_of
from billing.models import TakenIn
from billing.moves import MonthMove, moves, sentences, verified
from billing.queries.hours import months_until
from billing.stories import story_of
from contracts.models import Contract
from tickets.models import Ticket, Type

MONTHS_AHEAD = 2


@dataclass(frozen=True)
class Effect:
    """What months would have otherwise, in words: from `month` until `until`, alike. `logs`: how many pieces of work are concerned.

    `is_corrected`: the month is closed, and what it comes to changes.
    """

    month: date
    until: date
    is_corrected: bool
    sentences: Sequence[str]
    logs: int

    def goes_on_with(self, other: "Effect") -> bool:
        """Whether the next month is no different."""
        alike = self.sentences == other.sentences and not (self.logs or other.logs or self.is_corrected or other.is_corrected)
        return alike and month_after(self.until) == other.month


def effects_of(contract: Contract, act: Callable[[], object], now: datetime) -> list[Effect]:
    """What `act` on the contract would do to its months, those to come included; nothing of it stays. Raises what `act` does."""
    before = story_of(contract)
    with transaction.atomic():
        act()
        after = story_of(Contract.objects.select_related("calendar").get(pk=contract.pk))
        transaction.set_rollback(True)
    today = month_of(contract.today(now))
    ahead = months_until(date(today.year + 1, today.month, 1), 12 + MONTHS_AHEAD)
    return _joined(_effect(move, contract.currency) for move in moves(before, after, ahead))


def _joined(effects: Iterable[Effect]) -> list[Effect]:
    found: list[Effect] = []
    for effect in effects:
        if found and found[-1].goes_on_with(effect):
            found[-1] = replace(found[-1], until=effect.until)
        else:
            found.append(effect)
    return found


def effects_of_verdicts(ticket: Ticket, now: datetime) -> dict[str, list[str]]:
    """By type: what a verdict for it would do to the contract's hours, as sentences; empty for a ticket without work or request."""
    if not TakenIn.objects.filter(ticket=ticket).exists():
        return {}
    contract = Contract.objects.select_related("calendar").get(pk=ticket.contract_id)
    story = story_of(contract)
    return {type: _told(_moves_by_verdict(story, ticket, type, now), contract.currency) for type in Type.values}


def _moves_by_verdict(story: Story, ticket: Ticket, type: str, now: datetime) -> list[MonthMove]:
    return moves(story, verified(story, ticket.pk, Qualification(at=now, type=type, verdict=True)))


def _told(found: Sequence[MonthMove], currency: str) -> list[str]:
    return [f"{date_format(move.month, 'YEAR_MONTH_FORMAT')}: {' '.join(sentences(move, currency))}" for move in found]


def _effect(move: MonthMove, currency: str) -> Effect:
    return Effect(move.month, move.month, move.is_closed and bool(move.cents), sentences(move, currency), len(move.logs))
