"""Opens each request's transaction, finds out who asks, and sets the scope in which the page reads."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import cast
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import AuthenticationMiddleware as DjangosAuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware as DjangosSessionMiddleware
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from structlog.contextvars import bind_contextvars

from accounts import sessions
from accounts.access import Access, DeskRequest, own_access
from accounts.models import Person
from accounts.streaming import largest_stream
from accounts.tenancy import NO_SCOPE, Scope, refuse_hidden_error, request_scope, working_as
from helpdesk.lib.addresses import row_id

SESSION_CUSTOMER = "customer"
UNATTENDED = "Unattended"  # the header of what an open page fetches by itself

# Pages that answer before or beside any customer: signing in, one's own account, an invitation's link.
ACCOUNT_PATHS = ("/account/", "/invitations/")
PROVIDER_PATHS = ("/console/", "/admin/")
MACHINE_PATHS = ("/mail-reports/", "/monitoring/")  # these prove themselves, and bound what they read
# Asked by machines, without a person: they open their own transaction if they need one.
BARE_PATHS = ("/healthz", "/readyz", "/metrics", "/robots.txt", "/favicon.ico")


# What a stranger may send: the forms of signing in are a few hundred bytes.
STRANGERS_BYTES = 64 * 1024


def largest_body() -> int:
    """The bytes of the largest form that people may send: every file that goes with one message, and its text."""
    most: int = settings.FILES_PER_MESSAGE * settings.FILE_MAX_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return most


def _refused_body(request: HttpRequest, most: int) -> int | None:
    """The status for a body that nobody may send, or no stranger, before a byte of it is read: it would be parsed, and stored, in vain."""
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        return HTTPStatus.LENGTH_REQUIRED
    length = request.headers.get("Content-Length") or "0"
    if not (length.isdecimal() and len(length) < 19 and int(length) <= most):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return None


def _chosen_customers(request: HttpRequest) -> tuple[int | None, int | None]:
    """The company in a mail's link (`?company=`), then the one looked at last; whether they are theirs is asked afterwards."""
    return row_id(request.GET.get("company", "")), request.session.get(SESSION_CUSTOMER)


def _sign_in(request: HttpRequest) -> str:
    return f"{reverse(settings.LOGIN_URL)}?next={quote(request.get_full_path())}"


class SessionMiddleware(DjangosSessionMiddleware):
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        self.SessionStore = sessions.SessionStore


class AuthenticationMiddleware(DjangosAuthenticationMiddleware):
    """Who is signed in is looked up by a query that was put together once (`sessions.signed_in`), when somebody asks."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = cast(Person, SimpleLazyObject(partial(sessions.signed_in, request)))


class ScopeMiddleware:
    """One transaction a request, rolled back when the answer is a server error.

    Uploads are received before it begins: a slow line must not hold a transaction open.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in BARE_PATHS:
            return self.get_response(request)
        if request.path.startswith(MACHINE_PATHS):
            with working_as("web"):
                return self.get_response(request)
        signed_in = request.user.is_authenticated
        streamed = largest_stream(request) if signed_in else None
        if status := _refused_body(request, (streamed or largest_body()) if signed_in else STRANGERS_BYTES):
            sentence = _("This is more than can be sent at once.") if signed_in else _("This is more than can be sent without signing in.")
            return HttpResponse(sentence, status=status, content_type="text/plain")
        if request.method == "POST" and streamed is None:
            request.POST  # noqa: B018 - reading it receives the body
        if not signed_in and not request.path.startswith(ACCOUNT_PATHS):
            return redirect(_sign_in(request))
        if streamed is not None:
            with working_as("web"):
                return self._answer_stream(cast(DeskRequest, request))
        with working_as("web"), transaction.atomic():
            response = self._answer(cast(DeskRequest, request), signed_in)
            if response.status_code >= 500:
                transaction.set_rollback(True)
            else:
                refuse_hidden_error()
        return response

    def _answer(self, request: DeskRequest, signed_in: bool) -> HttpResponse:
        if not signed_in:
            with request_scope(NO_SCOPE):
                return self.get_response(request)
        person = cast(Person, request.user)
        with own_access(person, *_chosen_customers(request)) as access:
            return self._answer_person(request, access, person)

    def _answer_stream(self, request: DeskRequest) -> HttpResponse:
        """Who asks is found out in a transaction of its own, which ends before the first byte of the file is read."""
        person = cast(Person, request.user)
        with transaction.atomic(), own_access(person, *_chosen_customers(request)) as access:
            pass
        with translation.override(person.language), timezone.override(ZoneInfo(person.time_zone)):
            return self._kept_out(request, access, person) or self.get_response(request)

    def _answer_person(self, request: DeskRequest, access: Access, person: Person) -> HttpResponse:
        with translation.override(person.language), timezone.override(ZoneInfo(person.time_zone)):
            if refused := self._kept_out(request, access, person):
                return refused
            scope = _scope(request.path, access)
            if scope is None:
                return self.get_response(request)
            with request_scope(scope):
                return self.get_response(request)

    def _kept_out(self, request: DeskRequest, access: Access, person: Person) -> HttpResponse | None:
        """Tell the request who asks; where somebody who must sign in again, or prove more, is sent instead."""
        if access.is_staff and sessions.is_over(request.session, timezone.now(), is_attended=UNATTENDED not in request.headers):
            logout(request)
            return redirect(_sign_in(request))
        missing_factor = lacks_second_factor(access) and not request.path.startswith(ACCOUNT_PATHS)
        request.access = access
        bind_contextvars(person=person.pk, **({"customer": access.membership.customer_id} if access.membership else {}))
        if "company" in request.GET and access.membership is not None:
            request.session[SESSION_CUSTOMER] = access.membership.customer_id
        person.staff_roles = access.staff_roles
        request.LANGUAGE_CODE = translation.get_language()
        if missing_factor:
            messages.warning(request, _("Before you go on, set up a second factor: it is required for your account."))
            return redirect("mfa_activate_totp")
        return None


def _scope(path: str, access: Access) -> Scope | None:
    """What the page reads in; None: it stays with the person's own rows."""
    if path.startswith(PROVIDER_PATHS):
        return Scope("provider", None, access.person.pk) if access.is_staff else None
    if path.startswith(ACCOUNT_PATHS) or access.membership is None:
        return None
    return Scope("tenant", access.membership.customer_id, access.person.pk)


def lacks_second_factor(access: Access) -> bool:
    """Whether this person must have a second factor and has none (TEN-4)."""
    required = (access.is_staff and settings.STAFF_SECOND_FACTOR) or any(m.customer.second_factor_required for m in access.memberships)
    return required and not access.has_second_factor


class FaceMiddleware:
    """Shows each face only to those it is for: a customer asking for the console gets what a wrong address gets (TEN-3)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_unused: object) -> HttpResponse | None:
        access: Access | None = getattr(request, "access", None)
        if access is None or request.path.startswith(ACCOUNT_PATHS):
            return None
        if request.path.startswith(PROVIDER_PATHS):
            if not access.is_staff:
                raise Http404
            return None
        if access.membership is None:
            return redirect("console:home") if access.is_staff else render(request, "portal/no_customer.html", status=403)
        return None
