"""How late time is noticed (SLA-9), for whoever watches the installation."""

from datetime import datetime

from django.db.models import Min

from sla.models import Clock, Firing


def waits_for(now: datetime) -> float:
    """For how many seconds the oldest step or miss has waited to be noticed or told; 0 when none does. Two looks into small indexes."""
    noticed = Clock.objects.filter(look_at__lt=now).aggregate(at=Min("look_at"))["at"]
    told = Firing.objects.filter(told_at=None, at__lt=now).aggregate(at=Min("at"))["at"]
    oldest = min((at for at in (noticed, told) if at is not None), default=now)
    return (now - oldest).total_seconds()
