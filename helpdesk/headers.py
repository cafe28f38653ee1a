"""What every answer carries, whoever makes it: a page, a redirect, a file, a static file, an error of any layer."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

# Pages replace the policy by their own (`settings.CONTENT_SECURITY_POLICY`), static files and the mail's frame some of the others.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope"),
            *("magnetometer", "microphone", "midi", "payment", "usb"),
        )
    ),
    # Nothing is kept on the way or in the browser: not for the next person at it, nor behind its back button after signing out.
    "Cache-Control": "private, no-store",
}


class HeadersMiddleware:
    """Above everything that answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
