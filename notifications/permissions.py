"""Who may look into the outbox, and who may keep rotas."""

from accounts.access import Access, Role
from notifications.models import RotaOverride


def may_read_outbox(access: Access) -> bool:
    return access.has_role(Role.AGENT, Role.LEAD, Role.ACCOUNT_MANAGER, Role.ADMINISTRATOR)


def may_resend(access: Access) -> bool:
    return access.has_role(Role.LEAD, Role.ACCOUNT_MANAGER, Role.ADMINISTRATOR)


def may_try_address_again(access: Access) -> bool:
    """Whoever may be on the phone with the person whose mailbox was mended."""
    return may_read_outbox(access)


def may_keep_rotas(access: Access) -> bool:
    """Rotas, and anybody's shifts."""
    return access.has_role(Role.LEAD, Role.ADMINISTRATOR)


def may_see_ways(access: Access) -> bool:
    """How others are reached, masked; and to send them a test page."""
    return access.has_role(Role.ADMINISTRATOR)


def may_remove_override(access: Access, override: RotaOverride) -> bool:
    """Whose shift it is, who made it, and who keeps rotas."""
    return may_keep_rotas(access) or access.person.pk in {override.member_id, override.created_by_id}
