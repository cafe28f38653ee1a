"""Curves of what customers let the provider scrape, from the provider's own server of figures: PROMETHEUS_URL.

The only module of this app that opens a connection, and that server is all that it ever asks (MON-4; a test holds it). The questions are
these few, with an environment's number in them and nothing that anybody wrote.
"""

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

log = logging.getLogger(__name__)

SECONDS = 3.0  # for an answer, after which the page does without
LARGEST_BYTES = 1024 * 1024
POINTS = 120


class Unavailable(Exception):
    """The server is away, too slow, or says something else than figures."""


@dataclass(frozen=True)
class Curve:
    """`question`: in PromQL; $scope stands for the environment. `top`: what the scale reaches at least."""

    key: str
    title: "str | Promise"
    question: str
    unit: str
    top: float


CURVES = (
    Curve("reachable", _("Reachable"), "100 * avg(up{$scope})", "%", 100),
    Curve("processor", _("Processor in use"), '100 * (1 - avg(rate(node_cpu_seconds_total{$scope,mode="idle"}[5m])))', "%", 100),
    Curve(
        "memory",
        _("Memory in use"),
        "100 * (1 - min(node_memory_MemAvailable_bytes{$scope} / node_memory_MemTotal_bytes{$scope}))",
        "%",
        100,
    ),
    Curve(
        "disk",
        _("Fullest disk"),
        '100 * (1 - min(node_filesystem_avail_bytes{$scope,fstype!~"tmpfs|overlay|squashfs"} / node_filesystem_size_bytes{$scope}))',
        "%",
        100,
    ),
)
BY_KEY = {curve.key: curve for curve in CURVES}
SPANS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
Point = tuple[datetime, float]


def is_configured() -> bool:
    return bool(settings.PROMETHEUS_URL)


class _StaysThere(HTTPRedirectHandler):
    """The server that is configured answers itself, or not at all."""

    def redirect_request(self, *_unused: object, **_more: object) -> None:
        return None


def _opener() -> OpenerDirector:
    """No proxy of the surroundings either: what is asked is inside the provider's own network."""
    return build_opener(ProxyHandler({}), _StaysThere())


def points(curve: Curve, environment_id: int, span: timedelta, now: datetime) -> list[Point]:
    """The curve's values over the time until now, the oldest first; none where nothing was scraped. Raises Unavailable.

    It waits for another machine: never to be called inside a transaction.
    """
    question = curve.question.replace("$scope", f'environment_id="{int(environment_id)}"')
    step = max(15, int(span.total_seconds()) // POINTS)
    asked = {"query": question, "start": (now - span).timestamp(), "end": now.timestamp(), "step": step}
    request = Request(  # noqa: S310 - the scheme was checked when the settings were read
        f"{settings.PROMETHEUS_URL}/api/v1/query_range?{urlencode(asked)}", headers={"Accept": "application/json"}
    )
    try:
        with _opener().open(request, timeout=SECONDS) as answer:
            text = answer.read(LARGEST_BYTES + 1)
        if len(text) > LARGEST_BYTES:
            raise Unavailable
        return _points(json.loads(text))
    except (URLError, OSError, HTTPException, ValueError, TypeError, LookupError, RecursionError) as error:
        log.warning("the server of figures could not be asked: %s", type(error).__name__)
        raise Unavailable from error


def _points(answer: Any) -> list[Point]:
    series: Sequence[Any] = answer["data"]["result"]
    pairs = ((datetime.fromtimestamp(float(at), UTC), float(value)) for at, value in (series[0]["values"] if series else ()))
    return [(at, value) for at, value in pairs if math.isfinite(value)]
