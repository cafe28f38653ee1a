"""Publishing a release and taking it back. Who is told is frozen as rows in the same transaction; telling them is `distribution`'s."""

import logging
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Person
from accounts.tenancy import as_provider
from contracts.models import Version
from helpdesk.lib.refusals import Refusal
from notifications import bell
from notifications.commands import cancel_waiting, owe
from releases import letters
from releases.commands.artifacts import FilesAway, compare, stored_size
from releases.commands.drafts import NoDraft, facts, lock, lock_draft
from releases.models import Artifact, Recipient, Release
from releases.queries.reach import covering, to_be_told

log = logging.getLogger(__name__)

DISTRIBUTE = "releases.tasks.distribute"


class NoPackage(Refusal):
    sentence = _("There is nothing to install in this release yet. Upload its package first.")


class NotesMissing(Refusal):
    sentence = _("The notes are missing in one of the languages. Customers read them in theirs.")


class ArtifactAltered(Refusal):
    sentence = _("“%(name)s” is not what was uploaded any more. Remove it and upload it once more.")


class PublishedAlready(Refusal):
    sentence = _("This release was published already; nobody is told twice.")


class InThePast(Refusal):
    sentence = _("This instant is past. Choose a later one, or publish now.")


class NotPublished(Refusal):
    sentence = _("This release is not published, so there is nothing to withdraw.")


class WithdrawnAlready(Refusal):
    sentence = _("This release was withdrawn already.")


class WhyMissing(Refusal):
    sentence = _("Say why it is withdrawn: customers who have it read this.")


def publish(*, actor: Person | None, release: Release, now: datetime) -> Release:
    """Publish a draft, or one that was scheduled: offer it, and freeze who is told of it.

    Raises PublishedAlready, NoDraft, NoPackage, NotesMissing, ArtifactAltered, FilesAway.
    """
    with as_provider():
        row = lock(release)
        if row.published_at is not None:
            raise NoDraft(state=row.state.label.lower()) if row.withdrawn_at else PublishedAlready()
        _refuse_unready(row)
        before = facts(row)
        row.version = _version(row, now)
        row.published_at, row.published_by, row.trouble = now, actor, ""
        row.publish_at = row.publish_at or now
        row.save(update_fields=["version", "published_at", "published_by", "publish_at", "trouble"])
        row.artifacts.update(checked_at=None)  # what customers get is compared with what was uploaded within minutes
        freeze_recipients(row, now)
        audit.record(actor=actor, customer_id=None, verb="publish_release", target=row, before=before, after=facts(row), now=now)
        bell.ring_on_commit(DISTRIBUTE)
    return row


def schedule(*, actor: Person, release: Release, at: datetime, now: datetime) -> Release:
    """Let a draft be published at an instant.

    Raises InThePast, NoDraft, ScheduledAlready, NoPackage, NotesMissing, ArtifactAltered, FilesAway.
    """
    if at <= now:
        raise InThePast
    with as_provider():
        row = lock_draft(release)
        _refuse_unready(row)
        before = facts(row)
        row.publish_at, row.scheduled_by, row.trouble = at, actor, ""
        row.save(update_fields=["publish_at", "scheduled_by", "trouble"])
        audit.record(actor=actor, customer_id=None, verb="schedule_release", target=row, before=before, after=facts(row), now=now)
    return row


def unschedule(*, actor: Person | None, release: Release, trouble: str = "", now: datetime) -> Release:
    """Make it a draft again; without effect on one that is a draft. Raises PublishedAlready."""
    with as_provider():
        row = lock(release)
        if row.published_at is not None:
            raise PublishedAlready
        if row.publish_at is None:
            return row
        before = facts(row)
        row.publish_at, row.trouble = None, trouble
        row.save(update_fields=["publish_at", "trouble"])
        audit.record(actor=actor, customer_id=None, verb="unschedule_release", target=row, before=before, after=facts(row), now=now)
    return row


def publish_due(*, now: datetime) -> int:
    """Publish what is due, after reading its files once more; returns how many.

    One that can't be published becomes a draft again, and whoever scheduled it gets a mail that says why. One whose files are being
    read already, or can't be now, stays due.
    """
    with as_provider():
        due = list(Release.objects.due(now).prefetch_related("artifacts").order_by("publish_at", "pk"))
    read = [release for release in due if all(compare(artifact, now=now) for artifact in release.artifacts.all())]
    return sum(_publish_if_due(release.pk, now) for release in read)


def _publish_if_due(pk: int, now: datetime) -> bool:
    """Whether it was published now: while its files were read it may have been taken off the schedule, put off, or published."""
    with as_provider():
        release = Release.objects.due(now).select_for_update(of=("self",)).select_related("product", "scheduled_by").filter(pk=pk).first()
        if release is None:
            return False
        try:
            publish(actor=release.scheduled_by, release=release, now=now)
        except FilesAway:
            return False
        except Refusal as refusal:
            log.warning("release %s was due and could not be published: %s", pk, type(refusal).__name__)
            unschedule(actor=None, release=release, trouble=type(refusal).__name__, now=now)
            _tell_scheduler(release, refusal, now)
            return False
    return True


def _tell_scheduler(release: Release, refusal: Refusal, now: datetime) -> None:
    person = release.scheduled_by
    if person is None:
        return
    with translation.override(person.language):
        letter = letters.not_published(release, str(refusal))
    owe(
        customer_id=None,
        person=person,
        address=person.email,
        language=person.language,
        kind="release_not_published",
        key=f"release-not-published-{release.pk}-{release.publish_at:%Y%m%d%H%M%S}",
        letter=letter,
        about=release,
        now=now,
    )


