"""Who may publish, issue licences, and say what a ticket is about. All staff may look."""

from accounts.access import Access, Role


def may_publish(access: Access) -> bool:
    """Draft, publish, withdraw; and keep the list of known issues."""
    return access.has_role(Role.RELEASE_MANAGER)


def may_issue_licences(access: Access) -> bool:
    return access.has_role(Role.RELEASE_MANAGER, Role.ACCOUNT_MANAGER)


def may_link_issues(access: Access) -> bool:
    return access.has_role(Role.AGENT, Role.LEAD)
