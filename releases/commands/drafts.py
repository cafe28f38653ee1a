"""Writing a release before it is published."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Person
from accounts.tenancy import as_provider
from contracts.models import Product
from helpdesk.lib.refusals import Refusal
from releases import numbers
from releases.models import Fix, KnownIssue, Release

FACTS = ("product", "number", "kind", "nature", "is_security", "publish_at", "published_at", "paused_at", "withdrawn_at")
CHANGED = ("product", "number", "kind", "nature", "is_security", "notes_en", "notes_pt")


class NoVersion(Refusal):
    sentence = _(
        "“%(number)s” is not a version. Write numbers with dots, such as 8.2 or 8.2.1, and -rc.1 behind for one that comes before."
    )


class VersionTaken(Refusal):
    sentence = _("There is a release of %(product)s %(number)s already. Choose another version, or withdraw that release first.")


class NoDraft(Refusal):
    sentence = _("This release is %(state)s; what customers were told about is not changed any more.")


class Discarded(Refusal):
    sentence = _("This draft was discarded meanwhile.")


class ScheduledAlready(Refusal):
    sentence = _("This release is scheduled. Take it off the schedule first, then change it.")


def draft_release(
    *,
    actor: Person | None,
    product: Product,
    number: str,
    kind: str,
    nature: str,
    is_security: bool = False,
    notes_en: str = "",
    notes_pt: str = "",
    fixes: Iterable[KnownIssue] = (),
    now: datetime,
) -> Release:
    """A new draft, which only staff see. Raises NoVersion, VersionTaken."""
    values = {"product": product, "number": number, "kind": kind, "nature": nature, "is_security": is_security}
    values |= {"notes_en": notes_en, "notes_pt": notes_pt}
    _refuse_what_is_no_version(number)
    with as_provider():
        release = Release(created_at=now, created_by=actor, **values)
        _save(release)
        set_fixes(release, fixes)
        audit.record(actor=actor, customer_id=None, verb="draft_release", target=release, after=facts(release), now=now)
    return release


def change_release(
    *, actor: Person | None, release: Release, values: dict[str, Any], fixes: Iterable[KnownIssue], now: datetime
) -> Release:
    """Change a draft. `values`: columns of CHANGED. Raises NoDraft, ScheduledAlready, NoVersion, VersionTaken."""
    _refuse_what_is_no_version(values["number"])
    with as_provider():
        row = lock_draft(release)
        before = facts(row) | _lengths(row)
        for name in CHANGED:
            setattr(row, name, values[name])
        _save(row)
        set_fixes(row, fixes)
        after = facts(row) | _lengths(row)
        audit.record(actor=actor, customer_id=None, verb="change_release", target=row, before=before, after=after, now=now)
    return row


def discard_draft(*, actor: Person | None, release: Release, now: datetime) -> None:
    """Remove a draft with its files. Raises NoDraft, ScheduledAlready."""
    with as_provider():
        row = lock_draft(release)
        stored = [(artifact.stored_as.storage, str(artifact.stored_as.name)) for artifact in row.artifacts.all()]
        audit.record(actor=actor, customer_id=None, verb="discard_release", target=row, before=facts(row), now=now)
        row.delete()
        for storage, name in stored:
            transaction.on_commit(lambda storage=storage, name=name: storage.delete(name))  # type: ignore[misc]  # defaults bind them now


def lock(release: Release) -> Release:
    """The release as it is now, alone until the transaction ends. Raises Discarded."""
    found = Release.objects.select_for_update(of=("self",)).select_related("product").filter(pk=release.pk).first()
    if found is None:
        raise Discarded
    return found


def lock_draft(release: Release) -> Release:
    """The same of one that may be changed. Raises NoDraft, ScheduledAlready, Discarded."""
    row = lock(release)
    if row.state == Release.State.SCHEDULED:
        raise ScheduledAlready
    if not row.is_draft:
        raise NoDraft(state=row.state.label.lower())
    return row


def facts(release: Release) -> dict[str, Any]:
    """What the audit trail keeps of a release."""
    fixes = Fix.objects.filter(release=release).order_by("issue_id").values_list("issue_id", flat=True)
    return audit.facts(release, *FACTS) | {"fixes": list(fixes)}


def _lengths(release: Release) -> dict[str, int]:
    """Of the notes the trail keeps that they changed, not what they said: they are on the release's own page."""
    return {"notes_en": len(release.notes_en), "notes_pt": len(release.notes_pt)}


def _refuse_what_is_no_version(number: str) -> None:
    if not numbers.is_number(number):
        raise NoVersion(number=number)


def _save(release: Release) -> None:
    try:
        with transaction.atomic():
            release.save()
    except IntegrityError as error:
        raise VersionTaken(product=release.product, number=release.number) from error


def set_fixes(release: Release, fixes: Iterable[KnownIssue]) -> None:
    """Exactly these, of the release's own product."""
    wanted = {issue.pk for issue in fixes if issue.product_id == release.product_id}
    release.fixed.exclude(issue_id__in=wanted).delete()
    Fix.objects.bulk_create([Fix(release=release, issue_id=pk) for pk in sorted(wanted)], ignore_conflicts=True)
