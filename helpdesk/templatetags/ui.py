"""Small pieces that every page uses."""

from typing import Any

from django import template
from django.template import Context, engines
from django.template.defaultfilters import filesizeformat
from django.utils.formats import get_format
from django.utils.safestring import SafeString, mark_safe

from helpdesk import logs
from helpdesk.lib import markdown as markdown_lib
from helpdesk.lib import money as money_lib
from helpdesk.lib.addresses import query_string

register = template.Library()


@register.simple_tag
def request_number() -> str:
    """What people quote when they ask about an error; also where a page has no context. Empty outside a request."""
    return logs.current_request_id()


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown as sanitised HTML."""
    return mark_safe(markdown_lib.to_html(text))  # noqa: S308 - sanitised there


@register.simple_tag
def listing(name: str, **context: Any) -> SafeString:
    """A long list by its template in templates/lists."""
    return SafeString(engines["lists"].get_template(name).render(context))


@register.simple_tag(takes_context=True, name="part")
@register.simple_tag(takes_context=True)
def frame(context: Context, name: str, **more: Any) -> SafeString:
    """A part of a page by its template in templates/frame or templates/parts, which knows what the page knows; `more`: what is for it alone."""
    known: dict[Any, Any] = context.flatten()
    return SafeString(engines["lists"].get_template(name).render(known | more))


@register.filter
def money(cents: int, currency: str) -> str:
    """Cents of a currency in the reader's form: R$ 240,00."""
    return money_lib.shown(cents, currency)


@register.filter
def size(count: int) -> str:
    """A file's size in the reader's form; round figures without their zero: 100 MB."""
    return filesizeformat(count).replace(f"{get_format('DECIMAL_SEPARATOR')}0\N{NO-BREAK SPACE}", "\N{NO-BREAK SPACE}")


@register.filter
def for_address(marks: Any, address: str) -> Any:
    """What a mapping by mail address in small letters holds for an address; nothing when there is no mapping."""
    return marks.get(address.lower()) if isinstance(marks, dict) else None


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """The page's query string with some parameters set, or removed by None."""
    return "?" + query_string(context["request"].GET, **changes)
