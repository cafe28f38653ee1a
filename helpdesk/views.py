"""Pages that stand above the apps: both home pages, a customer as a whole, health, and what is said when something broke."""

import sys

from django.conf import settings
from django.db import Error, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views import defaults

from accounts.access import DeskRequest
from accounts.models import Customer
from accounts.queries import people_page
from billing.queries.charges import any_open
from billing.queries.hours import used_of, used_question, with_allowances
from contracts.permissions import may_keep_contracts, may_keep_environments
from contracts.queries import contracts_of, environments_of, out_of_reach
from helpdesk.lib.outages import is_outage
from notifications.fate import bouncing_at
from notifications.permissions import may_try_address_again
from tickets.permissions import may_file_for_customers
from tickets.queries import console, portal

RETRY_SECONDS = 5  # after which a client may ask again while the database is away


def portal_home(request: DeskRequest) -> HttpResponse:
    now = timezone.now()
    context, (open_charges, used) = portal.home(request.access, now, any_open.question(), used_question(request.access.customer.pk, now))
    context |= {"any_approval_open": bool(open_charges), "shown_cards": with_allowances(context["cards"], now, used_of(used))}
    return render(request, "portal_home.html", context)


def console_home(request: DeskRequest) -> HttpResponse:
    return redirect("console:queue", "unverified")


def customer(request: DeskRequest, pk: int) -> HttpResponse:
    """Everything about one customer that staff need in one place."""
    found = Customer.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    now = timezone.now()
    bouncing = bouncing_at(found.pk)
    context = people_page(found, now) | {
        "now": now,
        "for_customer": found,
        "bouncing": bouncing,
        "out_of_reach": out_of_reach(found, bouncing, now),
        "may_try_again": may_try_address_again(request.access),
        "cards": contracts_of(found, now),
        "environments": environments_of(found),
        "rows": console.customer_rows(found),
        "may_keep_contracts": may_keep_contracts(request.access),
        "may_keep_environments": may_keep_environments(request.access),
        "may_file": may_file_for_customers(request.access),
    }
    return render(request, "console/customer.html", context)


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """The process can reach its database, which is all that filing and reading need."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return JsonResponse({"database": "unreachable"}, status=503)
    return JsonResponse({"database": "ok"})


def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


def server_error(request: HttpRequest) -> HttpResponse:
    """What Django asks for when anything raised, a middleware too: 503 when the database is away or too busy, else 500.

    Uses neither database nor session, nor anything that a middleware may not have set yet.
    """
    if not is_outage(sys.exc_info()[1]):
        return defaults.server_error(request)
    language = getattr(request, "LANGUAGE_CODE", None) or translation.get_language_from_request(request)
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    with translation.override(language):
        if not request.accepts("text/html"):
            return JsonResponse({"error": _("Nothing can be kept right now. Try again in a moment.")}, status=503, headers=headers)
        context = {"LANGUAGE_CODE": language, "provider": settings.PROVIDER_NAME, "is_form": request.method == "POST"}
        return HttpResponse(render_to_string("503.html", context), status=503, headers=headers)
