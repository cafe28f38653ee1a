"""Who may do what to tickets. In the portal the database shows only the company's own; these are the colleagues' limits."""

from accounts.access import Access, Role
from tickets.models import Ticket


def may_work(access: Access) -> bool:
    """Answer, verify, assign, change states."""
    return access.has_role(Role.AGENT, Role.LEAD)


def may_note(access: Access) -> bool:
    return access.has_role(Role.AGENT, Role.LEAD, Role.ACCOUNT_MANAGER, Role.RELEASE_MANAGER)


def may_file_for_customers(access: Access) -> bool:
    return access.has_role(Role.AGENT, Role.LEAD, Role.ACCOUNT_MANAGER)


def may_move_contract(access: Access) -> bool:
    return access.has_role(Role.ACCOUNT_MANAGER)


def may_set_private(access: Access, ticket: Ticket) -> bool:
    """A customer's person, on a ticket that they see: who asked, and the company's admins (TIC-7)."""
    return access.is_customer_admin or ticket.requester_id == access.person.pk
