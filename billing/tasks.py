"""What time does to hours and charges."""

import logging

from celery import shared_task
from django.utils import timezone

from billing.commands import requests, stories, verification, work
from tickets.commands import database_now

log = logging.getLogger(__name__)

VERIFYING_SECONDS = 4 * 3600  # at most


@shared_task
def take_in() -> int:
    """Let hours follow what tickets and contracts tell anew."""
    return stories.take_in(now=timezone.now())


@shared_task
def sweep_charge_requests() -> int:
    """Let requests expire that nobody answered in time, and remind of those whose time runs out; by the database's clock."""
    now = database_now()
    return requests.expire_due(now=now) + requests.remind_due(now=now)


@shared_task
def warn_of_timers() -> int:
    """Tell those whose timer has run for hours."""
    return work.warn_of_timers(now=timezone.now())


@shared_task(time_limit=VERIFYING_SECONDS)
def verify_allocations() -> int:
    """Hold all hours against the contracts' stories, and log each contract that differs; returns how many differences there are."""
    found = 0
    for verified in verification.verify_allocations(now=timezone.now()):
        found += len(verified.differences)
        log.error("contract %s: %s differences between its hours and its story", verified.pk, len(verified.differences))
    return found
