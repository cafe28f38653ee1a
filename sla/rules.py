"""What a policy promises, as plain values: for each qualification a coverage and targets, and the steps of escalation. No Django."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Value = tuple[str, str]  # type and severity

TYPES = ("update_service", "functional", "technical")  # a raise goes to the right
SEVERITIES = ("low", "medium", "high", "critical")
# What can be declared or verified: only technical events are critical (TIC-1).
VALUES: tuple[Value, ...] = tuple(
    (type, severity) for type in TYPES for severity in SEVERITIES if severity != "critical" or type == "technical"
)


def rank(value: Value) -> tuple[int, int]:
    """Its place in the order of values: update service < functional < technical, then severity (SLA-6)."""
    type, severity = value
    return TYPES.index(type), SEVERITIES.index(severity)


class Target(StrEnum):
    """What is promised for a ticket, by the name of the clock that runs towards it (SLA-4)."""

    FIRST_RESPONSE = "first_response"
    NEXT_UPDATE = "next_update"
    RESOLUTION = "resolution"


@dataclass(frozen=True)
class Row:
    """The promise for one qualification. `always`: covered 24x7, else in the contract's calendar; `seconds`: of coverage, by target."""

    always: bool
    seconds: Mapping[Target, int]


class Told(StrEnum):
    """Who hears of a step (SLA-9). On-call is paged besides, for tickets that are covered 24x7."""

    ASSIGNEE = "assignee"
    LEAD = "lead"
    ACCOUNT_MANAGER = "account_manager"


@dataclass(frozen=True)
class Step:
    """Who is told when so much of a target is used up; 100 is the due instant itself."""

    percent: int
    tells: frozenset[Told]


@dataclass(frozen=True)
class Rules:
    """One version of a policy whole: a row for every one of VALUES, and its steps by percent."""

    rows: Mapping[Value, Row]
    steps: tuple[Step, ...]
