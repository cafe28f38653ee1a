"""`./run messages`: the translation file brought up to date with what code and templates say."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tooling import dependencies, environment
from tooling.places import PYTHON, ROOT
from tooling.refusal import USAGE, Refusal


def messages(arguments: Sequence[str]) -> int:
    """Adds new texts without a translation and removes those no longer used; tells how many wait for a translator."""
    if arguments:
        raise Refusal("./run messages takes no arguments.", USAGE)
    dependencies.ensure(dependencies.DEVELOPING)
    command: list[str | Path] = [PYTHON, "-m", "tooling.messages_catalog", "update"]
    return subprocess.run(command, cwd=ROOT, env=environment.production_like(), check=False).returncode
