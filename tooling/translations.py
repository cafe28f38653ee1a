"""Translations, compiled with polib, so that no GNU gettext is needed. Also for the image's build: python -m tooling.translations."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

from tooling.places import PYTHON, ROOT


def compile_all() -> list[str]:
    """Compiles, inside `.venv`, every .po file newer than its .mo; returns what went wrong."""
    if not _stale():
        return []
    result = subprocess.run([PYTHON, "-m", "tooling.translations"], capture_output=True, text=True, check=False, cwd=ROOT)
    if result.returncode == 0:
        return []
    return [f"A translation could not be compiled: {' '.join(result.stderr.strip().splitlines()[-1:])}"]


def _stale() -> list[Path]:
    return [source for source in sorted(ROOT.glob("*/locale/*/LC_MESSAGES/*.po")) if _is_stale(source)]


def _is_stale(source: Path) -> bool:
    target = source.with_suffix(".mo")
    return not target.exists() or target.stat().st_mtime < source.stat().st_mtime


def _compile(source: Path) -> None:
    polib = importlib.import_module("polib")  # there is none outside `.venv`, where this module is imported too
    unfinished = source.with_name(f".{source.name}.{os.getpid()}.new")
    polib.pofile(str(source)).save_as_mofile(str(unfinished))
    unfinished.replace(source.with_suffix(".mo"))  # another process never reads half of it


def main() -> int:
    for source in _stale():
        _compile(source)
    return 0


if __name__ == "__main__":
    sys.exit(main())
