"""What happens to contracts by itself."""

from celery import shared_task
from django.utils import timezone

from contracts import reach


@shared_task
def announce_unreachable() -> int:
    """Tell account managers of contracts that mail reaches nobody of any more."""
    return reach.announce(now=timezone.now())
