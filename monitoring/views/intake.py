"""Where customers' tools send what they see. Asked by machines, without a session: the token is all that they have (MON-2)."""

import re
import time
from collections.abc import Callable

from allauth.core.internal.ratelimit import get_ip
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.limits import Pace
from monitoring import commands
from monitoring.models import Signal, Source

# Of one address by one process, before a token is tried: many tools may share one, and whoever guesses tokens gets no further.
A_SECOND = 200.0
pace = Pace(5000)

RECEIVERS = {Source.ALERTMANAGER: "alertmanager", Source.ZABBIX: "zabbix", Source.EVENTS: "events"}
EXIT_CODE = re.compile("[0-9]{1,3}")
PINGS = {"": Signal.Ping.SUCCESS, "start": Signal.Ping.START, "fail": Signal.Ping.FAIL, "log": Signal.Ping.LOG}


def receive(source: str) -> Callable[..., HttpResponse]:
    """The view that takes signals of one kind, with the token in the address or as a bearer token."""

    @csrf_exempt
    @require_http_methods(["POST"])
    def view(request: HttpRequest, token: str = "") -> HttpResponse:
        return _taken(request, source, token or _bearer(request), None)

    return view


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def beat(request: HttpRequest, token: str, slug: str, what: str = "") -> HttpResponse:
    """A sign of life: /start, /fail, /log, an exit code, or nothing for success, as users of such services know them."""
    if what in PINGS:
        return _taken(request, Source.HEARTBEAT, token, commands.Ping(slug, PINGS[what]))
    if EXIT_CODE.fullmatch(what) and int(what) <= 255:
        kind = Signal.Ping.FAIL if int(what) else Signal.Ping.SUCCESS
        return _taken(request, Source.HEARTBEAT, token, commands.Ping(slug, kind, int(what)))
    return _answer(404, "After the name comes nothing, start, fail, log, or an exit code up to 255.")


def _taken(request: HttpRequest, source: str, token: str, ping: commands.Ping | None) -> HttpResponse:
    tick = time.monotonic()
    if pace.wait(_address(request), tick, A_SECOND):
        return _answer(429, "Too many signals come from this address. Send again in a few seconds.")
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        return _answer(411, "Send the length of the body.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return _answer(415, "Send the body as it is, not compressed.")
    given = request.headers.get("Content-Length") or "0"
    if not given.isdecimal() or len(given) > 18:
        return _answer(400, "The length of the body is no number.")
    size = int(given)
    body = request.body if size <= commands.LARGEST_BYTES else b""
    try:
        signal = commands.accept(source=source, token=token, body=body, size=size, ping=ping, now=timezone.now(), tick=tick)
    except commands.SignalRefused as refused:
        answer = _answer(refused.status, str(refused))
        if isinstance(refused, commands.TooFast):
            answer["Retry-After"] = "5"
        return answer
    return _answer(200 if ping is not None else 202, f"Taken as {signal}.")


def _address(request: HttpRequest) -> str:
    """The peer's, or what the trusted proxy says."""
    try:
        return str(get_ip(request))
    except PermissionDenied:
        return "unknown"


def _bearer(request: HttpRequest) -> str:
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _answer(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(f"{sentence}\n", status=status, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})
