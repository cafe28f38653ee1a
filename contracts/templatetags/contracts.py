"""What pages of other apps show of contracts."""

from typing import Any

from django import template
from django.utils import timezone

from contracts.queries import count_under
from sla.models import Policy

register = template.Library()


@register.inclusion_tag("ui/contracts_under.html")
def contracts_under(policy: Policy) -> dict[str, Any]:
    """How many contracts in force name the policy today. One query."""
    return {"count": count_under(policy, timezone.now())}
