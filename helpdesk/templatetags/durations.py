"""Minutes as people say them."""

from django import template

from helpdesk.lib import minutes

register = template.Library()


@register.filter
def hours(count: int) -> str:
    """120 is "2 h", 90 is "1 h 30", 45 is "45 min"."""
    return minutes.spell(count)
