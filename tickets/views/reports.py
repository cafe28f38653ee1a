"""Which promises were kept and which were missed: the staff's of all customers, a customer's of its own. Pages and files."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Access, DeskRequest
from accounts.streaming import Face
from helpdesk.lib.addresses import query_string
from helpdesk.lib.sheets import Row
from tickets.queries import missed, reports
from tickets.queries.kept import Asked, Group
from tickets.reporting import PortalReportForm, ReportForm, StaffReportForm
from tickets.views.exporting import export_links, file_answer

FORMS: dict[Face, type[ReportForm]] = {"portal": PortalReportForm, "console": StaffReportForm}


def console(request: DeskRequest) -> HttpResponse:
    return _figures(request, "console", reports.console)


def portal(request: DeskRequest) -> HttpResponse:
    return _figures(request, "portal", reports.portal)


def console_missed(request: DeskRequest) -> HttpResponse:
    return _missed(request, "console")


def portal_missed(request: DeskRequest) -> HttpResponse:
    return _missed(request, "portal")


def console_export(request: DeskRequest) -> HttpResponseBase:
    return _figures_file(request, "console")


def portal_export(request: DeskRequest) -> HttpResponseBase:
    return _figures_file(request, "portal")


def console_missed_export(request: DeskRequest) -> HttpResponseBase:
    return _missed_file(request, "console")


def portal_missed_export(request: DeskRequest) -> HttpResponseBase:
    return _missed_file(request, "portal")


def _figures(request: DeskRequest, face: Face, query: Callable[[Asked, Group], reports.Report]) -> HttpResponse:
    form = FORMS[face](request.GET, now=timezone.now())
    asked, group = form.asked(), form.grouped_by()
    return render(
        request,
        f"{face}/reports.html",
        _frame(request, face, "reports", form)
        | {
            "report": query(asked, group),
            "group": group,
            "missed_url": f"{reverse(f'{face}:reports_missed')}?{query_string(request.GET)}",
        },
    )


def _missed(request: DeskRequest, face: Face) -> HttpResponse:
    now, cursor = timezone.now(), request.GET.get("before", "")
    form = FORMS[face](request.GET, has_lines=False, now=now)
    page = missed.missed(form.asked(), cursor=cursor, now=now)
    address = reverse(f"{face}:reports_missed")
    return render(
        request,
        f"{face}/reports_missed.html",
        _frame(request, face, "reports_missed", form)
        | {
            "rows": page.rows,
            "first_url": f"{address}?{query_string(request.GET, before=None)}" if cursor else "",
            "next_url": f"{address}?{query_string(request.GET, before=page.next_cursor)}" if page.next_cursor else "",
        },
    )


def _frame(request: DeskRequest, face: Face, here: str, form: ReportForm) -> dict[str, Any]:
    """What both pages show around their own: the filters, the two views of them, and the way to the file."""
    asked_for = query_string(request.GET, before=None)
    views = {"reports": _("Figures"), "reports_missed": _("Missed promises")}
    return {
        "form": form,
        "tabs": [
            {"url": f"{reverse(f'{face}:{name}')}?{asked_for}", "label": label, "current": name == here} for name, label in views.items()
        ],
        "exports": export_links(request, reverse(f"{face}:{here}_export")),
        "clear_url": reverse(f"{face}:{here}") if asked_for else "",
    }


def _figures_file(request: DeskRequest, face: Face) -> HttpResponseBase:
    """The table as a file; with a mistake in the filters, the page, which explains it."""
    form = FORMS[face](request.GET, now=timezone.now())
    asked, group = form.asked(), form.grouped_by()
    if form.errors:
        return _explained(request, face, "reports")

    def read(_access: Access, _cursor: int | None) -> tuple[list[Row], int | None]:
        return reports.rows(asked, group), None

    return file_answer(request, face, read, name=_("kept-promises"), title=_("Kept promises"), header=lambda _zone: reports.header(group))


def _missed_file(request: DeskRequest, face: Face) -> HttpResponseBase:
    """All missed promises of these months as a file; with a mistake in the filters, the page, which explains it."""
    now, for_staff = timezone.now(), face == "console"
    form = FORMS[face](request.GET, now=now)
    asked = form.asked()
    if form.errors:
        return _explained(request, face, "reports_missed")

    def read(_access: Access, before: int | None) -> tuple[list[Row], int | None]:
        return missed.batch(asked, before, for_staff=for_staff, now=now)

    def header(zone: str) -> list[str]:
        return missed.header(for_staff=for_staff, zone=zone)

    return file_answer(request, face, read, name=_("missed-promises"), title=_("Missed promises"), header=header)


def _explained(request: DeskRequest, face: Face, page: str) -> HttpResponseBase:
    return redirect(f"{reverse(f'{face}:{page}')}?{query_string(request.GET, format=None)}")
