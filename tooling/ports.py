"""Listening sockets on the loopback. We hold them ourselves and hand them down, so that none is taken between choosing and using."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterable, Iterator

from tooling.refusal import USAGE, Refusal

LOOPBACK = "127.0.0.1"
DEFAULT_WEB = 8000
TRIED = 100


def listen_anywhere() -> socket.socket:
    """On a free port that the kernel chooses."""
    return _listen(0)


@contextlib.contextmanager
def reserved() -> Iterator[int]:
    """A free port that nobody else is given meanwhile, and where nobody answers until somebody listens on it by its number.

    It is bound without listening: the kernel gives it to none who asks for any, and to one who asks for it with SO_REUSEADDR, as
    servers do.
    """
    with socket.socket() as holding:
        holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holding.bind((LOOPBACK, 0))
        yield number(holding)


def listen_for_web() -> socket.socket:
    """On PORT, else on 8000 or the next free one. Raises Refusal when PORT is taken or no port is free."""
    given = os.environ.get("PORT", "").strip()
    if not given:
        return _listen_first(range(DEFAULT_WEB, DEFAULT_WEB + TRIED))
    if not given.isdecimal() or not 1 <= int(given) <= 65535:
        raise Refusal(f"PORT must be a number from 1 to 65535, not “{given}”.", USAGE)
    try:
        return _listen(int(given))
    except OSError as error:
        raise Refusal(
            f"Port {given} can't be used ({error.strerror}); choose another, or leave PORT unset to have a free one chosen."
        ) from error


def number(listening: socket.socket) -> int:
    port: int = listening.getsockname()[1]
    return port


def _listen_first(ports: Iterable[int]) -> socket.socket:
    for port in ports:
        try:
            return _listen(port)
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
    raise Refusal(f"No port from {DEFAULT_WEB} to {DEFAULT_WEB + TRIED - 1} is free; choose one: PORT=9000 ./run")


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        listening.listen(256)
    except OSError:
        listening.close()
        raise
    listening.set_inheritable(True)
    return listening
