"""What time does to accounts."""

from celery import shared_task
from django.utils import timezone

from accounts import limits


@shared_task
def sweep_counters() -> int:
    """Remove counters of attempts whose time is over."""
    return limits.sweep_counters(now=timezone.now())
