"""Two administrators, or two clicks of one, at once and with real commits: one version each time, and nobody's values are lost silently."""

import pytest

from accounts.tenancy import as_provider
from sla.commands import policies
from sla.models import Policy, PolicyVersion
from sla.rules import Row
from sla.standard import STANDARD
from tests import factories as make
from tests.flows.meeting import Meeting, at_once

pytestmark = pytest.mark.django_db(transaction=True)

HIGH = ("technical", "high")


@pytest.fixture
def meeting():
    return Meeting()


def change(policy, actor, always):
    return policies.change_policy(
        actor=actor,
        policy=policy,
        rows={**STANDARD.rows, HIGH: Row(always, {**STANDARD.rows[HIGH].seconds, "first_response": 3600})},
        steps=STANDARD.steps,
        reason="Agreed",
        expected_number=1,
        now=make.NOW,
    ).number


def outcomes(policy, *changes):
    """What each came to, and how many versions there are."""
    results = at_once(*(lambda one=one: change(policy, *one) for one in changes))
    with as_provider():
        count = PolicyVersion.objects.filter(policy=policy).count()
    return sorted(type(one).__name__ if isinstance(one, Exception) else str(one) for one in results), count


def test_of_two_editors_at_once_one_makes_the_version_and_the_other_is_told(meeting, monkeypatch):
    policy, ines, otto = make.policy(), make.person("Ines Installer"), make.person("Otto Other")
    monkeypatch.setattr(policies, "_lock", meeting.after(policies._lock))

    assert outcomes(policy, (ines, True), (otto, False)) == (["2", "ChangedMeanwhile"], 2)


def test_the_same_confirmation_twice_at_once_makes_one_version(meeting, monkeypatch):
    policy, ines = make.policy(), make.person("Ines Installer")
    monkeypatch.setattr(policies, "_lock", meeting.after(policies._lock))

    assert outcomes(policy, (ines, True), (ines, True)) == (["2", "2"], 2)


def test_without_the_lock_two_editors_collide(meeting, monkeypatch):
    policy, ines, otto = make.policy(), make.person("Ines Installer"), make.person("Otto Other")
    monkeypatch.setattr(policies, "_lock", lambda policy: Policy.objects.get(pk=policy.pk))
    monkeypatch.setattr(policies, "_write", meeting.before(policies._write))

    assert outcomes(policy, (ines, True), (otto, False)) == (["2", "IntegrityError"], 2)
