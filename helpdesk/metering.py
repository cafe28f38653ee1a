"""What one web process counts, and how several of them are read as one. Knows no Django: the server's master folds what ended.

With PROMETHEUS_MULTIPROC_DIR, each process keeps its numbers in files of that folder, and whoever is asked adds them up.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# From a bare page to the web server's own patience.
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
KINDS = ("counter", "histogram")

PROCESS = CollectorRegistry()
_requests = Histogram(
    "helpdesk_request_seconds", "Time to answer, by page and status.", ["view", "status"], buckets=SECONDS, registry=PROCESS
)
_database_errors = Counter("helpdesk_database_errors", "Statements and connections that failed, by kind.", ["error"], registry=PROCESS)


def observe_request(view: str, status: int, seconds: float) -> None:
    """`view`: the name of an address, which is never made of what was asked; empty for an address that leads nowhere."""
    _requests.labels(view or "none", str(status)).observe(seconds)


def count_database_error(error: BaseException) -> None:
    """Count it once, however many layers see it pass."""
    if not getattr(error, "_is_counted", False):
        error._is_counted = True  # type: ignore[attr-defined]  # a mark of ours on somebody else's error
        _database_errors.labels(type(error).__name__).inc()


@contextmanager
def process_figures() -> Iterator[CollectorRegistry]:
    """What all web processes counted, those that ended too; of this one alone where there are no others."""
    folder = os.environ.get(FOLDER)
    if not folder:
        yield PROCESS
        return
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    with _locked(Path(folder)):
        yield registry


def clear(folder: Path) -> None:
    """An empty folder for a server that starts: the processes of the one before are gone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()


def fold(pid: int, folder: Path) -> None:
    """Add what an ended process counted to the one file of all ended ones, so that the folder does not grow with every restart."""
    with _locked(folder):
        for kind in KINDS:
            ended = folder / f"{kind}_{pid}.db"
            if not ended.exists():
                continue
            total: Any = MmapedDict(str(folder / f"{kind}_ended.db"))  # type: ignore[no-untyped-call]
            values: Any = MmapedDict.read_all_values_from_file(str(ended))  # type: ignore[no-untyped-call]
            for key, value, _timestamp, _position in values:
                total.write_value(key, total.read_value(key)[0] + value, 0.0)
            total.close()
            ended.unlink()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Nobody reads while a file is being added to another: its numbers would be there twice."""
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
