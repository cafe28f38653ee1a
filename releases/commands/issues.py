"""Known issues of products, the tickets that are about them, and telling those of the release that fixes one (REL-4)."""

from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Person
from accounts.tenancy import acting_for, as_provider
from contracts.models import Product
from helpdesk.lib.refusals import Refusal
from releases.models import KnownIssue, Release, TicketIssue
from tickets import commands as tickets
from tickets.models import Ticket, Type

WORDS = ("title_en", "title_pt", "workaround_en", "workaround_pt")


class OtherProduct(Refusal):
    sentence = _("This issue is one of another product than the ticket's.")


class NotTechnical(Refusal):
    sentence = _("Only technical tickets are about known issues. Verify this one as technical first.")


def keep_issue(*, actor: Person | None, issue: KnownIssue | None, product: Product, words: dict[str, str], now: datetime) -> KnownIssue:
    """Note a known issue, or bring its words up to date; its product stays what it was. `words`: columns of WORDS."""
    with as_provider():
        row = KnownIssue(product=product, created_at=now) if issue is None else KnownIssue.objects.select_for_update().get(pk=issue.pk)
        before: dict[str, Any] = audit.facts(row, "product", *WORDS) if issue is not None else {}
        for name in WORDS:
            setattr(row, name, words.get(name, ""))
        row.save()
        after = audit.facts(row, "product", *WORDS)
        audit.record(actor=actor, customer_id=None, verb="keep_known_issue", target=row, before=before, after=after, now=now)
    return row


def link_issue(*, actor: Person, ticket: Ticket, issue: KnownIssue, now: datetime) -> None:
    """Say that a technical ticket is about a known issue; a second time changes nothing. Raises OtherProduct, NotTechnical.

    If a release that fixes it is out already, the ticket is told of that soon.
    """
    if issue.product_id != ticket.product_id:
        raise OtherProduct
    if ticket.type != Type.TECHNICAL:
        raise NotTechnical
    with acting_for(ticket.customer_id):
        _link, made = TicketIssue.objects.get_or_create(
            customer_id=ticket.customer_id, ticket=ticket, issue=issue, defaults={"linked_by": actor, "linked_at": now}
        )
        if made:
            tickets.note_issue(ticket=ticket, agent=actor, issue=issue.reference, linked=True, now=now)


def unlink_issue(*, actor: Person, ticket: Ticket, issue: KnownIssue, now: datetime) -> None:
    """Say that it is not about it after all; without effect when it was not linked."""
    with acting_for(ticket.customer_id):
        removed, _rows = TicketIssue.objects.filter(ticket=ticket, issue=issue).delete()
        if removed:
            tickets.note_issue(ticket=ticket, agent=actor, issue=issue.reference, linked=False, now=now)


def tell_tickets(*, now: datetime, most: int = 200) -> int:
    """Tell tickets of known issues about the release that fixes them, each in a transaction of its own; returns how many."""
    fixing = Release.objects.offered().filter(fixed__issue=OuterRef("issue")).order_by("published_at", "pk")
    with as_provider():
        untold = TicketIssue.objects.filter(told_at=None).annotate(fixing=Subquery(fixing.values("pk")[:1])).exclude(fixing=None)
        found = list(untold.order_by("pk").values_list("pk", F("customer_id"), "fixing")[:most])
    return sum(_tell_ticket(pk, customer_id, release_id, now) for pk, customer_id, release_id in found)


def _tell_ticket(pk: int, customer_id: int, release_id: int, now: datetime) -> bool:
    """Whether it was told now: another sweep may have been faster, somebody unlinked it, or the release is withdrawn."""
    with acting_for(customer_id):
        link = TicketIssue.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=pk, told_at=None).first()
        if link is None:
            return False
        release = Release.objects.offered().filter(pk=release_id).first()
        if release is None:  # withdrawn just now
            return False
        link.told_at, link.told_of = now, release
        link.save(update_fields=["told_at", "told_of"])
        ticket = Ticket.objects.get(pk=link.ticket_id)
        tickets.tell_fix(ticket=ticket, issue=link.issue.reference, product=release.product.name, version=release.number, now=now)
    return True
