"""Mail owed for the tests, and what became of it."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.tenancy import as_provider
from notifications.commands import LEASE, Letter, owe
from notifications.models import Mail
from tests.faults.mail_server import MailServer
from tooling.processes import wait_until


def owed(number: int, **changes: str) -> None:
    """So many mails, due now."""
    with transaction.atomic(), as_provider():
        for index in range(number):
            owe(
                customer_id=None,
                person=None,
                address=f"reader-{index}@acme.example",
                language="en",
                kind="test",
                key=f"mail-{index}",
                letter=Letter(subject=f"Mail {index}", headline="Something happened.", **changes),
                now=timezone.now(),
            )


def leases_run_out() -> int:
    """Five minutes pass for every relay that died holding a mail; returns how many held one."""
    with as_provider():
        return Mail.objects.filter(state=Mail.State.SENDING).update(lease_until=timezone.now() - timedelta(seconds=1))


def pauses_pass() -> None:
    """The next attempt of what failed is due now."""
    with as_provider():
        Mail.objects.filter(state=Mail.State.DUE).update(due_at=timezone.now() - LEASE)


def states() -> dict[str, int]:
    with as_provider():
        found: dict[str, int] = {}
        for state in Mail.objects.values_list("state", flat=True):
            found[state] = found.get(state, 0) + 1
        return found


def all_sent(mail_server: MailServer, seconds: float = 60) -> int:
    """Returns when nothing is owed any more: how many mails went out, each accepted once. What waits in one thread goes out as one."""
    assert wait_until(lambda: set(states()) <= {"sent", "joined"}, seconds, 0.1), states()
    sent = states()["sent"]
    assert sorted(mail_server.counts().values()) == [1] * sent
    return sent


def unknown_outcomes() -> int:
    with as_provider():
        return Mail.objects.aggregate(sum=Sum("unknown_outcomes"))["sum"] or 0
