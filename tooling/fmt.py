"""`./run fmt`: formats what can be formatted."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tooling import dependencies
from tooling.places import ROOT, VENV
from tooling.refusal import USAGE, Refusal

# Folders of templates that helpdesk/listing.py renders.
JINJA2 = {"lists", "frame", "parts", "pages", "widgets"}
DJADE = ("--target-version", "5.2")


def templates() -> list[str]:
    """The checkout's own Django templates, without those of Jinja2."""
    found = {*ROOT.glob("templates/**/*.html"), *ROOT.glob("*/templates/**/*.html")}
    return sorted(str(path.relative_to(ROOT)) for path in found if path.parent.name not in JINJA2)


def fmt(arguments: Sequence[str]) -> int:
    """The exit code is that of the linter: 1 when something is left for a person."""
    if arguments:
        raise Refusal("./run fmt takes no arguments.", USAGE)
    dependencies.ensure(dependencies.DEVELOPING)
    programs = VENV / "bin"
    _call([programs / "ruff", "format", "."])
    lint = _call([programs / "ruff", "check", "--fix", "."])
    if templates():
        _call([programs / "djade", *DJADE, *templates()])
    return lint


def _call(command: list[str | Path]) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode
