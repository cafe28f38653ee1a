"""What pages of other apps show of what is watched."""

from typing import Any

from django import template

from monitoring.queries.environment import situation_of
from tickets.models import Ticket

register = template.Library()


@register.inclusion_tag("ui/situation.html")
def situation(ticket: Ticket, page: str) -> dict[str, Any]:
    """The alerts that a ticket of monitoring is about. `page`: name of an environment's address. Two queries."""
    return {"ticket": ticket, "page": page, **situation_of(ticket)}
