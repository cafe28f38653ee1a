"""Long lists and form controls are rendered by Jinja2, which compiles its templates: a row takes a tenth of the time (see the ADR).

The templates of lists lie in `templates/lists/`; each is put into a page by `{% listing "name.html" … %}` and escapes everything
that is not markup of ours.
"""

from functools import cache
from typing import Any

from django.forms.renderers import Jinja2, TemplatesSetting
from django.urls import reverse
from django.utils.translation import gettext
from jinja2 import Environment

from helpdesk.templatetags import atoms, ui


def _url(name: str, *arguments: object) -> str:
    return reverse(name, args=arguments)


TAGS = {
    "_": gettext,
    "url": _url,
    "icon": atoms.icon,
    "chip": atoms.chip,
    "severity_chip": atoms.severity_chip,
    "state_chip": atoms.state_chip,
    "type_chip": atoms.type_chip,
    "avatar": atoms.avatar,
    "instant": atoms.instant,
    "size": ui.size,
}


def environment(**options: Any) -> Environment:
    """What Django's Jinja2 engine asks for: our tags as functions."""
    made = Environment(**options, trim_blocks=True, lstrip_blocks=True)  # noqa: S701 - Django's engine switches escaping on
    made.globals.update(TAGS)
    return made


class FormRenderer(TemplatesSetting):
    """Controls by Django's own Jinja2 templates of them; everything else, such as the widgets of /admin/, by the project's engines."""

    def get_template(self, template_name: str) -> Any:
        if template_name.startswith("django/forms/"):
            return _controls().get_template(template_name)
        return super().get_template(template_name)


@cache
def _controls() -> Jinja2:
    return Jinja2()
