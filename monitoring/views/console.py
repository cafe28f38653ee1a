"""The staff's pages about what is watched. Whoever looks at a customer's is written down, and the customer sees it."""

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.access import DeskRequest
from contracts.models import Environment
from helpdesk.lib.addresses import row_id
from helpdesk.lib.refusals import Refusal
from monitoring import commands, curves, permissions
from monitoring.forms import MaintenanceForm
from monitoring.models import Look, Maintenance
from monitoring.queries import environment as queries
from monitoring.queries.overview import worst_first
from monitoring.views.shared import curve_answer, environment_or_404, watch_form, watch_or_404

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
    form = MaintenanceForm(request.POST, now=timezone.now())
    if form.is_valid():
        try:
            commands.plan_maintenance(
                actor=request.access.person, environment=environment, by_staff=True, now=timezone.now(), **form.cleaned_data
            )
        except Refusal as refusal:
            form.add_error("until_at", str(refusal))
        else:
            messages.success(request, _("The maintenance is planned: alerts open no ticket meanwhile."))
            return redirect("console:watch", pk)
    return _page(request, environment, form)


@require_POST
def watch_maintenance_end(request: DeskRequest, pk: int, maintenance_id: int) -> HttpResponse:
    planned = Maintenance.objects.filter(environment=_kept(request, pk), pk=maintenance_id).first()
    if planned is None:
        raise Http404
    commands.end_maintenance(actor=request.access.person, maintenance=planned, now=timezone.now())
    return redirect("console:watch", pk)


def watch_settings(request: DeskRequest, pk: int) -> HttpResponse:
    """Staff help with all but the permission and the tokens, which are the customer's."""
    environment = _kept(request, pk)
    form = watch_form(environment, request.POST or None, watch_or_404(environment))
    if request.method == "POST" and form.is_valid():
        commands.set_watch(
            actor=request.access.person,
            environment=environment,
            rules=form.cleaned_data["rules"],
            settings=form.settings(),
            now=timezone.now(),
        )
        messages.success(request, _("Saved."))
        return redirect("console:watch", pk)
    context = {"form": form, "environment": environment, "for_customer": environment.customer}
    return render(request, "console/watch_settings.html", context, status=422 if form.errors else 200)


@require_safe
def watch_curve(request: DeskRequest, pk: int, slug: str, span: str) -> HttpResponse | StreamingHttpResponse:
    environment, now = environment_or_404(pk), timezone.now()
    _note(request, environment, Look.Page.CURVES, now)
    return curve_answer(environment.pk, slug, span, request.access.person, now)
