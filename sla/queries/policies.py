"""Which version of a policy rules when, what it promises, and what pages about policies need."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from types import MappingProxyType
from typing import TypeVar

from django.utils.translation import gettext as _

from helpdesk.lib.prepared import Prepared
from sla import words
from sla.models import EscalationStep, Policy, PolicyRow, PolicyVersion
from sla.rules import TYPES, VALUES, Row, Rules, Step, Target, Told, Value, rank

# Without who made it and why, which are the staff's: customers' pages may not even ask for them.
RULING = ("policy_id", "number", "rules_from")
_versions = Prepared(lambda policy: PolicyVersion.objects.filter(policy=policy).order_by("-number").only(*RULING))
_versions_of_standard = Prepared(lambda: PolicyVersion.objects.filter(policy__is_standard=True).order_by("-number").only(*RULING))
_rows = Prepared(lambda version: PolicyRow.objects.filter(version=version))
_steps = Prepared(lambda version: EscalationStep.objects.filter(version=version))


def version_for(policy_id: int, at: datetime) -> PolicyVersion:
    """The version that rules a ticket opened at `at` (SLA-1): one query, in any scope.

    A policy without versions, which only the code before them can have made, promises what the standard does.
    Raises PolicyVersion.DoesNotExist when there is no standard either.
    """
    for version in _versions(policy_id) or _versions_of_standard():
        if version.rules_from is None or version.rules_from <= at:
            return version
    raise PolicyVersion.DoesNotExist(f"policy {policy_id} has no version, nor is there a standard")


@lru_cache(maxsize=1024)
def rules(version_id: int) -> Rules:
    """What a version promises. Versions never change, so each is read once per process. Raises PolicyVersion.DoesNotExist."""
    found = _rows(version_id)
    if not found:
        raise PolicyVersion.DoesNotExist(f"there is no policy version {version_id}")
    return _assembled(found, _steps(version_id))


def _assembled(rows: Iterable[PolicyRow], steps: Iterable[EscalationStep]) -> Rules:
    return Rules(
        rows=MappingProxyType({(row.type, row.severity): Row(row.always, _targets(row)) for row in rows}),
        steps=tuple(sorted((Step(step.percent, _tells(step)) for step in steps), key=lambda step: step.percent)),
    )


def _targets(row: PolicyRow) -> MappingProxyType[Target, int]:
    minutes = {target: getattr(row, f"{target}_minutes") for target in Target}
    return MappingProxyType({target: count * 60 for target, count in minutes.items() if count is not None})


def _tells(step: EscalationStep) -> frozenset[Told]:
    return frozenset(told for told in Told if getattr(step, f"tells_{told}"))


def latest_version(policy: Policy) -> PolicyVersion | None:
    """The version that rules tickets opened from now on; None only where the code before versions made the policy."""
    return PolicyVersion.objects.filter(policy=policy).select_related("author").order_by("-number").first()


# --- Promises, as pages show them -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Cell:
    """`text`: hours and minutes of coverage; empty where nothing is promised."""

    label: str
    text: str


@dataclass(frozen=True)
class PromiseLine:
    """What is promised for a qualification, or for all of a type if they are promised the same."""

    label: str
    always: bool
    coverage: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class StepLine:
    percent: int
    told: str


@dataclass(frozen=True)
class Promises:
    """A version in words. `targets`: headings of the columns."""

    targets: tuple[str, ...]
    lines: tuple[PromiseLine, ...]
    steps: tuple[StepLine, ...]

    @property
    def has_business_hours(self) -> bool:
        return any(not line.always for line in self.lines)


def promises(rules: Rules) -> Promises:
    """Rules in the reader's words, the most urgent first."""
    lines = tuple(
        PromiseLine(
            label,
            row.always,
            words.coverage(row.always),
            tuple(Cell(str(words.TARGETS[t]), words.minutes(row.seconds[t]) if t in row.seconds else "") for t in Target),
        )
        for _value, label, row in grouped(rules.rows.__getitem__)
    )
    steps = tuple(StepLine(step.percent, words.told(step.tells)) for step in rules.steps)
    return Promises(tuple(str(words.TARGETS[target]) for target in Target), lines, steps)


