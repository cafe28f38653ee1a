"""`./run lock`: the .in files compiled to the locked .txt files."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tooling import dependencies, environment
from tooling.places import PYTHON, ROOT
from tooling.progress import say
from tooling.refusal import USAGE, Refusal

SETS = ("production", "tools", "embedded", "dev")  # in this order: later ones are held to what earlier ones chose
OPTIONS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-config"),
    *("--custom-compile-command", "./run lock", "--quiet"),
)


def lock(arguments: Sequence[str]) -> int:
    """Writes requirements/*.txt; keeps chosen versions unless --upgrade is given. Needs the network."""
    if set(arguments) - {"--upgrade"}:
        raise Refusal("./run lock knows only --upgrade.", USAGE)
    dependencies.ensure(("tools",))
    for name in SETS:
        say(f"Locking requirements/{name}.txt.")
        command: list[str | Path] = [PYTHON, "-m", "uv", "pip", "compile", *OPTIONS, *arguments, f"{name}.in", "-o", f"{name}.txt"]
        if subprocess.run(command, cwd=ROOT / "requirements", env=environment.isolated(), check=False).returncode != 0:
            raise Refusal(f"requirements/{name}.in could not be compiled; see above.")
    return 0
