"""Files of a release: kept as they arrive, compared with what was uploaded, removed."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import Storage
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Person
from accounts.tenancy import as_provider
from helpdesk.lib.filenames import clean_file_name
from helpdesk.lib.refusals import Refusal
from releases.commands.drafts import lock_draft
from releases.models import Artifact, Licence, Release
from releases.receiving import Arriving, Readable, UploadCutOff
from releases.storage import FOLDER, new_name, release_storage
from tickets.uploads import NO_ROOM

log = logging.getLogger(__name__)

FILES_PER_RELEASE = 40
COMPARED_EVERY = timedelta(days=7)
ALTERED_EVERY = timedelta(hours=1)  # what is altered, which somebody may have put back
SLOWEST = 20 * 1024**2  # bytes a second of reading: a reader that takes longer has died
ORPHANS_AFTER = timedelta(days=1)


class EmptyFile(Refusal):
    sentence = _("“%(name)s” is empty. Choose the file that you mean.")


class FileTooLarge(Refusal):
    sentence = _("“%(name)s” is larger than %(limit)s MB. Split it, or ask whoever runs this system to allow more.")


class FileNameTaken(Refusal):
    sentence = _("This release has a file “%(name)s” already. Remove that one first, or name this one otherwise.")


class TooManyFiles(Refusal):
    sentence = _("A release has at most %(most)s files. Pack some of them together.")


class OtherChecksum(Refusal):
    sentence = _("“%(name)s” did not arrive as you have it: its SHA-256 is %(found)s here. Nothing was kept; send it once more.")


class NoRoomForFile(Refusal):
    sentence = _("There is no room for “%(name)s” where files are kept. Tell whoever runs this system.")


class FilesAway(Refusal):
    sentence = _("Where files are kept can't be reached now. Nothing was changed; try again in a few minutes.")


def add_artifact(
    *, actor: Person | None, release: Release, kind: str, name: str, content: Readable, size: int, expected_sha256: str = "", now: datetime
) -> Artifact:
    """Keep a file of a draft; it is hashed while it is stored. What fails on the way leaves nothing behind.

    `size`: the bytes announced; `expected_sha256`: what the sender found, if they say so. Raises NoDraft, ScheduledAlready, EmptyFile,
    FileTooLarge, FileNameTaken, TooManyFiles, UploadCutOff, OtherChecksum, NoRoomForFile, FilesAway.
    """
    shown = clean_file_name(name)
    _refuse_size(shown, size)
    with as_provider():
        _refuse_place(lock_draft(release), shown)
    arriving, stored = Arriving(content, name=shown, size=size), new_name()
    storage = release_storage()
    keep(storage, stored, arriving)
    try:
        if expected_sha256 and expected_sha256.lower() != arriving.sha256:
            raise OtherChecksum(name=shown, found=arriving.sha256)
        with as_provider():
            row = lock_draft(release)
            _refuse_place(row, shown)
            return _insert(actor, row, kind, shown, size, arriving.sha256, stored, now)
    except BaseException:
        storage.delete(stored)
        raise


def keep(storage: Storage, stored: str, arriving: Arriving) -> None:
    """Store a file under a name of ours, or nothing. Raises UploadCutOff, NoRoomForFile, FilesAway."""
    try:
        storage.save(stored, arriving)
    except OSError as error:
        log.exception("a file of a release could not be stored")
        if error.errno in NO_ROOM:
            raise NoRoomForFile(name=arriving.name) from error
        raise FilesAway from error


def _refuse_size(name: str, size: int) -> None:
    if size < 1:
        raise EmptyFile(name=name)
    if size > settings.RELEASE_FILE_MAX_BYTES:
        raise FileTooLarge(name=name, limit=settings.RELEASE_FILE_MAX_BYTES // 1024**2)


def _refuse_place(release: Release, name: str) -> None:
    names = [other.casefold() for other in release.artifacts.values_list("name", flat=True)]
    if name.casefold() in names:
        raise FileNameTaken(name=name)
    if len(names) >= FILES_PER_RELEASE:
        raise TooManyFiles(most=FILES_PER_RELEASE)


def _insert(actor: Person | None, release: Release, kind: str, name: str, size: int, sha256: str, stored: str, now: datetime) -> Artifact:
    try:
        with transaction.atomic():
            row = Artifact.objects.create(
                release=release,
                kind=kind,
                name=name,
                size=size,
                sha256=sha256,
                stored_as=stored,
                uploaded_at=now,
                uploaded_by=actor,
                checked_at=now,
            )
    except IntegrityError as error:
        raise FileNameTaken(name=name) from error
    after = audit.facts(row, "kind", "name", "size", "sha256")
    audit.record(actor=actor, customer_id=None, verb="add_artifact", target=release, after=after, now=now)
    return row


def remove_artifact(*, actor: Person | None, artifact: Artifact, now: datetime) -> None:
    """Take a file off a draft. Raises NoDraft, ScheduledAlready."""
    with as_provider():
        release = lock_draft(artifact.release)
        row = Artifact.objects.filter(pk=artifact.pk, release=release).first()
        if row is None:
            return
        storage, stored = row.stored_as.storage, str(row.stored_as.name)
        before = audit.facts(row, "kind", "name", "size", "sha256")
        row.delete()
        audit.record(actor=actor, customer_id=None, verb="remove_artifact", target=release, before=before, now=now)
        transaction.on_commit(lambda: storage.delete(stored))


def compare_artifacts(*, now: datetime, most: int = 20) -> int:
    """Read stored files that were not compared for COMPARED_EVERY, and note what is not what was uploaded; returns how many were read.

    A file that is what it was again, put back from a backup, is trusted again.
    """
    long_ago = Q(checked_at=None) | Q(checked_at__lt=now - COMPARED_EVERY)
    put_back = Q(altered_at__isnull=False, checked_at__lt=now - ALTERED_EVERY)
    with as_provider():
        due = Artifact.objects.filter(long_ago | put_back)
        rows = list(due.order_by(F("checked_at").asc(nulls_first=True), "pk")[:most])
    return sum(compare(row, now=now) for row in rows)


def compare(artifact: Artifact, *, now: datetime) -> bool:
    """Read one stored file and note whether it is what was uploaded; False: another process reads it, or nobody can now.

    It is read outside any transaction: some take minutes. A disk or a bucket that is away says nothing about the file.
    """
    with _alone_with(artifact) as is_alone:
        if not is_alone:
            return False
        try:
            is_same = stored_size(artifact) == artifact.size and _digest(artifact) == artifact.sha256
        except (OSError, UploadCutOff):
            log.exception("artifact %s of release %s can't be read now", artifact.pk, artifact.release_id)
            return False
        _note_compared(artifact, is_same, now)
    return True


@contextmanager
def _alone_with(artifact: Artifact) -> Iterator[bool]:
    """Whether no other sweep is reading it: they come sooner than a large file is read, and would take every worker there is."""
    key = f"releases:reading:{artifact.pk}"
    is_alone = cache.add(key, True, timeout=60 + artifact.size // SLOWEST)  # the table's, which needs no scope
    try:
        yield is_alone
    finally:
        if is_alone:
            cache.delete(key)


def _note_compared(row: Artifact, is_same: bool, now: datetime) -> None:
    if not is_same:
        log.error("artifact %s of release %s is not what was uploaded", row.pk, row.release_id)
    with as_provider():
        Artifact.objects.filter(pk=row.pk).update(checked_at=now)
        altered = Artifact.objects.filter(pk=row.pk)
        if is_same:
            altered.exclude(altered_at=None).update(altered_at=None)
        else:
            altered.filter(altered_at=None).update(altered_at=now)


def _digest(row: Artifact) -> str:
    """Raises OSError, and UploadCutOff when it ends early: then the line to it broke."""
    with row.stored_as.open("rb") as file:
        arriving = Arriving(file, name=row.name, size=row.size)
        for _piece in arriving.chunks():
            pass
    return arriving.sha256


def is_whole(row: "Artifact | Licence") -> bool:
    """Whether what is stored is there, with the bytes that were uploaded, as far as that can be told without reading it."""
    try:
        return stored_size(row) == row.size
    except OSError:
        return False


def stored_size(row: "Artifact | Licence") -> int | None:
    """The bytes that are stored; None: the file is gone. Raises OSError when nobody can tell now."""
    try:
        return int(row.stored_as.storage.size(str(row.stored_as.name)))
    except FileNotFoundError:
        return None


def sweep_files(*, now: datetime) -> int:
    """Remove stored bytes that no row knows, which a process killed between storing and writing the row leaves; returns how many."""
    storage, removed = release_storage(), 0
    try:
        _folders, names = storage.listdir(FOLDER)
    except FileNotFoundError:
        return 0
    stored = [f"{FOLDER}/{name}" for name in names]
    with as_provider():
        known = {*Artifact.objects.values_list("stored_as", flat=True), *Licence.objects.values_list("stored_as", flat=True)}
    for name in stored:
        if name not in known and storage.get_modified_time(name) < now - ORPHANS_AFTER:
            storage.delete(name)
            removed += 1
    return removed
