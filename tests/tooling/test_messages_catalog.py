"""Texts are found in Python and in templates as Django's own makemessages would find them."""

import re
from pathlib import Path

import pytest

from tooling import messages_catalog
from tooling.fmt import JINJA2

PYTHON = """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext
A = _("Open")
B = ngettext("%(count)s ticket", "%(count)s tickets", 2)
C = pgettext("the verb", "Open")
"""
TEMPLATE = """{% load i18n %}<p title="{% translate 'Close' %}">
      {% blocktranslate trimmed count n=n %}
        One of {{ n }}
      {% plural %}
        All of {{ n }}
      {% endblocktranslate %}
  {% include "x.html" with label=_("Send it") %}</p>"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(messages_catalog, "ROOT", tmp_path)
    monkeypatch.setattr(messages_catalog, "CATALOG", tmp_path / "helpdesk" / "django.po")
    (tmp_path / "a.py").write_text(PYTHON)
    (tmp_path / "b.html").write_text(TEMPLATE)
    return tmp_path


def test_texts_of_python_and_templates_are_found(root: Path):
    assert set(messages_catalog.found()) == {
        (None, "Open"),
        ("the verb", "Open"),
        (None, "%(count)s ticket"),
        (None, "Close"),
        (None, "One of %(n)s"),
        (None, "Send it"),
    }


def test_an_update_keeps_translations_and_drops_what_is_gone(root: Path):
    messages_catalog.update()
    catalog = messages_catalog.polib.pofile(str(messages_catalog.CATALOG))
    next(entry for entry in catalog if entry.msgid == "Close").msgstr = "Fechar"
    catalog.save()
    (root / "a.py").unlink()

    messages_catalog.update()

    kept = {entry.msgid: entry.msgstr for entry in messages_catalog.polib.pofile(str(messages_catalog.CATALOG))}
    assert kept == {"Close": "Fechar", "One of %(n)s": "", "Send it": ""}


def test_a_missing_translation_and_a_wrong_placeholder_are_told(root: Path):
    (root / "a.py").write_text('_("Number %(n)s")')
    (root / "b.html").write_text("{% translate 'Close' %}")
    messages_catalog.update()
    catalog = messages_catalog.polib.pofile(str(messages_catalog.CATALOG))
    next(entry for entry in catalog if entry.msgid == "Number %(n)s").msgstr = "Número %(m)s"
    catalog.save()

    assert messages_catalog.problems() == ["not translated: 'Close'", "its translation has other placeholders: 'Number %(n)s'"]


def test_every_text_of_jinja2_templates_is_found():
    templates = messages_catalog.ROOT / "templates"
    written = {
        text
        for folder in JINJA2
        for path in (templates / folder).glob("*.html")
        for text in re.findall(r'_\("([^"]+)"\)', path.read_text())
    }

    assert written - {singular for _context, singular in messages_catalog.found()} == set()
