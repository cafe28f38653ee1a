"""The database obeys the same order as the imports, and customers' tables are what they must be."""

import ast
import importlib.util
import tomllib
from pathlib import Path

from django.apps import apps

from accounts.models import Customer
from accounts.tenancy import TenantModel

ROOT = Path(__file__).parent.parent
TRANSLATING = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LAYERS = next(c for c in PYPROJECT["tool"]["importlinter"]["contracts"] if c["id"] == "apps")["layers"]
RANK = {name.strip(): -place for place, layer in enumerate(LAYERS) for name in layer.split("|")}


def our_relations():
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete and field.related_model is not None:
                yield model, field


def test_foreign_keys_point_downward():
    upward = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model, field in our_relations()
        if {model._meta.app_label, field.related_model._meta.app_label} <= RANK.keys()
        if model._meta.app_label != field.related_model._meta.app_label
        if RANK[field.related_model._meta.app_label] >= RANK[model._meta.app_label]
    ]

    assert upward == []


def test_the_order_is_that_of_the_apps():
    ours = {config.label for config in apps.get_app_configs() if importlib.util.find_spec(f"{config.name}.models")} & set(RANK)

    assert ours == {"accounts", "notifications", "sla", "contracts", "tickets", "billing", "releases", "monitoring"}


def test_what_carries_a_customer_is_a_tenant_model_or_may_be_nobodys():
    loose = {
        model._meta.label
        for model, field in our_relations()
        if field.related_model is Customer and not issubclass(model, TenantModel) and not field.null
    }

    assert loose == set()


def in_formatted_strings(source):
    """What is translated inside an f-string."""
    for outer in ast.walk(ast.parse(source)):
        calls = [call for call in ast.walk(outer) if isinstance(call, ast.Call)] if isinstance(outer, ast.JoinedStr) else []
        yield from (ast.unparse(call) for call in calls if isinstance(call.func, ast.Name) and call.func.id in TRANSLATING)


def test_nothing_is_translated_inside_a_formatted_string_where_xgettext_does_not_see_it():
    found = {
        f"{path.relative_to(ROOT)}: {call}"
        for app in (*RANK, "helpdesk")
        for path in (ROOT / app).rglob("*.py")
        for call in in_formatted_strings(path.read_text())
    }

    assert found == set()


def test_what_is_translated_inside_a_formatted_string_is_found():
    assert list(in_formatted_strings("""f"{name}: {_('Due')} {str(1)}" """)) == ["_('Due')"]
