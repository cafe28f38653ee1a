"""Refuses what comes too often, before a transaction is opened for it: 429, and when to try again.

What is written in a form goes on to its page, which shows the refusal beside the text; everything else gets a page of its own.
"""

import logging
import time
from collections.abc import Callable, Iterator

from allauth.core.internal.ratelimit import get_ip
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.limits import Pace, TooOften, count, refusal_of, refuse
from accounts.middleware import BARE_PATHS, largest_body

log = logging.getLogger(__name__)

BURST = 1000
SIGNALS = "/monitoring/"  # paced by their tokens: many of a customer's tools may share one address
SMALL = 256 * 1024  # bytes: of what is smaller, the number of posts is limit enough
ATTEMPT_SECONDS = 300  # the longest window of allauth's limits of signing in
# Posted: what is counted, by address. Their pages show a refusal themselves.
WRITTEN = {
    "portal:ticket_new": "filing",
    "portal:ticket_new_help": "filing",
    "portal:ticket_reply": "reply",
    "portal:ticket_contest": "change",
    "portal:ticket_declare": "change",
    "portal:ticket_satisfaction": "change",
    "portal:upload": "upload",
    "console:ticket_new": "staff_filing",
    "console:ticket_answer": "staff_reply",
    "console:upload": "upload",
    "console:artifact_upload": "upload",
}
# Posted without much of a text: colleagues, staff or strangers get a mail of each.
PRESSED = {
    "portal:ticket_solved": "change",
    "portal:ticket_watch": "change",
    "portal:ticket_private": "change",
    "portal:approval": "change",
    "portal:approval_end": "change",
    "portal:ticket_help": "change",
    "portal:help_update": "filing",
    "portal:people": "inviting",
    "console:customer_invite": "inviting",
    "console:charge_send": "staff_reply",
    "console:charge_release": "staff_reply",
    "console:charge_return": "staff_reply",
    "console:charge_withdraw": "staff_reply",
    "console:charge_end": "staff_reply",
    "account_way_test": "paging",
    "console:page_test": "paging",
}
# Asked with words to look for: each reads more than a page does.
FETCHED = {"portal:artifact", "portal:licence"}
SEARCHED = {"portal:tickets", "console:queue", "console:search", "console:outbox"}

pace = Pace(BURST)


class LimitMiddleware:
    """Below signing in, above the transaction. Counters are rows of the database, the pace of plain pages is this process's own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in BARE_PATHS or request.path.startswith(SIGNALS):
            return self.get_response(request)
        who = f"person:{request.user.pk}" if request.user.is_authenticated else f"address:{_address(request)}"
        if settings.PAGES_PER_SECOND and (seconds := pace.wait(who, time.monotonic(), settings.PAGES_PER_SECOND)):
            return too_many(request, max(1, round(seconds)))
        name = _name(request)
        for what, amount in _counted(request, name):
            limit, window = settings.LIMITS[what]
            if wait := count(what, who, amount=amount, limit=limit, seconds=window, now=timezone.now()):
                log.warning("refused for now: more than %s %s in %s s", limit, what, window)
                if name not in WRITTEN:
                    return too_many(request, wait)
                refuse(request, TooOften(wait))
        response = self.get_response(request)
        refusal = refusal_of(request)
        if refusal is not None and response.status_code in {413, 422}:
            response.status_code = 429
            response["Retry-After"] = str(refusal.seconds)
        return response


def _counted(request: HttpRequest, name: str) -> Iterator[tuple[str, int]]:
    """What this request counts as, and how much of it. Strangers' posts are refused before anything is read: they need no counter."""
    if name == "invitation":
        yield "invitation", 1
    if not request.user.is_authenticated:
        return
    if request.method == "POST" and name in WRITTEN:
        yield WRITTEN[name], 1
        length = request.headers.get("Content-Length") or "0"
        size = min(int(length), largest_body()) if length.isdecimal() and len(length) < 16 else 0
        if size > SMALL:
            yield "bytes", size
    elif request.method == "POST" and name in PRESSED:
        yield PRESSED[name], 1
    elif request.GET.get("q") and name in SEARCHED:
        yield "search", 1
    elif name in FETCHED:
        yield "download", 1
    elif name.endswith("export"):
        yield "export", 1


def _name(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).view_name
    except Resolver404:
        return ""


def _address(request: HttpRequest) -> str:
    """The peer's, or what the trusted proxy says; of IPv6 the network, which one subscriber has to themselves."""
    try:
        return str(get_ip(request))
    except PermissionDenied:
        return "unknown"


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    minutes = -(-seconds // 60)
    sentence = _("Try again in %(minutes)s min; what you wrote is kept in your browser.")
    response = render(request, "429.html", {"sentence": sentence % {"minutes": minutes}}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def too_many_attempts(request: HttpRequest) -> HttpResponse:
    """allauth's limits of signing in, of resets and of second factors don't say how long; their longest window does."""
    return too_many(request, ATTEMPT_SECONDS)
