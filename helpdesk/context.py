"""What every page knows."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts import permissions
from accounts.access import Access
from billing.permissions import rights
from billing.queries.work import Running, running, running_timer
from contracts.queries import ContractCard
from helpdesk import beside
from helpdesk.lib.addresses import address
from helpdesk.lib.prepared import Question
from notifications.fate import bouncing_at
from tickets.models import Ticket
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
            frame = ConsoleFrame(request, access)
            facts |= {"queues": frame.queues, "own_timer": frame.own_timer, "beside_ticket": frame.beside_ticket}
            facts |= rights(access)
    return facts


class ConsoleFrame:
    """What the frame of the staff's pages asks for: the queues' counts and the reader's timer, together in one round trip.

    A ticket's page says first that it is one, so that what other apps show beside the ticket goes along.
    """

    def __init__(self, request: HttpRequest, access: Access) -> None:
        self.request, self.access = request, access
        self._asked: tuple[dict[str, int], Running | None] | None = None

    def queues(self) -> list[queues.QueueLink]:
        return queues.links(self._known[0], _current_queue(self.request), lambda slug: address("console:queue", slug))

    def own_timer(self) -> Running | None:
        return self._known[1]

    def beside_ticket(self, ticket: Ticket, cards: Sequence[ContractCard], now: datetime) -> dict[str, Any]:
        """See `helpdesk/beside.py`."""
        answers = self._ask(*beside.questions(ticket, now))
        return beside.shown(ticket, cards, answers, self.own_timer(), self.access, now)

    @property
    def _known(self) -> tuple[dict[str, int], Running | None]:
        if self._asked is None:
            self._ask()
        assert self._asked is not None, "just asked"
        return self._asked

    def _ask(self, *more: Question) -> list[list[Any]]:
        person_id = self.access.person.pk
        counts, (timers, *answers) = queues.counts_beside(person_id, running_timer.question(person_id), *more)
        self._asked = counts, running(timers, timezone.now())
        return answers


def _current_queue(request: HttpRequest) -> str:
    match = request.resolver_match
    return str((match.kwargs.get("slug") if match else None) or request.GET.get("queue", ""))
