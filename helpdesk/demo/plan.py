"""What will happen on each ticket, as a list of dated steps; nothing here touches the database."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto

from helpdesk.demo.companies import Company, EnvironmentFacts, PersonFacts
from helpdesk.demo.stories.model import Act, Story


class Do(Enum):
    OPEN = auto()
    VERIFY = auto()
    CONTEST = auto()
    KEEP = auto()
    GIVE_BACK = auto()
    ASSIGN = auto()
    MOVE = auto()
    WATCH = auto()
    ANSWER = auto()
    REPLY = auto()
    SOLVED = auto()
    NOTE = auto()
    HOLD = auto()
    RELEASE = auto()
    CLOSE = auto()
    FOLLOW_UP = auto()
    HELP = auto()


class Goal(Enum):
    """Where a ticket stands today. FINISHED ones go to their end, as far as it lies in the past."""

    FINISHED = "finished"
    NEW = "new"
    VERIFIED = "verified, nobody has taken it"
    ASSIGNED = "verified and assigned"
    ANSWERED = "answered"
    REPLIED = "the customer wrote last"
    ASKED = "waits for the customer"
    THIRD_PARTY = "waits for a third party"
    HELD = "waits for approval"
    REOPENED = "was resolved, and is open again"
    FOLLOWED_UP = "was closed, and has a new follow-up"
    HELD_REPLY = "was closed, and got a reply without a contract"


# The turn after which a ticket with this goal stays as it is.
LAST_ACT = {Goal.ANSWERED: Act.TELLS, Goal.REPLIED: Act.SAYS, Goal.ASKED: Act.ASKS, Goal.THIRD_PARTY: Act.WAITS, Goal.HELD: Act.HOLDS}

# Tickets that are active today, by where they stand.
ACTIVE_GOALS: tuple[tuple[Goal, int], ...] = (
    (Goal.NEW, 7),
    (Goal.VERIFIED, 4),
    (Goal.ASSIGNED, 4),
    (Goal.ANSWERED, 6),
    (Goal.REPLIED, 5),
    (Goal.ASKED, 6),
    (Goal.THIRD_PARTY, 4),
    (Goal.HELD, 4),
    (Goal.REOPENED, 3),
    (Goal.FOLLOWED_UP, 2),
)
FINISHED_TICKETS = 336


@dataclass(frozen=True)
class Step:
    """`by`: an address; `to`: the assignee's, or a team's name; `chapter` 1 is the follow-up."""

    at: datetime
    do: Do
    by: str = ""
    text: str = ""
    status: str = ""
    to: str = ""
    evidence: tuple[str, bytes] | None = None
    chapter: int = 0


@dataclass(frozen=True)
class Plan:
    """`declared` and `verified`: type and severity."""

    company: Company
    environment: EnvironmentFacts
    product: str
    version: str
    requester: str
    on_behalf: bool
    watchers: tuple[str, ...]
    subject: str
    declared: tuple[str, str]
    verified: tuple[str, str]
    reason: str
    steps: tuple[Step, ...] = field(default=())
    private: bool = False

    @property
    def contract(self) -> str:
        """The environment's if it covers the product, else the company's that does."""
        covering = [contract.number for contract in self.company.contracts if self.product in contract.products]
        usual = self.environment.contract
        return usual if usual is not None and usual in covering else covering[0]

    def until(self, now: datetime) -> "Plan":
        """Without what has not happened yet."""
        return replace(self, steps=tuple(step for step in self.steps if step.at <= now))


@dataclass(frozen=True)
class Casting:
    """Who takes part in a ticket, about what."""

    company: Company
    environment: EnvironmentFacts
    product: str
    story: Story
    requester: PersonFacts
    colleagues: tuple[PersonFacts, ...]
    goal: Goal

    @property
    def language(self) -> str:
        return self.requester.language

    @property
    def in_production(self) -> bool:
        return self.environment.kind == "production"
