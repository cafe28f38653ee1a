"""Who is on call, for pages of other apps."""

from typing import Any

from django import template
from django.utils import timezone

from notifications.queries import on_call_now

register = template.Library()


@register.inclusion_tag("ui/on_call_strip.html")
def on_call_strip() -> dict[str, Any]:
    """One line for each rota: who is on call until when, or loudly that nobody is; one query."""
    return {"found": on_call_now(timezone.now())}
