"""Why this time? The promises of a ticket explained, to both faces: a page of its own, of which the ticket's page loads a part."""

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone

from accounts.access import DeskRequest
from tickets.models import Ticket
from tickets.queries import console as console_queries
from tickets.queries import portal as portal_queries
from tickets.queries.promises import explained

PART = "X-Part"  # asked for by js/in_place.js: the named part of a page alone


def wants_part(request: HttpRequest) -> bool:
    return bool(request.headers.get(PART))


def chosen(request: HttpRequest) -> QueryDict | None:
    """The values of a form for whose effect a part is asked; None for a whole page."""
    return request.GET if wants_part(request) else None


def portal(request: DeskRequest, number: int) -> HttpResponse:
    return _explanation(request, portal_queries.find_ticket(number), "portal/promise.html", for_staff=False)


def console(request: DeskRequest, number: int) -> HttpResponse:
    return _explanation(request, console_queries.find_ticket(number), "console/promise.html", for_staff=True)


def _explanation(request: DeskRequest, ticket: Ticket | None, page: str, *, for_staff: bool) -> HttpResponse:
    if ticket is None:
        raise Http404
    now = timezone.now()
    promise = explained(ticket, now, for_staff=for_staff, with_older="older" in request.GET)
    context = {"ticket": ticket, "promise": promise, "now": now}
    return render(request, "ui/clocks_part.html" if wants_part(request) else page, context)
