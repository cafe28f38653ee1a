"""What an installation takes from its environment: every name with its meaning. A wrong value stops the start with a sentence."""

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ

T = TypeVar("T")

# A database server that is gone without a word is told within seconds, at connecting and in the middle of a statement.
NOTICED = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20000}

KNOWN_SETTINGS: dict[str, str] = {
    "DATABASE_URL": "PostgreSQL as the application (role desk_app): postgres://desk_app:secret@host:5432/helpdesk",
    "DATABASE_OWNER_URL": "PostgreSQL as the owner of the tables (role desk_owner); only migrations use it",
    "DATABASE_AS_OWNER": "set by manage.py for commands that change the schema",
    "REDIS_URL": "the queue: redis://host:6379/0 or unix:///path/to/socket",
    "EMAIL_URL": "outgoing mail: smtp://user:secret@host:587, smtp+tls://, smtps://, or anymail+NAME://?API_KEY=… for a mail service",
    "ANYMAIL_WEBHOOK_SECRET": "what a mail service signs in with when it reports what became of mail: name:secret, at least 24 characters",
    "MAIL_FROM": "sender of all mail, e.g. SIP Pulse Support <support@example.com>",
    "MAIL_JOIN_SECONDS": "staff actions on one ticket within so many seconds join in one mail (default 60)",
    "PAGES_TO_PRIVATE_ADDRESSES": "1: pages may go to servers inside your own network, such as an ntfy of yours (default 0)",
    "SECRET_KEY": "at least 50 random characters; signs sessions and links",
    "ALLOWED_HOSTS": "names under which the helpdesk is reached, separated by commas",
    "BASE_URL": "the address that links in mails begin with, e.g. https://help.example.com",
    "FILES_ROOT": "folder for evidence and attachments, outside any web root",
    "STATIC_ROOT": "folder that static files are collected into",
    "FILE_MAX_MB": "largest file that may be attached, in MB (default 100)",
    "RELEASE_FILES": "where artifacts and licences lie: empty for FILES_ROOT, or s3://KEY:SECRET@host/bucket?region=…",
    "RELEASE_FILE_MAX_MB": "largest file of a release, in MB (default 4096)",
    "FILES_ACCEL": "address below which a proxy serves FILES_ROOT when it is told so by X-Accel-Redirect, such as /files/ (default none)",
    "PROVIDER_NAME": "the company that answers (default SIP Pulse)",
    "PROVIDER_LOGO": "its sign on statements: a PNG, JPEG or SVG file (default: the helpdesk's own)",
    "TIME_ZONE": "zone for people who chose none (default America/Sao_Paulo)",
    "TICKET_PREFIX": "letters before a ticket's number (default SP)",
    "STAFF_SECOND_FACTOR": "1: staff must sign in with a second factor (default; 0 only in the embedded demo)",
    "TRUSTED_PROXY": "1: a reverse proxy in front sets X-Forwarded-Proto and X-Forwarded-For (default 0)",
    "EMBEDDED": "set by ./run when it brings its own servers: plain http, no second factor for staff",
    "PAGES_PER_SECOND": "pages that one person may ask of one process, after a burst of a thousand (default 20; 0: no limit)",
    "TIMEOUTS_WEB": "seconds for a page's statement / its wait for a lock / its idle transaction; 0: no limit (default 15/5/60)",
    "TIMEOUTS_WORKER": "the same for the worker's tasks and sweeps (default 60/30/300)",
    "TIMEOUTS_RELAY": "the same for the relay of mail (default 15/5/60)",
    "TIMEOUTS_SHELL": "the same for shell, reports and other commands of manage.py (default 300/30/900)",
    "TIMEOUTS_MIGRATE": "the same for migrations, whose owner connects to PostgreSQL itself (default 1800/3/300)",
    "LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR (default INFO)",
    "LOG_FORMAT": "json or line (default json; line in the embedded demo)",
    "DISCOVERY_TOKEN": "who sends it as a bearer token may read which addresses customers offer for scraping; at least 20 characters",
    "PROMETHEUS_URL": "the provider's own Prometheus-compatible server, for curves of what customers let it scrape",
    "METRICS_TOKEN": "who sends it as a bearer token may read /metrics; at least 20 characters, without one only this machine may",
}


class WrongSetting(SystemExit):
    """Stops the start: `code` is the sentence that names the variable and says what to do."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"Setting {name}: {why} ({KNOWN_SETTINGS[name]})")


def text(name: str, default: str | None = None) -> str:
    """The variable's text; without one, `default`; without either the start stops."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise WrongSetting(name, "it is not set; set it in the environment.")
    return default


def picture(name: str, default: Path) -> str:
    """A file that holds a picture, as PNG, JPEG or SVG."""
    path = Path(text(name, str(default)))
    if path.suffix.lower() not in {".png", ".jpg", ".jpeg", ".svg"} or not path.is_file():
        raise WrongSetting(name, "it names no PNG, JPEG or SVG file that can be read here")
    return str(path)


def flag(name: str, default: bool = False) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value not in {"0", "1", "true", "false", "on", "off", "yes", "no"}:
        raise WrongSetting(name, f"“{value}” is neither 1 nor 0.")
    return value in {"1", "true", "on", "yes"}


def number(name: str, default: int, least: int = 0) -> int:
    value = text(name, str(default))
    if not value.isdecimal() or int(value) < least:
        raise WrongSetting(name, f"“{value}” is not a whole number of at least {least}.")
    return int(value)


