"""Who and what several files about hours need."""

import pytest

from billing import reckoning
from tests import factories as make


@pytest.fixture
def amy(world):
    return make.member(world.acme, "Amy Approver", "approver")


@pytest.fixture
def without_lock():
    """What `reckoning.alone_with` would be if it forgot the lock: the same question, so that its ledger too is read in the same place."""
    return reckoning._contracts.first
