"""The queues that staff work through."""

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.access import DeskRequest
from helpdesk.lib.addresses import address, query_string
from notifications.queries import on_call_now
from tickets.filtering import QueueFilterForm
from tickets.queries import console as queries
from tickets.queries import queues
from tickets.queries.excerpts import why_found
from tickets.views.exporting import export_answer, export_links


def queue(request: DeskRequest, slug: str) -> HttpResponse:
    chosen = queues.BY_SLUG.get(slug)
    if chosen is None:
        raise Http404
    form, here = QueueFilterForm(request.GET), address("console:queue", slug)
    filters = form.filters()
    finding = filters.find()
    page = queries.queue_page(chosen, request.access, filters, finding, request.GET.get("before", ""))
    now = timezone.now()
    context = {
        "now": now,
        "queue": chosen,
        "on_call": on_call_now(now),
        "rows": queries.rows(page.rows, slug, why_found(page.rows, finding)),
        "form": form,
        "chips": form.chips(here, request.GET),
        "clear_url": here if filters or form.errors else "",
        "exports": [] if form.errors else export_links(request, address("console:queue_export", slug)),
        "next_url": f"{here}?{query_string(request.GET, before=page.next_cursor)}" if page.next_cursor else "",
        "first_url": f"{here}?{query_string(request.GET, before=None)}" if request.GET.get("before") else "",
    }
    return render(request, "console_queue.html", context)


def queue_export(request: DeskRequest, slug: str) -> HttpResponseBase:
    """The queue as it is filtered, as a file; with a mistake in the filters, the queue, which explains it."""
    chosen, form = queues.BY_SLUG.get(slug), QueueFilterForm(request.GET)
    if chosen is None:
        raise Http404
    filters = form.filters()
    if form.errors:
        return redirect(f"{address('console:queue', slug)}?{query_string(request.GET, format=None)}")
    return export_answer(request, "console", lambda access: queries.in_queue(chosen, access, filters))
