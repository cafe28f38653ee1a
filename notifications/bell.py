"""Tells the relay that there is work. Only a bell: when nobody hears it, the sweep comes within seconds anyway."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def ring() -> None:
    """Never raises and never waits long: a page must not hang on the queue (AVA-1)."""
    try:
        current_app.send_task("notifications.tasks.relay_outbox", expires=10, retry=False)
    except (OSError, OperationalError) as error:
        log.warning("The queue did not take the bell: %s", error)
