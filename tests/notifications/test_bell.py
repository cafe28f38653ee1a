"""The bell is heard where the settings say, also when that changes in the life of a process."""

import pytest
from celery import current_app
from django.conf import settings
from kombu import Connection

from helpdesk.celery import PAGES
from notifications import bell
from tooling.processes import wait_until


@pytest.fixture(params=["1", "2"])
def redis(request, monkeypatch):
    """Another database of the queue's server for each, empty before and after."""
    address = f"{settings.CELERY_BROKER_URL}?virtual_host={request.param}"
    monkeypatch.setattr(current_app.conf, "broker_url", address)
    with Connection(address) as line:
        redis = line.default_channel.client
        redis.delete(PAGES)
        yield redis
        redis.delete(PAGES)


@pytest.mark.parametrize("_again", range(2))
def test_a_ring_is_heard_at_the_queue_of_now(redis, _again):
    bell.ring(bell.PAGES)

    assert wait_until(lambda: redis.llen(PAGES) == 1, 10)
