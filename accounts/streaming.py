"""What outlives a request's transaction: answers that are sent piece by piece, and large files that arrive before there is one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils import timezone, translation

from accounts.access import Access, own_access
from accounts.models import Person
from accounts.tenancy import Scope, request_scope, working_as

Piece = TypeVar("Piece")
Cursor = TypeVar("Cursor")
Face = Literal["portal", "console"]


STREAM = "application/octet-stream"
View = TypeVar("View", bound=Callable[..., Any])


def takes_stream(most: Callable[[], int]) -> Callable[[View], View]:
    """Mark a view that reads a posted file itself, of up to `most()` bytes, when the body is nothing else.

    Then no transaction is open, since a slow line must not hold one, and no scope: who asks is known, and the view's commands enter theirs.
    """

    def mark(view: View) -> View:
        view.largest_stream = most  # type: ignore[attr-defined]  # asked for below
        return view

    return mark


def largest_stream(request: HttpRequest) -> int | None:
    """The bytes that this request may stream to the view of its address; None when it is no stream, or the view takes none."""
    if request.method != "POST" or request.content_type != STREAM:
        return None
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return None
    most: Callable[[], int] | None = getattr(view, "largest_stream", None)
    return most() if most is not None else None


class AccessEnded(Exception):
    """The person lost the right while the answer was being sent; it breaks off, so that nobody takes a part for the whole."""


def pieces(access: Access, face: Face, read: Callable[[Access, Cursor | None], tuple[Piece, Cursor | None]]) -> Iterator[Piece]:
    """What `read` returns, again and again until it returns no cursor.

    Each piece is read in a transaction and a scope of its own, with the rights that the person has then, in their language and
    zone; nothing is held open while the reader's slow line takes a piece. Raises AccessEnded.
    """
    cursor = None
    while True:
        with _entered(access, face) as now_access:
            piece, cursor = read(now_access, cursor)
        yield piece
        if cursor is None:
            return


@contextmanager
def _entered(access: Access, face: Face) -> Iterator[Access]:
    """The same scope as the page's, see ScopeMiddleware; `access` is what it was when the answer began."""
    customer_id = access.membership.customer_id if access.membership else None
    with working_as("web"), transaction.atomic():
        person = Person.objects.filter(pk=access.person.pk, is_active=True).first()
        if person is None:
            raise AccessEnded
        with (
            own_access(person, customer_id) as found,
            request_scope(_scope(found, face, customer_id)),
            translation.override(person.language),
            timezone.override(ZoneInfo(person.time_zone)),
        ):
            yield found


def _scope(access: Access, face: Face, customer_id: int | None) -> Scope:
    if face == "console" and access.is_staff:
        return Scope("provider", None, access.person.pk)
    if face == "portal" and customer_id is not None and access.membership is not None and access.membership.customer_id == customer_id:
        return Scope("tenant", customer_id, access.person.pk)
    raise AccessEnded
