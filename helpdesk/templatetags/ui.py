"""Small pieces that every page uses."""

from datetime import datetime
from typing import Any

from django import template
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from helpdesk.lib import markdown as markdown_lib
from helpdesk.lib.addresses import query_string

register = template.Library()


@register.simple_tag
def instant(at: datetime | None) -> SafeString:
    """An instant as people read it: absolute in their zone, with the zone's name in the title; a script adds "3 min ago"."""
    if at is None:
        return SafeString("")
    local = timezone.localtime(at)
    shown = date_format(local, "SHORT_DATETIME_FORMAT")
    return format_html(
        '<time class="instant" datetime="{}" title="{} {}" data-relative>{}</time>',
        local.isoformat(timespec="seconds"),
        date_format(local, "DATETIME_FORMAT"),
        zone_name(local),
        shown,
    )


def zone_name(local: datetime) -> str:
    """ "Sao Paulo, UTC−3": the zone's city and its distance from UTC at that instant."""
    offset = local.utcoffset()
    hours = int(offset.total_seconds() // 3600) if offset else 0
    city = _(str(timezone.get_current_timezone()).rsplit("/", 1)[-1].replace("_", " "))
    return _("%(city)s, UTC%(hours)s") % {"city": city, "hours": f"{hours:+d}".replace("-", "−")}


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown as sanitised HTML."""
    return mark_safe(markdown_lib.to_html(text))  # noqa: S308 - sanitised there


@register.filter
def money(cents: int, currency: str) -> str:
    """Cents of a currency in the reader's form: R$ 240,00."""

    sign = {"BRL": "R$", "USD": "US$", "EUR": "€"}.get(currency, currency)
    return f"{sign}\N{NO-BREAK SPACE}{number_format(cents / 100, decimal_pos=2, force_grouping=True)}"


@register.filter
def size(count: int) -> str:
    return filesizeformat(count)


@register.filter
def initials(name: str) -> str:
    """First letters of the first and the last word of a name."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """The page's query string with some parameters set, or removed by None."""
    return "?" + query_string(context["request"].GET, **changes)
