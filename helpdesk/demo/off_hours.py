"""Help outside business hours: an approver asked for it on one open ticket, for this evening."""

from dataclasses import replace
from datetime import datetime, time, timedelta

from accounts.models import Membership
from helpdesk.demo import provider
from helpdesk.demo.clock import ZONE
from helpdesk.demo.plan import Do, Plan, Step

EVENING = (time(19), time(23))
OVER = {Do.CLOSE, Do.SOLVED, Do.FOLLOW_UP}


def ask_for_help(plans: list[Plan], today: datetime) -> list[Plan]:
    """The plans with the help asked for on the newest ticket that it suits; no chance in it, so that each day is the same."""
    suiting = [number for number, plan in enumerate(plans) if _suits(plan, today)]
    newest = max(suiting, default=None, key=lambda number: plans[number].steps[0].at)
    return [_ask(plan, today) if number == newest else plan for number, plan in enumerate(plans)]


def evening(today: datetime) -> tuple[datetime, datetime]:
    """From when until when somebody helps."""
    day = today.astimezone(ZONE).date()
    start, end = (datetime.combine(day, at, ZONE) for at in EVENING)
    return start, end


def _suits(plan: Plan, today: datetime) -> bool:
    """Under way since yesterday or longer, and promised in business hours; somebody there may ask."""
    ends = [step for step in plan.steps if step.do in OVER or step.status == "resolved"]
    carriers = any(contract.policy == provider.CARRIER for contract in plan.company.contracts)
    critical = "critical" in {plan.declared[1], plan.verified[1]}
    begun = len(plan.steps) > 2 and plan.steps[-1].at < today
    return begun and not ends and not carriers and not critical and _approver(plan) is not None


def _approver(plan: Plan) -> str | None:
    people = [person for person in plan.company.people if person.role == Membership.Role.APPROVER and person.left is None]
    return plan.company.address_of(people[0]) if people else None


def _ask(plan: Plan, today: datetime) -> Plan:
    at = min(plan.steps[-1].at + timedelta(minutes=25), today)
    return replace(plan, steps=(*plan.steps, Step(at, Do.HELP, by=_approver(plan) or "")))
