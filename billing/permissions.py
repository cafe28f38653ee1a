"""Who may do what about work, and what it costs."""

from typing import Any

from accounts.access import Access, Role
from accounts.models import Membership
from billing.models import WorkLog

DECIDERS = (Membership.Role.APPROVER, Membership.Role.ADMIN)


def may_log_work(access: Access) -> bool:
    return access.has_role(Role.AGENT, Role.LEAD)


def may_correct(access: Access, log: WorkLog) -> bool:
    """One's own; leads correct others' too, with a reason."""
    return access.has_role(Role.LEAD) or (access.has_role(Role.AGENT) and log.agent_id == access.person.pk)


def may_see_charges(access: Access) -> bool:
    """What is asked for, waits, was decided, and lacks an approval, of all customers."""
    return access.is_staff


def may_review(access: Access) -> bool:
    """Lines of open months, and closing them."""
    return access.has_role(Role.ACCOUNT_MANAGER)


def may_read_statements(access: Access) -> bool:
    """The customer's own: whoever may agree to what they cost."""
    return access.membership is not None and access.membership.role in DECIDERS


def rights(access: Access) -> dict[str, Any]:
    """What lists of logs ask for: which of them the reader may change."""
    return {"may_log_work": may_log_work(access), "may_correct_all": access.has_role(Role.LEAD), "person_id": access.person.pk}


def may_draft_request(access: Access) -> bool:
    """Write charge requests, send those at the contract's rate, withdraw those that nobody has answered."""
    return access.has_role(Role.AGENT, Role.LEAD, Role.ACCOUNT_MANAGER)


def may_release(access: Access) -> bool:
    """Let a request out whose price isn't the contract's, and end an approval for what comes."""
    return access.has_role(Role.ACCOUNT_MANAGER)


def may_decide(access: Access) -> bool:
    """Answer charge requests of the company that is looked at; a staff role counts for nothing here (BIL-6)."""
    return access.membership is not None and access.membership.role in DECIDERS


def may_wish(access: Access) -> bool:
    """Ask the company's approvers for help outside business hours."""
    return access.membership is not None
