"""Addresses that mail comes back from: set by a bounce, tried once a day, lifted by whatever shows that they work (NOT-4).

Called by commands, as the provider; a mail's row is locked before a mark's.
"""

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Lower

from accounts.models import Invitation, Person
from notifications.models import BouncingAddress, BouncingAddressQuerySet, Mail

ONE_TRY_EACH = timedelta(days=1)


def set_mark(*, mail: Mail, reason: str, refused_at_once: bool, at: datetime) -> None:
    """Mail to this address comes back; an address that is marked already counts one more."""
    address, reason = mail.address.lower(), reason[:500]
    _row, made = BouncingAddress.objects.get_or_create(
        address=address,
        cleared_at=None,
        defaults={
            "since": at,
            "last_at": at,
            "reason": reason,
            "mail": mail,
            "refused_at_once": refused_at_once,
            "tried_at": at,
            "tried_with": mail,
        },
    )
    if not made:
        BouncingAddress.objects.standing().filter(address=address).update(
            last_at=at, reason=reason, mail=mail, bounces=F("bounces") + 1, refused_at_once=refused_at_once
        )


def lift(marks: BouncingAddressQuerySet, *, actor: Person | None = None, now: datetime) -> int:
    """These addresses are trusted again: what waits for their readers goes out now, to where they read mail today."""
    ids = list(marks.standing().select_for_update().order_by("pk").values_list("pk", "address"))
    if not ids:
        return 0
    BouncingAddress.objects.filter(pk__in=[pk for pk, _address in ids]).update(cleared_at=now, cleared_by=actor)
    waiting = Mail.objects.filter(state=Mail.State.DUE, attempts=0, address__in=[address for _pk, address in ids])
    waiting.exclude(recipient=None).exclude(key__startswith="account:").update(address=present_address(), due_at=now)
    return len(ids)


def present_address() -> Subquery:
    """Where a mail's recipient reads mail today."""
    return Subquery(Person.objects.filter(pk=OuterRef("recipient_id")).values("email")[:1])


def take_todays_try(mark: BouncingAddress, mail: Mail, now: datetime) -> bool:
    """Whether this mail is the one that may try the address today; its own further attempts may too."""
    free = Q(tried_at__lte=now - ONE_TRY_EACH) | Q(tried_with=mail)
    return bool(BouncingAddress.objects.standing().filter(free, pk=mark.pk).update(tried_at=now, tried_with=mail))


def review(now: datetime) -> int:
    """Lift marks that time has shown to be over; returns how many.

    Nobody reads mail at the address any more; or a mail went out to it a day ago and nothing came back.
    """
    standing = BouncingAddress.objects.standing()
    read = Person.objects.filter(is_active=True).annotate(small=Lower("email")).filter(small=OuterRef("address"))
    invited = Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=now).annotate(small=Lower("email"))
    unused = [mark.pk for mark in standing.exclude(Exists(read)).exclude(Exists(invited.filter(small=OuterRef("address"))))]
    arrived = standing.filter(
        tried_at__lte=now - ONE_TRY_EACH, tried_at__gt=F("last_at"), tried_with__state__in=[Mail.State.SENT, Mail.State.DELIVERED]
    )
    return lift(standing.filter(Q(pk__in=unused) | Q(pk__in=[mark.pk for mark in arrived])), now=now)
