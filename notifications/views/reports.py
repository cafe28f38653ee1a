"""What a mail service tells us of mails that it took: delivered, bounced, marked as spam. Asked by machines, without a person."""

import logging
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import anymail.urls
from anymail.signals import EventType, RejectReason
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications import bounces, commands
from notifications.models import Mail

log = logging.getLogger(__name__)
LARGEST_BYTES = 1024 * 1024
TRACKING = "_tracking_webhook"
# Each service has its own form and proof of origin, which Anymail knows.
SERVICES: dict[str, Any] = {
    pattern.name.removesuffix(TRACKING): pattern.callback.view_class
    for pattern in anymail.urls.urlpatterns
    if pattern.name.endswith(TRACKING)
}
OUTCOMES = {
    EventType.DELIVERED: Mail.State.DELIVERED,
    EventType.BOUNCED: Mail.State.BOUNCED,
    EventType.REJECTED: Mail.State.BOUNCED,
    EventType.FAILED: Mail.State.BOUNCED,
    EventType.COMPLAINED: Mail.State.COMPLAINED,
}


@csrf_exempt
@require_http_methods(["HEAD", "POST"])
def service_reports(request: HttpRequest, service: str) -> HttpResponse:
    """Take the reports of the service that sends our mail; any other, or one without a secret, does not exist here.

    What it reports twice or in the wrong order changes nothing more. An answer of 500 makes it try again later.
    """
    if service != _configured_service() or not settings.ANYMAIL_WEBHOOK_SECRET:
        raise Http404
    if request.method == "HEAD":
        return HttpResponse()  # some services look whether anybody is there
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        return HttpResponse(status=HTTPStatus.LENGTH_REQUIRED)
    length = request.headers.get("Content-Length") or "0"
    if not (length.isdecimal() and len(length) < 19 and int(length) <= LARGEST_BYTES):
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    reader = SERVICES[service]()
    reader.setup(request)
    reader.run_validators(request)  # a wrong secret or signature is answered with 400
    try:
        events = reader.parse_events(request)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        log.warning("a report of %s could not be read: %s", service, type(error).__name__)
        return HttpResponse("This is not a report.\n", status=HTTPStatus.BAD_REQUEST, content_type="text/plain")
    now = timezone.now()
    for event in events:
        _note(event, now)
    return HttpResponse()


def _configured_service() -> str:
    """The service in EMAIL_URL, as Anymail calls it; empty for a plain mail server, which reports nothing."""
    parts = settings.EMAIL_BACKEND.split(".")
    return parts[2] if parts[:2] == ["anymail", "backends"] and parts[2] in SERVICES else ""


def _note(event: Any, now: datetime) -> None:
    outcome = OUTCOMES.get(event.event_type)
    if outcome is None:
        return  # opened, clicked, deferred: nothing that anybody waits for
    reason = bounces.plain(str(event.mta_response or event.description or event.reject_reason or ""))[: bounces.LONGEST_REASON]
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    names = [str(name) for name in (event.message_id, metadata.get("mail")) if name]
    said = bounces.verdict(reason)
    of_address = said.of_address if bounces.enhanced_status(reason) else event.reject_reason in {RejectReason.BOUNCED, RejectReason.INVALID}
    at = event.timestamp if isinstance(event.timestamp, datetime) else None
    if at is not None and timezone.is_naive(at):
        at = at.replace(tzinfo=UTC)
    commands.report(names=names, outcome=outcome, reason=reason, of_address=of_address, at=at, now=now)
