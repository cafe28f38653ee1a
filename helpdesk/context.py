"""What every page knows."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts import permissions
from accounts.access import Access
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
            facts["queues"] = lambda: queues.links(access, _current_queue(request), lambda slug: address("console:queue", slug))
    return facts


def _current_queue(request: HttpRequest) -> str:
    match = request.resolver_match
    return str((match.kwargs.get("slug") if match else None) or request.GET.get("queue", ""))
