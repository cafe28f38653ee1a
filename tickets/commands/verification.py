"""Holding what is kept of clocks against their stories, and mending what differs (SLA-11)."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime

from django.core.cache import cache

from accounts.tenancy import acting_for, as_provider
from helpdesk.lib.verifying import Verified
from tickets import promising, story
from tickets.models import Ticket
from tickets.queries.verification import LAST_FOUND, differences_of, differing


def verify_clocks(*, only: Collection[int] = (), mend: bool = False, now: datetime) -> Iterator[Verified]:
    """Every ticket, or every one of `only`, that differs, as soon as it is found; mended where that is asked for.

    When all tickets were looked at, what differs still is noted for the figures.
    """
    left = 0
    for ticket, found in differing(only):
        stays = mend_clocks(ticket=ticket, now=now) if mend else found
        left += len(stays)
        yield Verified(ticket.pk, ticket.number, found, stays)
    if not only:
        cache.set(LAST_FOUND, left, timeout=None)


def mend_clocks(*, ticket: Ticket, now: datetime) -> list[str]:
    """Rewrite a ticket's promise, clocks, misses and steps by its story, and return what differs still.

    What the story knows nothing of is not removed, and nobody is told: no mail, no page.
    """
    with as_provider():
        locked = story.lock(ticket)
        with suppress(promising.SpoiltStory), acting_for(locked.customer_id):
            promising.mend(locked, now)
        return differences_of([locked.pk])[locked.pk]
