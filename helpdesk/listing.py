"""Long lists, the frame of pages, form controls and a few whole pages are rendered by Jinja2, which compiles its templates: a tenth of the time (see the ADR).

What lies in `templates/lists/` is put into a page by `{% listing "name.html" … %}`, what lies in `templates/frame/` by
`{% frame "name.html" %}`, what lies in `templates/parts/` by `{% part "name.html" %}`; what lies in `templates/pages/` is a page (see `helpdesk/pages.py`). All escape everything that is not markup of ours.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.forms.renderers import Jinja2 as Jinja2Controls
from django.forms.renderers import TemplatesSetting
from django.template.backends.jinja2 import Jinja2
from django.template.defaultfilters import linebreaksbr
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext
from jinja2 import Environment

from billing.templatetags.billing_requests import approvals_waiting
from helpdesk.compiling import LanguageEnvironment
from helpdesk.lib.addresses import address
from helpdesk.templatetags import atoms, durations, ui
from monitoring.templatetags.monitoring import situation

DJANGOS = Path(forms.__file__).parent / "jinja2"  # its own templates of controls


@lru_cache(maxsize=64)
def _static(path: str) -> str:
    return static(path)


def _csrf_input(token: object) -> SafeString:
    """What a form that changes something proves its origin with; `token`: the page's `csrf_token`."""
    return SafeString(f'<input type="hidden" name="csrfmiddlewaretoken" value="{escape(str(token))}">')


def _attributes(values: Mapping[str, object]) -> SafeString:
    """A control's attributes: True stands for a name alone, False for none."""
    shown = (f" {name}" if value is True else f' {name}="{escape(str(value))}"' for name, value in values.items() if value is not False)
    return SafeString("".join(shown))


TAGS = {
    "_": gettext,
    "ngettext": ngettext,
    "pgettext": pgettext,
    "url": address,
    "static": _static,
    "csrf_input": _csrf_input,
    "attributes": _attributes,
    "icon": atoms.icon,
    "chip": atoms.chip,
    "severity_chip": atoms.severity_chip,
    "state_chip": atoms.state_chip,
    "type_chip": atoms.type_chip,
    "avatar": atoms.avatar,
    "instant": atoms.instant,
    "dated": atoms.dated,
    "zone_of": atoms.zone_of,
    "due_chip": atoms.due_chip,
    "day": atoms.day,
    "hours": durations.hours,
    "linebreaks": linebreaksbr,
    "contract_chip": atoms.contract_chip,
    "size": ui.size,
    "money": ui.money,
    "date": date_format,
    "approvals_waiting": approvals_waiting,
    "situation": situation,
}


def environment(**options: Any) -> Environment:
    """What Django's Jinja2 engine asks for: our tags as functions."""
    made = LanguageEnvironment(**options, trim_blocks=True, lstrip_blocks=True)
    made.globals.update(TAGS)
    made.constants = frozenset({"_", "pgettext", "static", "icon"})
    return made


class _Controls(Jinja2Controls):
    """Django's own Jinja2 templates of controls, and before them those in `templates/controls/`."""

    @cached_property
    def engine(self) -> Jinja2:
        folders = [settings.BASE_DIR / "templates" / "controls", DJANGOS]
        return Jinja2({"NAME": "controls", "APP_DIRS": False, "DIRS": folders, "OPTIONS": {"environment": f"{__name__}.environment"}})


class FormRenderer(TemplatesSetting):
    """Controls by Jinja2; everything else, such as the widgets of /admin/, by the project's engines."""

    def get_template(self, template_name: str) -> Any:
        if template_name.startswith("django/forms/"):
            return _controls().get_template(template_name)
        return super().get_template(template_name)


@cache
def _controls() -> _Controls:
    return _Controls()
