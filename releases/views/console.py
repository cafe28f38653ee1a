"""The release desk: drafts and their files, publication, withdrawal, how telling goes; and who is on which version."""

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import DeskRequest
from accounts.limits import refusal_of
from accounts.streaming import STREAM, takes_stream
from accounts.tenancy import as_provider
from contracts.models import Product
from helpdesk.lib.acts import act
from helpdesk.lib.addresses import row_id
from helpdesk.lib.refusals import Refusal
from releases import commands, permissions
from releases.forms import ArtifactForm, ReleaseForm, ScheduleForm, WithdrawalForm
from releases.models import Artifact, Release
from releases.queries import desk as queries
from releases.queries.reach import NAMED, reach
from releases.queries.versions import BEHIND, SECURITY, versions_page
from releases.views.sending import send
from tickets.views.console import needs

# Where the form explains a refusal; the others belong to no field.
FIELD_OF: dict[type[Refusal], str] = {commands.NoVersion: "number", commands.VersionTaken: "number"}
WHY_NOT: dict[str, type[Refusal]] = {
    refusal.__name__: refusal for refusal in (commands.NoPackage, commands.NotesMissing, commands.ArtifactAltered, commands.VersionTaken)
}


def releases(request: DeskRequest) -> HttpResponse:
    state, product = request.GET.get("state", ""), row_id(request.GET.get("product", ""))
    rows = queries.releases_page(state=state, product=product, before=row_id(request.GET.get("before", "")))
    context = {
        "rows": rows[: queries.PAGE],
        "next_cursor": rows[queries.PAGE - 1].release.pk if len(rows) > queries.PAGE else "",
        "states": [(one.value, one.label) for one in Release.State],
        "state": state,
        "products": queries.product_choices(),
        "product": product,
        "may_publish": permissions.may_publish(request.access),
    }
    return render(request, "console/releases.html", context)


