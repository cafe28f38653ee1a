"""What is owed to whom, and what became of it: the outbox of mail, the rota of those on call, and their pages."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, Person, StaffMember, Team, default_time_zone, validate_time_zone
from helpdesk.lib.prepared import compared
from notifications.reasons import in_words, why


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
        CANCELLED = "cancelled", _("Not sent: withdrawn")

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
    list_id = models.CharField(
        max_length=120, blank=True, default="", db_default=""
    )  # of an announcement: the list that it goes to (RFC 2919)
    # Of an announcement to very many: when nobody knows whether it went out, a person decides, not the relay (REL-2).
    never_twice = models.BooleanField(default=False, db_default=False)

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
    def may_have_arrived(self) -> bool:
        """Whether nobody knows what became of it, and a person is to find out."""
        return self.state == Mail.State.PARKED and self.unknown_outcomes > 0

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
        ESCALATED = "ticket_escalated", _("Promises that run out (staff)")
        FIXED = "ticket_fixed", _("Releases that fix what a ticket is about")
        RELEASED = "release_published", _("New releases, except those that close a security hole")

    person = models.ForeignKey(Person, models.CASCADE, related_name="mutes")
    kind = models.CharField(max_length=40, choices=Kind)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="one_mute_per_kind")]

    def __str__(self) -> str:
        return f"{self.person_id} mutes {self.kind}"


class RotaQuerySet(models.QuerySet["Rota"]):
    def with_shifts(self, after: datetime | int) -> "RotaQuerySet":
        """Each with `turns` (its people in order) and `overlays` (overrides that end after that instant), in the query that reads the rotas."""
        turns = RotaTurn.objects.filter(rota=OuterRef("pk")).order_by("position").values("member_id")
        standing = RotaOverride.objects.filter(compared("until_at", ">", after), rota=OuterRef("pk"), removed_at=None).order_by("pk")
        overlays = standing.values(row=JSONObject(id="pk", person="member_id", start="from_at", end="until_at"))
        return self.annotate(turns=ArraySubquery(turns), overlays=ArraySubquery(overlays))


class Rota(models.Model):
    """Who is on call when: people take turns of so many days, handed over at a local time; overrides lie over that (NOT-6).

    `first_date`: the day of the first handover, which gives the weekday of all others. `second_line`: whose person is paged when a
    page is not acknowledged within `escalate_minutes`; without one the leads are.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default=default_time_zone, validators=[validate_time_zone])
    first_date = models.DateField(_("first handover"))
    handover_time = models.TimeField(_("handed over at"))
    turn_days = models.PositiveSmallIntegerField(_("days of a turn"), default=7)
    is_default = models.BooleanField(_("for every team without a rota of its own"), default=False)
    second_line = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("second line"))
    escalate_minutes = models.PositiveSmallIntegerField(_("minutes until the second line is paged"), null=True, blank=True)

    objects = RotaQuerySet.as_manager()

    class Meta:
        ordering = ["-is_default", "name"]
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="one_default_rota"),
            models.CheckConstraint(condition=Q(turn_days__gte=1), name="a_turn_has_a_day"),
        ]

    def __str__(self) -> str:
        return self.name


class RotaTurn(models.Model):
    """One place in the order of a rota; the same person may have several."""

    rota = models.ForeignKey(Rota, models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField()
    member = models.ForeignKey(StaffMember, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["rota", "position"], name="one_turn_per_position")]

    def __str__(self) -> str:
        return f"{self.position} of rota {self.rota_id}"


class RotaOverride(models.Model):
    """Somebody takes a time, whoever's turn it is. Of several over one instant the latest made counts; a removed one stays as a row."""

    rota = models.ForeignKey(Rota, models.CASCADE, related_name="overrides")
    member = models.ForeignKey(StaffMember, models.PROTECT, related_name="+")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)
    removed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["from_at", "pk"]
        constraints = [models.CheckConstraint(condition=Q(until_at__gt=models.F("from_at")), name="an_override_has_a_length")]
        indexes = [models.Index(fields=["rota", "until_at"], name="override_standing", condition=Q(removed_at=None))]

    def __str__(self) -> str:
        return f"override {self.pk} of rota {self.rota_id}"


class TeamRota(models.Model):
    """The rota that a team's tickets page; a team without one uses the default."""

    team = models.OneToOneField(Team, models.CASCADE, primary_key=True, related_name="+")
    rota = models.ForeignKey(Rota, models.CASCADE, related_name="team_rotas")

    def __str__(self) -> str:
        return f"rota {self.rota_id} for team {self.team_id}"


