"""What pages of other apps show of charge requests."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.access import Access
from billing.facts import Kind
from billing.outcomes import rate_of
from billing.permissions import may_decide
from billing.queries.charges import Billed, billed, waiting_for_approvers
from contracts.models import Contract
from helpdesk.lib import money
from helpdesk.lib.addresses import address
from tickets.models import Ticket
from tickets.states import OVER

register = template.Library()


@register.simple_tag
def charges_on(ticket: Ticket) -> Billed:
    """A ticket's charge requests as its customer reads them, for the tags below. One query, and two more where there are any."""
    return billed(ticket, for_staff=False)


@register.inclusion_tag("ui/charges_panel.html")
def portal_charges(ticket: Ticket, billed: Billed) -> dict[str, Any]:
    """They, beside the ticket, and the way to ask for help outside business hours where that is something else than what is promised."""
    is_offered = ticket.status not in OVER and not billed.is_always_covered
    new_url = address("portal:ticket_help", ticket.pk) if is_offered else ""
    return {"charges": billed.charges, "new_url": new_url, "new_label": _("Ask for help outside business hours")}


@register.inclusion_tag("ui/charges_asked.html")
def charges_asked(billed: Billed, access: Access) -> dict[str, Any]:
    """That an approval is asked for on this ticket."""
    return {"charges": billed.charges, "may_decide": may_decide(access)}


@register.simple_tag
def approvals_waiting(access: Access, *, any_open: bool) -> SafeString:
    """What waits for this person's approval, or nothing. Two queries for those who may decide where something waits (`any_open`)."""
    charges = waiting_for_approvers() if any_open and may_decide(access) else []
    return render_to_string("ui/approvals_waiting.html", {"charges": charges}) if charges else SafeString()


@register.inclusion_tag("ui/help_offer.html")
def help_offer(contracts: Iterable[Contract], access: Access) -> dict[str, Any]:
    """What help outside business hours costs under these contracts, and the way to file and ask for it. `contracts`: with their terms."""
    now = timezone.now()
    rates = {(rate_of(contract.terms_on(contract.today(now)), Kind.OFF_HOURS), contract.currency) for contract in contracts}
    return {
        "rates": [money.shown(cents, currency) for cents, currency in sorted(rates)],
        "url": address("portal:ticket_new_help"),
        "may_decide": may_decide(access),
    }
