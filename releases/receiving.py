"""A file as it arrives: counted and hashed on its way to where it is kept, so that nothing is read twice and none of it lies in memory."""

import hashlib
from collections.abc import Iterator
from typing import Protocol

from django.core.files.base import File
from django.utils.translation import gettext_lazy as _

from helpdesk.lib.refusals import Refusal
from releases.storage import CHUNK


class UploadCutOff(Refusal):
    sentence = _("“%(name)s” arrived only in part. Nothing of it was kept; send it once more.")


class Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class Arriving(File):  # type: ignore[type-arg]  # not generic at run time
    """What a storage saves from. `size`: as announced; `sha256`: of what has been read so far."""

    def __init__(self, source: Readable, *, name: str, size: int) -> None:
        super().__init__(source, name)  # type: ignore[arg-type]  # only `read` is asked of it
        self.size = size
        self.received = 0
        self._digest = hashlib.sha256()

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """All of it. Raises UploadCutOff when it ends before the announced size."""
        while self.received < self.size:
            yield self.read(chunk_size or CHUNK)

    def read(self, size: int = CHUNK) -> bytes:
        """Up to so many bytes; none when all are read. Raises UploadCutOff."""
        left = self.size - self.received
        if not left:
            return b""
        try:
            piece: bytes = self.file.read(min(size, left) if size > 0 else left)  # type: ignore[union-attr]  # as given
        except OSError as error:
            raise UploadCutOff(name=self.name) from error
        if not piece:
            raise UploadCutOff(name=self.name)
        self.received += len(piece)
        self._digest.update(piece)
        return piece

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def multiple_chunks(self, chunk_size: int | None = None) -> bool:
        return True

    def close(self) -> None:
        """It is the request's, or the test's, to close."""
