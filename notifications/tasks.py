"""The relays: one takes mails from the outbox one by one and hands them to the mail server, the other takes pages to their services."""

import contextlib
import logging
import smtplib
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TypeVar

from anymail.exceptions import AnymailError, AnymailInvalidAddress, AnymailRecipientsRefused, AnymailRequestsAPIError
from celery import shared_task
from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import Error
from django.db import connection as database
from django.utils import timezone
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from accounts.tenancy import as_provider, working_as
from helpdesk.lib.outages import is_outage
from notifications import bounces, commands, courier, readers
from notifications.bounces import NO_REFUSAL, Verdict
from notifications.commands import paging
from notifications.composition import compose
from notifications.models import Mail, PageDelivery
from notifications.smtp import OutcomeUnknown

log = logging.getLogger(__name__)
ROUND_SECONDS = 50
# No relay outlives a lease: one that a trickling server holds is ended before another may take its mail.
LONGEST_SECONDS = int(commands.LEASE.total_seconds()) - 60
AGAIN_SECONDS = 0.5
ANNOUNCEMENTS_AT_ONCE = 50  # one after the other, before what else is due is looked at
Noted = TypeVar("Noted")


@shared_task(time_limit=LONGEST_SECONDS)
@working_as("relay")
def relay_outbox() -> int:
    """Send what is due until nothing is or the round is over; returns how many mails the server took."""
    sent = 0
    ends = time.monotonic() + ROUND_SECONDS
    connection: BaseEmailBackend = get_connection()
    try:
        while time.monotonic() < ends and (mail := commands.claim(timezone.now())):
            sent += send_announcements(mail, connection, ends) if mail.never_twice else send(mail, connection)
    finally:
        _hang_up(connection)
    return sent


def send_announcements(mail: Mail, connection: BaseEmailBackend, ends: float) -> int:
    """A claimed announcement and those that come next, so many that nothing else waits long; returns how many the server took.

    What fails is noted as of any other mail, and ends the run. One that tries an address that bounces goes alone, as any other mail:
    that it went out is news about the address. So does one to who left the company, which stays here.
    """
    if _until_noted(lambda: commands.is_marked(mail) or not readers.may_read(mail)):
        return int(send(mail, connection))
    sent, following = 0, mail
    while (service_id := _hand_over(following, connection)) is not None:
        sent += 1
        if sent == ANNOUNCEMENTS_AT_ONCE or time.monotonic() > ends:
            _until_noted(partial(commands.mark_sent, mail=following, service_id=service_id, now=timezone.now()))
            break
        found = _until_noted(partial(commands.sent_and_next, mail=following, service_id=service_id, now=timezone.now()))
        if found is None:
            break
        following = found
    return sent


def send(mail: Mail, connection: BaseEmailBackend) -> bool:
    """Hand one claimed mail over and note what became of it. Whatever the server or the row does, the next one goes on.

    The line is opened for the first mail, and again after a failure; one that a mail finds closed would be closed after it.
    """
    if _until_noted(lambda: commands.withdraw_if_hidden(mail=mail) or commands.keep_back(mail=mail, now=timezone.now())):
        return False
    service_id = _hand_over(mail, connection)
    if service_id is None:
        return False
    _until_noted(lambda: commands.mark_sent(mail=mail, service_id=service_id, now=timezone.now()))
    return True


def _hand_over(mail: Mail, connection: BaseEmailBackend) -> str | None:
    """Compose a claimed mail and give it to the server; the name that a mail service has for it. None: it failed, which is noted."""
    try:
        message = compose(mail, _joined(mail))
        connection.open()
        message.connection = connection
        if not message.send():
            raise ValueError("It has no address, so that nothing was sent.")
    except Exception as error:  # a row that can't even be composed is parked like any other, and holds nobody up
        expected = isinstance(error, OSError | AnymailError) or is_outage(error)
        log.warning("mail %s to its server failed: %s", mail.pk, type(error).__name__, exc_info=not expected)
        _hang_up(connection)
        said, refusal, unknown = _said(error), refusal_of(error), may_have_arrived(error)
        _until_noted(lambda: commands.mark_failed(mail=mail, error=said, refusal=refusal, may_have_arrived=unknown, now=timezone.now()))
        return None
    return str(message.anymail_status.message_id or "")


