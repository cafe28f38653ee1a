"""What the provider publishes, who is told of it, who fetched it, and the known issues that it fixes."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from accounts.tenancy import TenantModel
from contracts.models import Contract, Product, Version
from releases import numbers
from releases.storage import release_storage
from tickets.models import Ticket


def in_language(language: str, english: str, portuguese: str) -> str:
    """The text in the reader's language, or the other one where that is missing."""
    return (portuguese or english) if language.startswith("pt") else (english or portuguese)


class KnownIssue(models.Model):
    """A fault of a product that the provider knows; tickets about it are linked, and told when a release fixes it (REL-4)."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("product"))
    title_en = models.CharField(_("what happens, in English"), max_length=200)
    title_pt = models.CharField(_("what happens, in Portuguese"), max_length=200)
    workaround_en = models.TextField(_("what helps until then, in English"), blank=True, max_length=4000)
    workaround_pt = models.TextField(_("what helps until then, in Portuguese"), blank=True, max_length=4000)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def reference(self) -> str:
        """As people write it, on tickets and in notes."""
        return f"KI-{self.pk}"

    @property
    def title(self) -> str:
        return in_language(get_language() or "en", self.title_en, self.title_pt)

    @property
    def workaround(self) -> str:
        return in_language(get_language() or "en", self.workaround_en, self.workaround_pt)


class ReleaseQuerySet(models.QuerySet["Release"]):
    def published(self) -> "ReleaseQuerySet":
        """What was ever published, withdrawn ones included."""
        return self.filter(published_at__isnull=False)

    def offered(self) -> "ReleaseQuerySet":
        """What can be downloaded by those who may."""
        return self.filter(published_at__isnull=False, withdrawn_at=None)

    def due(self, now: datetime) -> "ReleaseQuerySet":
        return self.filter(published_at=None, publish_at__lte=now)


class Release(models.Model):
    """The publication of a version of a product (REL-1). Until it is published it is a draft, which only staff see."""

    class Kind(models.TextChoices):
        UPGRADE = "upgrade", _("Upgrade")
        UPDATE = "update", _("Update")

    class Nature(models.TextChoices):
        FUNCTIONAL = "functional", pgettext_lazy("release", "Functional")
        TECHNICAL = "technical", pgettext_lazy("release", "Technical")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        PUBLISHED = "published", _("Published")
        WITHDRAWN = "withdrawn", pgettext_lazy("release", "Withdrawn")

    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("product"))
    number = models.CharField(_("version"), max_length=numbers.LONGEST)
    version = models.ForeignKey(Version, models.PROTECT, null=True, related_name="+")  # the catalogue's, from publication on
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.UPDATE)
    nature = models.CharField(_("nature"), max_length=10, choices=Nature, default=Nature.TECHNICAL)
    is_security = models.BooleanField(_("closes a security hole"), default=False)
    notes_en = models.TextField(_("notes in English"), blank=True)
    notes_pt = models.TextField(_("notes in Portuguese"), blank=True)
    fixes: "models.ManyToManyField[KnownIssue, Fix]" = models.ManyToManyField(
        KnownIssue, through="Fix", verbose_name=_("known issues that it fixes")
    )
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    publish_at = models.DateTimeField(null=True)  # when it is due; stays once it is published
    scheduled_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    trouble = models.CharField(max_length=40, blank=True)  # why it was not published when it was due: a refusal's name
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    paused_at = models.DateTimeField(null=True)  # nobody further is told until it goes on
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    why_withdrawn_en = models.TextField(blank=True, max_length=2000)
    why_withdrawn_pt = models.TextField(blank=True, max_length=2000)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            # A version that was withdrawn may be published anew, with other files.
            models.UniqueConstraint(fields=["product", "number"], condition=Q(withdrawn_at=None), name="one_release_per_version"),
            models.CheckConstraint(condition=Q(published_at=None) | Q(version__isnull=False), name="published_as_a_version"),
            models.CheckConstraint(condition=Q(withdrawn_at=None) | Q(published_at__isnull=False), name="withdrawn_once_published"),
        ]
        indexes = [
            models.Index(fields=["publish_at"], name="release_due", condition=Q(published_at=None, publish_at__isnull=False)),
            models.Index(fields=["product", "-published_at"], name="release_of_product", condition=Q(published_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.number}"

    @property
    def state(self) -> "Release.State":
        if self.withdrawn_at is not None:
            return Release.State.WITHDRAWN
        if self.published_at is not None:
            return Release.State.PUBLISHED
        return Release.State.SCHEDULED if self.publish_at is not None else Release.State.DRAFT

    @property
    def is_offered(self) -> bool:
        return self.state == Release.State.PUBLISHED

    @property
    def is_draft(self) -> bool:
        """Whether it may still be changed."""
        return self.state == Release.State.DRAFT

    @property
    def notes(self) -> str:
        """In the reader's language, as Markdown."""
        return in_language(get_language() or "en", self.notes_en, self.notes_pt)

    @property
    def why_withdrawn(self) -> str:
        return in_language(get_language() or "en", self.why_withdrawn_en, self.why_withdrawn_pt)


