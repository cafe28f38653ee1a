"""Static files, collected once for each state of them: collecting and compressing takes seconds."""

import hashlib
import os
import shutil
import subprocess

from tooling import state
from tooling.places import ROOT, VAR, Place
from tooling.system import System, begin, finish

KEPT = 4
FOLDER = VAR / "static"


class Collection:
    """The collected files of the checkout as it is now. `begin` before, `finish` after the servers are started: both go on at once."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.folder = FOLDER / _fingerprint()
        self._process: subprocess.Popen[str] | None = None
        self._unfinished = FOLDER / f".{self.folder.name}-{os.getpid()}"
        self.system.settings["STATIC_ROOT"] = str(self.folder)

    def begin(self) -> None:
        if self.folder.exists() or "STATIC_ROOT" in self.system.base:
            return
        self._unfinished.mkdir(mode=0o711, parents=True, exist_ok=True)
        variables = {**self.system.variables, "STATIC_ROOT": str(self._unfinished)}
        self._process = begin(["manage.py", "collectstatic", "--noinput", "--verbosity", "0"], variables)

    def finish(self) -> None:
        """Raises Refusal when collecting failed."""
        if self._process is None:
            return
        try:
            finish(self._process, "Collecting static files")
            if not self.folder.exists():
                self._unfinished.rename(self.folder)
        except FileExistsError:
            pass  # another run was faster
        finally:
            shutil.rmtree(self._unfinished, ignore_errors=True)
        _forget_old()

    def stop(self) -> None:
        """Gives up what is still going on."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
            shutil.rmtree(self._unfinished, ignore_errors=True)


def _fingerprint() -> str:
    """Changes with our static files, the settings that treat them, and the packages that bring their own."""
    digest = hashlib.sha256()
    ours = [path for app in ROOT.iterdir() if app != VAR for path in app.glob("static/**/*")]  # not what was collected
    for path in sorted(ours):
        facts = path.stat()
        digest.update(f"{path.relative_to(ROOT)} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    treated_by = [*ROOT.glob("helpdesk/settings.py"), *ROOT.glob("helpdesk/bundle.py"), ROOT / "requirements" / "production.txt"]
    for path in treated_by:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _forget_old() -> None:
    """Keeps the newest few, and what the running system serves."""
    running = state.read(Place(VAR))
    served = running.environment.get("STATIC_ROOT") if running else None
    folders = sorted((path for path in FOLDER.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in folders[KEPT:]:
        if str(folder) != served:
            shutil.rmtree(folder, ignore_errors=True)
