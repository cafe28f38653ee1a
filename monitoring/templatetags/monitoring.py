"""What pages of other apps show of what is watched."""

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from monitoring.queries.environment import situation_of
from tickets.models import Ticket

register = template.Library()


@register.simple_tag
def situation(ticket: Ticket, page: str) -> SafeString:
    """The alerts that a ticket of monitoring is about. `page`: name of an environment's address. Two queries."""
    return render_to_string("ui/situation.html", {"ticket": ticket, "page": page, **situation_of(ticket)})
