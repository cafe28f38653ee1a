"""The mails of the past were delivered before the demo began: only the last few are still to be sent."""

from datetime import datetime, timedelta

from django.db.models import F

from accounts.tenancy import as_provider
from notifications.bounces import verdict
from notifications.commands import ATTEMPTS, mark_failed
from notifications.models import BouncingAddress, Mail

LEFT_DUE = 6
UNKNOWN_USER = "550 5.1.1 User unknown in virtual mailbox table"
TOO_BUSY = "452 4.3.1 Insufficient system storage"
TRY_LATER = "SMTPSenderRefused: 451 4.7.1 Greylisting in action, please come back later"


def settle(now: datetime) -> None:
    """Mark the mails of the stories as delivered at their time, leave the last LEFT_DUE to the relay, and show what can go wrong."""
    with as_provider():
        last = list(Mail.objects.filter(state=Mail.State.DUE).order_by("-created_at", "-pk").values_list("pk", flat=True)[:LEFT_DUE])
        past = Mail.objects.filter(state=Mail.State.DUE, due_at__lt=now).exclude(pk__in=last)
        sent_at = F("due_at") + timedelta(seconds=2)
        past.update(state=Mail.State.DELIVERED, attempts=1, sent_at=sent_at, outcome_at=sent_at + timedelta(seconds=3))
        _fail(now)


def _fail(now: datetime) -> None:
    """Of some days ago a mailbox that is gone and a server that was full all along; and one of the last that is wanted later."""
    to_customers = Mail.objects.filter(state=Mail.State.DELIVERED, recipient__staff_member=None, created_at__lt=now - timedelta(days=2))
    gone, full = to_customers.order_by("-created_at", "-pk")[:2]
    _refuse(gone, UNKNOWN_USER, attempts=1, at=gone.due_at + timedelta(seconds=2))
    _refuse(full, TOO_BUSY, attempts=ATTEMPTS, at=full.due_at + timedelta(hours=4))
    BouncingAddress.objects.update(considered_at=now)
    later = Mail.objects.filter(state=Mail.State.DUE).order_by("-created_at", "-pk").first()
    assert later is not None, "the last mails are left to the relay"
    _refuse(later, TRY_LATER, attempts=1, at=now)


def _refuse(mail: Mail, answer: str, *, attempts: int, at: datetime) -> None:
    mail.state, mail.attempts, mail.sent_at, mail.outcome_at = Mail.State.SENDING, attempts, None, None
    mail.save(update_fields=["state", "attempts", "sent_at", "outcome_at"])
    mark_failed(mail=mail, error=answer, refusal=verdict(answer), now=at)
