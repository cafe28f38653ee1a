"""How far the worker is behind with what came in, for whoever keeps the system running."""

from datetime import datetime, timedelta

from django.db.models import Min

from monitoring.models import Signal

LATELY = timedelta(days=1)


def waits_for(now: datetime) -> float:
    """For how many seconds the oldest signal has waited to be worked on; 0 when none does."""
    oldest = Signal.objects.filter(worked_at=None, parked_at=None).aggregate(at=Min("received_at"))["at"]
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def parked_lately(now: datetime) -> int:
    """Signals that could not be worked on, of the last day: they opened no ticket."""
    return Signal.objects.filter(parked_at__gt=now - LATELY).order_by().count()
