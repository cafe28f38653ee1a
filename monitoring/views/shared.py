"""What both faces' pages about watching have in common."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.access import DeskRequest
from accounts.models import Person
from contracts.models import Environment
from helpdesk.lib import lines
from helpdesk.lib.moments import dated
from helpdesk.lib.refusals import Refusal
from monitoring import commands, curves
from monitoring.forms import MaintenanceForm, WatchForm
from monitoring.models import Maintenance, Watch
from monitoring.queries import environment as queries

SVG = "image/svg+xml; charset=utf-8"


def environment_or_404(pk: int) -> Environment:
    """One that the present scope shows."""
    found = queries.found(pk)
    if found is None:
        raise Http404
    return found


def watch_or_404(environment: Environment) -> Watch:
    found = Watch.objects.filter(environment=environment).prefetch_related("rules").first()
    if found is None:
        raise Http404
    return found


def settings_form(request: DeskRequest, environment: Environment) -> WatchForm | None:
    """The form of an environment's settings, as it is to be shown; None: it was sent, and is saved."""
    products = [one.product for one in environment.installations.select_related("product")]
    form = WatchForm(request.POST or None, instance=watch_or_404(environment), products=products)
    if request.method != "POST" or not form.is_valid():
        return form
    commands.set_watch(
        actor=request.access.person,
        environment=environment,
        rules=form.cleaned_data["rules"],
        settings=form.settings(),
        now=timezone.now(),
    )
    messages.success(request, _("Saved."))
    return None


def refused_maintenance(request: DeskRequest, environment: Environment, *, by_staff: bool) -> MaintenanceForm | None:
    """Plan what was sent. The form that says why that can't be; None: it is planned."""
    form = MaintenanceForm(request.POST, now=timezone.now())
    if not form.is_valid():
        return form
    try:
        commands.plan_maintenance(
            actor=request.access.person, environment=environment, by_staff=by_staff, now=timezone.now(), **form.cleaned_data
        )
    except Refusal as refusal:
        form.add_error("until_at", str(refusal))
        return form
    messages.success(request, _("The maintenance is planned: alerts open no ticket meanwhile."))
    return None


def end_maintenance_or_404(request: DeskRequest, environment: Environment, maintenance_id: int) -> None:
    planned = Maintenance.objects.filter(environment=environment, pk=maintenance_id).first()
    if planned is None:
        raise Http404
    commands.end_maintenance(actor=request.access.person, maintenance=planned, now=timezone.now())


def curve_answer(environment_id: int, key: str, span: str, person: Person, now: datetime) -> HttpResponse | StreamingHttpResponse:
    """The curve as an image. The server of figures is asked when the answer is sent, after the request's transaction has ended."""
    curve = curves.BY_KEY.get(key)
    if curve is None or span not in curves.SPANS or not curves.is_configured():
        raise Http404
    return StreamingHttpResponse(_drawn(curve, environment_id, span, person, now), content_type=SVG)


def _drawn(curve: curves.Curve, environment_id: int, span: str, person: Person, now: datetime) -> Iterator[str]:
    with translation.override(person.language), timezone.override(ZoneInfo(person.time_zone)):
        title, start = str(curve.title), now - curves.SPANS[span]
        try:
            points = curves.points(curve, environment_id, curves.SPANS[span], now)
        except curves.Unavailable:
            yield lines.message(_("These figures can't be had right now."), title)
            return
        if not points:
            yield lines.message(_("There are no figures of this time."), title)
            return
        said = _("now %(value)s") % {"value": f"{points[-1][1]:.0f} {curve.unit}"}
        yield lines.to_svg(
            points, start, now, title=title, description=said, unit=curve.unit, top=curve.top, labels=(dated(start), dated(now))
        )
