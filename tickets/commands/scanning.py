"""Searching evidence, and messages written before there was such a search, for identifiers of calls."""

import codecs
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from accounts.tenancy import as_provider
from helpdesk.lib import identifiers
from helpdesk.lib.filenames import is_capture, is_text
from tickets import identifying
from tickets.models import File, Message

log = logging.getLogger(__name__)

SCANNED_BYTES = 32 * 1024 * 1024  # of a file, from its beginning
PIECE_BYTES = 1024 * 1024
LEASE = timedelta(minutes=5)
ATTEMPTS = 3


def claim_scan(*, now: datetime) -> File | None:
    """Take the newest file that waits for its scan, alone among all sweeps; None when none does.

    It commits before a byte is read: a file that kills its worker is tried ATTEMPTS times, a lease apart, while the others go on.
    """
    with as_provider():
        waiting = File.objects.filter(Q(scan_due_at=None) | Q(scan_due_at__lte=now), scanned_at=None, message__isnull=False)
        file = waiting.select_related("message").order_by("-pk").select_for_update(skip_locked=True, of=("self",)).first()
        if file is not None:
            file.scan_due_at = now + LEASE
            file.scan_attempts += 1
            file.save(update_fields=["scan_due_at", "scan_attempts"])
    return file


def scan(*, file: File, now: datetime) -> int:
    """Keep the identifiers in a claimed file; returns how many there are. One that can't be read waits for its next attempt.

    Only files that are text or captures by their ending are read, no further than SCANNED_BYTES and MOST_IN_A_FILE identifiers.
    """
    found: list[str] = []
    if file.scan_attempts > ATTEMPTS:
        log.warning("file %s is not scanned: it was tried %s times", file.pk, ATTEMPTS)
    elif is_text(file.name) or is_capture(file.name):
        try:
            found = identifiers.found_in_pieces(_pieces(file), most=identifying.MOST_IN_A_FILE, labelled_only=is_capture(file.name))
        except OSError as error:
            log.warning("file %s could not be read for its scan: %s", file.pk, error)
            return 0
    with as_provider():
        assert file.message is not None, "only what a message took is claimed"
        identifying.keep(file.message, file, found)
        File.objects.filter(pk=file.pk).update(scanned_at=now)
    return len(found)


def _pieces(file: File) -> Iterator[bytes]:
    """The file's beginning; a text of two bytes a character without every NUL, which is one-byte text again for what is looked for."""
    left = SCANNED_BYTES
    with file.stored_as.storage.open(str(file.stored_as.name), "rb") as stored:
        piece = stored.read(PIECE_BYTES)
        is_wide = piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        while piece and left > 0:
            left -= len(piece)
            yield piece.replace(b"\0", b"") if is_wide else piece
            piece = stored.read(min(PIECE_BYTES, left))


def scan_messages(*, now: datetime, most: int = 500) -> int:
    """Keep the identifiers in messages that were written before commands did so themselves; returns how many messages that were."""
    with as_provider():
        earlier = Message.objects.filter(ticket=OuterRef("ticket"), pk__lt=OuterRef("pk"))
        waiting = Message.objects.filter(scanned_at=None).annotate(is_first=~Exists(earlier)).select_related("ticket")
        rows = list(waiting.order_by("-pk").select_for_update(skip_locked=True, of=("self",))[:most])
        for message in rows:
            identifying.keep_from_text(message, f"{message.ticket.subject}\n{message.body}" if message.is_first else message.body)
        Message.objects.filter(pk__in=[message.pk for message in rows]).update(scanned_at=now)
    return len(rows)
