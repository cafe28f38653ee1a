"""Gunicorn, in production and under ./run."""

import gc
import logging
import multiprocessing
import os
import shutil
import sys
import tempfile
from pathlib import Path

# Each process counts in a file of its own in this folder; it must be known before anything that counts is imported.
_own = "" if os.environ.get("PROMETHEUS_MULTIPROC_DIR") else tempfile.mkdtemp(prefix="helpdesk-figures-")
_figures = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", _own))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from helpdesk import logs, metering  # noqa: E402

bind = os.environ.get("WEB_BIND", "0.0.0.0:8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", min(2 * multiprocessing.cpu_count() + 1, 9)))
threads = 16  # a thread that waits for a slow sender costs little; the proxy limits how long
timeout = 60
graceful_timeout = 30
max_requests = 5000
max_requests_jitter = 500
accesslog = None  # the application writes one line a request, without what people typed into addresses
logging.raiseExceptions = False  # a line that can't be written must not be printed with what it was to hold
logconfig_dict = logs.from_environment()
worker_tmp_dir = "/dev/shm"  # noqa: S108 - heartbeats must not wait for a disk
control_socket_disable = True


def on_starting(server: object) -> None:
    metering.clear(_figures)


def post_worker_init(worker: object) -> None:
    """What was loaded at the start stays: looking through it for garbage again and again takes a tenth of a second each time.

    A page makes thousands of objects and gives back nearly all, so garbage is looked for less often than by default. Threads take turns
    sooner: one that holds a lock in the database asks a dozen times, and would wait its turn each time that another renders a page.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
    sys.setswitchinterval(0.001)


def child_exit(server: object, worker: object) -> None:
    metering.fold(worker.pid, _figures)  # type: ignore[attr-defined]  # gunicorn has no types


def on_exit(server: object) -> None:
    if _own:
        shutil.rmtree(_own, ignore_errors=True)
