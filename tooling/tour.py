"""`./run tour`: a fresh system of its own, and the story that is told on it over HTTP and SMTP."""

import importlib.util
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
JOIN_SECONDS = "2"


def tour(arguments: Sequence[str]) -> int:
    """The story's exit code. The logs' ends are shown when it failed."""
    if arguments:
        raise Refusal("./run tour takes no arguments.", USAGE)
    if importlib.util.find_spec(STORY) is None:
        raise Refusal(f"The story is missing: {STORY.replace('.', '/')}.py.")
    dependencies.ensure(dependencies.DEVELOPING)
    prepare_translations()
    with throw_away("tour") as system:
        application = Application(system, ports.listen_anywhere())
        system.settings["MAIL_JOIN_SECONDS"] = JOIN_SECONDS
        say("Starting a fresh system.")
        application.start_servers()
        application.migrate()
        system.manage("demo", "--if-empty", doing="Making demo data")
        application.start()
        application.wait_until_served()
        say(f"It serves {application.address}; the tour begins.")
        code = _tell(application)
        if code != 0:
            _show_logs(application)
        application.close()
    return code


def _tell(application: Application) -> int:
    """The story runs while the system is watched: a process that dies is told at once."""
    system = application.system
    command = [str(PYTHON), "-m", STORY, application.address, str(system.place.mail)]
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
