"""Who may do what about watching. In the portal the database shows only the company's own; these are the colleagues' limits."""

from accounts.access import Access, Role


def may_authorise(access: Access) -> bool:
    """Give and withdraw the permission, keep tokens and settings, erase: the customer's own admins alone (MON-1)."""
    return access.is_customer_admin


def may_keep_watch(access: Access) -> bool:
    """Of the staff: settings, heartbeats and targets of an environment that is watched."""
    return access.has_role(Role.AGENT, Role.LEAD, Role.ACCOUNT_MANAGER)
