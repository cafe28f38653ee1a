"""What customers do about verdicts: some contest one, somebody else decides; and a few tickets are private."""

from dataclasses import replace
from datetime import timedelta

from helpdesk.demo import provider, words
from helpdesk.demo.plan import Do, Plan, Step
from sla.rules import rank

CONTESTED_ONE_IN, PRIVATE_ONE_IN = 3, 40


def dispute(plans: list[Plan]) -> list[Plan]:
    """The plans with contests of some lowerings, the newest on an open ticket not decided yet; no chance in it, so that each day is the same."""
    lowered = [number for number, plan in enumerate(plans) if rank(plan.verified) < rank(plan.declared)]
    contested = {number: place for place, number in enumerate(lowered[::CONTESTED_ONE_IN])}
    active = [number for number in contested if not any(step.do == Do.CLOSE for step in plans[number].steps)]
    newest = max(active, default=None, key=lambda number: plans[number].steps[0].at)
    return [
        replace(
            _contest(plan, contested[number], decided=number != newest) if number in contested else plan,
            private=number % PRIVATE_ONE_IN == 7,
        )
        for number, plan in enumerate(plans)
    ]


def _contest(plan: Plan, place: int, *, decided: bool) -> Plan:
    """Contested some minutes after the verdict, decided within the hour; a ticket with a follow-up keeps its value, which that one took."""
    verdict = next((step for step in plan.steps if step.do == Do.VERIFY), None)
    if verdict is None:
        return plan
    follows = any(step.chapter for step in plan.steps)
    language = next(person.language for person in plan.company.people if plan.company.address_of(person) == plan.requester)
    judge = next(lead.address for lead in provider.leads() if lead.address != verdict.by)
    deed, answers = (Do.KEEP, words.KEPT) if follows or place % 2 else (Do.GIVE_BACK, words.GIVEN_BACK)
    steps = [*plan.steps, Step(verdict.at + timedelta(minutes=9), Do.CONTEST, by=plan.requester, text=words.CONTESTED[language])]
    if decided:
        steps.append(Step(verdict.at + timedelta(minutes=41), deed, by=judge, text=answers[language]))
    return replace(plan, steps=tuple(sorted(steps, key=lambda step: step.at)))