def _release(pk: int) -> Release:
    found = Release.objects.select_related("product", "created_by", "published_by", "withdrawn_by", "scheduled_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@needs(permissions.may_publish)
def release_new(request: DeskRequest) -> HttpResponse:
    return _release_form(request, None)


@needs(permissions.may_publish)
def release_edit(request: DeskRequest, pk: int) -> HttpResponse:
    found = _release(pk)
    if not found.is_draft:
        messages.warning(
            request,
            str(
                commands.ScheduledAlready()
                if found.publish_at and not found.published_at
                else commands.NoDraft(state=found.state.label.lower())
            ),
        )
        return redirect("console:release", found.pk)
    return _release_form(request, found)


def _release_form(request: DeskRequest, release: Release | None) -> HttpResponse:
    """The form; with “preview” its notes as customers will read them, nothing saved."""
    form = ReleaseForm(request.POST or None, release=release)
    wants_preview = "preview" in request.POST
    if request.method == "POST" and form.is_valid() and not wants_preview:
        fixes, person, now = form.cleaned_data["fixes"], request.access.person, timezone.now()
        try:
            if release is None:
                kept = commands.draft_release(actor=person, fixes=fixes, now=now, **form.values())
            else:
                kept = commands.change_release(actor=person, release=release, values=form.values(), fixes=fixes, now=now)
        except Refusal as refusal:
            form.add_error(FIELD_OF.get(type(refusal)), str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("console:release", kept.pk)
    preview = {"en": request.POST.get("notes_en", ""), "pt": request.POST.get("notes_pt", "")} if wants_preview else None
    context = {"form": form, "release": release, "preview": preview}
    return render(request, "console/release_form.html", context, status=422 if form.errors and not wants_preview else 200)


def release(request: DeskRequest, pk: int) -> HttpResponse:
    return _release_page(request, _release(pk), ArtifactForm())


def _release_page(request: DeskRequest, release: Release, form: ArtifactForm) -> HttpResponse:
    context = {
        "desk": queries.desk_page(release, timezone.now()),
        "release": release,
        "form": form,
        "max_bytes": settings.RELEASE_FILE_MAX_BYTES,
        "trouble": WHY_NOT.get(release.trouble, Refusal).sentence if release.trouble else "",
        "may_publish": permissions.may_publish(request.access),
    }
    return render(request, "console/release.html", context, status=422 if form.errors else 200)


def release_progress(request: DeskRequest, pk: int) -> HttpResponse:
    """The part of the page that says how telling goes; it asks for itself as long as it does."""
    found = _release(pk)
    if found.published_at is None:
        raise Http404
    context = {"desk": queries.desk_page(found, timezone.now()), "release": found, "may_publish": permissions.may_publish(request.access)}
    return render(request, "ui/distribution.html", context)


def release_customers(request: DeskRequest, pk: int) -> HttpResponse:
    """Who was told, who has it, and what they run."""
    found, only = _release(pk), request.GET.get("only", "")
    rows, has_more = queries.customers_of(found, only=only, after=row_id(request.GET.get("after", "")))
    filters = [
        ("", _("All")),
        ("not_fetched", _("Have not fetched it")),
        ("fetched", _("Have fetched it")),
        ("not_reached", _("Not reached")),
    ]
    context = {"release": found, "rows": rows, "has_more": has_more, "only": only, "filters": filters}
    return render(request, "console/release_customers.html", context)


# --- Files ----------------------------------------------------------------------------------------------------------
@require_POST
@takes_stream(lambda: settings.RELEASE_FILE_MAX_BYTES)
def artifact_upload(request: DeskRequest, pk: int) -> HttpResponse:
    """A file for a draft: as the body itself, whose kind and name stand in the address, or in a form, up to what forms may carry."""
    if not permissions.may_publish(request.access):
        raise PermissionDenied
    return _receive_stream(request, pk) if request.content_type == STREAM else _receive_form(request, pk)


def _receive_stream(request: DeskRequest, pk: int) -> JsonResponse:
    """Answers a script. No transaction is open while the file arrives."""
    if too_often := refusal_of(request):
        return JsonResponse({"error": str(too_often)}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    with as_provider():
        release = _release(pk)
    form = ArtifactForm(request.GET)
    if not form.is_valid():
        return JsonResponse({"error": next(iter(form.errors.values()))[0]}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    data, size = form.cleaned_data, int(request.headers.get("Content-Length") or 0)
    try:
        kept = commands.add_artifact(
            actor=request.access.person,
            release=release,
            kind=data["kind"],
            name=data["name"],
            content=request,
            size=size,
            expected_sha256=data["sha256"],
            now=timezone.now(),
        )
    except Refusal as refusal:
        return JsonResponse({"error": str(refusal)}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse({"id": kept.pk, "name": kept.name, "size": kept.size, "sha256": kept.sha256}, status=HTTPStatus.CREATED)


def _receive_form(request: DeskRequest, pk: int) -> HttpResponse:
    release, form, file = _release(pk), ArtifactForm(request.POST), request.FILES.get("file")
    if too_often := refusal_of(request):
        form.add_error(None, str(too_often))
    if file is None:
        form.add_error(
            None,
            _("No file arrived. Choose it again; files over %(limit)s MB need a browser with scripts.")
            % {"limit": settings.FILE_MAX_BYTES // 1024**2},
        )
    if form.is_valid() and file is not None:
        data = form.cleaned_data
        try:
            commands.add_artifact(
                actor=request.access.person,
                release=release,
                kind=data["kind"],
                name=file.name or "",
                content=file,
                size=file.size or 0,
                expected_sha256=data["sha256"],
                now=timezone.now(),
            )
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The file is part of the release."))
            return redirect("console:release", release.pk)
    return _release_page(request, release, form)


def _artifact(pk: int) -> Artifact:
    found = Artifact.objects.select_related("release__product").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_safe
def artifact(request: DeskRequest, pk: int) -> HttpResponseBase:
    """A file for staff, whatever the release's state; it counts for no customer."""
    found = _artifact(pk)
    if not commands.is_whole(found):
        raise Http404
    return send(request, found)


@require_POST
@needs(permissions.may_publish)
def artifact_remove(request: DeskRequest, pk: int) -> HttpResponse:
    found = _artifact(pk)
    try:
        commands.remove_artifact(actor=request.access.person, artifact=found, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("console:release", found.release_id)


# --- Publication ------------------------------------------------------------------------------------------------------
@needs(permissions.may_publish)
def release_publish(request: DeskRequest, pk: int) -> HttpResponse:
    """Who would hear of it; then publication, now or at an instant."""
    found, now = _release(pk), timezone.now()
    if found.published_at is not None:
        messages.warning(request, str(commands.PublishedAlready()))
        return redirect("console:release", found.pk)
    later = "schedule" in request.POST
    form = ScheduleForm(request.POST if later else None)
    refusal = ""
    if request.method == "POST" and (not later or form.is_valid()):
        try:
            if later:
                commands.schedule(actor=request.access.person, release=found, at=form.instant(), now=now)
                messages.success(request, _("Scheduled. Customers are told when it is published."))
            else:
                commands.publish(actor=request.access.person, release=found, now=now)
                messages.success(request, _("Published. Customers are being told."))
        except commands.InThePast as past:
            form.add_error("at", str(past))
        except Refusal as other:
            refusal = str(other)
        else:
            return redirect("console:release", found.pk)
    found_reach = reach(found.product, now)
    context = {
        "release": found,
        "reach": found_reach,
        "more_out_of_reach": max(0, found_reach.out_of_reach_count - NAMED),
        "form": form,
        "refusal": refusal,
    }
    return render(request, "console/release_publish.html", context, status=422 if form.errors or refusal else 200)


@require_POST
@needs(permissions.may_publish)
def release_unschedule(request: DeskRequest, pk: int) -> HttpResponse:
    found = _release(pk)
    return act(
        request,
        lambda: commands.unschedule(actor=request.access.person, release=found, now=timezone.now()),
        _("It is a draft again."),
        "console:release",
        found.pk,
    )


@needs(permissions.may_publish)
def release_withdraw(request: DeskRequest, pk: int) -> HttpResponse:
    found = _release(pk)
    if not found.is_offered:
        messages.warning(request, str(commands.WithdrawnAlready() if found.withdrawn_at else commands.NotPublished()))
        return redirect("console:release", found.pk)
    form = WithdrawalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            commands.withdraw(actor=request.access.person, release=found, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Withdrawn. Nobody can download it any more; who knows of it is being told why."))
            return redirect("console:release", found.pk)
    context = {"release": found, "form": form, "desk": queries.desk_page(found, timezone.now())}
    return render(request, "console/release_withdraw.html", context, status=422 if form.errors else 200)


@require_POST
@needs(permissions.may_publish)
def release_discard(request: DeskRequest, pk: int) -> HttpResponse:
    found = _release(pk)
    try:
        commands.discard_draft(actor=request.access.person, release=found, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("console:release", pk)
    messages.success(request, _("The draft is gone."))
    return redirect("console:releases")


@require_POST
@needs(permissions.may_publish)
def release_pause(request: DeskRequest, pk: int) -> HttpResponse:
    commands.pause(actor=request.access.person, release=_release(pk), now=timezone.now())
    return redirect("console:release", pk)


@require_POST
@needs(permissions.may_publish)
def release_resume(request: DeskRequest, pk: int) -> HttpResponse:
    commands.resume(actor=request.access.person, release=_release(pk), now=timezone.now())
    return redirect("console:release", pk)


@require_POST
@needs(permissions.may_publish)
def release_retry(request: DeskRequest, pk: int) -> HttpResponse:
    count = commands.retry(actor=request.access.person, release=_release(pk), now=timezone.now())
    sentence = ngettext("%(count)s person is told again.", "%(count)s people are told again.", count) % {"count": count}
    messages.success(request, sentence if count else _("There is nobody to tell again."))
    return redirect("console:release", pk)


# --- Versions -----------------------------------------------------------------------------------------------------------
def versions(request: DeskRequest) -> HttpResponse:
    """Who is on which version of a product, and who lacks a security update."""
    products = queries.product_choices()
    chosen = row_id(request.GET.get("product", "")) or (products[0][0] if products else None)
    product = Product.objects.filter(pk=chosen or 0).first()
    if product is None and products:
        raise Http404
    only = request.GET.get("only", "")
    page = versions_page(product, only=only, after=row_id(request.GET.get("after", ""))) if product is not None else None
    context = {
        "page": page,
        "products": products,
        "product": chosen,
        "only": only,
        "filters": [("", _("All")), (BEHIND, _("Not on the newest version")), (SECURITY, _("Lack a security update"))],
    }
    return render(request, "console/versions.html", context)