Fact = TypeVar("Fact")


def grouped(fact: Callable[[Value], Fact]) -> list[tuple[Value, str, Fact]]:
    """A fact about each qualification with its words, the most urgent first; once for a whole type where it is the same for all of it."""
    found: list[tuple[Value, str, Fact]] = []
    for type in reversed(TYPES):
        facts = {value: fact(value) for value in reversed(VALUES) if value[0] == type}
        (value, first), *others = facts.items()
        if all(other == first for _value, other in others):
            found.append((value, words.any_severity(type), first))
        else:
            found += [(value, words.value(value), one) for value, one in facts.items()]
    return found


def promised(policy_id: int, at: datetime) -> Promises:
    """What a policy promises to a ticket opened at `at`, in words."""
    return promises(rules(version_for(policy_id, at).pk))


# --- Differences ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Difference:
    """One promise or step that differs, in words. `tone`: `tighter` for the customer's good, `looser` for its harm, or neither."""

    label: str
    before: str
    after: str
    tone: str = ""


def differences(before: Rules, after: Rules) -> list[Difference]:
    """What `after` promises otherwise, the most urgent qualifications first, then the steps of escalation."""
    found = []
    for target in (None, *Target):
        pairs = grouped(partial(_pair, before, after, target))
        found += [(value, _difference(label, target, *pair)) for value, label, pair in pairs if pair[0] != pair[1]]
    found.sort(key=lambda one: rank(one[0]), reverse=True)
    return [*(difference for _value, difference in found), *_step_differences(before, after)]


def _pair(before: Rules, after: Rules, target: Target | None, value: Value) -> tuple[int | None, int | None]:
    return _part(before, value, target), _part(after, value, target)


def _part(rules: Rules, value: Value, target: Target | None) -> int | None:
    """A target in seconds; for None the coverage, where 1 is 24x7."""
    row = rules.rows[value]
    return int(row.always) if target is None else row.seconds.get(target)


def _difference(label: str, target: Target | None, old: int | None, new: int | None) -> Difference:
    if target is None:
        what, texts = _("Coverage"), (words.coverage(bool(old)), words.coverage(bool(new)))
        better = bool(new)
    else:
        what, texts = str(words.TARGETS[target]), (words.minutes(old), words.minutes(new))
        better = old is None or (new is not None and new < old)
    return Difference(f"{label}: {what.lower()}", *texts, "tighter" if better else "looser")


def _step_differences(before: Rules, after: Rules) -> list[Difference]:
    old = {step.percent: step.tells for step in before.steps}
    new = {step.percent: step.tells for step in after.steps}
    return [
        Difference(
            _("At %(percent)s %%") % {"percent": percent}, words.told(old.get(percent, NOBODY)), words.told(new.get(percent, NOBODY))
        )
        for percent in sorted(old.keys() | new.keys())
        if old.get(percent) != new.get(percent)
    ]


NOBODY: frozenset[Told] = frozenset()


# --- Pages ----------------------------------------------------------------------------------------------------------
def policies_page() -> list[tuple[Policy, PolicyVersion | None]]:
    """Every policy with its latest version, the standard first."""
    latest = PolicyVersion.objects.order_by("policy_id", "-number").distinct("policy_id").select_related("author")
    by_policy = {version.policy_id: version for version in latest}
    return [(policy, by_policy.get(policy.pk)) for policy in Policy.objects.order_by("-is_standard", "name")]


@dataclass(frozen=True)
class VersionLine:
    """A version and how it differs from the one before; the first differs from nothing."""

    version: PolicyVersion
    differences: list[Difference]


def history(policy: Policy) -> list[VersionLine]:
    """A policy's versions, newest first."""
    rows = PolicyVersion.objects.filter(policy=policy).select_related("author").prefetch_related("rows", "steps").order_by("number")
    versions = [(version, _assembled(version.rows.all(), version.steps.all())) for version in rows]
    before = [versions[0][1] if versions else None, *(rules for _version, rules in versions)]
    lines = [VersionLine(version, differences(old or new, new)) for (version, new), old in zip(versions, before, strict=False)]
    return lines[::-1]
