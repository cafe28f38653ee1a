"""Making policies and their versions. Each version is written whole, never changed, and in the audit trail."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Person
from accounts.tenancy import as_provider
from helpdesk.lib.minutes import spell
from helpdesk.lib.refusals import Refusal
from sla import words
from sla.models import MOST_MINUTES, EscalationStep, Policy, PolicyRow, PolicyVersion
from sla.queries import policies as queries
from sla.rules import VALUES, Row, Rules, Step, Target, Told, Value
from sla.standard import STANDARD

MOST_STEPS = 6


class NameTaken(Refusal):
    sentence = _("There is a policy with this name already.")


class RowMissing(Refusal):
    sentence = _("There is no row for %(value)s. A policy promises something for every qualification.")


class RowUnknown(Refusal):
    sentence = _("There is no qualification “%(value)s”.")


class RowEmpty(Refusal):
    sentence = _("Nothing is promised for %(value)s. Give it at least one target.")


class TargetOutOfRange(Refusal):
    sentence = _("%(value)s: a target lies between 1 minute and %(most)s of coverage. Leave it empty to promise nothing.")


class StepOutOfRange(Refusal):
    sentence = _("A step lies between 1 and 100 % of a target.")


class StepTwice(Refusal):
    sentence = _("There are two steps at %(percent)s %%. Join them.")


class StepTellsNobody(Refusal):
    sentence = _("The step at %(percent)s %% tells nobody. Choose somebody, or empty it.")


class TooManySteps(Refusal):
    sentence = _("A policy has at most %(most)s steps.")


class ReasonMissing(Refusal):
    sentence = _("Say why, in a few words. It stays in the policy's history.")


class NothingChanges(Refusal):
    sentence = _("This is what the policy promises already. Change at least one value.")


class ChangedMeanwhile(Refusal):
    sentence = _("The policy was changed meanwhile: version %(number)s is there now. What you wrote is kept; look at what it would change.")


def add_policy(*, actor: Person | None, name: str, rules: Rules | None = None, is_standard: bool = False, now: datetime) -> Policy:
    """A policy with its first version, which promises `rules`, or else what the standard does now.

    `is_standard` is for the first policy of an installation; later `make_standard` chooses. Raises NameTaken and what
    `change_policy` refuses of rows and steps.
    """
    with as_provider():
        standard = Policy.objects.filter(is_standard=True).first()
        like = rules or (queries.rules(queries.version_for(standard.pk, now).pk) if standard is not None else STANDARD)
        _refuse_nonsense(like.rows, like.steps)
        try:
            with transaction.atomic():
                policy = Policy.objects.create(name=name, is_standard=is_standard)
        except IntegrityError as error:
            raise NameTaken from error
        version = _write(policy, 1, like.rows, like.steps, reason="", author=actor, rules_from=None, now=now)
        audit.record(
            actor=actor,
            customer_id=None,
            verb="add_policy",
            target=policy,
            after={"name": name, "version": version.number} | _facts(like),
            now=now,
        )
    return policy


def standard_policy(*, now: datetime) -> Policy:
    """The standard policy; made as shipped where an installation has none."""
    with as_provider():
        return Policy.objects.filter(is_standard=True).first() or add_policy(actor=None, name="Standard", is_standard=True, now=now)


def change_policy(
    *,
    actor: Person | None,
    policy: Policy,
    rows: Mapping[Value, Row],
    steps: Sequence[Step],
    reason: str,
    expected_number: int,
    now: datetime,
) -> PolicyVersion:
    """A new version, which rules tickets opened from `now` on; open tickets keep theirs (SLA-1).

    `expected_number`: the version that was looked at, 0 for none. The same change sent twice makes one version.
    Raises RowMissing, RowUnknown, RowEmpty, TargetOutOfRange, StepOutOfRange, StepTwice, StepTellsNobody, TooManySteps,
    ReasonMissing, ChangedMeanwhile, NothingChanges.
    """
    wanted = Rules(rows, tuple(sorted(steps, key=lambda step: step.percent)))
    reason = reason.strip()
    if not reason:
        raise ReasonMissing
    with as_provider():
        policy = _lock(policy)
        latest = queries.latest_version(policy)
        if latest is not None and _is_again(latest, expected_number, wanted, reason, actor):
            return latest
        before = proposed_change(policy=policy, rules=wanted, expected_number=expected_number)
        # A clock that stepped back must not give a later version an earlier beginning.
        begins_at = max(now, latest.rules_from or now) if latest is not None else None
        number = expected_number + 1
        version = _write(policy, number, wanted.rows, wanted.steps, reason=reason, author=actor, rules_from=begins_at, now=now)
        audit.record(
            actor=actor,
            customer_id=None,
            verb="change_policy",
            target=policy,
            before={"version": expected_number} | (_facts(before) if before is not None else {}),
            after={"version": number, "reason": reason} | _facts(wanted),
            now=now,
        )
    return version


def proposed_change(*, policy: Policy, rules: Rules, expected_number: int) -> Rules | None:
    """What the policy promises until `rules` do, for a look at the difference; None for a policy without versions. Changes nothing.

    Raises what `change_policy` would refuse, the reason aside.
    """
    _refuse_nonsense(rules.rows, rules.steps)
    latest = queries.latest_version(policy)
    number = latest.number if latest is not None else 0
    if number != expected_number:
        raise ChangedMeanwhile(number=number)
    before = queries.rules(latest.pk) if latest is not None else None
    if before == rules:
        raise NothingChanges
    return before


def _lock(policy: Policy) -> Policy:
    """Versions follow each other: whoever comes second looks at what the first has made. Contracts may name the policy meanwhile."""
    return Policy.objects.select_for_update(no_key=True).get(pk=policy.pk)


def _is_again(latest: PolicyVersion, expected_number: int, wanted: Rules, reason: str, actor: Person | None) -> bool:
    """Whether the latest version is this very change, sent a second time."""
    same_words = (latest.number, latest.reason, latest.author) == (expected_number + 1, reason, actor)
    return same_words and queries.rules(latest.pk) == wanted


def make_standard(*, actor: Person | None, policy: Policy, now: datetime) -> Policy:
    """The policy that applies unless a contract names another. Contracts keep the one they name."""
    with as_provider():
        involved = Policy.objects.select_for_update(no_key=True).order_by("pk")
        found = {row.pk: row for row in involved}
        chosen = found[policy.pk]
        if chosen.is_standard:
            return chosen
        before = next((row for row in found.values() if row.is_standard), None)
        Policy.objects.filter(is_standard=True).update(is_standard=False)
        chosen.is_standard = True
        chosen.save(update_fields=["is_standard"])
        audit.record(
            actor=actor,
            customer_id=None,
            verb="make_standard",
            target=chosen,
            before={"standard_policy": before.name if before is not None else ""},
            after={"standard_policy": chosen.name},
            now=now,
        )
    return chosen


def _refuse_nonsense(rows: Mapping[Value, Row], steps: Sequence[Step]) -> None:
    """Look at a version before it is written: whole, within range, each step telling somebody."""
    for value in rows:
        if value not in VALUES:
            raise RowUnknown(value=" ".join(value))
    for value in VALUES:
        if value not in rows:
            raise RowMissing(value=words.value(value))
        seconds = rows[value].seconds
        if not seconds:
            raise RowEmpty(value=words.value(value))
        if any(not 60 <= count <= MOST_MINUTES * 60 or count % 60 for count in seconds.values()):
            raise TargetOutOfRange(value=words.value(value), most=spell(MOST_MINUTES))
    percents = [step.percent for step in steps]
    if len(steps) > MOST_STEPS:
        raise TooManySteps(most=MOST_STEPS)
    for step in steps:
        if not 1 <= step.percent <= 100:
            raise StepOutOfRange
        if percents.count(step.percent) > 1:
            raise StepTwice(percent=step.percent)
        if not step.tells:
            raise StepTellsNobody(percent=step.percent)


def _write(
    policy: Policy,
    number: int,
    rows: Mapping[Value, Row],
    steps: Sequence[Step],
    *,
    reason: str,
    author: Person | None,
    rules_from: datetime | None,
    now: datetime,
) -> PolicyVersion:
    version = PolicyVersion.objects.create(
        policy=policy, number=number, rules_from=rules_from, reason=reason, author=author, created_at=now
    )
    PolicyRow.objects.bulk_create(
        PolicyRow(version=version, type=type, severity=severity, always=row.always, **_minutes(row))
        for (type, severity), row in sorted(rows.items())
    )
    EscalationStep.objects.bulk_create(
        EscalationStep(version=version, percent=step.percent, **{f"tells_{told}": told in step.tells for told in Told}) for step in steps
    )
    return version


def _minutes(row: Row) -> dict[str, int]:
    return {f"{target}_minutes": seconds // 60 for target, seconds in row.seconds.items()}


def _facts(rules: Rules) -> dict[str, Any]:
    """For the audit trail, which keeps what differs: minutes by "technical/high/resolution_minutes", who is told by "80 %"."""
    facts: dict[str, Any] = {}
    for (type, severity), row in rules.rows.items():
        facts[f"{type}/{severity}/always"] = row.always
        facts |= {f"{type}/{severity}/{name}": _minutes(row).get(name) for name in (f"{target}_minutes" for target in Target)}
    return facts | {f"{step.percent} %": sorted(step.tells) for step in rules.steps}
