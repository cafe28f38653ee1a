"""Health of one container: python deploy/health.py web | worker [NAME] | beat SCHEDULE. Exits 0 when it is well, else with a sentence."""

import http.client
import os
import socket
import sys
import time
from pathlib import Path

OLDEST_SCHEDULE_SECONDS = 600  # beat writes its schedule every three minutes


def web() -> str | None:
    """What is wrong with the web server, asked as the proxy would ask it; None when nothing is."""
    port = int(os.environ.get("WEB_BIND", ":8000").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=8)
    headers = {"Host": os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0], "X-Forwarded-Proto": "https"}
    connection.request("GET", "/healthz", headers=headers)
    status = connection.getresponse().status
    return None if status == 200 else f"/healthz answers {status}"


def worker(kind: str = "worker") -> str | None:
    """What is wrong with the worker of this host that has this name."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from helpdesk.celery import app  # noqa: PLC0415 - only the worker's check needs Django's settings

    name = f"{kind}@{socket.gethostname()}"
    return None if app.control.ping(destination=[name], timeout=10) else f"{name} does not answer"


def beat(schedule: str) -> str | None:
    """What is wrong with beat, judged by the age of its schedule."""
    path = Path(schedule)
    written = [file.stat().st_mtime for file in path.parent.glob(f"{path.name}*")]
    if not written:
        return f"{schedule} does not exist"
    age = time.time() - max(written)
    return None if age < OLDEST_SCHEDULE_SECONDS else f"{schedule} is {age:.0f} s old"


CHECKS = {"web": web, "worker": worker, "beat": beat}

if __name__ == "__main__":
    try:
        sys.exit(CHECKS[sys.argv[1]](*sys.argv[2:]))
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"{sys.argv[1]}: {error}")
