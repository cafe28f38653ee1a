"""/metrics, for Prometheus: what the web processes counted, and what the database knows at this moment."""

import hmac
import logging
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.signals import got_request_exception
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.backends.signals import connection_created
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from psycopg2.errors import QueryCanceled

from accounts.tenancy import as_provider
from billing.queries import verification as hours
from helpdesk import metering, sweeps
from monitoring.queries import lateness as signals
from notifications.queries import outbox_figures, page_figures
from sla.queries.lateness import waits_for
from tickets.queries.queues import verdicts_wanted
from tickets.queries.verification import last_found

log = logging.getLogger(__name__)

STATEMENT_MILLISECONDS = 2000
FAILURES = (DatabaseError, InterfaceError)
# What a proxy adds: a request with one of these was not made on this machine, whatever its peer's address.
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For the holder of METRICS_TOKEN; without one set, for this machine. Anybody else finds nothing here."""
    if not _may_read(request):
        raise Http404
    registry = CollectorRegistry()
    registry.register(Database())
    with metering.process_figures() as counted:
        text = generate_latest(counted)
    return HttpResponse(text + generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").encode()
    if settings.METRICS_TOKEN:
        return hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode())
    return not any(name in request.headers for name in FORWARDED) and _is_this_machine(request.META.get("REMOTE_ADDR", ""))


def _is_this_machine(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


class Database:
    """Figures asked for when Prometheus comes, each group by itself: one that can't be had leaves the others."""

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("helpdesk_database_up", "1: all figures of the database could be read.", value=1)
        for group, scope in ((_mail, as_provider), (_pages, as_provider), (_tickets, as_provider), (_noted, transaction.atomic)):
            try:
                yield from _briefly(group, scope)
            except FAILURES as error:
                metering.count_database_error(error)
                log.warning("figures could not be read: %s", type(error).__name__)
                connection.close()
                up = GaugeMetricFamily("helpdesk_database_up", up.documentation, value=0)
                if not _took_too_long(error):
                    break  # it is away: nobody waits for it once for each group
        yield up


def _briefly(group: Callable[[], list[Metric]], scope: Callable[[], AbstractContextManager[Any]]) -> list[Metric]:
    with scope():
        with connection.cursor() as cursor:  # inside the scope, which sets the limits of its kind of work
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(STATEMENT_MILLISECONDS)])
        return group()


def _took_too_long(error: Exception) -> bool:
    """Whether it was ended for its time: the other groups may be had all the same."""
    return isinstance(error.__cause__, QueryCanceled)


def _mail() -> list[Metric]:
    found = outbox_figures(timezone.now())
    states = GaugeMetricFamily("helpdesk_mails", "Mails that wait, are being sent, or need a person.", labels=["state"])
    for state, number in found.by_state.items():
        states.add_metric([state], number)
    return [
        states,
        GaugeMetricFamily(
            "helpdesk_mail_oldest_due_seconds", "For how long the oldest mail could have been sent.", value=found.oldest_due_seconds
        ),
        GaugeMetricFamily(
            "helpdesk_mail_unknown_outcomes", "Of the latest mails, those that may have gone out twice.", value=found.unknown_outcomes
        ),
    ]


def _pages() -> list[Metric]:
    found = page_figures(timezone.now())
    states = GaugeMetricFamily("helpdesk_pages", "Pages of the last days that wait, are not acknowledged, or failed.", labels=["state"])
    for state, number in found.by_state.items():
        states.add_metric([state], number)
    oldest = found.oldest_due_seconds
    return [
        states,
        GaugeMetricFamily("helpdesk_page_oldest_due_seconds", "For how long the oldest page could have been sent.", value=oldest),
    ]


def _tickets() -> list[Metric]:
    """With what waits to become one: a signal of a customer's tool."""
    now = timezone.now()
    waiting, late = verdicts_wanted(), waits_for(now)
    unworked, parked = signals.waits_for(now), signals.parked_lately(now)
    return [
        GaugeMetricFamily(
            "helpdesk_step_oldest_due_seconds", "For how long the oldest step or miss of a promise waits to be told.", value=late
        ),
        GaugeMetricFamily(
            "helpdesk_verdicts_wanted", "Tickets that wait for a verdict: declared, contested, claimed to be worse.", value=waiting
        ),
        GaugeMetricFamily(
            "helpdesk_signal_oldest_waiting_seconds",
            "For how long the oldest signal of customers' tools waits to be worked on.",
            value=unworked,
        ),
        GaugeMetricFamily("helpdesk_signals_parked", "Signals of the last day that could not be worked on.", value=parked),
    ]


def _noted() -> list[Metric]:
    return [*_sweeps(), *_clocks(), *_hours()]


def _sweeps() -> list[Metric]:
    late = GaugeMetricFamily("helpdesk_sweep_late_seconds", "How long ago a task of beat ought to have ended again.", labels=["task"])
    every = GaugeMetricFamily("helpdesk_sweep_interval_seconds", "How often a task of beat ought to end.", labels=["task"])
    ended = GaugeMetricFamily("helpdesk_sweep_ended_timestamp_seconds", "When a task of beat last ended well.", labels=["task"])
    failed = GaugeMetricFamily("helpdesk_sweep_failed_timestamp_seconds", "When a task of beat last failed.", labels=["task"])
    for sweep in sweeps.sweeps(timezone.now()):
        late.add_metric([sweep.task], sweep.late)
        every.add_metric([sweep.task], sweep.every)
        if sweep.ended_at:
            ended.add_metric([sweep.task], sweep.ended_at.timestamp())
        if sweep.failed_at:
            failed.add_metric([sweep.task], sweep.failed_at.timestamp())
    return [late, every, ended, failed]


def _clocks() -> list[Metric]:
    """None before the first night: that the check never ends is told by how late its task is."""
    differ = GaugeMetricFamily("helpdesk_clock_differences", "What the last complete check left that is kept otherwise than stories say.")
    found = last_found()
    if found is not None:
        differ.add_metric([], found)
    return [differ]


def _hours() -> list[Metric]:
    """The same of contracts' hours."""
    differ = GaugeMetricFamily(
        "helpdesk_hours_differences", "What the last complete check left that is kept otherwise than contracts' stories say."
    )
    found = hours.last_found()
    if found is not None:
        differ.add_metric([], found)
    return [differ]


# --- Errors of the database -----------------------------------------------------------------------------------------
def _count_errors(execute: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return execute(*arguments)
    except FAILURES as error:
        metering.count_database_error(error)
        raise


def _watch(connection: Any, **_unused: Any) -> None:
    if _count_errors not in connection.execute_wrappers:
        connection.execute_wrappers.append(_count_errors)


def _count_failed_request(**_unused: Any) -> None:
    """A connection that could not be made passes no statement."""
    error = sys.exc_info()[1]
    if isinstance(error, FAILURES):
        metering.count_database_error(error)


connection_created.connect(_watch)
got_request_exception.connect(_count_failed_request)
