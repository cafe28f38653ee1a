"""What time does to calendars."""

from celery import shared_task
from django.utils import timezone

from sla.commands import calendars


@shared_task
def extend_calendars() -> int:
    """Keep the holidays of the next ten years known; returns how many calendars got more, which is none on most days."""
    return calendars.extend_calendars(now=timezone.now())
