"""Files that people send, before a message takes them."""

import hashlib
import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.base import File as Content
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Min, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.limits import TooOften
from accounts.models import Person
from accounts.tenancy import acting_for, as_provider
from helpdesk.lib.filenames import clean_file_name, media_type_for
from helpdesk.lib.refusals import Refusal
from tickets.models import File
from tickets.uploads import NO_ROOM, sweep_incoming

log = logging.getLogger(__name__)

A_DAY = timedelta(days=1)
KEPT_UNTAKEN = A_DAY
WAITING_PER_PERSON = 40
FOLDER_LENGTH = 2  # stored names begin with a folder of so many letters


class FileTooLarge(Refusal):
    sentence = _("“%(name)s” is larger than %(limit)s MB. Compress or split it, or send a part of it.")


class TooMuchToday(TooOften):
    sentence = _("Your company sent very many files within a day. Go on in %(minutes)s min, or tell us where we can fetch them.")


class NoRoom(Refusal):
    sentence = _("There is no room for “%(name)s” on our side right now. Send your text without it; attach it again in an hour.")


class TooManyWaiting(Refusal):
    sentence = _("%(count)s of your files wait to be sent with a message. Send or remove some of them first.")


class MissingFile(Refusal):
    sentence = _("A file is no longer there. Attach it again.")


def upload(*, customer_id: int, uploader: Person, name: str, content: "Content[bytes]", now: datetime) -> File:
    """Store one file under a name of our own; only its uploader sees it until a message takes it.

    Raises FileTooLarge, TooManyWaiting, TooMuchToday, NoRoom.
    """
    shown = clean_file_name(name)
    if content.size > settings.FILE_MAX_BYTES:
        raise FileTooLarge(name=shown, limit=settings.FILE_MAX_BYTES // 1024**2)
    with acting_for(customer_id):
        _refuse_too_much(customer_id, content.size, now)
        waiting = File.objects.filter(uploader=uploader, message=None)[:WAITING_PER_PERSON].count()
    if waiting >= WAITING_PER_PERSON:
        raise TooManyWaiting(count=waiting)
    digest = hashlib.sha256()
    for chunk in content.chunks():
        digest.update(chunk)
    content.seek(0)
    key = uuid.uuid4().hex
    with acting_for(customer_id):
        row = File(
            customer_id=customer_id,
            uploader=uploader,
            name=shown,
            size=content.size,
            sha256=digest.hexdigest(),
            media_type=media_type_for(shown),
            uploaded_at=now,
        )
        stored = f"{key[:FOLDER_LENGTH]}/{key}"
        try:
            row.stored_as.save(stored, content, save=False)
            row.save()
        except Exception as error:
            row.stored_as.storage.delete(stored)
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                log.exception("there is no room for uploads")
                raise NoRoom(name=shown) from error
            raise
    return row


def _refuse_too_much(customer_id: int, size: int, now: datetime) -> None:
    """Raises TooMuchToday when a company's files of a day would be more than disks are made for."""
    lately = File.objects.filter(customer_id=customer_id, uploaded_at__gt=now - A_DAY)
    found = lately.aggregate(files=Count("pk"), bytes=Coalesce(Sum("size"), 0), first=Min("uploaded_at"))
    if found["files"] >= settings.CUSTOMER_FILES_A_DAY or found["bytes"] + size > settings.CUSTOMER_BYTES_A_DAY:
        raise TooMuchToday(max(60, int((found["first"] + A_DAY - now).total_seconds())) if found["first"] else 60)


def lock_untaken(files: Sequence[File]) -> None:
    """Keep these uploads for the message that the caller is about to write. Raises MissingFile when one was taken or removed."""
    if not files:
        return
    ids = sorted(file.pk for file in files)
    if len(File.objects.filter(pk__in=ids, message=None).order_by("pk").select_for_update().values_list("pk")) != len(ids):
        raise MissingFile


def discard_upload(*, file: File) -> None:
    """Remove a file that no message has taken; one that was taken stays."""
    with acting_for(file.customer_id):
        row = File.objects.select_for_update().filter(pk=file.pk, message=None).first()
        if row is not None:
            _remove(row)


def sweep_uploads(*, now: datetime, most: int = 500) -> int:
    """Remove files that waited a day for a message that never came, and what killed web processes left; returns how many."""
    with as_provider():
        old = File.objects.filter(message=None, uploaded_at__lt=now - KEPT_UNTAKEN).select_for_update(skip_locked=True)
        rows = list(old.order_by("uploaded_at")[:most])
        for row in rows:
            _remove(row)
    return len(rows) + sweep_incoming(now)


def sweep_orphans(*, now: datetime) -> int:
    """Remove stored bytes without a row, which a request that failed after storing them leaves; returns how many."""
    storage, removed = default_storage, 0
    folders, _loose = storage.listdir("")
    for folder in (name for name in folders if len(name) == FOLDER_LENGTH):
        names = [f"{folder}/{name}" for name in storage.listdir(folder)[1]]
        with as_provider():
            known = set(File.objects.filter(stored_as__in=names).values_list("stored_as", flat=True))
        for name in names:
            if name not in known and storage.get_modified_time(name) < now - KEPT_UNTAKEN:
                storage.delete(name)
                removed += 1
    return removed


def _remove(row: File) -> None:
    """The row now, the stored bytes once that is certain."""
    storage, stored = row.stored_as.storage, str(row.stored_as.name)
    row.delete()
    transaction.on_commit(lambda: storage.delete(stored))
