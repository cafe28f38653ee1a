"""What other pages show of a calendar."""

from typing import Any

from django import template
from django.utils import timezone

from sla.models import Calendar
from sla.queries import calendars

register = template.Library()


@register.inclusion_tag("ui/business_hours.html")
def business_hours(calendar: Calendar) -> dict[str, Any]:
    """The usual week and the coming days that differ, for customers; one query. Shows nothing for a calendar without a version."""
    return {"hours": calendars.business_hours(calendar, timezone.now())}
