"""The relay: takes mails from the outbox one by one and hands them to the mail server."""

import logging
import smtplib
import time

from anymail.exceptions import AnymailError
from celery import shared_task
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from accounts.tenancy import as_provider
from notifications import commands
from notifications.composition import compose
from notifications.models import Mail

log = logging.getLogger(__name__)
ROUND_SECONDS = 50


@shared_task
def relay_outbox() -> int:
    """Send what is due until nothing is or the round is over; returns how many mails the server took."""
    sent = 0
    ends = time.monotonic() + ROUND_SECONDS
    connection: BaseEmailBackend = get_connection()
    try:
        while time.monotonic() < ends and (mail := commands.claim(timezone.now())):
            sent += send(mail, connection)
    finally:
        connection.close()
    return sent


def send(mail: Mail, connection: BaseEmailBackend) -> bool:
    """Hand one claimed mail over and note what became of it. Whatever the server or the row does, the next one goes on.

    The line is opened for the first mail, and again after a failure; one that a mail finds closed would be closed after it.
    """
    try:
        with as_provider():
            message = compose(mail, list(mail.joined.order_by("pk")))
        connection.open()
        message.connection = connection
        message.send()
    except (OSError, smtplib.SMTPException, AnymailError, ValueError) as error:
        log.warning("mail %s to its server failed: %s", mail.pk, error)
        connection.close()
        commands.mark_failed(mail=mail, error=f"{type(error).__name__}: {error}", now=timezone.now())
        return False
    commands.mark_sent(mail=mail, now=timezone.now())
    return True
