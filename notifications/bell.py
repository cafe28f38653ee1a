"""Tells the relay that there is work. Only a bell: when nobody hears it, the sweep comes within seconds anyway."""

import logging

from celery import current_app
from django.db import connection, transaction
from kombu import Connection
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

# A page must not hang on the queue (AVA-1): one try, and half a second for it.
IMPATIENT = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "max_retries": 1, "interval_start": 0, "interval_step": 0}


def ring_on_commit() -> None:
    """Ring once when the transaction commits, however much it owes."""
    if not any(entry[1] is ring for entry in connection.run_on_commit):
        transaction.on_commit(ring)


def ring() -> None:
    """Never raises and never waits long."""
    try:
        with Connection(current_app.conf.broker_write_url or current_app.conf.broker_url, transport_options=IMPATIENT) as queue:
            current_app.send_task("notifications.tasks.relay_outbox", expires=10, retry=False, connection=queue)
    except (OSError, OperationalError) as error:
        log.warning("The queue did not take the bell: %s", error)
