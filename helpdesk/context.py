"""What every page knows."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts import permissions
from accounts.access import Access
from billing.permissions import may_log_work
from billing.queries.work import running, running_timer
from helpdesk.lib.addresses import address
from notifications.fate import bouncing_at
from tickets.queries import queues


def page(request: HttpRequest) -> dict[str, Any]:
    """The provider's name and, for somebody signed in, who they are and what they may reach."""
    match = request.resolver_match
    facts: dict[str, Any] = {"provider": settings.PROVIDER_NAME, "embedded": settings.EMBEDDED, "here": match.url_name if match else ""}
    access: Access | None = getattr(request, "access", None)
    if access is not None:
        facts |= {
            "access": access,
            "person": access.person,
            "memberships": access.memberships,
            "customer": access.membership.customer if access.membership else None,
            "may_manage_people": permissions.may_manage_people(access),
            "may_manage_customers": permissions.may_manage_customers(access),
            "may_read_audit": permissions.may_read_audit(access),
            "may_configure": permissions.may_configure(access),
        }
        if facts["may_manage_people"]:
            facts["bouncing"] = cache(lambda: bouncing_at(access.customer.pk))  # asked once, by pages that list people
        if request.path.startswith("/console/"):
            facts |= _console_frame(request, access)
    return facts


def _console_frame(request: HttpRequest, access: Access) -> dict[str, Any]:
    """What the frame of the staff's pages asks for: the queues' counts and the reader's timer, together in one round trip."""
    person_id = access.person.pk
    asked = cache(lambda: queues.counts_beside(person_id, running_timer.question(person_id)))
    return {
        "queues": lambda: queues.links(asked()[0], _current_queue(request), lambda slug: address("console:queue", slug)),
        "own_timer": lambda: running(asked()[1][0], timezone.now()),
        "may_log_work": may_log_work(access),
    }


def _current_queue(request: HttpRequest) -> str:
    match = request.resolver_match
    return str((match.kwargs.get("slug") if match else None) or request.GET.get("queue", ""))
