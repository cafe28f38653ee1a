"""What time does to tickets and uploads."""

from celery import shared_task
from django.utils import timezone

from tickets import commands


@shared_task
def close_resolved() -> int:
    """Close what was resolved a week ago; a sweep that runs twice at once closes nothing twice."""
    return commands.close_resolved(now=timezone.now())


@shared_task
def sweep_uploads() -> int:
    """Remove uploads that nothing took."""
    return commands.sweep_uploads(now=timezone.now())


@shared_task
def sweep_orphans() -> int:
    """Remove stored bytes that no row knows."""
    return commands.sweep_orphans(now=timezone.now())
