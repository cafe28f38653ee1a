"""How every process logs: one line an event, with what it belongs to, and nothing that people wrote or keep secret.

Django, gunicorn, Celery and our own code all pass the one formatter made here. It knows no Django, so that the web server's
master can use it before there is an application.
"""

import itertools
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

import structlog

Event = MutableMapping[str, Any]

# What a line may carry beside its sentence; anything else that a library hangs on a record stays out.
FIELDS = ("method", "route", "status", "duration_ms", "bytes_in", "bytes_out", "state")
LONGEST = 2000
SILENT = 100  # above every level
FRAMES = 12
# The text of these speaks of code, or of machines, not of values; that of all others may quote what somebody sent.
HARMLESS = (
    *("TypeError", "AttributeError", "NameError", "ImportError", "NotImplementedError", "RecursionError"),
    *("ImproperlyConfigured", "ScopeError", "WorkerLostError", "OperationalError", "InterfaceError", "ConnectionError", "TimeoutError"),
)
_CLEANED = (
    (re.compile(r"(?s)\bDETAIL:.*"), "DETAIL: […]"),
    (re.compile(r"(?s)\bKey \(([^)]*)\)=\(.*?\)(?= already| is not| is still|\.|$)"), r"Key (\1)=([…])"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;]+"), r"\1 […]"),
    (re.compile(r"(?i)\b([\w-]*(?:password|passwd|token|secret|cookie|sessionid|api_?key))([\"']?\s*[=:]\s*)[^\s,;&]+"), r"\1\2[…]"),
    (re.compile(r"://[^/\s@]+@"), "://[…]@"),
    (re.compile(r"(/invitations/\d+/|/reset/key/)[^\s\"'?]+"), r"\1[…]"),
    (re.compile(r"\?[^\s\"'<>]*=[^\s\"'<>]*"), "?[…]"),
    (re.compile(r"[^\s<>\"'(),;:=@]+@[^\s<>\"'(),;:=@]+\.[A-Za-z][^\s<>\"'(),;:=@]*"), "[address]"),
)
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def configuration(form: str, level: str) -> dict[str, Any]:
    """The dictionary for logging.config: everything to stderr, `form` json or line, from `level` on."""
    quiet = {name: {"level": "ERROR"} for name in ("celery.app.trace", "celery.worker.strategy", "celery.beat", "celery.redirected")}
    calm = {name: {"level": "INFO"} for name in ("celery", "kombu", "amqp", "asyncio", "urllib3", "django.db.backends", "markdown_it")}
    # It quotes the keys that it can't read, and every request with its secrets: what it says is read where it is used, in words of ours.
    mute = {"apprise": {"handlers": [], "level": SILENT, "propagate": False}}
    web = {"handlers": ["stderr"], "level": "INFO", "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"told_elsewhere": {"()": ToldElsewhere}},
        "formatters": {
            "desk": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    structlog.contextvars.merge_contextvars,
                    structlog.stdlib.ExtraAdder(allow=FIELDS),
                    structlog.stdlib.add_logger_name,
                    structlog.stdlib.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
                    _add_scope,
                    _without_quotations,
                ],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    _tell_exception,
                    _clean,
                    structlog.processors.JSONRenderer(ensure_ascii=False) if form == "json" else _as_line,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "desk", "filters": ["told_elsewhere"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {"gunicorn.error": web, "gunicorn.access": web | {"handlers": []}} | quiet | calm | mute,
    }


def from_environment() -> dict[str, Any]:
    """The same for a process that starts before Django's settings are read; a wrong value is told by those."""
    chosen = os.environ.get("LOG_FORMAT", "").strip()
    form = chosen if chosen in {"json", "line"} else "line" if os.environ.get("EMBEDDED") == "1" else "json"
    level = os.environ.get("LOG_LEVEL", "").strip()
    return configuration(form, level if level in {"DEBUG", "INFO", "WARNING", "ERROR"} else "INFO")


def current_request_id() -> str:
    """The number of the request that is being answered; empty outside one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


class ToldElsewhere(logging.Filter):
    """Drops Django's lines about refused requests: they name paths, and each request has a line of its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.name == "django.request" and record.levelno < logging.ERROR)


def clean(text: str) -> str:
    """The text without addresses, query strings, values of keys and whatever else tells more than that something happened."""
    for pattern, instead in _CLEANED:
        text = pattern.sub(instead, text)
    return text[:LONGEST]


def _add_scope(_logger: object, _method: str, event: Event) -> Event:
    """Whose rows were open, for what runs beside a request."""
    tenancy = sys.modules.get("accounts.tenancy")
    current = getattr(tenancy, "current", None)  # missing while the module itself is being loaded
    if current is not None:
        scope = current()
        if scope.customer_id is not None:
            event.setdefault("customer", scope.customer_id)
        if scope.person_id is not None:
            event.setdefault("person", scope.person_id)
    return event


def _without_quotations(_logger: object, _method: str, event: Event) -> Event:
    """Sentences of libraries that quote what was sent are replaced by what they are about."""
    record: logging.LogRecord = event["_record"]
    if record.name == "django.request":
        status = getattr(record, "status_code", None)
        event["event"] = f"answered {status} {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else "request failed"
    elif record.name.startswith("django.security"):
        event["event"] = f"request refused: {record.name.rpartition('.')[2]}"
    elif record.name == "gunicorn.error" and str(event["event"]).startswith("Invalid request"):
        event["event"] = "request refused: it is not HTTP as we speak it"
    elif record.name == "gunicorn.error" and str(event["event"]).startswith("Error handling request"):
        event["event"] = "request failed outside the application"
    elif record.name.startswith(("celery", "kombu", "py.warnings")):
        event["event"] = str(event["event"]).strip().partition("\n")[0]
    return event


def _tell_exception(_logger: object, _method: str, event: Event) -> Event:
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info if isinstance(info, BaseException) else None
    event.pop("stack_info", None)
    if error is not None:
        event["exception"] = "\n".join(tell(error))
    return event


def tell(error: BaseException) -> Iterator[str]:
    """What was raised where, outermost first: kinds and places, of the database its code, table and constraint. No values."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield f"{type(cause).__module__}.{type(cause).__qualname__}{_about(cause)}"
        frames = traceback.extract_tb(cause.__traceback__)[-FRAMES:]
        yield from (f"  {_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _about(error: BaseException) -> str:
    code = getattr(error, "pgcode", None) or getattr(error.__cause__, "pgcode", None)
    if code:
        diagnosis = getattr(error, "diag", None) or getattr(error.__cause__, "diag", None)
        parts = (getattr(diagnosis, name, None) for name in ("table_name", "constraint_name"))
        return " ".join([f" {code}", *(part for part in parts if part)])
    if isinstance(error, OSError):
        return f": {error.strerror}" if error.strerror else ""
    if any(kind.__name__ in HARMLESS for kind in type(error).__mro__):
        return f": {_CONTROLS.sub(' ', clean(str(error)))[:300]}"
    return ""


def _short(path: str) -> str:
    return path.rpartition("site-packages/")[2] if "site-packages/" in path else os.path.relpath(path)


def _clean(_logger: object, _method: str, event: Event) -> Event:
    """Every text, with breaks of lines taken out: nobody writes a second line into the log."""
    exception = event.pop("exception", None)
    ordered = {name: event[name] for name in ("at", "level", "event") if name in event}
    ordered |= {name: value for name, value in event.items() if name not in ordered}
    cleaned = {name: _CONTROLS.sub(" ", clean(value)) if isinstance(value, str) else value for name, value in ordered.items()}
    return cleaned | ({"exception": exception} if exception else {})


def _as_line(_logger: object, _method: str, event: Mapping[str, Any]) -> str:
    """For people: time, level, sentence, then what it belongs to; an exception on lines of its own."""
    facts = dict(event)
    head = f"{facts.pop('at', '')[:23]} {facts.pop('level', '').upper():<7} {facts.pop('logger', '')}: {facts.pop('event', '')}"
    exception = facts.pop("exception", "")
    rest = " ".join(f"{name}={value}" for name, value in facts.items())
    lines = itertools.chain([f"{head}  {rest}".rstrip()], (f"    {line}" for line in exception.splitlines()))
    return "\n".join(lines)