class Fix(models.Model):
    release = models.ForeignKey(Release, models.CASCADE, related_name="fixed")
    issue = models.ForeignKey(KnownIssue, models.PROTECT, related_name="fixed_by")

    class Meta:
        ordering = ["issue_id"]
        constraints = [models.UniqueConstraint(fields=["release", "issue"], name="one_row_per_fix")]

    def __str__(self) -> str:
        return f"{self.issue_id} by {self.release_id}"


class Artifact(models.Model):
    """A file of a release, stored under a name of our own."""

    class Kind(models.TextChoices):
        PACKAGE = "package", _("Package")
        MANUAL = "manual", _("Manual")
        NOTES = "notes", _("Notes")
        SIGNATURE = "signature", _("Signature")

    release = models.ForeignKey(Release, models.CASCADE, related_name="artifacts")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=120)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.FileField(storage=release_storage, upload_to="", max_length=100)
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    checked_at = models.DateTimeField(null=True)  # when what is stored was last read and compared
    altered_at = models.DateTimeField(null=True)  # since when what is stored is known not to be what was uploaded

    class Meta:
        ordering = ["release_id", "kind", "name"]
        constraints = [
            models.UniqueConstraint(fields=["release", "name"], name="one_file_per_name"),
            models.CheckConstraint(condition=Q(size__gt=0), name="a_file_has_bytes"),
        ]

    def __str__(self) -> str:
        return self.name


class Recipient(TenantModel):
    """One person to be told of one thing about a release, frozen when it happened. Without a person: nobody of the customer could be told."""

    class Purpose(models.TextChoices):
        PUBLISHED = "published"
        WITHDRAWN = "withdrawn"

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting for its turn")
        OWED = "owed", _("In the outbox")  # what became of it from there on is the mail's
        DROPPED = "dropped", _("Not told: withdrawn before")
        NOBODY = "nobody", _("Nobody there can be told")

    release = models.ForeignKey(Release, models.PROTECT, related_name="recipients")
    purpose = models.CharField(max_length=10, choices=Purpose)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "release", "purpose", "person"], name="told_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=Q(state="nobody", person=None) | (~Q(state="nobody") & Q(person__isnull=False)), name="told_as_a_person"
            ),
        ]
        indexes = [
            models.Index(fields=["release", "id"], name="recipient_waiting", condition=Q(state="waiting")),
            models.Index(fields=["release", "purpose", "customer"], name="recipient_of_release"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} of {self.customer_id} about {self.release_id}"


class Licence(TenantModel):
    """A licence file for a product under a contract. A newer one takes its place; earlier ones stay as history."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("product"))
    name = models.CharField(max_length=120)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.FileField(storage=release_storage, upload_to="", max_length=100)
    expires_date = models.DateField(_("valid until"), null=True, blank=True)
    note = models.CharField(_("note for the customer"), max_length=200, blank=True)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-issued_at", "-id"]
        indexes = [models.Index(fields=["contract", "product", "-issued_at"], name="licence_of_contract")]

    def __str__(self) -> str:
        return self.name


class Download(TenantModel):
    """A file fetched by a person of a customer: once, in however many parts and attempts (REL-3)."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    release = models.ForeignKey(Release, models.PROTECT, null=True, related_name="downloads")
    artifact = models.ForeignKey(Artifact, models.PROTECT, null=True, related_name="+")
    licence = models.ForeignKey(Licence, models.PROTECT, null=True, related_name="+")
    link = models.UUIDField(default=uuid.uuid4)  # the signed link's own number, by which further parts of it are known
    begun_at = models.DateTimeField()
    last_at = models.DateTimeField()
    parts = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-begun_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "link"], name="one_download_per_link"),
            models.CheckConstraint(
                condition=Q(licence=None, artifact__isnull=False, release__isnull=False)
                | Q(licence__isnull=False, artifact=None, release=None),
                name="download_of_one_file",
            ),
        ]
        indexes = [models.Index(fields=["release", "customer"], name="download_of_release", condition=Q(release__isnull=False))]

    def __str__(self) -> str:
        return f"{self.artifact_id or self.licence_id} by {self.person_id}"


class TicketIssue(TenantModel):
    """A ticket that is about a known issue. `told_at`: when it was told that a release fixes it (REL-4)."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="+")
    issue = models.ForeignKey(KnownIssue, models.PROTECT, related_name="tickets")
    linked_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    linked_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    told_of = models.ForeignKey(Release, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["issue_id", "id"]
        constraints = [models.UniqueConstraint(fields=["customer", "ticket", "issue"], name="one_link_per_issue")]
        indexes = [models.Index(fields=["issue"], name="ticket_issue_untold", condition=Q(told_at=None))]

    def __str__(self) -> str:
        return f"{self.ticket_id} is about {self.issue_id}"
