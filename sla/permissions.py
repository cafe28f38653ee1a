"""Who may change calendars and policies. All staff may look."""

from accounts.access import Access, Role


def may_change_calendars(access: Access) -> bool:
    return access.has_role(Role.ADMINISTRATOR)


def may_change_policies(access: Access) -> bool:
    return access.has_role(Role.ADMINISTRATOR)
