"""The environment that Django, Celery and the tests are started with."""

import contextlib
import os
import secrets
from pathlib import Path

from tooling.places import ROOT, Place

NOWHERE = "smtp://127.0.0.1:9"  # nothing listens there: mail stays in the outbox
MISLEADING = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "DJANGO_SETTINGS_MODULE", "DATABASE_AS_OWNER")
OURS = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "EMAIL_URL", "SECRET_KEY", "ALLOWED_HOSTS", "BASE_URL"),
    *("FILES_ROOT", "STATIC_ROOT", "EMBEDDED", "MAIL_JOIN_SECONDS", "STAFF_SECOND_FACTOR", "TRUSTED_PROXY", "CELERY_BROKER_URL"),
    *("LOG_FORMAT", "LOG_LEVEL", "METRICS_TOKEN", "DISCOVERY_TOKEN", "PROMETHEUS_URL", "PROMETHEUS_MULTIPROC_DIR"),
    *("TIMEOUTS_WEB", "TIMEOUTS_WORKER", "TIMEOUTS_RELAY", "TIMEOUTS_SHELL", "TIMEOUTS_MIGRATE"),
)


def inherited() -> dict[str, str]:
    """This process's environment without what would lead Python or Django astray."""
    kept = {key: value for key, value in os.environ.items() if key not in MISLEADING}
    return {**kept, "DJANGO_SETTINGS_MODULE": "helpdesk.settings", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""}


def isolated() -> dict[str, str]:
    """The same without any setting of the helpdesk: for systems that must not meet another one."""
    return {key: value for key, value in inherited().items() if key not in OURS}


def embedded(place: Place, *, database: str, owner: str, queue: str, base_url: str, mail: str) -> dict[str, str]:
    """The settings of a system with servers of its own."""
    return {
        "EMBEDDED": "1",
        "DATABASE_URL": database,
        "DATABASE_OWNER_URL": owner,
        "REDIS_URL": queue,
        "EMAIL_URL": mail,
        "BASE_URL": base_url,
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "SECRET_KEY": secret_key(place),
        "FILES_ROOT": str(place.files),
        "STATIC_ROOT": str(place.static),
    }


def production_like() -> dict[str, str]:
    """Settings as in production, for checks that touch no server."""
    return {
        **isolated(),
        "DATABASE_URL": "postgres://desk_app@127.0.0.1:1/helpdesk",
        "DATABASE_OWNER_URL": "postgres://desk_owner@127.0.0.1:1/helpdesk",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "EMAIL_URL": "smtp+tls://127.0.0.1:1",
        "BASE_URL": "https://help.example.com",
        "ALLOWED_HOSTS": "help.example.com",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "STATIC_ROOT": str(ROOT / "var" / "static"),
    }


def secret_key(place: Place) -> str:
    """The key of this place, made once and readable by its owner alone."""
    path: Path = place.root / "secret_key"
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path.with_suffix(".new"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(60))
        os.link(path.with_suffix(".new"), path)  # never half a key, never a second one
    path.with_suffix(".new").unlink(missing_ok=True)
    return path.read_text()
