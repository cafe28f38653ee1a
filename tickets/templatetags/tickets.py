"""What pages of other apps show of tickets."""

from typing import Any

from django import template
from django.utils import timezone

from sla.models import Policy
from tickets.queries.policies import tickets_behind

register = template.Library()


@register.inclusion_tag("ui/tickets_behind.html")
def tickets_behind_policy(policy: Policy, *, may_change: bool) -> dict[str, Any]:
    """How many open tickets follow an older version of the policy, with the way to move them. Two queries."""
    return {"policy": policy, "behind": tickets_behind(policy, timezone.now()), "may_change": may_change}
