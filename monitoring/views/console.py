"""The staff's pages about what is watched. Whoever looks at a customer's is written down, and the customer sees it."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.access import DeskRequest
from contracts.models import Environment
from helpdesk.lib.addresses import row_id
from monitoring import commands, curves, permissions
from monitoring.forms import MaintenanceForm
from monitoring.models import Look
from monitoring.queries import environment as queries
from monitoring.queries.overview import worst_first
from monitoring.views.shared import curve_answer, end_maintenance_or_404, environment_or_404, refused_maintenance, settings_form

LAST_PAGE = 1000


@require_GET
def watching(request: DeskRequest) -> HttpResponse:
    now, page = timezone.now(), min(row_id(request.GET.get("page", "")) or 1, LAST_PAGE)
    rows, has_more = worst_first(now, page)
    commands.note_looks(person=request.access.person, environments=[row.environment for row in rows], page=Look.Page.LIST, now=now)
    return render(request, "console/watching.html", {"rows": rows, "next_page": page + 1 if has_more else None})


@require_GET
def watch(request: DeskRequest, pk: int) -> HttpResponse:
    return _page(request, environment_or_404(pk))


def _page(request: DeskRequest, environment: Environment, form: MaintenanceForm | None = None) -> HttpResponse:
    now = timezone.now()
    _note(request, environment, Look.Page.ENVIRONMENT, now)
    context = queries.page(environment, now) | {
        "for_customer": environment.customer,
        "may_keep": permissions.may_keep_watch(request.access),
        "maintenance_form": form or MaintenanceForm(now=now),
        "curves": curves.CURVES if curves.is_configured() else (),
        "spans": list(curves.SPANS),
    }
    return render(request, "console/watch.html", context, status=422 if form is not None else 200)


def _note(request: DeskRequest, environment: Environment, page: str, now: datetime) -> None:
    commands.note_looks(person=request.access.person, environments=[environment], page=page, now=now)


def _kept(request: DeskRequest, pk: int) -> Environment:
    if not permissions.may_keep_watch(request.access):
        raise PermissionDenied
    return environment_or_404(pk)


@require_POST
def watch_maintenance(request: DeskRequest, pk: int) -> HttpResponse:
    environment = _kept(request, pk)
    form = refused_maintenance(request, environment, by_staff=True)
    return redirect("console:watch", pk) if form is None else _page(request, environment, form)


@require_POST
def watch_maintenance_end(request: DeskRequest, pk: int, maintenance_id: int) -> HttpResponse:
    end_maintenance_or_404(request, _kept(request, pk), maintenance_id)
    return redirect("console:watch", pk)


def watch_settings(request: DeskRequest, pk: int) -> HttpResponse:
    """Staff help with all but the permission and the tokens, which are the customer's."""
    environment = _kept(request, pk)
    form = settings_form(request, environment)
    if form is None:
        return redirect("console:watch", pk)
    context = {"form": form, "environment": environment, "for_customer": environment.customer}
    return render(request, "console/watch_settings.html", context, status=422 if form.errors else 200)


@require_safe
def watch_curve(request: DeskRequest, pk: int, slug: str, span: str) -> HttpResponse | StreamingHttpResponse:
    environment, now = environment_or_404(pk), timezone.now()
    _note(request, environment, Look.Page.CURVES, now)
    return curve_answer(environment.pk, slug, span, request.access.person, now)
