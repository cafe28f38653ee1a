"""`./run manage`: manage.py beside the running system, or with servers of its own for as long as it takes."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence

from tooling import dependencies, environment, state
from tooling.interrupt import Stopped
from tooling.locks import Taken, locked
from tooling.places import PYTHON, ROOT, VAR, Place
from tooling.refusal import Refusal
from tooling.system import System, prepare_translations

WAIT_SECONDS = 60


def manage(arguments: Sequence[str]) -> int:
    """Runs manage.py and returns its exit code."""
    dependencies.ensure(dependencies.RUNNING)
    prepare_translations()
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return _with_own_servers(arguments)
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            with locked(state.LOCK, wait=False):
                return _with_own_servers(arguments)
        except Taken:
            code = _as_guest(arguments)
            if code is not None:
                return code
            time.sleep(0.1)
    raise Refusal("Another run is still starting its servers; try again in a moment.")


def shell(arguments: Sequence[str]) -> int:
    """Django's shell."""
    return manage(["shell", *arguments])


def _with_own_servers(arguments: Sequence[str]) -> int:
    place = Place(VAR)
    system = System(place)
    try:
        system.configure(base_url="http://127.0.0.1:8000")
        system.prepare()
        system.start_servers()
        if system.postgres:
            state.write(place, "command", "", system.settings)
        return _call(arguments, system.variables)
    finally:
        if system.postgres:
            with locked(state.GUESTS):  # others may have come to use these servers
                state.clear(place)
        system.stop()


def _as_guest(arguments: Sequence[str]) -> int | None:
    """The exit code; None while the holder of the lock has no servers yet (or none any more)."""
    with locked(state.GUESTS, shared=True):
        running = state.read(Place(VAR))
        if running is None:
            return None
        return _call(arguments, {**running.environment, **environment.inherited()})


def _call(arguments: Sequence[str], variables: dict[str, str]) -> int:
    """With this terminal as its own: manage.py may ask, and Ctrl-C reaches it as well as us."""
    process = subprocess.Popen([PYTHON, "manage.py", *arguments], env=variables, cwd=ROOT)
    while True:
        try:
            code = process.wait()
            return code if code >= 0 else 128 - code
        except Stopped as stopped:
            if stopped.number != signal.SIGINT:
                process.send_signal(stopped.number)
