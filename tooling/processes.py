"""Child processes: started so that they end with us, known again by more than their number, ended in order."""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tooling.places import ROOT, Place

PR_SET_PDEATHSIG = 1
MARK = "HELPDESK_PLACE"  # in the environment of every child: which system it belongs to
LARGEST_LOG_BYTES = 10 * 1024 * 1024

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Identity:
    """A process that can't be mistaken for a later one of the same number."""

    pid: int
    started: int  # clock ticks since boot
    boot: str


def identify(pid: int) -> Identity | None:
    """The process with this number now, or None when there is none (or a dead one that nobody has waited for)."""
    fields = _stat(pid)
    if fields is None or fields[0] in "ZX":
        return None
    return Identity(pid, int(fields[19]), Path("/proc/sys/kernel/random/boot_id").read_text().strip())


def is_alive(who: Identity) -> bool:
    return identify(who.pid) == who


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third (state) on; the second may hold spaces and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return None


@dataclass
class Child:
    """A process that we started. `stop_signal` asks it to end in good order, within `patience` seconds."""

    name: str
    process: subprocess.Popen[bytes]
    place: Place
    stop_signal: int
    patience: float
    started_at: float
    asked: bool = False

    @property
    def log(self) -> Path:
        return self.place.logs / f"{self.name}.log"

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def ending(self) -> str:
        """How it ended, for a person."""
        code = self.process.returncode
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

    def ask_to_stop(self) -> None:
        """Asks without waiting, so that several end at the same time."""
        if not self.has_ended():
            self.process.send_signal(self.stop_signal)
            self.asked = True

    def kill(self) -> None:
        """Ends it and what it started at once, without asking."""
        _kill_group(self.process.pid)
        self.process.wait()

    def stop(self) -> None:
        """Ends it and what it started; returns when all are gone."""
        if not self.has_ended():
            if not self.asked:  # a second request would cut short what it is finishing
                self.ask_to_stop()
            try:
                self.process.wait(self.patience)
            except subprocess.TimeoutExpired:
                _kill_group(self.process.pid)
                self.process.wait()
        _kill_group(self.process.pid)
        pid_file(self.place, self.name).unlink(missing_ok=True)


def start(
    name: str,
    argv: Sequence[str | Path],
    place: Place,
    environment: Mapping[str, str],
    *,
    stop_signal: int = signal.SIGTERM,
    patience: float = 10,
    step: Callable[[], None] | None = None,
    descriptors: Sequence[int] = (),
    folder: Path = ROOT,
) -> Child:
    """Starts `argv` in its own session, writing to its log, and notes who it is. It is asked to stop when we die, even by kill -9.

    Must be called from the main thread: the kernel ends the child with the thread that started it.
    """
    log = place.logs / f"{name}.log"
    _keep_small(log)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**environment, MARK: str(place.root)},
            cwd=folder,
            start_new_session=True,
            pass_fds=tuple(descriptors),
            preexec_fn=_before_exec(os.getpid(), stop_signal, step),  # safe: there are no threads here
        )
    child = Child(name, process, place, stop_signal, patience, time.monotonic())
    who = identify(process.pid)
    if who is not None:
        pid_file(place, name).write_text(json.dumps({**asdict(who), "stop_signal": int(stop_signal)}))
    return child


def _before_exec(parent: int, death_signal: int, step: Callable[[], None] | None) -> Callable[[], None]:
    def prepare() -> None:
        if step is not None:
            step()
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)  # after the step, which clears it
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def _keep_small(log: Path) -> None:
    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def pid_file(place: Place, name: str) -> Path:
    return place.pids / f"{name}.json"


def end_leftovers(place: Place) -> list[str]:
    """Ends what an earlier, killed run of this place left running, and returns the names. Only call while holding the place's lock."""
    names = []
    for path in sorted(place.pids.glob("*.json")):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            noted = json.loads(path.read_text())
            who = Identity(noted["pid"], noted["started"], noted["boot"])
            if _end_leftover(who, int(noted["stop_signal"]), place):
                names.append(path.stem)
        path.unlink(missing_ok=True)
    return names


def _end_leftover(who: Identity, stop_signal: int, place: Place) -> bool:
    found = False
    if is_alive(who):
        found = True
        end(who, stop_signal)
    for member in _orphans(who.pid, place):
        found = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(member, signal.SIGKILL)
    return found


def end(who: Identity, stop_signal: int, patience: float = 10) -> None:
    """Asks a process that is not our child to stop; after `patience` seconds kills it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(who.pid, stop_signal)
        if not wait_until(lambda: not is_alive(who), patience):
            os.kill(who.pid, signal.SIGKILL)
            wait_until(lambda: not is_alive(who), 5)


def _orphans(session: int, place: Place) -> list[int]:
    """Processes of a session whose leader is gone, that carry this place's mark."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        fields = _stat(int(entry.name))
        if fields and fields[0] not in "ZX" and int(fields[3]) == session and _carries_mark(entry, place):
            found.append(int(entry.name))
    return found


def _carries_mark(entry: Path, place: Place) -> bool:
    try:
        return f"{MARK}={place.root}".encode() in (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def wait_until(happened: Callable[[], bool], seconds: float, pause: float = 0.02) -> bool:
    """True as soon as `happened()`, False when it didn't within `seconds`."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, indented; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 64 * 1024))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