def may_have_arrived(error: Exception) -> bool:
    """Whether a server, or a mail service, may have had the whole mail when the line broke: an answer that never came is no refusal."""
    line = error.__cause__.__context__ if isinstance(error, AnymailRequestsAPIError) and error.__cause__ is not None else None
    return isinstance(error, OutcomeUnknown) or isinstance(line, ProtocolError | ReadTimeoutError)


def _joined(mail: Mail) -> list[Mail]:
    """What goes out within it; nothing is ever joined into an announcement."""
    if mail.never_twice:
        return []
    with as_provider():
        return list(mail.joined.order_by("pk"))


def _hang_up(connection: BaseEmailBackend) -> None:
    """A server that is gone can't be taken leave of."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        connection.close()


def _until_noted(note: Callable[[], Noted], ends: float | None = None) -> Noted:
    """Ask, or note what became of it, though the database be away for a while: what is only claimed counts as unknown when its lease
    is over, and what the server took would go out again (NOT-1).

    `ends`: when the task is ended, by the monotonic clock.
    """
    ends = time.monotonic() + LONGEST_SECONDS if ends is None else ends
    while True:
        try:
            return note()
        except Error as error:
            if database.in_atomic_block or not is_outage(error) or time.monotonic() > ends:
                raise
            log.warning("the database is away; what became of it is noted as soon as it is back")
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


# --- Pages ----------------------------------------------------------------------------------------------------------
# At once, each in a process of its own: a service that hangs holds up no other, nor what comes meanwhile.
CARRIERS = 8
NOTING_SECONDS = 5  # before the task is ended, waiting for the database is
LONGEST_ROUND = ROUND_SECONDS + courier.LONGEST_SECONDS + 15


@shared_task(time_limit=LONGEST_ROUND)
@working_as("relay")
def relay_pages() -> int:
    """Decide whom the due pages go to, and carry what is due until nothing is or the round is over; returns how many arrived."""
    begun = time.monotonic()
    arrived = 0
    trouble: Exception | None = None
    carrying: dict[Future[courier.Fate], PageDelivery] = {}
    with ThreadPoolExecutor(CARRIERS) as carriers:
        while True:
            if trouble is None and time.monotonic() < begun + ROUND_SECONDS:
                try:
                    _take_up(carriers, carrying)
                except Exception as error:  # the database is away, or whatever it is: what is on its way is noted all the same
                    trouble = error
            if not carrying:
                break
            done, _rest = wait(carrying, timeout=AGAIN_SECONDS, return_when=FIRST_COMPLETED)
            for finished in done:
                arrived += _note_page(carrying.pop(finished), finished, ends=begun + LONGEST_ROUND - NOTING_SECONDS)
    if trouble is not None:
        raise trouble
    return arrived


def _take_up(carriers: ThreadPoolExecutor, carrying: "dict[Future[courier.Fate], PageDelivery]") -> None:
    """Claim deliveries as long as there is somebody to carry them. The database is asked in this thread alone."""
    paging.give_up_lost(timezone.now())
    paging.address_due(timezone.now())
    while len(carrying) < CARRIERS and (delivery := paging.claim(timezone.now())):
        title, text = paging.message(delivery)
        url = delivery.way.url if delivery.way is not None else ""
        order = partial(courier.carry, url=url, title=title, text=text, private_allowed=settings.PAGES_TO_PRIVATE_ADDRESSES)
        carrying[carriers.submit(order if url else _removed)] = delivery


def _removed() -> courier.Fate:
    return courier.Fate("removed")


def _note_page(delivery: PageDelivery, finished: "Future[courier.Fate]", ends: float) -> bool:
    error = finished.exception()
    if error is not None:
        log.warning("delivery %s of page %s failed here", delivery.pk, delivery.page_id, exc_info=error)
    fate = finished.result() if error is None else courier.Fate("refused")
    if not fate.error:
        _until_noted(lambda: paging.mark_sent(delivery=delivery, now=timezone.now()), ends)
        return True
    log.warning("delivery %s of page %s failed: %s", delivery.pk, delivery.page_id, fate.error)
    unknown = fate.may_have_arrived
    _until_noted(lambda: paging.mark_failed(delivery=delivery, error=fate.error, may_have_arrived=unknown, now=timezone.now()), ends)
    return False
