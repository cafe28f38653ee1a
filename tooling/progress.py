"""What a person reads while `./run` works."""

import sys
import time

_STARTED_AT = time.monotonic()


def say(sentence: str) -> None:
    """Prints a line with the seconds since the start; a reader who went away is no reason to fail."""
    plain(f"[{time.monotonic() - _STARTED_AT:5.1f} s] {sentence}")


def plain(text: str) -> None:
    """Prints text as it is."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = sys.stderr
