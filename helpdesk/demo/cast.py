"""Who files what: the castings of all tickets, drawn from the customers and the stories."""

from collections import Counter
from datetime import datetime, timedelta
from random import Random

from helpdesk.demo.clock import start_of_day
from helpdesk.demo.companies import Company, PersonFacts
from helpdesk.demo.customers_abroad import FOREIGN
from helpdesk.demo.customers_brazil import BRAZILIAN
from helpdesk.demo.disputes import dispute
from helpdesk.demo.off_hours import ask_for_help
from helpdesk.demo.plan import ACTIVE_GOALS, FINISHED_TICKETS, LAST_ACT, Casting, Goal, Plan
from helpdesk.demo.script import write_plan
from helpdesk.demo.stories import BY_LANGUAGE
from helpdesk.demo.stories.model import Act, Story

COMPANIES: tuple[Company, ...] = BRAZILIAN + FOREIGN
TODAY_TICKETS = 8
# What may have lain there since yesterday or longer, by severity; critical tickets never do.
UNANSWERED_FOR_DAYS = {Goal.NEW: ("medium", "low"), Goal.VERIFIED: ("medium", "low")}


class Director:
    """Hands out stories so that one customer does not tell the same story twice in a row."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.decks: dict[tuple[str, str], list[Story]] = {}
        self.active: Counter[Story] = Counter()

    def cast(self, company: Company, goal: Goal) -> Casting:
        people = [person for person in company.people if person.left is None]
        requester = self.rng.choice(people)
        story = self._story(company, requester, goal) if goal == Goal.FINISHED else self._rarest(company, requester, goal)
        environments = [e for e in company.environments if story.product in e.installed]
        weights = [6 if e.kind == "production" else 1 for e in environments]
        return Casting(
            company=company,
            environment=self.rng.choices(environments, weights)[0],
            product=story.product,
            story=story,
            requester=requester,
            colleagues=tuple(person for person in people if person != requester),
            goal=goal,
        )

    def _rarest(self, company: Company, requester: PersonFacts, goal: Goal) -> Story:
        """What is active stands side by side on one page, so it should differ most."""
        products = {product for e in company.environments for product in e.installed}
        fitting = [s for s in BY_LANGUAGE[requester.language] if s.product in products and _suits(s, goal)]
        story = min(fitting, key=lambda s: self.active[s])
        self.active[story] += 1
        return story

    def _story(self, company: Company, requester: PersonFacts, goal: Goal) -> Story:
        deck = self.decks.setdefault((company.key, requester.language), [])
        found = next((story for story in reversed(deck) if _suits(story, goal)), None)
        if found is None:
            products = {product for e in company.environments for product in e.installed}
            fresh = [story for story in BY_LANGUAGE[requester.language] if story.product in products]
            self.rng.shuffle(fresh)
            deck[:0] = fresh
            found = next(story for story in reversed(deck) if _suits(story, goal))
        deck.remove(found)
        return found


def _suits(story: Story, goal: Goal) -> bool:
    if story.severity not in UNANSWERED_FOR_DAYS.get(goal, ("high", "medium", "low")):
        return goal in {Goal.FINISHED, Goal.HELD_REPLY}
    if goal == Goal.REOPENED:
        return story.turns[-1].act == Act.SOLVES
    return goal not in LAST_ACT or story.has(LAST_ACT[goal])


def _can_tell(company: Company, goal: Goal) -> bool:
    """Whether anyone there could have such a ticket open today: a small product range lacks some stories."""
    products = {product for e in company.environments for product in e.installed}
    people = (person for person in company.people if person.left is None)
    return all(any(s.product in products and _suits(s, goal) for s in BY_LANGUAGE[person.language]) for person in people)


def write_plans(now: datetime, seed: int) -> list[Plan]:
    """All plans, by the day alone; what lies after `now` is left out. In the order in which the tickets were opened."""
    today = start_of_day(now)
    rng = Random(seed)  # noqa: S311 - the same data every time is the point
    director = Director(rng)
    plans = [*_finished(director, today, seed), *_active(director, today, seed), *_of_today(director, today, seed)]
    plans = [plan.until(now) for plan in ask_for_help(dispute(plans), today)]
    return sorted((plan for plan in plans if plan.steps), key=lambda plan: plan.steps[0].at)


def _finished(director: Director, today: datetime, seed: int) -> list[Plan]:
    plans = []
    for number in range(FINISHED_TICKETS):
        company = director.rng.choices(COMPANIES, [c.weight for c in COMPANIES])[0]
        goal = Goal.FINISHED
        days_ago = director.rng.randint(max(4, -company.until + 10 if company.until else 0), -company.since)
        plans.append(write_plan(director.cast(company, goal), seed=f"{seed}:finished:{number}", today=today, days_ago=days_ago))
    former = next(company for company in COMPANIES if any(s[0] == "ended" for c in company.contracts for s in c.standings))
    plans.append(write_plan(director.cast(former, Goal.HELD_REPLY), seed=f"{seed}:held", today=today, days_ago=92))
    return plans


def _active(director: Director, today: datetime, seed: int) -> list[Plan]:
    plans = []
    for goal, count in ACTIVE_GOALS:
        able = [company for company in COMPANIES if company.weight and not company.until and _can_tell(company, goal)]
        for number in range(count):
            company = director.rng.choices(able, [c.weight for c in able])[0]
            ended = today - timedelta(hours=director.rng.choice((2, 4, 8) if goal == Goal.NEW else (2, 4, 8, 20, 30, 60)))
            casting = director.cast(company, goal)
            days_ago = director.rng.randint(1, 2 if goal == Goal.NEW else 6)
            plans.append(write_plan(casting, seed=f"{seed}:{goal.name}:{number}", today=today, days_ago=days_ago, ends_by=ended))
    return plans


def _of_today(director: Director, today: datetime, seed: int) -> list[Plan]:
    """Some tickets of the day itself, which go as far as the day has."""
    able = [company for company in COMPANIES if company.weight and not company.until]
    return [
        write_plan(director.cast(director.rng.choice(able), Goal.FINISHED), seed=f"{seed}:today:{number}", today=today, days_ago=0)
        for number in range(TODAY_TICKETS)
    ]
