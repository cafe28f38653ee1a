"""Minutes as people say them."""

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def hours(minutes: int) -> str:
    """120 is "2 h", 90 is "1 h 30", 45 is "45 min"."""
    whole, rest = divmod(minutes, 60)
    if not whole:
        return _("%(minutes)s min") % {"minutes": rest}
    if not rest:
        return _("%(hours)s h") % {"hours": whole}
    return _("%(hours)s h %(minutes)s") % {"hours": whole, "minutes": f"{rest:02d}"}
