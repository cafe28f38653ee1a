"""Receiving uploads: a file over the limit is dropped while it arrives, and so is one that the disk has no room for; each is told."""

import contextlib
import errno
import logging
import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest

from helpdesk.lib.filenames import clean_file_name

log = logging.getLogger(__name__)
INCOMING = "incoming"
LONGEST_RECEIVING = timedelta(hours=1)  # since its last byte
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def incoming_folder() -> Path:
    """Where files lie while they arrive: on the volume on which they are kept, so that keeping one is a rename and not a copy."""
    folder = Path(default_storage.path(INCOMING))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


class IncomingFile(TemporaryUploadedFile):
    """Gone when it is closed, unless it was kept."""

    def __init__(self, name: str, content_type: str | None, size: int | None, charset: str | None, extra: Any) -> None:
        file = tempfile.NamedTemporaryFile(dir=incoming_folder())  # noqa: SIM115 - lives as long as the request
        UploadedFile.__init__(self, file, name, content_type, size, charset, extra)


class LimitedFileUploadHandler(TemporaryFileUploadHandler):
    """Every upload goes to a file in the incoming folder; one that grows over FILE_MAX_BYTES is given up at that byte."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super(TemporaryFileUploadHandler, self).new_file(*args, **kwargs)
        self.received = 0
        self.__dict__.pop("file", None)  # the one before is complete, and no longer ours to close
        try:
            self.file = IncomingFile(self.file_name or "", self.content_type, 0, self.charset, self.content_type_extra)
        except OSError as error:
            self._no_room(error)
            raise SkipFile from error

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > settings.FILE_MAX_BYTES:
            self.file.close()
            refused_uploads(self.request).append(clean_file_name(self.file_name or ""))
            raise SkipFile
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError as error:
            self._no_room(error)
            raise SkipFile from error

    def file_complete(self, file_size: int) -> "UploadedFile[Any] | None":
        try:
            self.file.flush()
        except OSError as error:
            self._no_room(error)
            return None
        return super().file_complete(file_size)

    def _no_room(self, error: OSError) -> None:
        """Let go of what arrived, and remember the file for the answer. Raises an error that is about something else."""
        with contextlib.suppress(OSError):  # closing writes what is left, and fails again
            if hasattr(self, "file"):
                self.file.close()
        if error.errno not in NO_ROOM:
            raise error
        log.error("there is no room for uploads in %s: %s", settings.MEDIA_ROOT, error)
        unstored_uploads(self.request).append(clean_file_name(self.file_name or ""))


def refused_uploads(request: HttpRequest | None) -> list[str]:
    """Names of files in this request that were too large to be kept."""
    names: list[str] = request.__dict__.setdefault("refused_uploads", [])
    return names


def unstored_uploads(request: HttpRequest | None) -> list[str]:
    """Names of files in this request for which the disk had no room."""
    names: list[str] = request.__dict__.setdefault("unstored_uploads", [])
    return names


def sweep_incoming(now: datetime) -> int:
    """Remove what a web process left that was killed while it received; returns how many."""
    removed = 0
    for entry in os.scandir(incoming_folder()):
        with contextlib.suppress(FileNotFoundError):  # it was kept or closed just now
            if entry.stat().st_mtime < (now - LONGEST_RECEIVING).timestamp():
                os.unlink(entry.path)
                removed += 1
    return removed
