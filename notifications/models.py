"""The outbox: what is owed to whom, and what became of it."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, Person


class MailQuerySet(models.QuerySet["Mail"]):
    def claimable(self, now: datetime) -> "MailQuerySet":
        """Due, or taken by a relay whose lease ran out: it died between sending and noting it, or before."""
        return self.filter(Q(state=Mail.State.DUE, due_at__lte=now) | Q(state=Mail.State.SENDING, lease_until__lt=now))


class Mail(models.Model):
    """One mail owed to one person, written by the command that caused it, rendered then in their language.

    The row is the memory of the queue. A relay takes one row at a time; rows of the same person and thread that wait
    beside it are joined into it, and go out as one mail.
    """

    class State(models.TextChoices):
        DUE = "due", _("Waiting to be sent")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        JOINED = "joined", _("Sent within another mail")
        PARKED = "parked", _("Failed: needs a person")

    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="+")
    recipient = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    address = models.EmailField(max_length=254)
    language = models.CharField(max_length=10, choices=settings.LANGUAGES)
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    thread = models.CharField(max_length=60, blank=True)

    subject = models.CharField(max_length=250)
    headline = models.CharField(max_length=300)
    body_text = models.TextField(blank=True)
    body_html = models.TextField(blank=True)
    needs = models.CharField(max_length=300, blank=True)
    status_line = models.CharField(max_length=300, blank=True)
    quoted_text = models.TextField(blank=True)
    action_label = models.CharField(max_length=80, blank=True)
    action_url = models.CharField(max_length=500, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    message_uuid = models.UUIDField(default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    unknown_outcomes = models.PositiveSmallIntegerField(default=0)  # relays that died holding it: it may have gone out
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    joined_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="joined")

    objects = MailQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "key"], name="owed_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(state="joined", joined_into__isnull=False) | ~Q(state="joined"), name="joined_into_a_mail"),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="mail_due", condition=Q(state="due")),
            models.Index(fields=["lease_until"], name="mail_leased", condition=Q(state="sending")),
            models.Index(fields=["recipient", "thread"], name="mail_waiting_in_thread", condition=Q(state="due")),
            models.Index(fields=["state", "-id"], name="mail_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.address}"

    @property
    def message_id(self) -> str:
        """The same at every attempt, so that a mail program drops a second copy."""
        return f"<{self.message_uuid}@{settings.MAIL_DOMAIN}>"

    @property
    def is_about_account(self) -> bool:
        """Whether its link may sign somebody in: a reset, an invitation."""
        return self.key.startswith("account:")


class Mute(models.Model):
    """A kind of mail that a person does not want; it stays in their pages."""

    class Kind(models.TextChoices):
        OPENED = "ticket_opened", _("New tickets")
        REPLIED = "ticket_replied", _("Answers and replies")
        QUALIFIED = "ticket_qualified", _("Changes of type and severity")
        STATUS = "ticket_status", _("Changes of state")
        ASSIGNED = "ticket_assigned", _("Assignments (staff)")

    person = models.ForeignKey(Person, models.CASCADE, related_name="mutes")
    kind = models.CharField(max_length=40, choices=Kind)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="one_mute_per_kind")]

    def __str__(self) -> str:
        return f"{self.person_id} mutes {self.kind}"
