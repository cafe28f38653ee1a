"""Where things lie in this checkout."""

import contextlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tooling.refusal import Refusal

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"

LONGEST_SOCKET_PATH = 107  # bytes that fit in the kernel's sockaddr_un
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")  # needs no quoting in the address of a socket


@dataclass(frozen=True)
class Place:
    """The folder in which one running system keeps its data, sockets, logs and process ids."""

    root: Path

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def pids(self) -> Path:
        return self.root / "pids"

    @property
    def mail(self) -> Path:
        return self.root / "mail"

    @property
    def files(self) -> Path:
        return self.root / "files"

    @property
    def static(self) -> Path:
        return self.root / "static"

    @property
    def state(self) -> Path:
        return self.root / "run.json"

    def create(self) -> None:
        """Makes the folders, for the owner alone (the outermost may be passed through). Raises Refusal when they can't be written."""
        for folder, mode in ((self.root, 0o711), *((folder, 0o700) for folder in (self.logs, self.pids, self.mail, self.files))):
            try:
                folder.mkdir(mode=mode, parents=True, exist_ok=True)
            except PermissionError as error:
                raise not_writable(error) from error
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise not_writable(PermissionError(13, "not writable", str(self.root)))

    def sockets(self) -> Path:
        """The folder for sockets: inside the place, or, where its path is too long for a socket, a private one that is remembered."""
        folder = self.root / "sockets"
        if len(os.fsencode(folder)) <= LONGEST_SOCKET_PATH - len("/.s.PGSQL.5432") and PLAIN_PATH.fullmatch(str(folder)):
            folder.mkdir(mode=0o700, exist_ok=True)
            return folder
        return self._short_folder()

    def remembered_sockets(self) -> Path | None:
        """The private folder outside the place, when there is one."""
        with contextlib.suppress(OSError):
            return Path((self.root / "sockets.path").read_text().strip())
        return None

    def _short_folder(self) -> Path:
        known = self.remembered_sockets()
        if known and _is_private(known):
            return known
        folder = Path(tempfile.mkdtemp(prefix="helpdesk-", dir=_short_temporary_folder()))
        (self.root / "sockets.path").write_text(f"{folder}\n")
        return folder


def _is_private(folder: Path) -> bool:
    """True for a folder (no link) of this user or of the account that root steps down to, closed to all others."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    mine = os.geteuid() in (0, facts.st_uid)
    return stat.S_ISDIR(facts.st_mode) and mine and stat.S_IMODE(facts.st_mode) == 0o700


def _short_temporary_folder() -> str:
    candidate = tempfile.gettempdir()
    return candidate if len(candidate) < 60 and PLAIN_PATH.fullmatch(candidate) else "/tmp"  # noqa: S108 - mkdtemp makes a private one in it


def not_writable(error: OSError) -> Refusal:
    return Refusal(f"{error.filename} can't be written by this user; run as its owner, or give it to yourself: chown -R $USER {ROOT}")
