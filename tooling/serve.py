"""`./run` and `./run stop`."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence

from tooling import dependencies, interrupt, ports, processes, state
from tooling.application import Application
from tooling.locks import Taken, is_taken, locked
from tooling.places import VAR, Place
from tooling.progress import plain, say
from tooling.refusal import USAGE, Refusal
from tooling.system import System, prepare_translations

STOPPING_SECONDS = 60


def serve(arguments: Sequence[str]) -> int:
    """Runs everything until it is stopped: 0 when asked to stop or when it is running already, 1 when a process gave up."""
    assert not arguments
    dependencies.ensure(dependencies.RUNNING)
    while True:
        with contextlib.suppress(Taken), locked(state.LOCK, wait=False):
            return _serve()
        running = state.read(Place(VAR))
        if running is not None and running.kind == "serve":
            plain(f"It is running already: {running.address}  (./run stop stops it)")
            return 0
        if running is not None:
            say("A ./run manage is using the servers; waiting for it.")
        time.sleep(1)


def _serve() -> int:
    place = Place(VAR)
    web = ports.listen_for_web()
    try:
        system = System(place)
    except BaseException:
        web.close()
        raise
    application = None
    try:
        application = Application(system, web)
        _start(application)
        _announce(application)
        while True:
            for sentence in application.watch():
                say(sentence)
            time.sleep(0.25)
    except interrupt.Stopped:
        plain("")
        say("Stopping; data stay.")
        return 0
    finally:
        interrupt.ignore()
        state.clear(place)
        system.stop()
        if application:
            application.close()


def _start(application: Application) -> None:
    place = application.system.place
    prepare_translations()
    _say_other_port(application)
    say("Starting servers, collecting static files.")
    application.start_servers()
    say("Migrating the database.")
    application.migrate()
    if application.system.postgres:
        say("Making demo data, unless there are customers already: about a minute, only the first time.")
        application.system.manage("demo", "--if-empty", doing="Making demo data")
    application.start()
    application.wait_until_served()
    state.write(place, "serve", application.address, application.system.settings)


def _say_other_port(application: Application) -> None:
    port = ports.number(application.web)
    if not os.environ.get("PORT") and port != ports.DEFAULT_WEB:
        say(f"Port {ports.DEFAULT_WEB} is taken; using {port}.")


def _announce(application: Application) -> None:
    system = application.system
    plain("")
    plain(f"  The helpdesk is running: {application.address}")
    if application.mail:
        plain(f"  Mail it sends lands in:  {os.path.relpath(system.place.mail)}/new")
    plain(f"  Logs:                    {os.path.relpath(system.place.logs)}")
    if system.postgres:
        plain("")
        plain(system.manage("demo", "--accounts", doing="Asking for the demo accounts").rstrip())
    plain("")
    plain("  Ctrl-C stops it; data stay.")
    sys.stdout.flush()


def stop(arguments: Sequence[str]) -> int:
    """0 when nothing runs any more, also when nothing did. Raises Refusal when it doesn't stop."""
    if arguments:
        raise Refusal("./run stop takes no arguments.", USAGE)
    place = Place(VAR)
    running = state.read(place)
    if running is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.holder.pid, signal.SIGTERM)
    if not processes.wait_until(lambda: not is_taken(state.LOCK), STOPPING_SECONDS, pause=0.1):
        raise Refusal(f"It did not stop within {STOPPING_SECONDS} s; the processes are noted in {place.pids}.")
    with locked(state.LOCK):
        left = processes.end_leftovers(place) if place.pids.exists() else []
    plain(f"Stopped{': ' + ', '.join(left) if left else ''}." if running or left else "Nothing is running.")
    return 0
