"""What is done with signals after they are stored, and what time brings. Workers share it: each environment is one worker's at a time."""

from celery import shared_task
from django.utils import timezone

from monitoring import commands


@shared_task
def work_signals() -> int:
    """What came in, then what time brought: signs of life that did not come, alerts that settled, maintenance that is over."""
    now = timezone.now()
    worked = commands.work_signals(now=now)
    return worked + commands.notice_late(now=now) + commands.settle_due(now=now) + commands.end_maintenances(now=now)


@shared_task
def shut_gates() -> int:
    """End the watch of environments whose authorisation or contract ran out."""
    return commands.shut_gates(now=timezone.now())


@shared_task
def erase_old_signals() -> int:
    """Erase what is older than its environment keeps."""
    return commands.erase_old_signals(now=timezone.now())
