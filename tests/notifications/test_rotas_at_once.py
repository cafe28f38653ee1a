"""Two leads keep rotas at once, with real commits: one waits for the other, and whoever comes second gets a sentence."""

from functools import partial

import pytest

from helpdesk.lib.refusals import Refusal
from notifications import commands
from notifications.commands import rotas
from tests import factories as make
from tests.flows.meeting import Meeting, at_once
from tests.world import build

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(db):
    return build()


def refused(deed):
    try:
        deed()
    except Refusal as refusal:
        return type(refusal)
    return None


@pytest.fixture
def meeting(monkeypatch):
    monkeypatch.setattr(rotas, "_check", Meeting().after(rotas._check))


def test_of_two_rotas_of_one_name_one_is_refused(world, meeting):
    made = partial(refused, partial(make.rota, world.sara, is_default=False))

    results = at_once(made, made)

    assert set(results) == {None, commands.RotaNameTaken}
