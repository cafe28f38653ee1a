"""Files that people send, before a message takes them."""

import hashlib
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.base import File as Content
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from accounts.tenancy import acting_for, as_provider
from helpdesk.lib.filenames import clean_file_name, media_type_for
from helpdesk.lib.refusals import Refusal
from tickets.models import File

KEPT_UNTAKEN = timedelta(days=1)


class FileTooLarge(Refusal):
    sentence = _("“%(name)s” is larger than %(limit)s MB. Compress or split it, or send a part of it.")


def upload(*, customer_id: int, uploader: Person, name: str, content: "Content[bytes]", now: datetime) -> File:
    """Store one file under a name of our own; only its uploader sees it until a message takes it. Raises FileTooLarge."""
    shown = clean_file_name(name)
    if content.size > settings.FILE_MAX_BYTES:
        raise FileTooLarge(name=shown, limit=settings.FILE_MAX_BYTES // 1024**2)
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
        row.stored_as.save(f"{key[:2]}/{key}", content, save=False)
        stored = str(row.stored_as.name)
        try:
            row.save()
        except Exception:
            row.stored_as.storage.delete(stored)
            raise
    return row


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


def _remove(row: File) -> None:
    """The row now, the stored bytes once that is certain."""
    storage, stored = row.stored_as.storage, str(row.stored_as.name)
    row.delete()
    transaction.on_commit(lambda: storage.delete(stored))
