"""Web, worker and beat with Debian's servers: what is filed is mailed."""

import pytest

from tests.servers.starting import browser_of, desk
from tooling.processes import wait_until
from tooling.tour_mail import Mailbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.servers]


def test_a_filed_ticket_is_acknowledged_by_mail(world, tmp_path):
    with desk(tmp_path) as running:
        running.start("web", "worker", "beat", EMAIL_URL=running.start_mail())
        form = {"type": "technical", "severity": "high", "product": str(world.softswitch.pk), "subject": "Calls drop", "description": "x"}

        with browser_of(world.ada, running.port) as browser:
            status, _page = browser.ask("/tickets/new/", **form)

        mailbox = Mailbox(running.place.mail)
        assert status == 302
        assert wait_until(lambda: len(mailbox.letters()) == 3, 30, pause=0.2), running.log("worker")
        assert {letter.to for letter in mailbox.letters()} == {"ada@acme.example", "sara@support.example", "lea@lead.example"}
