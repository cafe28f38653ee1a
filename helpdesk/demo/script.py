"""From a casting to a plan: the instants, the wording and the turns of one ticket."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from random import Random

from helpdesk.demo import clock, evidence, provider, words
from helpdesk.demo.companies import PersonFacts
from helpdesk.demo.plan import LAST_ACT, Casting, Do, Goal, Plan, Step
from helpdesk.demo.stories.model import Act, Turn
from helpdesk.demo.upgrades import version_on

SEVERITIES = ("low", "medium", "high", "critical")
RECENT_DAYS = 60
# How much of the usual time staff take, by what is promised for it; one step in so many takes far longer, and a promise may be missed.
PACE = {"high": 0.3, "medium": 0.6, "low": 1.0}
PACE_BY_TYPE = {"functional": 0.5}
SLOW_ONE_IN, SLOW_SHARE = 40, 4.0
STATUS_AFTER = {Act.ASKS: "waiting_customer", Act.WAITS: "waiting_third_party", Act.SOLVES: "resolved"}


class Script:
    """Writes one ticket's steps in order; `at` is the instant reached so far."""

    def __init__(self, casting: Casting, rng: Random, today: datetime, opened_at: datetime) -> None:
        self.casting, self.rng, self.today, self.at = casting, rng, today, opened_at
        self.team = provider.team_of(casting.product)
        self.agent = rng.choice(provider.answerers(self.team))
        self.type, self.severity = self._true_qualification()
        self.urgent = self.severity == "critical" or (self.severity == "high" and self._is_a_carriers())
        self.version = version_on(casting.product, casting.environment.installed[casting.product], (today - opened_at).days)
        self.on_behalf = rng.random() < 0.11
        self.steps: list[Step] = []
        self.greeted = False
        self._fill()

    def _true_qualification(self) -> tuple[str, str]:
        story = self.casting.story
        severity = "high" if story.severity == "critical" and not self.casting.in_production else story.severity
        return story.type, severity

    def _is_a_carriers(self) -> bool:
        """Whether a contract of the company promises what carriers are promised, by night too."""
        return any(contract.policy == provider.CARRIER for contract in self.casting.company.contracts)

    def _fill(self) -> None:
        self.words = words.fill(
            self.rng,
            company=self.casting.company,
            language=self.casting.language,
            product=self.casting.product,
            version=self.version,
            requester=self.casting.requester.name,
            agent=self.agent.display_name,
            at=self.at,
        )

    # --- Wording

    def say(self, text: str) -> str:
        facts = self.words | {"daytime": words.daytime(self.casting.language, self.at.astimezone(clock.ZONE).hour)}
        return text.format_map(facts).strip()

    def pick(self, variants: Mapping[str, tuple[str, ...]]) -> str:
        return self.rng.choice(variants[self.casting.language])

    def by_customer(self, text: str) -> str:
        return self.say(self.pick(words.CUSTOMER_GREETINGS) + text + self.pick(words.CUSTOMER_CLOSINGS))

    def by_staff(self, text: str) -> str:
        greeting = self.pick(words.STAFF_GREETINGS) if not self.greeted or self.rng.random() < 0.2 else ""
        self.greeted = True
        return self.say(greeting + text + self.pick(words.STAFF_CLOSINGS))

    # --- Steps

    def add(self, do: Do, *, by: str = "", text: str = "", status: str = "", to: str = "", kind: str = "", chapter: int = 0) -> None:
        file = evidence.make(kind, self.rng, self.words, self.at) if kind else None
        self.steps.append(Step(self.at, do, by, text, status, to, file, chapter))

    def staff_works(self, low: int, high: int) -> None:
        pace = PACE_BY_TYPE.get(self.type) or PACE.get(self.severity, 1)
        share = SLOW_SHARE if self.rng.randrange(SLOW_ONE_IN) == 0 else pace
        self.at = clock.staff_after(self.rng, self.at, (max(1, round(low * share)), max(2, round(high * share))), urgent=self.urgent)

    def customer_works(self) -> None:
        self.at = clock.customer_after(self.rng, self.at, urgent=self.urgent)

    def address(self, person: PersonFacts) -> str:
        return self.casting.company.address_of(person)

    def somebody(self) -> str:
        """Mostly the requester, now and then a colleague."""
        person = (
            self.rng.choice(self.casting.colleagues) if self.casting.colleagues and self.rng.random() < 0.12 else self.casting.requester
        )
        return self.address(person)

    def open(self) -> None:
        story = self.casting.story
        text = self.by_customer(self.rng.choice(story.opening))
        if self.on_behalf:
            text = self.say(self.pick(words.ON_BEHALF)) + "\n\n" + text
        opener = self.agent.address if self.on_behalf else self.address(self.casting.requester)
        self.add(Do.OPEN, by=opener, text=text, kind=story.evidence if self.rng.random() < 0.75 else "")

    def verify(self, chapter: int = 0) -> None:
        self.staff_works(8, 75)
        verifier = self.agent if self.rng.random() < 0.7 else self.rng.choice(provider.leads())
        self.add(Do.VERIFY, by=verifier.address, chapter=chapter)

    def assign(self, chapter: int = 0) -> None:
        self.staff_works(1, 14)
        by = self.agent if self.rng.random() < 0.55 else self.rng.choice(provider.leads())
        self.add(Do.ASSIGN, by=by.address, to=self.agent.address, chapter=chapter)

    def move(self) -> None:
        """To another team, with a word on why."""
        self.staff_works(15, 90)
        other = self.rng.choice([team for team in (provider.CORE, provider.APPLICATIONS, provider.PLATFORM) if team != self.team])
        self.add(Do.NOTE, by=self.agent.address, text=self.say(self.pick(words.ASIDES)))
        self.at += timedelta(minutes=2)
        self.add(Do.MOVE, by=self.agent.address, to=other)
        self.agent = self.rng.choice(provider.answerers(other))
        self.words["agent"] = self.agent.display_name

    def turn(self, turn: Turn) -> None:
        text = self.rng.choice(turn.texts)
        if turn.by_customer:
            self.customer_works()
            self.add(Do.REPLY, by=self.somebody(), text=self.by_customer(text), kind=turn.evidence)
            if turn.act == Act.CONFIRMS:
                self.at += timedelta(minutes=1)
                self.add(Do.SOLVED, by=self.address(self.casting.requester))
            return
        self.staff_works(25, 260)
        if turn.act == Act.NOTES:
            self.add(Do.NOTE, by=self.agent.address, text=self.say(text))
        elif turn.act == Act.HOLDS:
            self.add(Do.HOLD, by=self.agent.address, text=self.say(text))
        else:
            self.add(Do.ANSWER, by=self.agent.address, text=self.by_staff(text), status=STATUS_AFTER.get(turn.act, ""), kind=turn.evidence)

    def nudge(self) -> None:
        self.customer_works()
        self.add(Do.REPLY, by=self.address(self.casting.requester), text=self.by_customer(self.pick(words.NUDGES)))
        self.staff_works(20, 120)
        self.add(Do.ANSWER, by=self.agent.address, text=self.by_staff(self.pick(words.NUDGES_ANSWERED)))

    def converse(self) -> None:
        """The story's turns, up to the goal's last one."""
        last, held = LAST_ACT.get(self.casting.goal), False
        for turn in self._turns():
            if held and turn.act != Act.SAYS:
                self.release(60, 700)
                held = False
            if turn.act == Act.SOLVES and not self.urgent and last is None and self.rng.random() < 0.14:
                self.nudge()
            self.turn(turn)
            if turn.act == last:
                return
            if held:
                self.release(3, 30)
            held = turn.act == Act.HOLDS

    def _turns(self) -> list[Turn]:
        """All turns of a recent ticket; of older ones some went without the question or the note in the middle."""
        turns = list(self.casting.story.turns)
        if self.casting.goal != Goal.FINISHED or (self.today - self.at).days < RECENT_DAYS:
            return turns
        if self.rng.random() < 0.55:
            turns = [turn for turn in turns if turn.act != Act.NOTES]
        asked = next((number for number, turn in enumerate(turns) if turn.act == Act.ASKS), None)
        if asked is not None and self.rng.random() < 0.45:
            del turns[asked : asked + 2]
        return turns

    def release(self, low: int, high: int) -> None:
        self.staff_works(low, high)
        self.add(Do.RELEASE, by=self.agent.address)

    # --- After the end of the story

    def close(self, chapter: int = 0) -> None:
        self.at += timedelta(days=7, minutes=self.rng.randint(1, 5))
        self.add(Do.CLOSE, chapter=chapter)

    def reopen(self) -> None:
        self.at = clock.customer_after(self.rng, self.at + timedelta(days=self.rng.randint(0, 4)), urgent=False)
        self.add(Do.REPLY, by=self.address(self.casting.requester), text=self.by_customer(self.pick(words.REOPENINGS)))

    def solve_again(self) -> None:
        self.staff_works(30, 200)
        self.add(Do.ANSWER, by=self.agent.address, text=self.by_staff(self.pick(words.REOPENED_SOLVED)), status="resolved")

    def follow_up(self) -> None:
        self.at = clock.customer_after(self.rng, self.at + timedelta(days=self.rng.randint(1, 9)), urgent=False)
        self.add(Do.FOLLOW_UP, by=self.address(self.casting.requester), text=self.by_customer(self.pick(words.FOLLOW_UPS)))

    def solve_follow_up(self) -> None:
        self.verify(chapter=1)
        self.assign(chapter=1)
        self.staff_works(30, 300)
        self.add(Do.ANSWER, by=self.agent.address, text=self.by_staff(self.pick(words.FOLLOW_UPS_ANSWERED)), status="resolved", chapter=1)
        self.close(chapter=1)

    def write(self) -> None:
        goal = self.casting.goal
        self.open()
        if goal == Goal.NEW:
            return
        self.verify()
        if goal == Goal.VERIFIED:
            return
        if goal == Goal.FINISHED and not self.urgent and self.rng.random() < 0.04:
            self.move()
        if goal == Goal.ASSIGNED or self.rng.random() < 0.88:
            self.assign()
        if goal == Goal.ASSIGNED:
            return
        if self.rng.random() < 0.06:
            lead = self.rng.choice(provider.leads())
            self.add(Do.WATCH, by=lead.address)
        self.converse()
        if goal not in LAST_ACT:
            self.end()

    def end(self) -> None:
        goal, chance = self.casting.goal, self.rng.random()
        if goal == Goal.REOPENED:
            self.reopen()
            return
        if goal == Goal.FINISHED and chance < 0.07:
            self.reopen()
            self.solve_again()
        self.close()
        if goal == Goal.HELD_REPLY:
            self.at = clock.day_before(self.today, 41, time(10, 12))
            self.add(Do.FOLLOW_UP, by=self.address(self.casting.requester), text=self.say(words.HELD[self.casting.language]))
        elif goal == Goal.FOLLOWED_UP or chance > 0.97:
            self.follow_up()
            if goal == Goal.FINISHED:
                self.solve_follow_up()

    def plan(self) -> Plan:
        self.write()
        watchers = tuple(self.address(p) for p in self.casting.colleagues if self.rng.random() < 0.09)
        declared, reason = self._declared()
        subject = self.say(self.rng.choice(self.casting.story.subjects))
        return Plan(
            company=self.casting.company,
            environment=self.casting.environment,
            product=self.casting.product,
            version=self.version,
            requester=self.address(self.casting.requester),
            on_behalf=self.on_behalf,
            watchers=watchers,
            subject=subject,
            declared=declared,
            verified=(self.type, self.severity),
            reason=reason,
            steps=tuple(self.steps),
        )

    def _declared(self) -> tuple[tuple[str, str], str]:
        """What the customer chose: mostly right, sometimes more, seldom less; and why staff changed it."""
        true, chance, rank = (self.type, self.severity), self.rng.random(), SEVERITIES.index(self.severity)
        if chance > 0.2 or self.type == "update_service":
            return true, ""
        if self.type == "functional":
            return ("technical", self.severity), self.pick(words.TO_FUNCTIONAL)
        if chance < 0.14 and rank < 3:
            reasons = words.LOWERED[self.casting.language]
            return (self.type, SEVERITIES[rank + 1]), self.rng.choice(reasons[:2]) if self.casting.in_production else reasons[2]
        return ((self.type, SEVERITIES[rank - 1]), self.pick(words.RAISED)) if rank else (true, "")


def write_plan(casting: Casting, *, seed: str, today: datetime, days_ago: int, ends_by: datetime | None = None) -> Plan:
    """A ticket opened so many days ago, or, so that its last step comes before `ends_by`, as many days earlier as it takes."""
    while True:
        rng = Random(seed)  # noqa: S311 - the same data every time is the point
        urgent = casting.story.severity == "critical" and casting.in_production
        opened_at = clock.opening_time(rng, today, days_ago, urgent=urgent)
        plan = Script(casting, rng, today, opened_at).plan()
        if ends_by is None or plan.steps[-1].at <= ends_by:
            return replace(plan, steps=tuple(sorted(plan.steps, key=lambda step: step.at)))
        days_ago += 1
