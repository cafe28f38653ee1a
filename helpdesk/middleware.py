"""What is decided before anybody knows who asks, and how it is sent."""

import gzip
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.middleware.gzip import GZipMiddleware, re_accepts_gzip
from django.utils.cache import patch_vary_headers

TEXT = {"utf-8", "utf8", "us-ascii"}


METHODS = {"GET", "HEAD", "POST"}
# Programs may also ask for the others; what they may do where is said there.
PROGRAMS_PATHS = ("/api/",)


class ProtocolMiddleware:
    """Refuses methods that no page has, and bodies in any charset but UTF-8: Django would decode them by whatever codec is named."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS and not request.path.startswith(PROGRAMS_PATHS):
            return HttpResponseNotAllowed(sorted(METHODS))
        charset = (request.content_params or {}).get("charset", "utf-8").lower()
        if charset not in TEXT:
            request.encoding = "utf-8"
            return HttpResponse("Send text as UTF-8.\n", status=400, content_type="text/plain")
        return self.get_response(request)


SHORTEST = 200  # bytes that are worth it
FASTEST = 1
NAMED = 0x08  # gzip's mark of a header with a file's name


class CompressionMiddleware(GZipMiddleware):
    """Compresses as Django's own, but whole pages at gzip's fastest level: a third of the time, for a fifth more bytes."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not isinstance(response, HttpResponse) or not self._is_wanted(request, response):
            answer: HttpResponseBase = super().process_response(request, response)
            return answer
        patch_vary_headers(response, ("Accept-Encoding",))
        response.content = _compressed(response.content, secrets.randbelow(self.max_random_bytes))
        response["Content-Length"], response["Content-Encoding"] = str(len(response.content)), "gzip"
        return response

    @staticmethod
    def _is_wanted(request: HttpRequest, response: HttpResponse) -> bool:
        if len(response.content) < SHORTEST or response.has_header("Content-Encoding") or response.has_header("ETag"):
            return False
        return bool(re_accepts_gzip.search(request.META.get("HTTP_ACCEPT_ENCODING", "")))


def _compressed(content: bytes, length: int) -> bytes:
    """In gzip's form, with a file's name of this length: a random one, so that the size tells nothing of secrets (the BREACH attack)."""
    whole = gzip.compress(content, compresslevel=FASTEST, mtime=0)
    return whole[:3] + bytes([NAMED]) + whole[4:10] + b"a" * length + b"\0" + whole[10:]