def one_of(name: str, default: str, choices: Collection[str]) -> str:
    value = text(name, default)
    if value not in choices:
        raise WrongSetting(name, f"“{value}” is none of {', '.join(sorted(choices))}.")
    return value


def secret(name: str, least: int) -> str:
    """A secret that may be left out: empty then, else at least so many characters."""
    value = text(name, "")
    if value and len(value) < least:
        raise WrongSetting(name, f"it is shorter than {least} characters; make one with: openssl rand -hex 32")
    return value


def timeouts(name: str, default: str) -> tuple[str, str, str]:
    """PostgreSQL's statement_timeout, lock_timeout and idle_in_transaction_session_timeout, from seconds such as `15/5/60`."""
    parts = text(name, default).split("/")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 7 for part in parts):
        raise WrongSetting(name, f"“{'/'.join(parts)}” is not three whole numbers of seconds such as {default}.")
    statement, lock, idle = (f"{part}s" for part in parts)
    return statement, lock, idle


def zone(name: str, default: str) -> str:
    value = text(name, default)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise WrongSetting(name, f"“{value}” is not a time zone; use a name such as America/Sao_Paulo.") from None
    return value


def web_address(name: str, default: str) -> str:
    value = text(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
        raise WrongSetting(name, f"“{value}” is not an address such as https://help.example.com.")
    return value


def figures_server(name: str) -> str:
    """The address of a server of figures, with a path if it has one; empty when there is none."""
    value = text(name, "").rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment):
        raise WrongSetting(name, f"“{value}” is not an address such as http://prometheus.example.com:9090.")
    return value


def database(name: str) -> dict[str, object]:
    """Django's settings of one PostgreSQL. A socket's folder goes into `?host=`, since a host part would lose its capitals."""
    config = _parsed(name, text(name), environ.Env.db_url_config)
    if config.get("ENGINE") != "django.db.backends.postgresql" or not config.get("NAME"):
        raise WrongSetting(name, "it does not name a PostgreSQL database.")
    options = config.get("OPTIONS", {})
    config["HOST"] = options.pop("host", config.get("HOST", ""))
    config["PORT"] = options.pop("port", config.get("PORT", ""))
    config["OPTIONS"] = NOTICED | options
    return dict(config)


def queue(name: str) -> str:
    """The address as Celery spells it."""
    value = text(name)
    parts = urlsplit(value)
    if parts.scheme == "unix" and parts.path:
        return f"redis+socket://{parts.path}"
    if parts.scheme in {"redis", "rediss"} and parts.hostname:
        return value
    raise WrongSetting(name, f"“{parts.scheme}://…” is not a Redis address.")


def release_files(name: str) -> dict[str, object]:
    """Django's setting of the storage of releases: a folder of the disk, or a bucket."""
    value = text(name, "")
    if not value:
        return {"BACKEND": "releases.storage.WholeFileStorage"}
    parts = urlsplit(value)
    if not (parts.scheme in {"s3", "s3+http"} and parts.hostname and parts.username and parts.password and parts.path.strip("/")):
        raise WrongSetting(name, "it is not an address such as s3://KEY:SECRET@s3.example.com/bucket?region=sa-east-1.")
    return {
        "BACKEND": "releases.s3.S3Storage",
        "OPTIONS": {
            "endpoint": f"{'http' if parts.scheme == 's3+http' else 'https'}://{parts.hostname}{f':{parts.port}' if parts.port else ''}",
            "bucket": parts.path.strip("/"),
            "key": unquote(parts.username),
            "secret": unquote(parts.password),
            "region": dict(parse_qsl(parts.query)).get("region", "us-east-1"),
        },
    }


def accel_address(name: str) -> str:
    """Empty, or an absolute path that begins and ends with a slash."""
    value = text(name, "")
    if value and not (value.startswith("/") and value.endswith("/") and len(value) > 2):
        raise WrongSetting(name, f"“{value}” is not a path such as /files/.")
    return value


def mail(name: str) -> dict[str, object]:
    """Django's EMAIL_* settings, or Anymail's for `anymail+postmark://?SERVER_TOKEN=…`."""
    value = text(name)
    parts = urlsplit(value)
    if parts.scheme.startswith("anymail+"):
        service = parts.scheme.removeprefix("anymail+")
        options = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
        return {
            "EMAIL_BACKEND": f"anymail.backends.{service}.EmailBackend",
            # Services differ in whether they take labels and facts of ours; without them mail goes out all the same.
            "ANYMAIL": {f"{service.upper()}_{key}": token for key, token in options.items()} | {"IGNORE_UNSUPPORTED_FEATURES": True},
        }
    if parts.scheme not in {"smtp", "smtps", "smtp+tls", "smtp+ssl"} or not parts.hostname:
        raise WrongSetting(name, f"“{parts.scheme}://…” is not a mail server's address.")
    config = _parsed(name, value.replace("smtps://", "smtp+ssl://", 1), environ.Env.email_url_config)
    ours = {"EMAIL_BACKEND": "notifications.smtp.EmailBackend", "EMAIL_TIMEOUT": 20}
    return {key: setting for key, setting in config.items() if key.startswith("EMAIL_")} | ours


def shared_secret(name: str) -> str:
    """`name:secret` as in basic authentication; empty when the variable is not set."""
    value = text(name, "")
    if value and (len(value) < 24 or not all(value.partition(":"))):
        raise WrongSetting(name, "it is not of the form name:secret with at least 24 characters; make one with: openssl rand -hex 24")
    return value


def _parsed(name: str, value: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(value)
    except (ValueError, KeyError, environ.ImproperlyConfigured):
        raise WrongSetting(name, "it is not an address of the form shown.") from None
