"""The outermost middleware: every request gets a number, one line in the log, and its place in the figures."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, ResolverMatch, resolve
from structlog.contextvars import bind_contextvars, clear_contextvars

from helpdesk import metering

log = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Asked every few seconds by machines: their lines would drown the others.
QUIET = {"healthz", "readyz", "metrics"}


class RequestMiddleware:
    """Counts, times and logs: the route instead of the path, no query, no body. The number comes back as X-Request-ID."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        clear_contextvars()
        number = _number(request)
        bind_contextvars(request_id=number)
        started = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - started
        match = _match(request)
        view = match.view_name if match else ""
        bind_contextvars(view=view)
        response["X-Request-ID"] = number
        metering.observe_request(view, response.status_code, seconds)
        facts = {
            "method": request.method if request.method in metering.METHODS else "other",
            "route": match.route if match else "",
            "status": response.status_code,
            "duration_ms": round(seconds * 1000, 1),
            "bytes_in": _size(request.headers.get("Content-Length", "")),
            "bytes_out": _size(response.headers.get("Content-Length", "")) or _length(response),
        }
        log.log(logging.DEBUG if view in QUIET else logging.INFO, "request", extra=facts)
        return response

    def process_view(self, request: HttpRequest, *_unused: object) -> None:
        if request.resolver_match:
            bind_contextvars(view=request.resolver_match.view_name)


def _number(request: HttpRequest) -> str:
    """The proxy's, where one is trusted and it has the form of one; else a new one."""
    given = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXY else ""
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _match(request: HttpRequest) -> ResolverMatch | None:
    """What the address means, also when the request was answered before anybody asked that."""
    if request.resolver_match is None:
        try:
            request.resolver_match = resolve(request.path_info)
        except Resolver404:
            return None
    return request.resolver_match


def _size(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0


def _length(response: HttpResponseBase) -> int:
    return len(response.content) if isinstance(response, HttpResponse) else 0
