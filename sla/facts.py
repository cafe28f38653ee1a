"""What happens to a promise, in the order of the story that it is told from. No Django, and no word of tickets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sla.coverage import History
from sla.rules import Rules, Value


class Phase(StrEnum):
    """Who has the ball, as far as clocks care."""

    WORKING = "working"
    WAITING_CUSTOMER = "waiting_customer"
    WAITING_APPROVAL = "waiting_approval"
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """`number`: its place in the story, from 1; what comes from outside it (a calendar's new version) has 0. Facts are folded
    by instant, then by number."""

    at: datetime
    number: int


@dataclass(frozen=True, kw_only=True)
class Opened(Fact):
    value: Value
    rules: Rules
    calendar: History


@dataclass(frozen=True, kw_only=True)
class Answered(Fact):
    """The first or a further public message by a person on the staff."""


@dataclass(frozen=True, kw_only=True)
class Moved(Fact):
    phase: Phase
    by_staff: bool = True


@dataclass(frozen=True, kw_only=True)
class Qualified(Fact):
    """Another value counts. `verdict`: staff said so; `restores`: the number of the lowering that this drops out of the story (SLA-6)."""

    value: Value
    verdict: bool
    restores: int | None = None


@dataclass(frozen=True, kw_only=True)
class Ruled(Fact):
    """Another policy version or another contract's calendar rules from here on."""

    rules: Rules
    calendar: History


@dataclass(frozen=True, kw_only=True)
class CalendarChanged(Fact):
    """A version of the calendar begins to rule."""


@dataclass(frozen=True, kw_only=True)
class Covered(Fact):
    """Off-hours help was accepted: from the later of `start` and this instant until `until`, promises of answers run 24x7 (SLA-7)."""

    key: str
    start: datetime
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Uncovered(Fact):
    """The help with this key ends now, before its window does."""

    key: str


@dataclass(frozen=True, kw_only=True)
class Passed(Fact):
    """Nothing that concerns clocks: stands where a fact was that no longer counts."""


@dataclass(frozen=True)
class Window:
    """Off-hours help: open in [start, until)."""

    key: str
    start: datetime
    until: datetime


@dataclass(frozen=True)
class Scene:
    """What the facts until one instant leave behind for clocks, besides the clocks themselves.

    `updates`: whether the customer is kept up to date, since a first answer or a reopening; `ended_by`: the number of the fact
    that resolved or closed it last.
    """

    at: datetime
    phase: Phase
    calendar: History
    windows: Mapping[str, Window] = field(default_factory=dict)
    round: int = 1
    updates: bool = False
    ended_by: int | None = None
