"""The outbox: what is owed to whom, and what became of it."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, Person
from notifications.reasons import in_words


class MailQuerySet(models.QuerySet["Mail"]):
    def claimable(self, now: datetime) -> "MailQuerySet":
        """Due, or taken by a relay whose lease ran out: it died between sending and noting it, or before."""
        return self.filter(Q(state=Mail.State.DUE, due_at__lte=now) | Q(state=Mail.State.SENDING, lease_until__lt=now))


class Mail(models.Model):
    """One mail owed to one person, written by the command that caused it, rendered then in their language.

    The row is the memory of the queue. A relay takes one row at a time; rows of the same person and thread that wait
    beside it are joined into it, and go out as one mail. What became of it afterwards comes by reports: of the server that
    refuses it, of a mail service, or of a bounce that comes back as mail.
    """

    class State(models.TextChoices):
        DUE = "due", _("Waiting to be sent")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        JOINED = "joined", _("Sent within another mail")
        PARKED = "parked", _("Failed: needs a person")
        DELIVERED = "delivered", _("Delivered")
        BOUNCED = "bounced", _("Bounced")
        COMPLAINED = "complained", _("Marked as spam")
        MUTED = "muted", _("Not sent: muted")

    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="+")
    recipient = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    address = models.EmailField(max_length=254)
    language = models.CharField(max_length=10, choices=settings.LANGUAGES)
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    thread = models.CharField(max_length=60, blank=True)
    # What it tells of, as a table and an id: the outbox lies below whatever owes mail (NOT-5).
    about_table = models.CharField(max_length=60, blank=True, default="", db_default="")
    about_id = models.BigIntegerField(null=True)

    subject = models.CharField(max_length=250)
    headline = models.CharField(max_length=300)
    body_text = models.TextField(blank=True)
    body_html = models.TextField(blank=True)
    needs = models.CharField(max_length=300, blank=True)
    status_line = models.CharField(max_length=300, blank=True)
    quoted_text = models.TextField(blank=True)
    action_label = models.CharField(max_length=80, blank=True)
    action_url = models.CharField(max_length=500, blank=True)
    choices: "models.JSONField[Any, Any]" = models.JSONField(null=True)  # answers that it offers: a list of label and url
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
    service_id = models.CharField(max_length=200, blank=True, default="", db_default="")  # the mail service's own name for it
    outcome_at = models.DateTimeField(null=True)  # when it was delivered, bounced or marked as spam
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
            models.Index(fields=["about_table", "about_id"], name="mail_about", condition=Q(about_id__isnull=False)),
            models.Index(fields=["message_uuid"], name="mail_by_message"),
            models.Index(fields=["service_id"], name="mail_by_service_id", condition=~Q(service_id="")),
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

    @property
    def may_be_sent_again(self) -> bool:
        """Whether staff may put it back into the queue. One whose link was forgotten would be of no use."""
        lost_its_link = bool(self.action_label) and not self.action_url
        return self.state in {Mail.State.PARKED, Mail.State.BOUNCED} and not lost_its_link

    @property
    def trouble(self) -> str:
        """Why it has not arrived, in words; empty for one that did."""
        return in_words(self.last_error)


class BouncingAddressQuerySet(models.QuerySet["BouncingAddress"]):
    def standing(self) -> "BouncingAddressQuerySet":
        return self.filter(cleared_at=None)


class BouncingAddress(models.Model):
    """An address that mail comes back from, from its first bounce until something shows that it works again (NOT-4).

    While it stands, one mail a day is let through to try; the others wait. Customers see those of their own people.
    """

    address = models.EmailField(max_length=254)  # in small letters
    since = models.DateTimeField()
    last_at = models.DateTimeField()
    bounces = models.PositiveIntegerField(default=1)
    reason = models.CharField(max_length=500, blank=True)
    mail = models.ForeignKey(Mail, models.PROTECT, null=True, related_name="+")  # the one that came back last
    # Refused by the server that we hand mail to: what that server accepts later shows that the address works.
    refused_at_once = models.BooleanField(default=False)
    tried_at = models.DateTimeField()
    tried_with = models.ForeignKey(Mail, models.PROTECT, null=True, related_name="+")
    considered_at = models.DateTimeField(null=True)  # when it was looked at what this means for contracts
    cleared_at = models.DateTimeField(null=True)
    cleared_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")  # none: the system

    objects = BouncingAddressQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["address"], condition=Q(cleared_at=None), name="one_standing_mark_per_address")]

    def __str__(self) -> str:
        return f"{self.address} bounces since {self.since:%F}"


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
