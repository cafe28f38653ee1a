"""What narrows a list of tickets, from its address: the same for both faces, their pages and their exports."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from tickets.finding import Finding, find
from tickets.models import TicketQuerySet


@dataclass(frozen=True)
class Filters:
    """Each is left out when empty; days are whole days of the reader's zone, the last one included."""

    words: str = ""
    customer_id: int | None = None
    requester_id: int | None = None
    product_id: int | None = None
    environment_id: int | None = None
    team_id: int | None = None
    assignee_id: int | None = None
    severity: str = ""
    type: str = ""
    status: str = ""
    opened_from: date | None = None
    opened_to: date | None = None
    loosely: bool = False  # the words, where they are a call's identifier: with those that are only alike

    def __bool__(self) -> bool:
        return replace(self, loosely=False) != Filters()

    def find(self) -> Finding:
        """What the words find, in the present scope."""
        return find(self.words, loosely=self.loosely)

    def apply(self, rows: TicketQuerySet, finding: Finding | None = None) -> TicketQuerySet:
        """The rows that fit. `finding`: what the words find, where that is known already; else it is asked."""
        if self.words:
            rows = rows.filter((finding or self.find()).condition)
        exact = ("customer_id", "requester_id", "product_id", "environment_id", "team_id", "assignee_id", "severity", "type", "status")
        rows = rows.filter(**{name: value for name in exact if (value := getattr(self, name))})
        if self.opened_from is not None:
            rows = rows.filter(opened_at__gte=_midnight(self.opened_from))
        if self.opened_to is not None:
            rows = rows.filter(opened_at__lt=_midnight(self.opened_to + timedelta(days=1)))
        return rows


def _midnight(day: date) -> datetime:
    """The beginning of a day in the reader's zone."""
    return timezone.make_aware(datetime.combine(day, time.min))
