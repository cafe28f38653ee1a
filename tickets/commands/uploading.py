"""Files that people send, before a message takes them."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.base import File as Content
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from accounts.tenancy import acting_for, as_provider
from helpdesk.lib.filenames import clean_file_name, media_type_for
from helpdesk.lib.refusals import Refusal
from tickets.models import File

KEPT_UNTAKEN = timedelta(days=1)
WAITING_PER_PERSON = 40
FOLDER_LENGTH = 2  # stored names begin with a folder of so many letters


class FileTooLarge(Refusal):
    sentence = _("“%(name)s” is larger than %(limit)s MB. Compress or split it, or send a part of it.")


class TooManyWaiting(Refusal):
    sentence = _("%(count)s of your files wait to be sent with a message. Send or remove some of them first.")


class MissingFile(Refusal):
    sentence = _("A file is no longer there. Attach it again.")


def upload(*, customer_id: int, uploader: Person, name: str, content: "Content[bytes]", now: datetime) -> File:
    """Store one file under a name of our own; only its uploader sees it until a message takes it. Raises FileTooLarge, TooManyWaiting."""
    shown = clean_file_name(name)
    if content.size > settings.FILE_MAX_BYTES:
        raise FileTooLarge(name=shown, limit=settings.FILE_MAX_BYTES // 1024**2)
    with acting_for(customer_id):
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
        row.stored_as.save(f"{key[:FOLDER_LENGTH]}/{key}", content, save=False)
        stored = str(row.stored_as.name)
        try:
            row.save()
        except Exception:
            row.stored_as.storage.delete(stored)
            raise
    return row


def lock_untaken(files: Sequence[File]) -> None:
    """Keep these uploads for the message that the caller is about to write. Raises MissingFile when one was taken or removed."""
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
    """Remove files that waited a day for a message that never came; returns how many."""
    with as_provider():
        old = File.objects.filter(message=None, uploaded_at__lt=now - KEPT_UNTAKEN).select_for_update(skip_locked=True)
        rows = list(old.order_by("uploaded_at")[:most])
        for row in rows:
            _remove(row)
    return len(rows)


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
