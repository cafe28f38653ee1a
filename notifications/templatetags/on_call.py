"""Who is on call, for pages of other apps."""

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from helpdesk.templatetags.ui import listing
from notifications.queries import on_call_now

register = template.Library()


@register.simple_tag
def on_call_strip() -> SafeString:
    """One line for each rota: who is on call until when, or loudly that nobody is; one query."""
    return listing("on_call_strip.html", found=on_call_now(timezone.now()))
