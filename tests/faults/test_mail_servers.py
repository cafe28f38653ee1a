"""Mail servers that refuse, fall silent or hang up in the middle: every mail arrives, and what is uncertain is counted."""

import time

import pytest

from accounts.tenancy import as_provider
from notifications.commands import ATTEMPTS
from notifications.models import Mail
from notifications.tasks import relay_outbox
from tests.faults.mail_server import DROP, HOLD, KEEP_AND_DROP
from tests.faults.outbox import owed, pauses_pass, states, unknown_outcomes

pytestmark = pytest.mark.slow
MAILS = 5


@pytest.fixture(autouse=True)
def _relay_here(desk, settings):
    """The relay runs in this process, and gives a silent server up after two seconds."""
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = "notifications.smtp.EmailBackend", "127.0.0.1", desk.mail.port
    settings.EMAIL_TIMEOUT = 2


def relayed(desk):
    """How many arrived in the first round, and after the pause; and how often each mail was accepted in the end."""
    owed(MAILS)
    first = relay_outbox()
    pauses_pass()
    second = relay_outbox()
    assert states() == {"sent": MAILS}
    return first, second, sorted(desk.mail.counts().values())


TRIED_AGAIN = [("MAIL", "451"), ("MAIL", "554"), ("RCPT", "451"), ("RCPT", "421"), ("DATA", "452"), ("DATA", "421")]


@pytest.mark.parametrize(("step", "code"), TRIED_AGAIN)
def test_a_refusal_takes_back_one_mail_and_no_other(desk, step, code):
    desk.mail.rule(step, f"{code} not now")

    assert (relayed(desk), unknown_outcomes()) == ((4, 1, [1] * MAILS), 0)


@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("act", [DROP, HOLD])
def test_a_line_that_breaks_or_falls_silent_takes_a_new_one_for_the_next_mail(desk, counted, step, act):
    desk.mail.rule(step, act)

    first, second, times = relayed(desk)

    # Silent with the whole mail in its hands, it may have kept it, and here it has.
    doubled = 1 if (step, act) == ("DATA", HOLD) else 0
    assert (first, second, times) == (4, 1, [1] * (MAILS - doubled) + [2] * doubled)
    assert unknown_outcomes() == (step == "DATA")
    counted(f"{MAILS} mails, 1 time {act} at {step}: {times.count(1)} accepted once, {doubled} twice, {unknown_outcomes()} outcome unknown")


def test_a_line_that_breaks_after_the_server_kept_the_mail_is_counted_as_unknown(desk, counted):
    desk.mail.rule("DATA", KEEP_AND_DROP)

    assert relayed(desk) == (4, 1, [1, 1, 1, 1, 2])
    assert unknown_outcomes() == 1
    counted("5 mails, 1 hung up after keeping: 1 accepted twice with the same Message-ID, 1 outcome unknown")


def test_a_server_that_is_away_costs_no_round_more_than_a_moment(desk):
    desk.mail.stop()
    owed(MAILS)
    begun = time.monotonic()

    assert relay_outbox() == 0
    assert time.monotonic() - begun < 10
    desk.mail.start()
    pauses_pass()
    assert (relay_outbox(), unknown_outcomes()) == (MAILS, 0)


# --- Poison ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("change", ["thread = E'a\\nb'", "address = E'a\\nb@acme.example'", "address = ''"])
def test_a_row_that_fails_each_time_is_parked_and_shown_and_the_others_go_on(desk, town, counted, change):
    owed(MAILS)
    desk.sql(f"UPDATE notifications_mail SET {change} WHERE key = 'mail-2'")  # noqa: S608 - words of this test
    sent = []
    for _attempt in range(ATTEMPTS):
        sent.append(relay_outbox())
        pauses_pass()

    with as_provider():
        mail = Mail.objects.get(key="mail-2")
    assert (sent, mail.state, mail.attempts, mail.unknown_outcomes) == ([4, 0, 0, 0, 0], "parked", ATTEMPTS, 0)
    assert relay_outbox() == 0
    assert "One mail could not be sent and needs a person." in desk.visitor(town.lea.person).get("/console/outbox/").text
    counted(f"5 mails, 1 spoilt ({change}): 4 sent in the first round, 1 parked after {ATTEMPTS} tries: {mail.last_error}")
