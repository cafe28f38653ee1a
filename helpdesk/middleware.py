"""What is decided before anybody knows who asks."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

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
