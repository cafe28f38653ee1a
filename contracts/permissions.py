"""Who may keep contracts and environments."""

from accounts.access import Access, Role


def may_keep_contracts(access: Access) -> bool:
    return access.has_role(Role.ACCOUNT_MANAGER)


def may_keep_environments(access: Access) -> bool:
    return access.has_role(Role.AGENT, Role.LEAD, Role.ACCOUNT_MANAGER)
