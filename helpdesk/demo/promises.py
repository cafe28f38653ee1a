"""What time does to the demo's promises: steps and misses are noticed a moment after their instant, as by the sweep of a system that runs."""

from datetime import datetime, timedelta

from django.db.models import Min

from sla.models import Clock
from tickets import commands
from tickets.commands.clocks import GRACE

NOTICED_AFTER = GRACE + timedelta(seconds=1)


def notice_until(until: datetime) -> None:
    """Notice all that fell due before then, one thing after the other."""
    while (at := Clock.objects.aggregate(at=Min("look_at"))["at"]) is not None and at + NOTICED_AFTER <= until:
        noticed = commands.notice_due(now=at + NOTICED_AFTER, most=1)
        assert noticed == 1, "nobody else is there to take it"


def tell_the_rest(now: datetime) -> None:
    """Of steps that a command noticed first the sweep only tells: those of the last minutes too."""
    commands.notice_due(now=now)
