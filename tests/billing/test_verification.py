"""Holding what is kept of hours against the contracts' whole stories: what is altered is seen, and mended."""

from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from accounts.tenancy import as_provider
from billing import tasks
from billing.models import Allocation, ChargeRequest, ContractMonth, Slice, WorkLog
from billing.queries.verification import LAST_FOUND
from notifications.models import Mail
from tests.billing.desk import Desk
from tests.helpdesk.test_figures import figures
from tests.sla.stories import at
from tickets import commands as tickets

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(world):
    found = Desk(world)
    found.log("a", "A", "10 Nov 09:00", "10:30")
    found.log("b", "B", "11 Nov 14:00", "14:50")
    found.approve("more", "B", 60, "12 Nov 10:00", listed=["b"])
    return found


def ran(*arguments, **options):
    """What the command printed, and whether it ended well."""
    out = StringIO()
    try:
        call_command("verify_allocations", *arguments, stdout=out, **options)
    except SystemExit as ended:
        return out.getvalue().splitlines(), ended.code
    return out.getvalue().splitlines(), 0


ALTERED = {
    "an allocation": lambda desk: Allocation.objects.filter(source="allowance", minutes=90).update(minutes=75),
    "a slice": lambda desk: Slice.objects.filter(log=desk.logs["a"]).update(worked_minutes=1),
    "a lost allocation": lambda desk: Allocation.objects.filter(source="approval").delete(),
    "a month": lambda desk: ContractMonth.objects.update(allowance_used_minutes=100),
    "a request": lambda desk: ChargeRequest.objects.update(used_minutes=60),
}


@pytest.mark.parametrize("what", ALTERED)
def test_what_is_altered_is_seen_and_mended(desk, what):
    sound = ran()
    with as_provider():
        assert ALTERED[what](desk)
        told = Mail.objects.count()

    (seen, code), (mended, mended_code), after = ran(), ran(mend=True), ran()

    assert sound == (["0 differences."], 0)
    assert (len(seen), seen[-1], code) == (2, "1 differences.", 1)
    assert (mended[1:], mended_code) == ([f"contract {desk.contract.pk}: mended", "1 differences, 0 of them left."], 0)
    assert after == (["0 differences."], 0)
    with as_provider():
        assert Mail.objects.count() == told


def test_an_altered_log_is_seen_and_left_to_whoever_owns_the_database(desk):
    with as_provider():
        WorkLog.objects.filter(pk=desk.logs["a"].pk).update(ended_at=at("10 Nov 10:00"))

    line = f"contract {desk.contract.pk}: log {desk.logs['a'].pk}: it is not what its last entry says"
    assert ran() == ([line, "1 differences."], 1)
    assert ran(mend=True) == ([line, f"{line} (can't be mended)", "1 differences, 1 of them left."], 1)


def test_a_verdict_that_no_sweep_saw_yet_is_no_difference(desk):
    tickets.verify(
        ticket=desk.tickets["A"], agent=desk.world.lea.person, type="technical", severity="high", reason="A bug", now=at("13 Nov 09:00")
    )

    assert ran(desk.contract.pk) == (["0 differences."], 0)
    assert desk.taken("a") == {"included": 90}


def test_the_night_notes_what_differs_for_the_figures(desk, caplog):
    cache.delete(LAST_FOUND)
    before = figures(Client().get("/metrics").content.decode()).get("helpdesk_hours_differences")
    with as_provider():
        ContractMonth.objects.update(allowance_used_minutes=100)

    assert tasks.verify_allocations() == 1
    assert (before, figures(Client().get("/metrics").content.decode())["helpdesk_hours_differences"]) == (None, 1)
    assert f"contract {desk.contract.pk}: 1 differences between its hours and its story" in caplog.text
