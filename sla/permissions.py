"""Who may change what is promised. All staff may look."""

from accounts.access import Access, Role


def may_change_calendars(access: Access) -> bool:
    return access.has_role(Role.ADMINISTRATOR)
