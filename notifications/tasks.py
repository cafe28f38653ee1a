"""The relay: takes mails from the outbox one by one and hands them to the mail server."""

import contextlib
import logging
import smtplib
import time
from collections.abc import Callable

from anymail.exceptions import AnymailError, AnymailInvalidAddress, AnymailRecipientsRefused
from celery import shared_task
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import Error
from django.db import connection as database
from django.utils import timezone

from accounts.tenancy import as_provider, working_as
from helpdesk.lib.outages import is_outage
from notifications import bounces, commands
from notifications.bounces import NO_REFUSAL, Verdict
from notifications.composition import compose
from notifications.models import Mail
from notifications.smtp import OutcomeUnknown

log = logging.getLogger(__name__)
ROUND_SECONDS = 50
# No relay outlives a lease: one that a trickling server holds is ended before another may take its mail.
LONGEST_SECONDS = int(commands.LEASE.total_seconds()) - 60
AGAIN_SECONDS = 0.5


@shared_task(time_limit=LONGEST_SECONDS)
@working_as("relay")
def relay_outbox() -> int:
    """Send what is due until nothing is or the round is over; returns how many mails the server took."""
    sent = 0
    ends = time.monotonic() + ROUND_SECONDS
    connection: BaseEmailBackend = get_connection()
    try:
        while time.monotonic() < ends and (mail := commands.claim(timezone.now())):
            sent += send(mail, connection)
    finally:
        _hang_up(connection)
    return sent


def send(mail: Mail, connection: BaseEmailBackend) -> bool:
    """Hand one claimed mail over and note what became of it. Whatever the server or the row does, the next one goes on.

    The line is opened for the first mail, and again after a failure; one that a mail finds closed would be closed after it.
    """
    if commands.keep_back(mail=mail, now=timezone.now()):
        return False
    try:
        with as_provider():
            message = compose(mail, list(mail.joined.order_by("pk")))
        connection.open()
        message.connection = connection
        if not message.send():
            raise ValueError("It has no address, so that nothing was sent.")
    except Exception as error:  # a row that can't even be composed is parked like any other, and holds nobody up
        expected = isinstance(error, OSError | AnymailError) or is_outage(error)
        log.warning("mail %s to its server failed: %s", mail.pk, type(error).__name__, exc_info=not expected)
        _hang_up(connection)
        said, refusal, unknown = _said(error), refusal_of(error), isinstance(error, OutcomeUnknown)
        _until_noted(lambda: commands.mark_failed(mail=mail, error=said, refusal=refusal, may_have_arrived=unknown, now=timezone.now()))
        return False
    service_id = str(message.anymail_status.message_id or "")
    _until_noted(lambda: commands.mark_sent(mail=mail, service_id=service_id, now=timezone.now()))
    return True


def _hang_up(connection: BaseEmailBackend) -> None:
    """A server that is gone can't be taken leave of."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        connection.close()


def _until_noted(note: Callable[[], None]) -> None:
    """Note what became of a mail, though the database be away for a while: what the server took would go out again (NOT-1)."""
    ends = time.monotonic() + LONGEST_SECONDS
    while True:
        try:
            return note()
        except Error as error:
            if database.in_atomic_block or not is_outage(error) or time.monotonic() > ends:
                raise
            log.warning("the database is away; what became of a mail is noted as soon as it is back")
            database.close()
            time.sleep(AGAIN_SECONDS)


def refusal_of(error: Exception) -> Verdict:
    """Whether the server refused this reader for good: what it says of the sender, the line or itself is none."""
    match error:
        case smtplib.SMTPRecipientsRefused() | smtplib.SMTPDataError():
            code, text = _answer(error)
            return bounces.verdict(text, code=str(code))
        case AnymailRecipientsRefused() | AnymailInvalidAddress():
            return Verdict(is_bounce=True, of_address=True)
        case _:
            return NO_REFUSAL


def _answer(error: smtplib.SMTPException) -> tuple[int, str]:
    """The server's answer to the only recipient, or to the contents."""
    code, text = next(iter(error.recipients.values())) if isinstance(error, smtplib.SMTPRecipientsRefused) else error.args[:2]
    return code, text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def _said(error: Exception) -> str:
    """An error as staff may read it; of a refusal the answer alone."""
    if isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError):
        code, text = _answer(error)
        return bounces.plain(f"{code} {text}")
    return bounces.plain(f"{type(error).__name__}: {error}")


@shared_task
def review_addresses() -> int:
    """Trust addresses again that bounced and work now, or that nobody reads any more."""
    return commands.review_addresses(now=timezone.now())
