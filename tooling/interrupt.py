"""Ctrl-C, `kill` and a closed terminal: all become one exception, so that everything is put away on the way out."""

import signal
from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked us to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def listen() -> None:
    """From now on the three signals raise Stopped in the main thread."""
    for number in NUMBERS:
        signal.signal(number, _raise)


def ignore() -> None:
    """While putting away: being asked again changes nothing (kill -9 remains, and the next start copes with it)."""
    for number in NUMBERS:
        signal.signal(number, signal.SIG_IGN)


def _raise(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)
