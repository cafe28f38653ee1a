"""Prometheus HTTP service discovery: what customers offer for scraping, while they authorise it (MON-2)."""

import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.tenancy import as_provider
from monitoring.queries.targets import authorised_targets


@require_safe
def targets(request: HttpRequest) -> HttpResponse:
    """For the holder of DISCOVERY_TOKEN; anybody else, or where none is set, finds nothing here."""
    given = request.headers.get("Authorization", "").encode()
    if not settings.DISCOVERY_TOKEN or not hmac.compare_digest(given, f"Bearer {settings.DISCOVERY_TOKEN}".encode()):
        raise Http404
    with as_provider():
        return JsonResponse(authorised_targets(timezone.now()), safe=False, headers={"Cache-Control": "no-store"})
