"""Sending a file to whom it was granted: by the proxy, from the bucket, or piece by piece from here; never active, and from any byte on."""

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import quote

from csp.constants import NONE
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from helpdesk.lib.filenames import DOWNLOAD_TYPE
from helpdesk.lib.ranges import NotInFile, Part, part
from releases.models import Artifact, Licence

PIECE = 256 * 1024


def send(request: HttpRequest, file: Artifact | Licence) -> HttpResponseBase:
    """The file, or the part that was asked for. The caller has looked whether it may be sent and is whole."""
    storage, stored = file.stored_as.storage, str(file.stored_as.name)
    if hasattr(storage, "signed_url"):
        moved = HttpResponse(status=HTTPStatus.FOUND)
        moved["Location"] = storage.signed_url(stored, file_name=file.name)
        moved["Cache-Control"] = "private, no-store"
        return moved
    response = _by_proxy(stored) if settings.FILES_ACCEL else _from_here(request, file)
    return _harmless(response, file)


def _by_proxy(stored: str) -> HttpResponseBase:
    """The proxy reads the file itself, and knows of ranges."""
    response = HttpResponse()
    response["X-Accel-Redirect"] = settings.FILES_ACCEL + quote(stored)
    response["X-Accel-Buffering"] = "no"
    return response


def _from_here(request: HttpRequest, file: Artifact | Licence) -> HttpResponseBase:
    try:
        wanted = _wanted(request, file)
    except NotInFile:
        refused = HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        refused["Content-Range"] = f"bytes */{file.size}"
        return refused
    sent = wanted or Part(0, file.size)
    response = StreamingHttpResponse(_pieces(file, sent), status=HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK)
    response["Content-Length"] = str(sent.length)
    if wanted:
        response["Content-Range"] = wanted.content_range(file.size)
    return response


def _wanted(request: HttpRequest, file: Artifact | Licence) -> Part | None:
    """A part only of the file that the asker began with: with another one they get the whole."""
    same = request.headers.get("If-Range", "") in {"", _tag(file)}
    return part(request.headers.get("Range", ""), file.size) if same else None


def _pieces(sent: Artifact | Licence, wanted: Part) -> Iterator[bytes]:
    """No more than PIECE of it lies in memory, however large it is; it is opened when the first piece is asked for."""
    with sent.stored_as.open("rb") as file:
        file.seek(wanted.start)
        left = wanted.length
        while left and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece


def _tag(file: Artifact | Licence) -> str:
    return f'"{file.sha256}"'


def _harmless(response: HttpResponseBase, file: Artifact | Licence) -> HttpResponseBase:
    response["Content-Type"] = DOWNLOAD_TYPE
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = _tag(file)
    response["Content-Encoding"] = "identity"  # packages are packed already, and a part of something packed anew would be no part
    response["Cache-Control"] = "private, no-store"
    response._csp_replace = {"default-src": [NONE], "form-action": [NONE], "base-uri": [NONE], "frame-ancestors": [NONE], "sandbox": True}  # type: ignore[attr-defined]  # what csp_replace sets
    return response
