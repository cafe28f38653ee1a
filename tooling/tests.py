"""`./run test`: pytest with servers of its own, gone afterwards."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tooling import chromium, debian, dependencies
from tooling.interrupt import Stopped
from tooling.places import PYTHON, ROOT
from tooling.progress import plain, say
from tooling.refusal import Refusal
from tooling.static import Collection
from tooling.system import prepare_translations, throw_away

NO_TESTS = 5  # pytest's exit code
# What --system runs: all that leans on how a server behaves, and what only makes sense there.
SYSTEM_TESTS = (
    "tests/servers",
    "tests/accounts/test_rls.py",
    "tests/accounts/test_tenancy.py",
    "tests/accounts/test_timeouts.py",
    "tests/flows",
    "tests/helpdesk/test_isolation.py",
    "tests/notifications/test_outbox.py",
    "tests/tickets/test_commands.py",
    "tests/tooling/test_roles.py",
)


@dataclass
class Wish:
    """What the command line asks for."""

    all: bool = False
    system: bool = False
    paths: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)

    @property
    def names_tests(self) -> bool:
        """Single files or tests, which run whole, slow ones too, and in one process."""
        return bool(self.paths) and all(".py" in path for path in self.paths)


def read(arguments: Sequence[str]) -> Wish:
    """An argument that exists as a path (before any ::) is a test to run; --all and --system are ours; the rest is pytest's."""
    wish = Wish()
    for argument in arguments:
        if argument == "--all":
            wish.all = True
        elif argument == "--system":
            wish.all = wish.system = True
        elif not argument.startswith("-") and (ROOT / argument.partition("::")[0]).exists():
            wish.paths.append(argument)
        else:
            wish.options.append(argument)
    if wish.system:
        wish.paths = wish.paths or [path for path in SYSTEM_TESTS if (ROOT / path).exists()]
        wish.options.append("--reuse-db")  # a pooler's connections would keep a test's database from being dropped; its server goes anyway
    return wish


def test(arguments: Sequence[str]) -> int:
    """pytest's exit code. Raises Refusal when no browser can be had for --all, or none of Debian's servers for --system."""
    wish = read(arguments)
    dependencies.ensure(dependencies.DEVELOPING)
    prepare_translations()
    browser = _browser(wish)
    servers = debian.ensure() if wish.system else None
    with throw_away("test", servers=servers) as system:
        system.configure(base_url="http://127.0.0.1:8000")
        say(f"Starting throw-away {servers or 'PostgreSQL and Valkey'}.")
        static = Collection(system)
        system.prepare()
        static.begin()
        system.start_servers()
        static.finish()
        variables = {**system.variables, "CHROMIUM": str(browser or "")}
        say("Running the tests.")
        code = _pytest(wish, variables, with_browser=browser is not None)
    if browser is None and _wants_browser(wish):
        plain(_LEFT_OUT)
    return code


def _pytest(wish: Wish, variables: dict[str, str], *, with_browser: bool) -> int:
    command: list[str | Path] = [PYTHON, "-m", "pytest", *selection(wish, with_browser=with_browser), *wish.options, *wish.paths]
    process = subprocess.Popen(command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL if os.environ.get("CI") else None)
    try:
        code = process.wait()
    except Stopped:
        process.terminate()
        process.wait(30)
        raise
    if code == NO_TESTS:
        say("No test was selected: slow ones run with --all, or when their file is named.")
    return code if code >= 0 else 128 - code


def selection(wish: Wish, *, with_browser: bool) -> list[str]:
    """pytest's options for which tests and how many processes, where the caller didn't choose them."""
    chosen = []
    if not any(option.startswith("-m") for option in wish.options):
        left_out = [] if wish.all or wish.names_tests else ["not slow"]
        left_out += [] if with_browser else ["not browser"]
        left_out += [] if wish.system else ["not servers"]
        chosen += ["-m", " and ".join(left_out)] if left_out else []
    if not wish.names_tests and not any(option.startswith(("-n", "--numprocesses", "--pdb")) for option in wish.options):
        chosen += ["-n", "2"]
    return chosen


def _browser(wish: Wish) -> Path | None:
    if not _wants_browser(wish):
        return None
    found = chromium.find()
    if found is None and wish.all:
        raise Refusal("The browser tests need Chromium, and none could be had; install it (Debian: apt install chromium) and start again.")
    if found is None:
        plain(_LEFT_OUT)
    return found


def _wants_browser(wish: Wish) -> bool:
    """True when a test that would run drives a browser; without --all the slow ones don't count."""
    roots = [ROOT / path.partition("::")[0] for path in wish.paths] or [ROOT / "tests"]
    files = [file for root in roots for file in (root.rglob("*.py") if root.is_dir() else [root])]
    return any("mark.browser" in file.read_text() for file in files if file.is_relative_to(ROOT / "tests") and file.is_file())


_LEFT_OUT = """
!!! No Chromium was found or could be installed: THE BROWSER TESTS ARE LEFT OUT.
!!! Install it (Debian: apt install chromium) to run them.
"""
