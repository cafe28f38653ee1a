"""What time does to tickets and uploads."""

import logging
import time

from celery import shared_task
from django.utils import timezone

from tickets import commands

log = logging.getLogger(__name__)

VERIFYING_SECONDS = 4 * 3600  # at most: some fifteen hundred tickets a second
ROUND_SECONDS = 5  # of searching evidence: beat asks again soon, and mail must not wait for it


@shared_task
def close_resolved() -> int:
    """Close what was resolved a week ago; a sweep that runs twice at once closes nothing twice."""
    return commands.close_resolved(now=timezone.now())


@shared_task
def notice_due() -> int:
    """Notice steps and misses of clocks, and tell whom they concern; by the database's clock, which all sweeps share."""
    return commands.notice_due(now=commands.database_now())


@shared_task
def keep_promises() -> int:
    """Give tickets from before there were promises the ones that they had all along."""
    return commands.keep_promises(now=timezone.now())


@shared_task(time_limit=VERIFYING_SECONDS)
def verify_clocks() -> int:
    """Hold all clocks against their stories, and tell each ticket that differs; returns how many differences there are."""
    found = 0
    for verified in commands.verify_clocks(now=timezone.now()):
        found += len(verified.differences)
        log.error("ticket %s: %s differences between its clocks and its story", verified.pk, len(verified.differences))
    return found


@shared_task
def sweep_uploads() -> int:
    """Remove uploads that nothing took."""
    return commands.sweep_uploads(now=timezone.now())


@shared_task
def sweep_orphans() -> int:
    """Remove stored bytes that no row knows."""
    return commands.sweep_orphans(now=timezone.now())


@shared_task
def scan_evidence() -> int:
    """Search waiting files for identifiers of calls, the newest first, and then old messages, until the round is over.

    Returns how many files were taken.
    """
    taken = 0
    ends = time.monotonic() + ROUND_SECONDS
    while time.monotonic() < ends and (file := commands.claim_scan(now=timezone.now())):
        commands.scan(file=file, now=timezone.now())
        taken += 1
    while time.monotonic() < ends and commands.scan_messages(now=timezone.now()):
        pass
    return taken
