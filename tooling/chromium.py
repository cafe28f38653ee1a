"""A Chromium for the browser tests: the machine's, else Debian's, else Playwright's."""

import os
import shutil
import subprocess
from pathlib import Path

from tooling.dependencies import install_debian_package
from tooling.places import PYTHON, ROOT
from tooling.progress import say

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WHERE_PLAYWRIGHT_PUTS_IT = "from playwright.sync_api import sync_playwright as p\nwith p() as w: print(w.chromium.executable_path)"


def find() -> Path | None:
    """A browser that starts, installing one where that is possible; None when none can be had."""
    return _on_machine() or _from_debian() or _from_playwright()


def _on_machine() -> Path | None:
    candidates = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES)]
    return next((Path(path) for path in candidates if path and _starts(Path(path))), None)


def _from_debian() -> Path | None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    say("Installing Debian's chromium for the browser tests.")
    return _on_machine() if install_debian_package("chromium") else None


def _from_playwright() -> Path | None:
    path = _playwright_path()
    if path and _starts(path):
        return path
    say("Downloading Playwright's Chromium for the browser tests.")
    try:
        command: list[str | Path] = [PYTHON, "-m", "playwright", "install", "chromium"]
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return None
    path = _playwright_path()
    return path if path and _starts(path) else None


def _playwright_path() -> Path | None:
    result = subprocess.run([PYTHON, "-c", WHERE_PLAYWRIGHT_PUTS_IT], capture_output=True, text=True, cwd=ROOT, check=False)
    return Path(result.stdout.strip()) if result.returncode == 0 and result.stdout.strip() else None


def _starts(path: Path) -> bool:
    """A browser without its libraries is none."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
