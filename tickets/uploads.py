"""Receiving uploads: a file over the limit is dropped while it arrives, and its name kept for the answer."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest

from helpdesk.lib.filenames import clean_file_name


class LimitedFileUploadHandler(TemporaryFileUploadHandler):
    """Every upload goes to a temporary file; one that grows over FILE_MAX_BYTES is given up at that byte."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > settings.FILE_MAX_BYTES:
            self.file.close()
            refused_uploads(self.request).append(clean_file_name(self.file_name or ""))
            raise SkipFile
        super().receive_data_chunk(raw_data, start)


def refused_uploads(request: HttpRequest | None) -> list[str]:
    """Names of files in this request that were too large to be kept."""
    names: list[str] = request.__dict__.setdefault("refused_uploads", [])
    return names
