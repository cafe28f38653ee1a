"""Where artifacts and licences are kept: a folder of the disk, or an S3 bucket, by configuration (see `RELEASE_FILES`)."""

import os
import tempfile
import uuid
from pathlib import Path
from typing import IO, Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

ALIAS = "releases"
FOLDER = "releases"  # of the storage; tickets' evidence lies beside it
CHUNK = 1024 * 1024


def release_storage() -> Storage:
    return storages[ALIAS]


def new_name() -> str:
    """Where the next file is stored: nothing of what people named it."""
    return f"{FOLDER}/{uuid.uuid4().hex}"


class WholeFileStorage(FileSystemStorage):
    """A file is there whole or not at all: it is written beside the others and takes its name when its last byte is on the disk.

    What a killed process leaves lies in the folder of what arrives, which is swept.
    """

    def _save(self, name: str, content: "File[Any]") -> str:
        target = Path(self.path(name))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        incoming = Path(self.path("incoming"))
        incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=incoming, delete=False) as file:
            try:
                for chunk in content.chunks(CHUNK):
                    file.write(chunk)
                _to_disk(file)
                os.chmod(file.name, 0o600)
                os.replace(file.name, target)
            except BaseException:
                os.unlink(file.name)
                raise
        return name


def _to_disk(file: "IO[bytes]") -> None:
    file.flush()
    os.fsync(file.fileno())
