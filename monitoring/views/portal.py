"""The customer's own view of what is watched, and the permission that is theirs to give."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.access import DeskRequest
from contracts.models import Environment
from helpdesk.lib.refusals import Refusal
from monitoring import commands, curves, permissions, texts
from monitoring.forms import AuthorisationForm, CredentialForm, HeartbeatForm, MaintenanceForm, TargetForm, WithdrawalForm
from monitoring.models import Credential, Heartbeat, Source, Target
from monitoring.queries import environment as queries
from monitoring.queries.overview import of_customer
from monitoring.views.shared import curve_answer, end_maintenance_or_404, environment_or_404, refused_maintenance, settings_form

SHOWN_ADDRESSES = 10  # of heartbeats, where a token is shown


@require_GET
def watching(request: DeskRequest) -> HttpResponse:
    rows = of_customer(request.access.customer, timezone.now())
    return render(request, "portal/watching.html", {"rows": rows, "may_authorise": permissions.may_authorise(request.access)})


@require_GET
def watch(request: DeskRequest, pk: int) -> HttpResponse:
    return _page(request, environment_or_404(pk))


def _page(request: DeskRequest, environment: Environment, **forms: object) -> HttpResponse:
    """`forms`: those that could not be taken, with what was typed; without any, all are empty."""
    now = timezone.now()
    may_authorise = permissions.may_authorise(request.access)
    context = queries.page(environment, now) | {
        "may_authorise": may_authorise,
        "credentials": queries.credentials_of(environment, now),
        "withdrawal_form": WithdrawalForm(),
        "credential_form": CredentialForm(),
        "heartbeat_form": HeartbeatForm(),
        "target_form": TargetForm(),
        "maintenance_form": MaintenanceForm(now=now),
        "curves": curves.CURVES if curves.is_configured() else (),
        "spans": list(curves.SPANS),
    }
    return render(request, "portal/watch.html", context | forms, status=422 if forms else 200)


def _admins_environment(request: DeskRequest, pk: int) -> Environment:
    environment = environment_or_404(pk)
    if not permissions.may_authorise(request.access):
        raise PermissionDenied
    return environment


def watching_authorise(request: DeskRequest) -> HttpResponse:
    if not permissions.may_authorise(request.access):
        raise PermissionDenied
    form = AuthorisationForm(
        request.POST or None, customer=request.access.customer, initial={"environments": request.GET.getlist("environment")}
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            given = commands.authorise(
                actor=request.access.person,
                customer=request.access.customer,
                environments=data["environments"],
                text_version=data["text_version"],
                ends_at=data["ends_at"],
                now=timezone.now(),
            )
        except Refusal as refusal:
            form.add_error("last_date" if isinstance(refusal, commands.EndsTooEarly) else None, str(refusal))
        else:
            messages.success(request, _("Monitoring is authorised. Make a token for each tool that is to send."))
            return redirect("portal:watch", given[0].environment_id) if len(given) == 1 else redirect("portal:watching")
    context = {"form": form, "text": texts.AUTHORISATIONS[texts.CURRENT], "text_version": texts.CURRENT}
    return render(request, "portal/watching_authorise.html", context, status=422 if form.errors else 200)


@require_POST
def watch_withdraw(request: DeskRequest, pk: int) -> HttpResponse:
    environment = _admins_environment(request, pk)
    form = WithdrawalForm(request.POST)
    if not form.is_valid():
        return _page(request, environment, withdrawal_form=form)
    erase = form.cleaned_data["stored"] == "erase"
    if commands.withdraw(actor=request.access.person, environment=environment, erase=erase, now=timezone.now()):
        messages.success(request, _("The authorisation is withdrawn. Signals are refused from now on."))
    return redirect("portal:watch", pk)


@require_POST
def watch_erase(request: DeskRequest, pk: int) -> HttpResponse:
    environment = _admins_environment(request, pk)
    commands.erase_signals(actor=request.access.person, environment=environment, now=timezone.now())
    messages.success(request, _("What was stored of its signals is erased."))
    return redirect("portal:watch", pk)


@require_POST
def watch_credential(request: DeskRequest, pk: int) -> HttpResponse:
    """The answer itself shows the token, once: it is kept nowhere."""
    environment = _admins_environment(request, pk)
    form = CredentialForm(request.POST)
    if form.is_valid():
        try:
            credential, token = commands.make_credential(
                actor=request.access.person, environment=environment, now=timezone.now(), **form.cleaned_data
            )
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            return _token_page(request, credential, token)
    return _page(request, environment, credential_form=form)


@require_POST
def watch_credential_rotate(request: DeskRequest, pk: int, credential_id: int) -> HttpResponse:
    credential = _credential(request, pk, credential_id)
    try:
        made, token = commands.rotate_credential(actor=request.access.person, credential=credential, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("portal:watch", pk)
    return _token_page(request, made, token)


def _token_page(request: DeskRequest, credential: Credential, token: str) -> HttpResponse:
    is_beat = credential.source == Source.HEARTBEAT
    beats = list(Heartbeat.objects.filter(environment=credential.environment, removed_at=None)[:SHOWN_ADDRESSES]) if is_beat else []
    context = {
        "environment": credential.environment,
        "credential": credential,
        "token": token,
        "is_beat": is_beat,
        "beats": beats,
        "trial": f"portal/watch_trials/{credential.source}.txt" if beats or not is_beat else "",
        "base_url": settings.BASE_URL,
    }
    answer = render(request, "portal/watch_token.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def watch_credential_revoke(request: DeskRequest, pk: int, credential_id: int) -> HttpResponse:
    commands.revoke_credential(actor=request.access.person, credential=_credential(request, pk, credential_id), now=timezone.now())
    messages.success(request, _("The token is revoked."))
    return redirect("portal:watch", pk)


def _credential(request: DeskRequest, pk: int, credential_id: int) -> Credential:
    environment = _admins_environment(request, pk)
    found = Credential.objects.select_related("environment").filter(environment=environment, pk=credential_id).first()
    if found is None:
        raise Http404
    return found


@require_POST
def watch_heartbeat(request: DeskRequest, pk: int) -> HttpResponse:
    environment = _admins_environment(request, pk)
    form = HeartbeatForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            commands.add_heartbeat(
                actor=request.access.person,
                environment=environment,
                name=data["name"],
                period=timedelta(minutes=data["period_minutes"]),
                grace=timedelta(minutes=data["grace_minutes"]),
                now=timezone.now(),
            )
        except Refusal as refusal:
            form.add_error("name" if isinstance(refusal, commands.NameTaken) else None, str(refusal))
        else:
            messages.success(request, _("Added. It is expected from its first sign of life on."))
            return redirect("portal:watch", pk)
    return _page(request, environment, heartbeat_form=form)


@require_POST
def watch_heartbeat_pause(request: DeskRequest, pk: int, heartbeat_id: int) -> HttpResponse:
    commands.pause_heartbeat(actor=request.access.person, heartbeat=_heartbeat(request, pk, heartbeat_id), now=timezone.now())
    return redirect("portal:watch", pk)


@require_POST
def watch_heartbeat_remove(request: DeskRequest, pk: int, heartbeat_id: int) -> HttpResponse:
    commands.remove_heartbeat(actor=request.access.person, heartbeat=_heartbeat(request, pk, heartbeat_id), now=timezone.now())
    return redirect("portal:watch", pk)


def _heartbeat(request: DeskRequest, pk: int, heartbeat_id: int) -> Heartbeat:
    environment = _admins_environment(request, pk)
    found = Heartbeat.objects.select_related("environment").filter(environment=environment, pk=heartbeat_id, removed_at=None).first()
    if found is None:
        raise Http404
    return found


@require_POST
def watch_target(request: DeskRequest, pk: int) -> HttpResponse:
    environment = _admins_environment(request, pk)
    form = TargetForm(request.POST)
    if form.is_valid():
        try:
            commands.add_target(actor=request.access.person, environment=environment, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error("address", str(refusal))
        else:
            return redirect("portal:watch", pk)
    return _page(request, environment, target_form=form)


@require_POST
def watch_target_remove(request: DeskRequest, pk: int, target_id: int) -> HttpResponse:
    environment = _admins_environment(request, pk)
    target = Target.objects.filter(environment=environment, pk=target_id).first()
    if target is None:
        raise Http404
    commands.remove_target(actor=request.access.person, target=target, now=timezone.now())
    return redirect("portal:watch", pk)


@require_POST
def watch_maintenance(request: DeskRequest, pk: int) -> HttpResponse:
    environment = environment_or_404(pk)
    form = refused_maintenance(request, environment, by_staff=False)
    return redirect("portal:watch", pk) if form is None else _page(request, environment, maintenance_form=form)


@require_POST
def watch_maintenance_end(request: DeskRequest, pk: int, maintenance_id: int) -> HttpResponse:
    end_maintenance_or_404(request, environment_or_404(pk), maintenance_id)
    return redirect("portal:watch", pk)


def watch_settings(request: DeskRequest, pk: int) -> HttpResponse:
    environment = _admins_environment(request, pk)
    form = settings_form(request, environment)
    if form is None:
        return redirect("portal:watch", pk)
    return render(request, "portal/watch_settings.html", {"form": form, "environment": environment}, status=422 if form.errors else 200)


@require_safe
def watch_curve(request: DeskRequest, pk: int, slug: str, span: str) -> HttpResponse | StreamingHttpResponse:
    environment = environment_or_404(pk)
    return curve_answer(environment.pk, slug, span, request.access.person, timezone.now())