class Way(models.Model):
    """One way in which a member of the staff is reached at night. `url` is Apprise's and holds secrets: it is shown to nobody again."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="ways")
    label = models.CharField(_("name"), max_length=60)
    service = models.CharField(max_length=20)
    url = models.CharField(max_length=1000)
    shown = models.CharField(max_length=40)  # what is shown instead of the address
    after_minutes = models.PositiveSmallIntegerField(_("after"), default=0)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["after_minutes", "pk"]

    def __str__(self) -> str:
        return f"way {self.pk} of person {self.person_id}"


class Page(models.Model):
    """A call to whoever is on call when it is sent: an outbox of its own, for what can't wait for mail (NOT-6, SLA-9).

    `words`: title and text by language, since nobody knows before it is sent who will read it. Whom: `people`, else the person on
    call by `rota`, by that of `team`, or by the default.
    """

    class State(models.TextChoices):
        DUE = "due", _("Waiting to be sent")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent, not acknowledged")
        FAILED = "failed", _("Failed: reached nobody")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")

    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="+")
    key = models.CharField(max_length=120)
    rota = models.ForeignKey(Rota, models.PROTECT, null=True, related_name="+")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="+")
    people = ArrayField(models.BigIntegerField(), null=True)
    only_way = models.ForeignKey(Way, models.SET_NULL, null=True, related_name="+")  # of a test: this one alone
    is_test = models.BooleanField(default=False)
    words: "models.JSONField[dict[str, dict[str, str]], dict[str, dict[str, str]]]" = models.JSONField()
    url = models.CharField(max_length=500, blank=True)
    about_table = models.CharField(max_length=60, blank=True)
    about_id = models.BigIntegerField(null=True)

    state = models.CharField(max_length=12, choices=State, default=State.DUE)
    line = models.PositiveSmallIntegerField(default=0)  # 1: who is on call; 2: the second line
    to_leads = models.BooleanField(default=False)  # nobody was on call
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    escalate_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["customer", "key"], name="paged_once", nulls_distinct=False)]
        indexes = [
            models.Index(fields=["due_at", "id"], name="page_due", condition=Q(state="due")),
            models.Index(fields=["escalate_at"], name="page_escalates", condition=Q(escalate_at__isnull=False)),
            models.Index(fields=["state", "-id"], name="page_by_state"),
            models.Index(fields=["about_table", "about_id"], name="page_about", condition=Q(about_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"page {self.key}"

    @property
    def title(self) -> str:
        """In the reader's language."""
        return self.said_in(get_language() or settings.LANGUAGE_CODE)["title"]

    @property
    def text(self) -> str:
        return self.said_in(get_language() or settings.LANGUAGE_CODE)["text"]

    def said_in(self, language: str) -> dict[str, str]:
        """Title and text in a language, or in the first one where it was not written in that."""
        return self.words.get(language) or self.words[settings.LANGUAGES[0][0]]


class PageDeliveryQuerySet(models.QuerySet["PageDelivery"]):
    def claimable(self, now: datetime) -> "PageDeliveryQuerySet":
        """Due, or taken by a relay whose lease ran out: it died between sending and noting it, or before."""
        return self.filter(Q(state=PageDelivery.State.DUE, due_at__lte=now) | Q(state=PageDelivery.State.SENDING, lease_until__lt=now))


class PageDelivery(models.Model):
    """One page to one person by one way. `label` and `shown` outlive a way that is removed; without a `way` it went by mail."""

    class State(models.TextChoices):
        DUE = "due", _("Waiting to be sent")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        DROPPED = "dropped", _("Not needed any more")

    page = models.ForeignKey(Page, models.CASCADE, related_name="deliveries")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    line = models.PositiveSmallIntegerField()
    way = models.ForeignKey(Way, models.SET_NULL, null=True, related_name="+")
    by_mail = models.BooleanField(default=False)
    is_last_resort = models.BooleanField(default=False)  # a mail because every way had failed
    label = models.CharField(max_length=60, blank=True)

    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    unknown_outcomes = models.PositiveSmallIntegerField(default=0)  # it may have arrived before and was sent again
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=40, blank=True)  # a code of notifications.courier, never a service's own words

    objects = PageDeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["due_at", "id"], name="delivery_due", condition=Q(state="due")),
            models.Index(fields=["lease_until"], name="delivery_leased", condition=Q(state="sending")),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk} of page {self.page_id}"

    @property
    def trouble(self) -> str:
        """Why it has not arrived, in words; empty for one that did."""
        return why(self.last_error)
