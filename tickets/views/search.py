"""Searching: the console's page, and what both faces say about what was looked for."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.access import DeskRequest
from helpdesk.lib import identifiers
from helpdesk.lib.addresses import query_string
from helpdesk.lib.counting import capped
from helpdesk.lib.words import clean_words
from tickets.finding import Finding
from tickets.queries import console as queries
from tickets.queries.excerpts import are_files_waiting
from tickets.views.exporting import export_answer, export_links

LONGEST_WORDS = 300  # an identifier of a call has up to 256 characters, and may be pasted with its label


def is_loose(request: DeskRequest) -> bool:
    """Whether identifiers that are only alike were asked for too."""
    return bool(request.GET.get("loose"))


def search(request: DeskRequest) -> HttpResponse:
    words, loosely, cursor = clean_words(request.GET.get("q", ""), longest=LONGEST_WORDS), is_loose(request), request.GET.get("before", "")
    if not words:
        return render(request, "console_search.html", {"q": "", "rows": []})
    found = queries.search(words, cursor, loosely=loosely)
    rows, next_cursor = queries.rows(found.page.rows, found=found.why), found.page.next_cursor
    if len(rows) == 1 and rows[0].number.casefold() == words.casefold():
        return redirect(rows[0].url)
    context = search_notes(request, found.finding, has_found=bool(rows)) | {
        "now": timezone.now(),
        "q": words,
        "rows": rows,
        "customers": queries.customers_named(words),
        "exports": export_links(request, reverse("console:search_export")),
        "count": found.count,
        "count_label": capped(found.count, queries.MOST_COUNTED),
        "next_url": f"{request.path}?{query_string(request.GET, before=next_cursor)}" if next_cursor else "",
        "first_url": f"{request.path}?{query_string(request.GET, before=None)}" if cursor else "",
    }
    return render(request, "console_search.html", context)


def search_export(request: DeskRequest) -> HttpResponseBase:
    words = clean_words(request.GET.get("q", ""), longest=LONGEST_WORDS)
    if not words:
        return redirect("console:search")
    return export_answer(request, "console", lambda access: queries.found(words, loosely=is_loose(request)))


def search_notes(request: DeskRequest, finding: Finding, *, has_found: bool) -> dict[str, object]:
    """What `ui/search_note.html` and `parts/found_nothing.html` ask for; nothing where they have nothing to say."""
    sought = identifiers.sought(finding.words)
    if not finding.words or not (sought or not has_found):
        return {}
    return {
        "sought": sought,
        "known": finding.alike,
        "is_loose": is_loose(request),
        "loose_url": f"{request.path}?{query_string(request.GET, before=None, loose=1)}",
        "strict_url": f"{request.path}?{query_string(request.GET, before=None, loose=None)}",
        "files_waiting": not has_found and are_files_waiting(),
    }
