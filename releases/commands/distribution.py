"""Telling everybody who was frozen as a recipient, each once, whatever dies (REL-2). The outbox sends; here is decided whose turn it is."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q
from django.utils import translation

from accounts import audit
from accounts.models import Membership, Person
from accounts.tenancy import as_provider
from notifications import bell
from notifications.commands import Letter, Owed, owe_each, resend_all, who_muted
from notifications.models import Mail
from releases import letters, links
from releases.commands.drafts import facts, lock
from releases.commands.publishing import DISTRIBUTE
from releases.models import Recipient, Release
from releases.queries.reach import to_be_told

# So many wait in the outbox at once: what is written there about tickets meanwhile is behind no more than these, and a pause is one.
MOST_WAITING = 200


def distribute(*, now: datetime) -> int:
    """Owe the next mails of each release that is being announced or taken back; returns how many.

    Whoever dies in here has done nothing, or all of it. Two at once take different releases.
    """
    with as_provider():
        waiting = (
            Recipient.objects.filter(state=Recipient.State.WAITING, release__paused_at=None).order_by().values("release_id").distinct()
        )
        ids = list(Release.objects.filter(pk__in=waiting).order_by("pk").values_list("pk", flat=True))
    return sum(_owe_next(pk, now) for pk in ids)


def _owe_next(release_id: int, now: datetime) -> int:
    with as_provider():
        alone = Release.objects.select_for_update(of=("self",), skip_locked=True).select_related("product")
        release = alone.filter(pk=release_id, paused_at=None).first()
        room = MOST_WAITING - _on_their_way(release, now) if release is not None else 0
        if release is None or room <= 0:
            return 0
        turn = list(release.recipients.filter(state=Recipient.State.WAITING).select_related("person").order_by("pk")[:room])
        present = _present(turn)
        told = [recipient for recipient in turn if (recipient.customer_id, recipient.person_id) in present]
        owe_each(mails=_mails(release, told), now=now)
        _note(told, Recipient.State.OWED)
        _note([recipient for recipient in turn if recipient not in told], Recipient.State.DROPPED)
    return len(turn)


def _on_their_way(release: Release, now: datetime) -> int:
    """Mails of this release that a relay could take now, or has."""
    mails = Mail.objects.filter(about_table=Release._meta.db_table, about_id=release.pk)
    return mails.filter(Q(state=Mail.State.DUE, due_at__lte=now) | Q(state=Mail.State.SENDING))[:MOST_WAITING].count()


def _present(turn: Sequence[Recipient]) -> set[tuple[int, int]]:
    """Customer and person of those who still belong to theirs: a former colleague hears nothing."""
    members = Membership.objects.in_force().filter(person_id__in=[r.person_id for r in turn], customer_id__in=[r.customer_id for r in turn])
    return set(members.values_list("customer_id", "person_id"))


def _note(recipients: Sequence[Recipient], state: str) -> None:
    Recipient.objects.filter(pk__in=[recipient.pk for recipient in recipients]).update(state=state)


def _mails(release: Release, recipients: Sequence[Recipient]) -> list[tuple[int, Owed]]:
    kinds = {Recipient.Purpose.PUBLISHED: letters.kind_of(release), Recipient.Purpose.WITHDRAWN: letters.WITHDRAWN}
    muted = who_muted([r.person_id for r in recipients if r.person_id is not None], [*kinds.values()])
    writing = _Letters(release)
    return [(r.customer_id, _owed(writing, r, kinds[Recipient.Purpose(r.purpose)], muted)) for r in recipients]


def _owed(writing: "_Letters", recipient: Recipient, kind: str, muted: set[tuple[int, str]]) -> Owed:
    person, release = recipient.person, writing.release
    assert person is not None, "nobody can be told who is nobody"
    return Owed(
        person=person,
        address=person.email,
        language=person.language,
        kind=kind,
        key=f"release-{release.pk}-{recipient.purpose}:{person.pk}",
        letter=writing.to(recipient, person),
        thread=f"release-{release.pk}",
        about=release,
        muted=(person.pk, kind) in muted,
        list_id=letters.list_of(release),
        never_twice=True,
    )


class _Letters:
    """The letters about one release: readers of one language get the same, each with a link of their own."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.written: dict[tuple[str, str], Letter] = {}

    def to(self, recipient: Recipient, person: Person) -> Letter:
        key = recipient.purpose, person.language
        if key not in self.written:
            write = letters.announcement if recipient.purpose == Recipient.Purpose.PUBLISHED else letters.withdrawal
            with translation.override(person.language):
                self.written[key] = write(self.release, "")
        return Letter(**vars(self.written[key]) | {"action_url": self._link(recipient, person)})

    def _link(self, recipient: Recipient, person: Person) -> str:
        """To the release; of a withdrawn one, which who has no contract any more can't open, to what runs at their company."""
        if recipient.purpose == Recipient.Purpose.WITHDRAWN:
            return links.products_link(customer=recipient.customer_id)
        return links.mail_link(release=self.release.pk, customer=recipient.customer_id, person=person.pk)


def pause(*, actor: Person, release: Release, now: datetime) -> Release:
    """Tell nobody further for now; what waits in the outbox already goes on. Without effect when it is paused, or nobody waits."""
    with as_provider():
        row = lock(release)
        if row.paused_at is None and row.recipients.filter(state=Recipient.State.WAITING).exists():
            before = facts(row)
            row.paused_at = now
            row.save(update_fields=["paused_at"])
            audit.record(actor=actor, customer_id=None, verb="pause_release", target=row, before=before, after=facts(row), now=now)
    return row


def resume(*, actor: Person, release: Release, now: datetime) -> Release:
    """Go on telling; without effect when it is not paused."""
    with as_provider():
        row = lock(release)
        if row.paused_at is not None:
            before = facts(row)
            row.paused_at = None
            row.save(update_fields=["paused_at"])
            audit.record(actor=actor, customer_id=None, verb="resume_release", target=row, before=before, after=facts(row), now=now)
            bell.ring_on_commit(DISTRIBUTE)
    return row


def retry(*, actor: Person, release: Release, now: datetime) -> int:
    """Send again what is known not to have arrived, and look again for people of customers that had nobody; returns how many are told.

    Of a withdrawn release that is why it was withdrawn, and no announcement any more. What may have arrived stays where it is, until a
    person decides on each.
    """
    with as_provider():
        row = lock(release)
        again = resend_all(actor=actor, about=row, kinds=letters.ANNOUNCEMENTS if row.is_offered else (letters.WITHDRAWN,), now=now)
        found = _look_again(row, now) if row.is_offered else 0
        after = {"sent_again": again, "found": found}
        audit.record(actor=actor, customer_id=None, verb="retry_release", target=row, after=after, now=now)
        bell.ring_on_commit(DISTRIBUTE)
    return again + found


def _look_again(release: Release, now: datetime) -> int:
    nobody = release.recipients.filter(state=Recipient.State.NOBODY).order_by()
    people = (
        to_be_told(release.product, now)
        .filter(customer__in=nobody.values("customer_id"))
        .order_by()
        .values_list("customer_id", "person_id")
    )
    new = [
        Recipient(
            customer_id=customer, person_id=person, release=release, purpose=Recipient.Purpose.PUBLISHED, state=Recipient.State.WAITING
        )
        for customer, person in people.distinct()
    ]
    Recipient.objects.bulk_create(new, ignore_conflicts=True)
    nobody.filter(customer_id__in={recipient.customer_id for recipient in new}).delete()
    return len(new)
