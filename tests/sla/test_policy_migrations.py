"""What the migrations of policies do to an installation that is there."""

from importlib import import_module

import pytest
from django.apps import apps

from accounts.tenancy import as_provider
from sla.models import Policy, PolicyVersion
from sla.queries.policies import rules, version_for
from sla.standard import STANDARD
from tests import factories as make

pytestmark = pytest.mark.django_db

migration = import_module("sla.migrations.0022_first_policy_versions")


def test_each_policy_gets_one_version_that_promises_what_the_standard_does():
    standard = make.policy()
    with as_provider():
        bare = Policy.objects.create(name="Carrier")

        migration.give_versions(apps, None)
        migration.give_versions(apps, None)

        assert list(PolicyVersion.objects.values_list("policy", "number", "rules_from")) == [(standard.pk, 1, None), (bare.pk, 1, None)]
        assert rules(version_for(bare.pk, make.NOW).pk) == STANDARD
        assert list(Policy.objects.filter(is_standard=True)) == [standard]


@pytest.mark.parametrize("name", ["Standard", "Carrier"])
def test_an_installation_without_a_standard_policy_gets_one(name):
    with as_provider():
        Policy.objects.update(is_standard=False, name=name)

        migration.give_versions(apps, None)

        assert Policy.objects.get(is_standard=True).name == "Standard"
        assert set(Policy.objects.values_list("name", flat=True)) == {name, "Standard"}
