"""The servers as Debian packages them, in place of the wheels': PostgreSQL, Redis, and PgBouncer between it and the application.

And the programs that customers watch their environments with.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tooling.dependencies import install_debian_package
from tooling.postgres import OLDEST, Programs, find_on_machine
from tooling.progress import say
from tooling.refusal import Refusal

FOLDERS = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"  # an ordinary user's PATH lacks the last ones


WATCHING = ("prometheus", "prometheus-alertmanager", "prometheus-node-exporter")  # packages, and their programs


@dataclass(frozen=True)
class Servers:
    """Programs of this machine. Only these are used: the services that their packages start are left alone."""

    postgres: Programs
    redis: Path
    pgbouncer: Path

    def __str__(self) -> str:
        versions = f"{_version(self.redis)}, PgBouncer {_version(self.pgbouncer)}"
        return f"PostgreSQL {self.postgres.major}, Redis {versions} in transaction mode"


def ensure() -> Servers:
    """Debian's servers, installed first where they are missing. Raises Refusal with what to install when they can't be had."""
    missing = _missing()
    if missing:
        _install(missing)
    postgres, redis, pgbouncer = find_on_machine(), program("redis-server"), program("pgbouncer")
    if postgres is None or redis is None or pgbouncer is None or not all(program(name) for name in WATCHING):
        raise _refusal(_missing())
    return Servers(postgres, redis, pgbouncer)


def _missing() -> list[str]:
    """Names of Debian's packages; whatever version of PostgreSQL it gives."""
    there = {"postgresql": find_on_machine(), "redis-server": program("redis-server"), "pgbouncer": program("pgbouncer")}
    there |= {name: program(name) for name in WATCHING}
    return [name for name, found in there.items() if found is None]


def _install(packages: list[str]) -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise _refusal(packages)
    say(f"Installing Debian's {', '.join(packages)}.")
    if not install_debian_package(*packages):
        raise _refusal(packages)


def _refusal(packages: list[str]) -> Refusal:
    names = " ".join(packages)
    needed = f"PostgreSQL {OLDEST} or newer, Redis, PgBouncer, Prometheus, its Alertmanager and its node exporter"
    return Refusal(f"These tests need {needed} of this machine; as root: apt-get install {names}")


def program(name: str) -> Path | None:
    """Where a program of this machine is."""
    found = shutil.which(name, path=FOLDERS)
    return Path(found) if found else None


def _version(program: Path) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\d+\.\d+(\.\d+)?", said)
    return version[0] if version else "?"
