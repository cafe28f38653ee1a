"""Who and what several files about hours need."""

import pytest

from contracts.models import Contract
from tests import factories as make


@pytest.fixture
def amy(world):
    return make.member(world.acme, "Amy Approver", "approver")


@pytest.fixture
def without_lock():
    """What `reckoning.alone_with` would be if it forgot the lock."""
    return lambda contract_id: Contract.objects.select_related("calendar", "customer").get(pk=contract_id)
