"""`./run tour`: a fresh system of its own, and the stories that are told on it over HTTP and SMTP."""

import subprocess
import time
from collections.abc import Sequence

from tooling import dependencies, ports
from tooling.application import Application
from tooling.interrupt import Stopped
from tooling.places import PYTHON, ROOT
from tooling.processes import tail
from tooling.progress import plain, say
from tooling.refusal import USAGE, Refusal
from tooling.system import prepare_translations, throw_away

STORY = "tooling.tour_story"  # called with the address and the folder of received mail
HOURS = "tooling.tour_hours"  # called with the same
WATCH = "tooling.tour_watch"  # called like the story
PROMISES = "tooling.tour_promises"  # called with the part, address, folder, and a file for what the first part leaves to the second
RELEASES = "tooling.tour_releases"  # called with the address and the folder of received mail
NIGHT = "tooling.tour_night"  # called with the part, address, folder, and a file for what the night leaves to the morning
LOST_AT_NIGHT = ("valkey", "mail", "worker", "worker-pages", "worker-clocks")
JOIN_SECONDS = "2"


def tour(arguments: Sequence[str]) -> int:
    """0 when every story held, else the exit code of the first that did not; then the logs' ends are shown."""
    if arguments:
        raise Refusal("./run tour takes no arguments.", USAGE)
    dependencies.ensure(dependencies.DEVELOPING)
    prepare_translations()
    with throw_away("tour") as system:
        application = Application(system, ports.listen_anywhere())
        system.settings["MAIL_JOIN_SECONDS"] = JOIN_SECONDS
        system.settings["PAGES_TO_PRIVATE_ADDRESSES"] = "1"  # the tour's own phone is on this machine
        say("Starting a fresh system.")
        application.start_servers()
        application.migrate()
        system.manage("demo", "--if-empty", doing="Making demo data")
        application.start()
        application.wait_until_served()
        say(f"It serves {application.address}; the tour begins.")
        code = _work_a_day(application) or _live_through_a_night(application)
        if code != 0:
            _show_logs(application)
        application.close()
    return code


def _work_a_day(application: Application) -> int:
    """The exit code of the first story that did not hold. What is promised runs out while the others are told."""
    memory = str(application.system.place.root / "promises.json")
    for story, *part in ((PROMISES, "before"), (STORY,), (HOURS,), (RELEASES,), (WATCH,), (PROMISES, "after")):
        plain("")
        code = _tell(application, story, *part, more=[memory] if part else [])
        if code != 0:
            return code
    return 0


def _live_through_a_night(application: Application) -> int:
    """The exit code of the night's story, else of the morning's."""
    memory = str(application.system.place.root / "night.json")
    plain("")
    say(f"Night falls: {', '.join(LOST_AT_NIGHT)} are killed.")
    application.kill(*LOST_AT_NIGHT)
    code = _tell(application, NIGHT, "night", more=[memory])
    if code == 0:
        plain("")
        say("Morning comes: they are started again.")
        application.revive()
        code = _tell(application, NIGHT, "morning", more=[memory])
    return code


def _tell(application: Application, story: str, *part: str, more: Sequence[str] = ()) -> int:
    """The story runs while the system is watched: a process that dies is told at once."""
    system = application.system
    command = [str(PYTHON), "-m", story, *part, application.address, str(system.place.mail), *more]
    variables = {key: value for key, value in system.variables.items() if key not in system.settings}
    process = subprocess.Popen(command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            for sentence in application.watch():
                say(sentence)
            time.sleep(0.25)
    except (Stopped, Refusal):
        process.kill()
        process.wait()
        raise
    return process.returncode


def _show_logs(application: Application) -> None:
    for child in application.system.children:
        plain(f"\nThe end of {child.log.name}:\n{tail(child.log, 30)}")
