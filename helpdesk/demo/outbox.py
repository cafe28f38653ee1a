"""The mails of the past were delivered before the demo began: only the last few are still to be sent."""

from datetime import datetime, timedelta

from django.db.models import F

from accounts.tenancy import as_provider
from notifications.commands import ATTEMPTS, mark_failed
from notifications.models import Mail

LEFT_DUE = 6
UNKNOWN_USER = "SMTPRecipientsRefused: 550 5.1.1 User unknown in virtual mailbox table"
TRY_LATER = "SMTPSenderRefused: 451 4.7.1 Greylisting in action, please come back later"


def settle(now: datetime) -> None:
    """Mark the mails of the stories as sent at their time, leave the last LEFT_DUE to the relay, and show one that failed."""
    with as_provider():
        last = list(Mail.objects.order_by("-created_at", "-pk").values_list("pk", flat=True)[:LEFT_DUE])
        past = Mail.objects.filter(state=Mail.State.DUE, due_at__lt=now).exclude(pk__in=last)
        past.update(state=Mail.State.SENT, attempts=1, sent_at=F("due_at") + timedelta(seconds=2))
        _fail(now)


def _fail(now: datetime) -> None:
    """One mail of some days ago that went nowhere, and one of the last that the server wants to get later."""
    to_customers = Mail.objects.filter(state=Mail.State.SENT, recipient__staff_member=None, created_at__lt=now - timedelta(days=2))
    unknown = to_customers.order_by("-created_at", "-pk").first()
    assert unknown is not None, "the stories go back further than two days"
    unknown.state, unknown.attempts, unknown.sent_at = Mail.State.SENDING, ATTEMPTS, None
    unknown.save(update_fields=["state", "attempts", "sent_at"])
    mark_failed(mail=unknown, error=UNKNOWN_USER, now=unknown.due_at + timedelta(hours=4))
    later = Mail.objects.filter(state=Mail.State.DUE).order_by("-created_at", "-pk").first()
    assert later is not None, "the last mails are left to the relay"
    later.state, later.attempts = Mail.State.SENDING, 1
    later.save(update_fields=["state", "attempts"])
    mark_failed(mail=later, error=TRY_LATER, now=now)
