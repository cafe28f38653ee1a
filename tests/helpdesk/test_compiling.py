"""Templates that are compiled once for each language."""

import pytest
from django.template import engines
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from jinja2 import DictLoader
from markupsafe import Markup, escape

from helpdesk.listing import environment

TEMPLATES = {
    "text.html": '{{ _("Files") }}',
    "named.html": '{{ _("Files of %(name)s") % {"name": name} }}',
    "icon.html": '{{ icon("lock") }}{{ icon(kind) }}',
    "outer.html": '{% include "text.html" %}',
    "shadowed.html": '{% macro size(word) %}<i>{{ word }}</i>{% endmacro %}{{ size("<b>") }}',
    "asks.html": '{% call(word) listed() %}<b>{{ word }}</b>{% endcall %}{% for n in range(2) %}{{ ours(n, sign="<") }}{% endfor %}',
    "written.html": "{{ value }}",
    "kept.html": "{% set kept %}<i>{{ value }}</i>{% endset %}{{ kept }}",
    "passed.html": '{% macro bold(word) %}<b>{{ word }}</b>{% endmacro %}{{ bold(_("Files")) }}{{ bold(icon("lock")) }}',
}


@pytest.fixture
def templates():
    return environment(loader=DictLoader(TEMPLATES), autoescape=True)


def rendered(templates, template, language, **context):
    with translation.override(language):
        return templates.get_template(template).render(context)


@pytest.mark.parametrize("name", ["text.html", "outer.html"])
def test_a_template_speaks_the_language_of_now(templates, name):
    spoken = [rendered(templates, name, language) for language in ("en", "pt-br", "en")]

    assert spoken == ["Files", "Arquivos", "Files"]


def test_what_a_reader_of_a_language_always_sees_is_looked_up_once(templates, monkeypatch):
    rendered(templates, "text.html", "pt-br")
    monkeypatch.setitem(templates.globals, "_", pytest.fail)

    assert rendered(templates, "text.html", "pt-br") == "Arquivos"


def test_what_differs_from_page_to_page_is_escaped_as_ever(templates):
    assert rendered(templates, "named.html", "en", name="<b>") == "Files of &lt;b&gt;"


@pytest.mark.parametrize(
    "value",
    ["plain", "&", "<", ">", "'", '"', SafeString("<b>"), Markup("<b>"), 7, None, ["<"], gettext_lazy("Files")],
    ids=repr,
)
def test_every_value_is_written_as_jinja_would_write_it(templates, value):
    written, kept = (rendered(templates, name, "en", value=value) for name in ("written.html", "kept.html"))

    assert (written, kept) == (str(escape(value)), f"<i>{escape(value)}</i>")


def test_markup_of_ours_stays_markup_wherever_it_is_put(templates):
    whole, passed = rendered(templates, "icon.html", "en", kind="eye"), rendered(templates, "passed.html", "en")

    assert (whole.count("<svg"), passed.count("<svg"), passed.count("<b>")) == (2, 1, 2)


def test_a_template_may_have_a_macro_of_the_name_of_a_function(templates):
    assert rendered(templates, "shadowed.html", "en") == "<i>&lt;b&gt;</i>"


def test_functions_are_called_with_what_they_are_given_and_blocks_with_their_caller(templates):
    templates.globals |= {"ours": lambda number, sign: f"{number}{sign}", "listed": lambda caller: caller("once") + caller("again")}

    assert rendered(templates, "asks.html", "en") == "<b>once</b><b>again</b>0&lt;1&lt;"


def test_the_projects_own_templates_are_such():
    assert engines["lists"].env.constants >= {"_", "icon", "static"}
