"""The test database is made by its owner; every test runs as the application's login role, as in production.

A superuser sees everything and proves nothing.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.template.backends.jinja2 import Template
from django.test import TestCase, TransactionTestCase
from django.test.signals import template_rendered
from hypothesis import HealthCheck, settings

from helpdesk import environment

# How long an example takes says how busy the machine is, not whether it holds.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

APPEND_ONLY = (
    *("billing_entry", "billing_decision", "billing_review", "billing_statement", "billing_statementline"),
    *("tickets_event", "accounts_auditentry"),
    *("sla_calendarversion", "sla_policyversion", "sla_policyrow", "sla_escalationstep", "sla_breach", "sla_annulment"),
    "monitoring_look",
)


def _sign_in_as(url_name: str) -> None:
    connection.close()
    parameters = environment.database(url_name)
    for key in ("USER", "PASSWORD", "HOST", "PORT"):
        connection.settings_dict[key] = parameters.get(key, "")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    _sign_in_as("DATABASE_OWNER_URL")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        _sign_in_as("DATABASE_URL")
    yield
    with django_db_blocker.unblock():
        _sign_in_as("DATABASE_OWNER_URL")


_flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def _flush_as_owner(self: TransactionTestCase) -> None:
    """Tests with real commits empty the tables afterwards: the owner's work, past the triggers that refuse it."""
    if isinstance(self, TestCase):
        _flush(self)
        return
    _sign_in_as("DATABASE_OWNER_URL")
    try:
        with connection.cursor() as cursor:
            for table in APPEND_ONLY:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER never_emptied")
        _flush(self)
        with connection.cursor() as cursor:
            for table in APPEND_ONLY:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER never_emptied")
    finally:
        _sign_in_as("DATABASE_URL")


TransactionTestCase._fixture_teardown = _flush_as_owner  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _files_of_this_test(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "files")


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    """Tests need neither collected files nor slow hashes."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@pytest.fixture(autouse=True, scope="session")
def _compiled_pages_tell_what_they_know() -> Iterator[None]:
    """Answers of Django's test client have the `context` of compiled pages too, as they have that of its own templates."""
    render = Template.render

    def told(self: Template, context: dict[str, Any] | None = None, request: Any = None) -> Any:
        template_rendered.send(sender=self, template=self, context=dict(context or {}))
        return render(self, context, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "render", told)
        yield


@pytest.fixture
def world(db: None) -> Any:
    """Acme with Ada and Alan, Globex with Grace, the staff Sara (agent), Lea (lead), Max (account manager)."""
    from tests.world import build  # noqa: PLC0415 - needs Django's models

    return build()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests counted (record_property "counted"), and why some were left out, is said at the end, whichever process knows it."""
    for report in terminalreporter.getreports("passed"):
        for name, counted in report.user_properties:
            if name == "counted":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {counted}")
    for reason in dict.fromkeys(report.longrepr[2] for report in terminalreporter.getreports("skipped")):
        terminalreporter.write_line(reason)
