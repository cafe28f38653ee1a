"""Whole pages that everybody opens all day, as compiled templates: what lies in `templates/pages/`, rendered by `render` as any other page.

They extend `templates/frame/page.html`, which is for them what `templates/base.html` is for the others, and are made of the same parts.
"""

from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.backends.jinja2 import Jinja2, Template
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from helpdesk.context import page


class Compiled(Jinja2):
    def get_template(self, template_name: str) -> "Page":
        return Page(super().get_template(template_name).template, self)


class Page(Template):
    """A template that knows, asked with a request, what every page knows."""

    def render(self, context: dict[str, Any] | None = None, request: HttpRequest | None = None) -> SafeString:
        known = context or {}
        if request is not None:
            known = _known(request) | known
        return SafeString(super().render(known))


def _known(request: HttpRequest) -> dict[str, Any]:
    asked = {"request": request, "csrf_token": get_token(request), "messages": get_messages(request), "language": get_language()}
    return asked | page(request)
