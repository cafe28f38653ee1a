"""What pages of other apps show of hours and statements."""

from typing import Any

from django import template
from django.template import Context
from django.utils import timezone

from billing.queries.effects import effects_of_verdicts
from billing.queries.filing import filing_hours as meanings_of_filing
from helpdesk.lib.addresses import address
from tickets.models import Ticket

register = template.Library()


@register.inclusion_tag("ui/filing_hours.html", takes_context=True)
def filing_hours(context: Context, form: Any) -> dict[str, Any]:
    """What filing would mean for the hours, fetched again when the contract may be another one."""
    for_customer = context.get("for_customer")
    url = address("console:ticket_hours", for_customer.pk) if for_customer else address("portal:ticket_hours")
    return {"meanings": meanings_of_filing(form.data, for_customer or context["customer"], timezone.now()), "url": url}


@register.inclusion_tag("ui/verdict_hours.html")
def verdict_hours(ticket: Ticket) -> dict[str, Any]:
    """By type: what a verdict would do to the hours. Nothing for a ticket without work."""
    return {"verdicts": effects_of_verdicts(ticket, timezone.now()).items()}
