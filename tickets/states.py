"""What a ticket's state means to its readers, and which state follows which."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tickets.models import Status, Ticket

# What staff may set by hand; waiting for approval comes from holds alone, closed from time alone.
SETTABLE = (Status.OPEN, Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY, Status.RESOLVED)
# Without a word to the customer.
SETTABLE_SILENTLY = tuple(status for status in SETTABLE if status != Status.WAITING_CUSTOMER)

# Where no clock runs.
OVER = (Status.RESOLVED, Status.CLOSED)

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


def shown_state(status: str, *, is_verified: bool) -> str:
    """The key into CUSTOMER_WORDS: an open ticket is being checked until staff verify it."""
    return "checking" if status == Status.OPEN and not is_verified else status


def customer_state(ticket: Ticket) -> str:
    return shown_state(ticket.status, is_verified=ticket.is_verified)


def customer_word(ticket: Ticket) -> str:
    return str(CUSTOMER_WORDS[customer_state(ticket)])
