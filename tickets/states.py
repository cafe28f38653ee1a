"""What a ticket's state means to its readers, and which state follows which."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tickets.models import Status, Ticket

# What staff may set by hand; waiting for approval comes from holds alone, closed from time alone.
SETTABLE = (Status.OPEN, Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY, Status.RESOLVED)

CUSTOMER_WORDS: dict[str, "str | Promise"] = {
    Status.NEW: _("Received"),
    "checking": _("Being checked"),
    Status.OPEN: _("In progress"),
    Status.WAITING_CUSTOMER: _("Waiting for you"),
    Status.WAITING_APPROVAL: _("Waiting for approval"),
    Status.WAITING_THIRD_PARTY: _("Waiting for a third party"),
    Status.RESOLVED: _("Solved"),
    Status.CLOSED: _("Closed"),
}


def customer_state(ticket: Ticket) -> str:
    """The key into CUSTOMER_WORDS: an open ticket is being checked until staff verify it."""
    if ticket.status == Status.OPEN and not ticket.is_verified:
        return "checking"
    return ticket.status


def customer_word(ticket: Ticket) -> str:
    return str(CUSTOMER_WORDS[customer_state(ticket)])
