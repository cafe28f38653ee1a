"""Who may do what to tickets. In the portal the database shows only the company's own; these are the colleagues' limits."""

from accounts.access import Access, Role


def may_work(access: Access) -> bool:
    """Answer, verify, assign, change states."""
    return access.has_role(Role.AGENT, Role.LEAD)


def may_note(access: Access) -> bool:
    return access.has_role(Role.AGENT, Role.LEAD, Role.ACCOUNT_MANAGER, Role.RELEASE_MANAGER)


def may_file_for_customers(access: Access) -> bool:
    return access.has_role(Role.AGENT, Role.LEAD, Role.ACCOUNT_MANAGER)


def may_move_contract(access: Access) -> bool:
    return access.has_role(Role.ACCOUNT_MANAGER)
