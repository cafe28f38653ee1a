"""What contracts promise by: business calendars and policies, and the promises with their clocks."""

from sla.models.calendars import Calendar, CalendarVersion
from sla.models.policies import MOST_MINUTES, EscalationStep, Policy, PolicyRow, PolicyVersion
from sla.models.promises import Annulment, Breach, Clock, Firing, Promise

__all__ = [
    "MOST_MINUTES",
    "Annulment",
    "Breach",
    "Calendar",
    "CalendarVersion",
    "Clock",
    "EscalationStep",
    "Firing",
    "Policy",
    "PolicyRow",
    "PolicyVersion",
    "Promise",
]
