"""Minutes as people say them."""

from django import template

from helpdesk.lib import minutes

register = template.Library()


@register.filter
def hours(count: int) -> str:
    """120 is "2 h", 90 is "1 h 30", 45 is "45 min"."""
    return minutes.spell(count)


@register.filter
def days(count: int) -> str:
    """6915 is "4 d 19 h"; less than a day as `hours`."""
    return minutes.spell_long(count)
