"""Relays killed at the two instants that matter, and many times in many mails (NOT-1)."""

import pytest
from django.urls import reverse

from tests.faults.load import file_ticket
from tests.faults.mail_server import HOLD
from tests.faults.outbox import all_sent, leases_run_out, owed, states, unknown_outcomes

pytestmark = pytest.mark.slow
MAILS, EVERY, STEPS = 500, 60, ("MAIL", "DATA") * 3


def test_a_relay_killed_between_claim_and_send_loses_nothing(desk, counted):
    owed(1)
    desk.mail.rule("EHLO", HOLD)
    desk.start_relay()
    desk.mail.wait_for("EHLO")
    desk.kill("relay-1")
    desk.mail.let_go()

    assert (states(), desk.mail.accepted) == ({"sending": 1}, [])
    assert leases_run_out() == 1
    desk.relay()

    assert (states(), unknown_outcomes(), list(desk.mail.counts().values())) == ({"sent": 1}, 1, [1])
    counted("1 mail, 1 kill before it was sent: accepted once, 1 unknown outcome noted")


def test_a_relay_killed_between_acceptance_and_mark_sends_it_once_more_with_the_same_id(desk, town, counted):
    owed(1)
    desk.mail.rule("DATA", HOLD)
    desk.start_relay()
    desk.mail.wait_for("DATA")
    with desk.holding("SELECT FROM notifications_mail FOR UPDATE"):
        desk.mail.let_go()
        desk.wait_for_lock()  # the server's 250 is there, and the mark is not
        desk.kill("relay-1")
    assert leases_run_out() == 1
    desk.relay()

    assert (states(), unknown_outcomes(), list(desk.mail.counts().values())) == ({"sent": 1}, 1, [2])
    page = desk.visitor(town.lea.person).get(reverse("console:outbox"))
    assert "Outcome unknown once: it may have gone out before" in page.text
    counted("1 mail, 1 kill after its acceptance: accepted twice with the same Message-ID, 1 unknown outcome noted and shown")


def test_two_relays_killed_again_and_again_lose_nothing_and_double_one_a_kill_in_the_window(desk, counted):
    owed(MAILS)
    for name in ("relay-1", "relay-2"):
        desk.start_relay(name)
    for kill, step in enumerate(STEPS):
        desk.mail.wait_for_mails((kill + 1) * EVERY)
        desk.mail.rules[step] = lambda _number: HOLD
        desk.mail.wait_for_held(2)  # both have claimed a mail; at DATA the server has taken both
        desk.kill(f"relay-{kill % 2 + 1}")
        desk.mail.rules.clear()
        desk.mail.let_go()
        desk.start_relay(f"relay-{kill % 2 + 1}")
    for name in ("relay-1", "relay-2"):
        desk.wait_for_end(name)
    assert leases_run_out() == len(STEPS)
    desk.relay()

    times = sorted(desk.mail.counts().values())
    assert (states(), unknown_outcomes()) == ({"sent": MAILS}, len(STEPS))
    assert times == [1] * (MAILS - STEPS.count("DATA")) + [2] * STEPS.count("DATA")
    counted(f"{MAILS} mails, {len(STEPS)} kills, {times.count(1)} accepted once, {times.count(2)} twice (same Message-ID), 0 lost")


def test_a_relay_that_is_cut_off_while_it_asks_who_may_read_sends_all_the_same(desk, town, counted):
    file_ticket(desk.visitor(town.ada), town.softswitch, "Calls drop")
    with desk.holding("LOCK TABLE accounts_membership IN ACCESS EXCLUSIVE MODE"):
        desk.start_relay()
        desk.wait_for_lock()
        desk.cut_waiting()
        desk.wait_for_lock()  # it asks again
    desk.wait_for_end("relay-1")

    assert (all_sent(desk.mail), unknown_outcomes()) == (3, 0)
    counted("3 mails, cut off once while the first was claimed: 3 accepted once, 0 outcomes unknown")
