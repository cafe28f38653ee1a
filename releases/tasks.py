"""What time does to releases: publishing what is due, telling everybody, telling tickets, comparing and sweeping files."""

from celery import shared_task
from django.utils import timezone

from releases import commands


@shared_task
def publish_due() -> int:
    """Publish what was scheduled for now or earlier."""
    return commands.publish_due(now=timezone.now())


@shared_task
def distribute() -> int:
    """Owe the next mails of releases that are being announced."""
    return commands.distribute(now=timezone.now())


@shared_task
def tell_tickets() -> int:
    """Tell tickets of known issues that a release fixes."""
    return commands.tell_tickets(now=timezone.now())


@shared_task
def compare_artifacts() -> int:
    """Compare stored files with what was uploaded: what was just published, and every week each of them."""
    return commands.compare_artifacts(now=timezone.now())


@shared_task
def sweep_files() -> int:
    """Remove stored files that no row knows."""
    return commands.sweep_files(now=timezone.now())
