"""What each choice would mean now: the same as the clocks of something that is opened now."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from sla.calendar import Calendar
from sla.clocks import replay
from sla.coverage import Coverage
from sla.facts import Opened
from sla.queries.preview import Preview, previews
from sla.rules import VALUES, Rules, Target
from tests.sla.stories import CRITICAL, FUNCTIONAL, HIGH, LOW, MEDIUM, SHIPPED, STANDARD, at, row

NEVER = Coverage([(None, Calendar("America/Sao_Paulo"))])


def shipped(when):
    return previews(STANDARD, SHIPPED.known_at(at(when)), at(when))


def test_critical_is_covered_on_a_saturday_night():  # T1
    assert shipped("21 Nov 23:50")[CRITICAL] == Preview(True, True, None, at("22 Nov 00:20"), 3600, at("22 Nov 03:50"))


def test_what_is_filed_before_a_holiday_goes_on_after_it():  # T2
    assert shipped("19 Nov 17:30")[MEDIUM] == Preview(False, True, None, at("23 Nov 12:30"), 9 * 3600, at("25 Nov 17:30"))


def test_what_is_used_up_at_closing_is_due_at_closing():  # T3
    preview = shipped("21 Nov 10:00")[LOW]

    assert (preview.is_open_now, preview.opens_at, preview.first_response_due) == (False, at("23 Nov 09:00"), at("23 Nov 18:00"))


def test_what_the_policy_does_not_promise_is_none():
    rules = Rules({**STANDARD.rows, HIGH: row(60, 60, None)}, ())
    only_solved = Rules({**STANDARD.rows, HIGH: type(rules.rows[HIGH])(False, {Target.RESOLUTION: 3600})}, ())
    now = at("23 Nov 09:00")

    assert shipped("23 Nov 09:00")[FUNCTIONAL].resolution_due is None
    assert previews(rules, SHIPPED.known_at(now), now)[HIGH].resolution_due is None
    assert previews(only_solved, SHIPPED.known_at(now), now)[HIGH] == Preview(False, True, None, None, None, at("23 Nov 10:00"))


def test_a_calendar_that_never_opens_promises_no_time_and_leaves_24x7_alone():
    now = at("23 Nov 09:00")
    found = previews(STANDARD, NEVER, now)

    assert found[HIGH] == Preview(False, False, None, None, 4 * 3600, None)
    assert found[CRITICAL] == Preview(True, True, None, now + timedelta(minutes=30), 3600, now + timedelta(hours=4))


@given(minutes=st.integers(0, 60 * 24 * 400), value=st.sampled_from(VALUES))
def test_it_is_what_the_clocks_of_a_new_ticket_say(minutes, value):
    now = at("1 Jan 2026 00:00") + timedelta(minutes=minutes)
    preview = previews(STANDARD, SHIPPED.known_at(now), now)[value]
    fold = replay([Opened(at=now, number=1, value=value, rules=STANDARD, calendar=SHIPPED)])

    due = {clock.target: clock.due_at for clock in fold.clocks}
    assert (preview.first_response_due, preview.resolution_due) == (due[Target.FIRST_RESPONSE], due.get(Target.RESOLUTION))
