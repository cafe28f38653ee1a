"""Locks between processes. The kernel frees them when their holder dies, however it dies."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from tooling.places import not_writable


class Taken(Exception):
    """Somebody else holds the lock."""


@contextlib.contextmanager
def locked(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[int]:
    """Holds the lock on `path` while inside, and yields its descriptor. Raises Taken when it is held elsewhere and `wait` is false."""
    try:
        path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError as error:
        raise not_writable(error) from error
    try:
        mode = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
        try:
            fcntl.flock(descriptor, mode)
        except BlockingIOError as error:
            raise Taken(str(path)) from error
        yield descriptor
    finally:
        os.close(descriptor)


def is_taken(path: Path) -> bool:
    """True while another process holds the lock exclusively."""
    if not path.exists():
        return False
    try:
        with locked(path, shared=True, wait=False):
            return False
    except Taken:
        return True
