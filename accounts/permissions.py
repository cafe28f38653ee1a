"""Who may do what to customers and people."""

from accounts.access import Access, Role


def may_manage_people(access: Access) -> bool:
    """The customer's own admins; staff do it from the console."""
    return access.is_customer_admin


def may_manage_customers(access: Access) -> bool:
    return access.has_role(Role.ACCOUNT_MANAGER, Role.ADMINISTRATOR)


def may_read_audit(access: Access) -> bool:
    return access.has_role(Role.LEAD, Role.ACCOUNT_MANAGER, Role.ADMINISTRATOR)


def may_configure(access: Access) -> bool:
    return access.has_role(Role.ADMINISTRATOR)
