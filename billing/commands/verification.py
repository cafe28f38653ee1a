"""Holding what is kept of hours against the contracts' whole stories, and mending what differs (BIL-8)."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime

from django.core.cache import cache

from accounts.tenancy import as_provider
from billing import keeping
from billing.commands.stories import take_in, take_in_contract
from billing.queries.verification import LAST_FOUND, SPOILT, contracts_with_hours, differences_of, rows_of
from billing.reckoning import alone_with
from contracts.models import Contract
from helpdesk.lib.verifying import Verified


def verify_allocations(*, only: Collection[int] = (), mend: bool = False, now: datetime) -> Iterator[Verified]:
    """Every contract, or every one of `only`, of which something differs, as soon as it is found; mended where that is asked for.

    All months are reckoned from the whole story, however few a change is reckoned by. What tickets and contracts told that no sweep has
    taken in yet is no difference: it is taken in before. When all contracts were looked at, what differs still is noted for the figures.
    """
    left = 0
    if not only:
        take_in(everything=True, now=now)
    with as_provider():
        contracts = sorted(only) or contracts_with_hours()
    for contract_id in contracts:
        verified = _verify(contract_id, mend=mend, now=now)
        if verified is not None:
            left += len(verified.left)
            yield verified
    if not only:
        cache.set(LAST_FOUND, left, timeout=None)


def _verify(contract_id: int, *, mend: bool, now: datetime) -> Verified | None:
    """While people work, a contract's rows are read at different instants: one that seems to differ is looked at again alone."""
    with as_provider():
        if not differences_of(Contract.objects.select_related("calendar").get(pk=contract_id)):
            return None
    take_in_contract(contract_id=contract_id, now=now)
    with as_provider():
        contract = alone_with(contract_id)
        found = differences_of(contract)
        if not found:
            return None
        return Verified(contract_id, f"contract {contract_id}", found, _mend(contract) if mend else found)


def _mend(contract: Contract) -> list[str]:
    """Rewrite what follows from the story by it, and return what differs still: facts themselves are not touched, and nobody is told."""
    with suppress(*SPOILT):
        keeping.write(contract, *rows_of(contract))
    return differences_of(contract)
