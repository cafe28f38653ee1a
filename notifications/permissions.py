"""Who may look into the outbox."""

from accounts.access import Access, Role


def may_read_outbox(access: Access) -> bool:
    return access.has_role(Role.AGENT, Role.LEAD, Role.ACCOUNT_MANAGER, Role.ADMINISTRATOR)


def may_resend(access: Access) -> bool:
    return access.has_role(Role.LEAD, Role.ACCOUNT_MANAGER, Role.ADMINISTRATOR)


def may_try_address_again(access: Access) -> bool:
    """Whoever may be on the phone with the person whose mailbox was mended."""
    return may_read_outbox(access)
