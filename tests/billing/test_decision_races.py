"""Two approvers, or an approver and time or staff, at once and with real commits: one outcome each time, and the other is told of it."""

import pytest

from accounts.tenancy import as_provider
from billing import reckoning
from billing.commands import decisions, requests
from billing.models import ChargeRequest, Decision
from tests.billing import charges
from tests.flows.meeting import Meeting, at_once
from tests.sla.stories import at
from tests.world import build
from tickets.models import Hold

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(db):
    return build()


@pytest.fixture
def request_(world, amy):
    return charges.sent(world, charges.ticket(world))


@pytest.fixture
def meeting(monkeypatch):
    """Both come to the lock before either has it."""
    monkeypatch.setattr(reckoning, "book", Meeting().before(reckoning.book))


def named(results):
    return sorted(type(one).__name__ if isinstance(one, Exception) else "done" for one in results)


def accepting(request, by, now="12 Nov 11:00", **changes):
    shown = charges.shown(request)
    return lambda: charges.accept(request, by, now, shown_hash=shown, **changes)


def outcome(request):
    """Its state, its decisions, and the holds that are still in place."""
    with as_provider():
        decisions_made = list(Decision.objects.filter(request=request).values_list("verdict", flat=True))
        return charges.state(request), decisions_made, Hold.objects.filter(released_at=None).count()


def test_of_two_approvers_at_once_one_decides(world, amy, request_, meeting):
    shown = charges.shown(request_)

    results = at_once(accepting(request_, amy), lambda: charges.decline(request_, world.ada, shown_hash=shown))

    state, made, holds = outcome(request_)
    assert named(results) == ["Settled", "done"]
    assert (made, holds) in [(["accepted"], 0), (["declined"], 0)]
    assert made == [state]


def test_a_double_click_is_one_decision(world, amy, request_, meeting):
    assert named(at_once(accepting(request_, amy), accepting(request_, amy))) == ["done", "done"]
    assert outcome(request_) == ("accepted", ["accepted"], 0)


def test_an_answer_and_the_sweep_at_once_are_one_outcome(world, amy, request_, meeting):
    results = at_once(accepting(request_, amy, "20 Nov 18:00"), lambda: requests.expire_due(now=at("20 Nov 18:01")))

    assert (named(results[:1]), results[1], outcome(request_)) in [
        (["done"], 0, ("accepted", ["accepted"], 0)),
        (["Settled"], 1, ("expired", [], 0)),
    ]


def test_an_answer_and_a_withdrawal_at_once_are_one_outcome(world, amy, request_, meeting):
    withdrawing = lambda: requests.withdraw(request=request_, actor=world.sara.person, now=at("12 Nov 11:00"))  # noqa: E731

    results = at_once(accepting(request_, amy), withdrawing)

    assert (named(results[:1]), named(results[1:]), outcome(request_)) in [
        (["done"], ["Settled"], ("accepted", ["accepted"], 0)),
        (["Settled"], ["done"], ("withdrawn", [], 0)),
    ]


def test_without_the_lock_an_answer_and_a_withdrawal_are_both_done(world, amy, request_, monkeypatch, without_lock):
    """What the lock is there for."""
    meeting = Meeting()
    monkeypatch.setattr(reckoning, "alone_with", without_lock)
    monkeypatch.setattr(decisions, "_keep", meeting.before(decisions._keep))
    monkeypatch.setattr(requests, "finish", meeting.before(requests.finish))
    withdrawing = lambda: requests.withdraw(request=request_, actor=world.sara.person, now=at("12 Nov 11:00"))  # noqa: E731

    results = at_once(accepting(request_, amy), withdrawing)

    assert named(results) == ["done", "done"]
    with as_provider():
        assert Decision.objects.filter(request=request_).exists()
        assert ChargeRequest.objects.get(pk=request_.pk).over_by == world.sara.person


def test_without_the_lock_two_answers_meet_the_database(world, amy, request_, monkeypatch, without_lock):
    """The constraint that stands behind the lock."""
    monkeypatch.setattr(reckoning, "alone_with", without_lock)
    monkeypatch.setattr(decisions, "_keep", Meeting().before(decisions._keep))

    assert named(at_once(accepting(request_, amy), accepting(request_, world.ada))) == ["IntegrityError", "done"]


def test_two_forms_of_one_draft_at_once_make_one(world, amy, meeting):
    ticket, key = charges.ticket(world, subject="Another question"), "0b2f3c1e-7d3c-4b43-9d2b-000000000003"

    def drafting():
        return requests.draft(ticket=ticket, actor=world.sara.person, asked=charges.asked(), submission_key=key, now=at("12 Nov 10:00"))

    first, second = at_once(drafting, drafting)

    assert first == second
