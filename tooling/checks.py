"""`./run check`: what can be found wrong without a running system."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tooling import dependencies, environment, fmt
from tooling.places import PYTHON, ROOT, VENV
from tooling.progress import plain, say
from tooling.refusal import USAGE, Refusal
from tooling.system import prepare_translations

AT_ONCE = 2
SHOWN = 60
PROGRAMS = VENV / "bin"
IMPORT_CONTRACTS = "import sys; from importlinter.cli import lint_imports_command as run; sys.argv[1:] = ['--no-cache']; run()"


@dataclass(frozen=True)
class Finding:
    passed: bool
    output: str


def check(arguments: Sequence[str]) -> int:
    """Runs all checks, or those named, and shows what the failing ones say. 1 when one failed."""
    checks = _checks()
    unknown = [name for name in arguments if name not in checks]
    if unknown:
        raise Refusal(f"There is no check {unknown[0]}; there are: {', '.join(checks)}.", USAGE)
    dependencies.ensure(dependencies.DEVELOPING)
    prepare_translations()
    chosen = {name: run for name, run in checks.items() if not arguments or name in arguments}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        findings = list(pool.map(lambda item: _timed(*item), chosen.items()))
    failed = [name for name, finding in zip(chosen, findings, strict=True) if not finding.passed]
    plain(f"\n{len(findings) - len(failed)} passed, {len(failed)} failed{': ' + ', '.join(failed) if failed else ''}")
    return 1 if failed else 0


def _checks() -> dict[str, Callable[[], Finding]]:
    """The slow ones first, so that the two lines end at about the same time."""
    manage = (PYTHON, "-W", "ignore::RuntimeWarning", "manage.py")
    compose = ("--builtin-schema", "vendor.compose-spec", "docker-compose.yml")
    return {
        "types": lambda: _run(PYTHON, "-m", "mypy"),
        "imports": lambda: _run(PYTHON, "-c", IMPORT_CONTRACTS),
        "deployment": lambda: _run(*manage, "check", "--deploy", "--fail-level", "WARNING"),
        "migrations": lambda: _run(*manage, "makemigrations", "--check", "--dry-run"),
        "translations": lambda: _run(PYTHON, "-m", "tooling.messages_catalog", "check"),
        "format": lambda: _run(PROGRAMS / "ruff", "format", "--check", "--output-format", "concise", "."),
        "lint": lambda: _run(PROGRAMS / "ruff", "check", "."),
        "templates": _templates,
        "compose": lambda: _run(PYTHON, "-m", "check_jsonschema", *compose),
        "lock": _lock,
    }


def _timed(name: str, run: Callable[[], Finding]) -> Finding:
    started_at = time.monotonic()
    finding = run()
    line = f"{'ok    ' if finding.passed else 'FAILED'}  {name:<14} {time.monotonic() - started_at:5.1f} s"
    say(line if finding.passed else f"{line}\n{_beginning(name, finding.output)}")
    return finding


def _beginning(name: str, output: str) -> str:
    lines = output.rstrip().splitlines()
    more = [f"… and {len(lines) - SHOWN} lines more: ./run check {name} > FILE"] if len(lines) > SHOWN and sys.stdout.isatty() else []
    return "\n".join(lines[: SHOWN if more else None] + more)


def _run(*command: str | Path) -> Finding:
    result = subprocess.run(
        command,
        cwd=ROOT,
        env=environment.production_like(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Finding(result.returncode == 0, result.stdout)


def _templates() -> Finding:
    templates = fmt.templates()
    return _run(PROGRAMS / "djade", "--check", *fmt.DJADE, *templates) if templates else Finding(True, "")


def _lock() -> Finding:
    """Every package asked for in an .in file is pinned in its .txt, with hashes, and no file names where packages come from."""
    problems = []
    for source in sorted((ROOT / "requirements").glob("*.in")):
        locked = source.with_suffix(".txt").read_text()
        pinned = {_normal(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", locked, re.MULTILINE)}
        asked = {_normal(name) for name in re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", source.read_text(), re.MULTILINE)}
        problems += [f"{source.name}: {name} is not locked; run ./run lock" for name in sorted(asked - pinned)]
        if re.search(r"://|^--(?!hash)|find-links", locked, re.MULTILINE):
            problems.append(f"{source.with_suffix('.txt').name} names where packages come from; run ./run lock")
    return Finding(not problems, "\n".join(problems))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
