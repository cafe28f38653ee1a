"""Files that come with a form, or before it: both faces take them the same way."""

from dataclasses import dataclass, field
from http import HTTPStatus

from csp.constants import NONE
from django.conf import settings
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import DeskRequest
from accounts.limits import TooOften, refusal_of, refuse
from helpdesk.lib.addresses import row_id
from helpdesk.lib.filenames import DOWNLOAD_TYPE
from helpdesk.lib.refusals import Refusal
from tickets import commands
from tickets.models import File
from tickets.uploads import refused_uploads, unstored_uploads


@dataclass
class Received:
    """Files that a form brought, kept as uploads so that nothing is lost when the form has a mistake; and what was refused."""

    files: list[File] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def receive_files(request: DeskRequest, customer_id: int) -> Received:
    """What was uploaded before (by id, only the person's own) and what the form itself carries."""
    ids = [pk for text in request.POST.getlist("upload") if (pk := row_id(text)) is not None]
    own = list(File.objects.filter(pk__in=ids, uploader=request.access.person, customer_id=customer_id).order_by("pk")) if ids else []
    # What a message has taken already came with this same form: its key will show that it was sent before.
    found = Received([file for file in own if file.message_id is None])
    if len(own) < len(set(ids)):
        found.errors.append(str(commands.MissingFile()))
    if too_often := refusal_of(request):
        found.errors.append(str(too_often))
        return found
    limit = settings.FILE_MAX_BYTES // 1024**2
    found.errors += [str(commands.FileTooLarge(name=name, limit=limit)) for name in refused_uploads(request)]
    found.errors += [str(commands.NoRoom(name=name)) for name in unstored_uploads(request)]
    for content in [*request.FILES.getlist("files"), *request.FILES.getlist("file")]:
        try:
            found.files.append(
                commands.upload(
                    customer_id=customer_id, uploader=request.access.person, name=content.name or "", content=content, now=timezone.now()
                )
            )
        except Refusal as refusal:
            found.errors.append(str(refusal))
            if isinstance(refusal, TooOften):
                refuse(request, refusal)
    if len(found.files) > settings.FILES_PER_MESSAGE:
        found.errors.append(_("At most %(most)s files go with one message. Remove some.") % {"most": settings.FILES_PER_MESSAGE})
    return found


def upload_answer(request: DeskRequest, customer_id: int) -> JsonResponse:
    """One file sent by itself: its id for the form, or a sentence."""
    received = receive_files(request, customer_id)
    if received.errors:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if refused_uploads(request):
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        elif unstored_uploads(request):
            status = HTTPStatus.INSUFFICIENT_STORAGE
        return JsonResponse({"error": received.errors[0]}, status=status)
    if not received.files:
        return JsonResponse({"error": _("No file arrived. Choose it again.")}, status=422)
    file = received.files[-1]
    return JsonResponse({"id": file.pk, "name": file.name, "size": file.size}, status=201)


def remove_answer(request: DeskRequest) -> HttpResponse:
    """Take an upload back; without effect for what is not one's own or was sent already."""
    pk = row_id(request.POST.get("upload", ""))
    file = File.objects.filter(pk=pk, uploader=request.access.person, message=None).first() if pk is not None else None
    if file is not None:
        commands.discard_upload(file=file)
    return HttpResponse(status=204)


def download(request: DeskRequest, file: File | None) -> FileResponse:
    """The file for somebody who may see its ticket: as a download, or (`?show`) shown when it is of a harmless kind; never active."""
    if file is None or not file.stored_as.storage.exists(str(file.stored_as.name)):
        raise Http404
    shown = "show" in request.GET and file.media_type != DOWNLOAD_TYPE
    response = FileResponse(
        file.stored_as.open("rb"),
        as_attachment=not shown,
        filename=file.name,
        content_type=file.media_type if shown else DOWNLOAD_TYPE,
    )
    response["Content-Encoding"] = "identity"  # a capture is not worth compressing on every fetch
    response["Cache-Control"] = "private, no-store"
    response._csp_replace = {"default-src": [NONE], "form-action": [NONE], "base-uri": [NONE], "frame-ancestors": [NONE], "sandbox": True}  # type: ignore[attr-defined]  # what csp_replace sets
    return response


def upload_context(received: Received, upload_url: str, remove_url: str) -> dict[str, object]:
    """What `ui/upload.html` asks for."""
    return {
        "upload_url": upload_url,
        "remove_url": remove_url,
        "max_bytes": settings.FILE_MAX_BYTES,
        "max_files": settings.FILES_PER_MESSAGE,
        "uploads": received.files,
        "upload_errors": received.errors,
    }