def _refuse_unready(release: Release) -> None:
    artifacts = list(release.artifacts.all())
    if not any(artifact.kind == Artifact.Kind.PACKAGE for artifact in artifacts):
        raise NoPackage
    if not (release.notes_en.strip() and release.notes_pt.strip()):
        raise NotesMissing
    for artifact in artifacts:
        if artifact.altered_at is not None or _size(artifact) != artifact.size:
            raise ArtifactAltered(name=artifact.name)


def _size(artifact: Artifact) -> int | None:
    try:
        return stored_size(artifact)
    except OSError as error:
        raise FilesAway from error


def _version(release: Release, now: datetime) -> Version:
    """The catalogue's row, which may be there from before: environments are noted with versions that nobody published here."""
    day = now.date()
    version, _made = Version.objects.get_or_create(product=release.product, number=release.number, defaults={"available_date": day})
    return version


def freeze_recipients(release: Release, now: datetime) -> int:
    """Write down who is to be told of the publication, by one statement for people and one for customers without any; returns how many."""
    people = to_be_told(release.product, now).order_by().values_list("customer_id", "person_id").distinct()
    return _freeze(release, Recipient.Purpose.PUBLISHED, people) + _freeze_unreached(release, now)


def _freeze(release: Release, purpose: str, people: "object") -> int:
    """`people`: a queryset of customer and person."""
    sql, parameters = people.query.sql_with_params()  # type: ignore[attr-defined]  # of whichever model
    return _insert(
        f"SELECT found.customer_id, %s, %s, found.person_id, %s FROM ({sql}) AS found(customer_id, person_id) ORDER BY 1, 4",  # noqa: S608 - made by the ORM
        [release.pk, purpose, Recipient.State.WAITING, *parameters],
    )


def _freeze_unreached(release: Release, now: datetime) -> int:
    sql, parameters = covering(release.product, now).order_by().values("customer_id").distinct().query.sql_with_params()
    return _insert(
        f"""SELECT found.customer_id, %s, %s, NULL, %s FROM ({sql}) AS found(customer_id)
        WHERE NOT EXISTS (SELECT FROM releases_recipient r WHERE r.release_id = %s AND r.purpose = %s AND r.customer_id = found.customer_id)
        ORDER BY 1""",  # noqa: S608 - made by the ORM
        [release.pk, Recipient.Purpose.PUBLISHED, Recipient.State.NOBODY, *parameters, release.pk, Recipient.Purpose.PUBLISHED],
    )


def _insert(select: str, parameters: list[Any]) -> int:
    into = "INSERT INTO releases_recipient (customer_id, release_id, purpose, person_id, state)"
    with connection.cursor() as cursor:
        cursor.execute(f"{into} {select} ON CONFLICT DO NOTHING", parameters)
        return int(cursor.rowcount)


def withdraw(*, actor: Person, release: Release, why_en: str, why_pt: str, now: datetime) -> Release:
    """Take a release back: downloads stop at once, who was not told yet is not told, and who was, or fetched it, is told why.

    Raises NotPublished, WithdrawnAlready, WhyMissing.
    """
    if not (why_en.strip() or why_pt.strip()):
        raise WhyMissing
    with as_provider():
        row = lock(release)
        if row.published_at is None:
            raise NotPublished
        if row.withdrawn_at is not None:
            raise WithdrawnAlready
        before = facts(row)
        row.withdrawn_at, row.withdrawn_by, row.paused_at = now, actor, None
        row.why_withdrawn_en, row.why_withdrawn_pt = why_en, why_pt
        row.save(update_fields=["withdrawn_at", "withdrawn_by", "paused_at", "why_withdrawn_en", "why_withdrawn_pt"])
        _drop_waiting(row)
        _freeze_those_who_know(row)
        audit.record(actor=actor, customer_id=None, verb="withdraw_release", target=row, before=before, after=facts(row), now=now)
        bell.ring_on_commit(DISTRIBUTE)
    return row


def _drop_waiting(release: Release) -> None:
    """Whose turn had not come, and whose mail is known not to have reached a server. Who may have heard is told why."""
    waiting = release.recipients.filter(purpose=Recipient.Purpose.PUBLISHED, state=Recipient.State.WAITING)
    # In the order in which distribution takes them; it works under the release's lock as well, so that nobody is between the two.
    waiting.update(state=Recipient.State.DROPPED)
    cancelled = cancel_waiting(about=release, kinds=letters.ANNOUNCEMENTS)
    taken_back = {(mail.customer_id, mail.recipient_id) for mail in cancelled if not mail.unknown_outcomes}
    owed = release.recipients.filter(purpose=Recipient.Purpose.PUBLISHED, state=Recipient.State.OWED)
    among = owed.filter(person__in=[person for _customer, person in taken_back])
    untold = [recipient.pk for recipient in among if (recipient.customer_id, recipient.person_id) in taken_back]
    release.recipients.filter(pk__in=untold).update(state=Recipient.State.DROPPED)


def _freeze_those_who_know(release: Release) -> None:
    told = release.recipients.filter(purpose=Recipient.Purpose.PUBLISHED, state=Recipient.State.OWED).order_by()
    fetched = release.downloads.order_by()
    _freeze(release, Recipient.Purpose.WITHDRAWN, told.values_list("customer_id", "person_id"))
    _freeze(release, Recipient.Purpose.WITHDRAWN, fetched.values_list("customer_id", "person_id").distinct())
