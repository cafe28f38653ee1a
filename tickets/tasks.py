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
    return commands.sweep_uploads(now=timezone.now())
