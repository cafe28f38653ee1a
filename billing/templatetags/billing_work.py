"""What other pages show of work."""

from typing import Any

from django import template
from django.utils import timezone

from billing import permissions
from billing.forms.work import TimerForm, WorkForm
from billing.permissions import rights
from billing.queries.work import ticket_time
from tickets.models import Ticket

register = template.Library()


@register.inclusion_tag("ui/ticket_time.html", takes_context=True)
def ticket_work(context: dict[str, Any], ticket: Ticket) -> dict[str, Any]:
    """Who worked how long on a ticket and what covers it, with form and timer for those who log. One query."""
    now, access = timezone.now(), context["access"]
    time = ticket_time(ticket.pk, access.person.pk, now)
    may_log = permissions.may_log_work(access)
    return rights(access) | {
        "ticket": ticket,
        "time": time,
        "csrf_token": context.get("csrf_token"),
        "form": WorkForm(now=now, auto_id="id_work_%s") if may_log else None,
        "timer_form": TimerForm(auto_id="id_timer_%s") if may_log and time.timer else None,
    }
