"""One system of real processes for all tests here that break one, emptied and mended before each."""

import pytest
from celery import current_app

from tests.faults import system
from tests.world import build
from tooling.processes import tail


@pytest.fixture(scope="session")
def _desk(django_db_blocker):
    with system.opened() as desk, django_db_blocker.unblock():
        yield desk


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


_FAILED = pytest.StashKey[bool]()


@pytest.fixture
def desk(_desk, request, settings):
    """Servers and web run, everything is empty; worker, beat and relays are started by the test."""
    settings.MEDIA_ROOT = str(_desk.system.place.files)
    broker, current_app.conf.broker_url = current_app.conf.broker_url, _desk.broker
    _desk.reset()
    with system.used_by_this_process(_desk):
        yield _desk
    current_app.conf.broker_url = broker
    if request.node.stash.get(_FAILED, False):
        for log in sorted(_desk.system.place.logs.glob("*.log")):
            print(f"--- {log.name}\n{tail(log, 40)}")  # noqa: T201 - shown with the failure


@pytest.fixture
def town(desk):
    """The small world, in the desk's database."""
    return build()


@pytest.fixture
def counted(record_property):
    """Says what a test counted: in the summary at the end of the run."""

    def say(sentence: str) -> None:
        record_property("counted", sentence)

    return say
