"""A ticket and its story: events that are only ever added to, with message bodies and files as rows beside them."""

import uuid
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.expressions import CombinedExpression
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, StaffMember, Team
from accounts.tenancy import TenantModel
from contracts.models import Contract, Environment, Product, Version
from helpdesk.lib import identifiers, markdown
from helpdesk.lib.addresses import address
from helpdesk.lib.keyset import soonest
from sla.models import Promise


class Type(models.TextChoices):
    TECHNICAL = "technical", _("Technical")
    FUNCTIONAL = "functional", _("Functional")
    UPDATE_SERVICE = "update_service", _("Update service")


class Severity(models.TextChoices):
    CRITICAL = "critical", _("Critical")
    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")


class Status(models.TextChoices):
    NEW = "new", _("New")
    OPEN = "open", _("Open")
    WAITING_CUSTOMER = "waiting_customer", _("Waiting for customer")
    WAITING_APPROVAL = "waiting_approval", _("Waiting for approval")
    WAITING_THIRD_PARTY = "waiting_third_party", _("Waiting for a third party")
    RESOLVED = "resolved", _("Resolved")
    CLOSED = "closed", _("Closed")


ACTIVE_STATUSES = tuple(status for status in Status if status not in {Status.RESOLVED, Status.CLOSED})


class Channel(models.TextChoices):
    PORTAL = "portal", _("Portal")
    STAFF = "staff", _("Staff, on the customer's behalf")
    MONITORING = "monitoring", _("Monitoring")


def number_of(pk: int) -> str:
    """A ticket's id as people write it."""
    return f"{settings.TICKET_PREFIX}-{pk}"


def labels(choices: type[models.TextChoices]) -> dict[str, str]:
    """Every choice's word in the reader's language, asked once for a whole list."""
    return {choice.value: str(choice.label) for choice in choices}


def portuguese(words: Any) -> Func:
    """Without accents and with -ões as -ão, by a function of the database; see the first migration."""
    return Func(words, function="portuguese_words", output_field=models.TextField())


def searchable(column: str) -> CombinedExpression:
    """The words of a column in both languages that people write here."""
    return SearchVector(portuguese(F(column)), config="portuguese") + SearchVector(column, config="english")


Row = TypeVar("Row", bound=models.Model)


class WithoutSearch(models.Manager[Row]):
    """Rows without their words for the search: nobody reads those, and they are longer than the rest together."""

    def get_queryset(self) -> models.QuerySet[Row]:
        return super().get_queryset().defer("search")


# A verdict empties `verdict_wanted_since`; the instants are compared too, for rows that code without that column writes.
VERDICT_WANTED = Q(closed_at=None) & (
    Q(verdict_wanted_since__gte=F("verified_at"))
    | Q(verified_at=None) & (Q(resolved_at=None) | Q(verdict_wanted_since__gt=F("resolved_at")))
)
ACTIVE = Q(status__in=ACTIVE_STATUSES)
NEXT_DUE = (soonest(F("next_due_at")).asc(), F("changed_at").desc(), F("id").desc())  # how queues are sorted


class TicketQuerySet(models.QuerySet["Ticket"]):
    def active(self) -> "TicketQuerySet":
        """Those that are worked on: the condition of the queues' indexes, word for word."""
        return self.filter(ACTIVE)

    def wanting_verdict(self) -> "TicketQuerySet":
        """Tickets that wait for a verdict of staff: declared and not verified, contested, or claimed to be worse (TIC-3)."""
        return self.filter(VERDICT_WANTED)


TicketManager = WithoutSearch.from_queryset(TicketQuerySet)


class About(NamedTuple):
    """What a ticket is about, as ids."""

    product: int
    version: int | None
    environment: int | None


class Ticket(TenantModel):
    """One event registered by a customer or on its behalf. Its id is its number.

    `type` and `severity` are the values that count now: declared until staff verify them. `declared_type` and
    `declared_severity` are what was declared last, which may be a claim that does not count yet.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("product"))
    environment = models.ForeignKey(Environment, models.PROTECT, null=True, related_name="+", verbose_name=_("environment"))
    version = models.ForeignKey(Version, models.PROTECT, null=True, related_name="+", verbose_name=_("version"))
    requester = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")  # none: the environment's contacts
    opened_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=10, choices=Channel)
    subject = models.CharField(_("subject"), max_length=150)

    type = models.CharField(_("type"), max_length=16, choices=Type)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity)
    declared_type = models.CharField(max_length=16, choices=Type)
    declared_severity = models.CharField(max_length=10, choices=Severity)
    verified_at = models.DateTimeField(null=True)
    verified_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    # Set by what asks staff for a verdict (opening, a new declaration, a contest), emptied by the verdict.
    verdict_wanted_since = models.DateTimeField(null=True)
    private = models.BooleanField(_("private"), default=False, db_default=False)  # the requester and the company's admins alone

    status = models.CharField(_("state"), max_length=20, choices=Status, default=Status.NEW)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    assignee = models.ForeignKey(StaffMember, models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    # What customers see of it: internal steps must not show, not even by the order of a list.
    public_changed_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    follow_up_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="follow_ups")
    # What is promised; none on tickets opened before promises were kept, until a sweep gets to them.
    promise = models.ForeignKey(Promise, models.PROTECT, null=True, db_index=False, related_name="+")
    next_due_at = models.DateTimeField(null=True)  # of the promise's nearest clock: queues sort by it
    event_count = models.PositiveIntegerField(default=0)
    contract_settled_at = models.DateTimeField(null=True)  # since a closed statement has its work it can't be moved (CON-3)
    submission_key = models.UUIDField(default=uuid.uuid4)
    search = models.GeneratedField(
        expression=searchable("subject"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = TicketManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "submission_key"], name="one_ticket_per_submission"),
            models.CheckConstraint(condition=~Q(severity="critical") | Q(type="technical"), name="only_technical_is_critical"),
            models.CheckConstraint(
                condition=Q(status="resolved", resolved_at__isnull=False) | ~Q(status="resolved"), name="resolved_has_instant"
            ),
            models.CheckConstraint(condition=Q(status="closed", closed_at__isnull=False) | ~Q(status="closed"), name="closed_has_instant"),
        ]
        indexes = [
            models.Index(fields=["customer", "-public_changed_at", "-id"], name="ticket_of_customer"),
            # What is new to a person: every ticket that they ever asked is looked at, and none of its rows.
            models.Index(fields=["customer", "requester"], name="ticket_of_requester", include=["id", "event_count", "private"]),
            models.Index(fields=["-changed_at", "-id"], name="ticket_by_change"),
            # The queues: what is active stays small, however many tickets there are.
            models.Index(fields=["customer", "-changed_at", "-id"], name="ticket_active_of_customer", condition=ACTIVE),
            models.Index(*NEXT_DUE, name="ticket_due", condition=ACTIVE),
            models.Index("assignee", *NEXT_DUE, name="ticket_due_of_assignee", condition=ACTIVE),
            models.Index("team", *NEXT_DUE, name="ticket_due_of_team", condition=ACTIVE),
            models.Index("status", *NEXT_DUE, name="ticket_due_of_status", condition=ACTIVE),
            models.Index(*NEXT_DUE, name="ticket_due_verdict_wanted", condition=VERDICT_WANTED),
            models.Index(*NEXT_DUE, name="ticket_due_monitoring", condition=ACTIVE & Q(channel="monitoring")),
            models.Index(fields=["status", "-changed_at", "-id"], name="ticket_of_status"),
            models.Index(fields=["resolved_at"], name="ticket_to_close", condition=Q(status="resolved")),
            models.Index(fields=["opened_at"], name="ticket_by_opening", include=["customer", "product", "environment", "team"]),
            models.Index(
                fields=["resolved_at"], name="ticket_by_solving", include=["customer", "team"], condition=Q(resolved_at__isnull=False)
            ),
            GinIndex(fields=["search"], name="ticket_search"),
            models.Index(fields=["promise"], name="ticket_of_promise", condition=Q(promise__isnull=False)),
            models.Index(fields=["id"], name="ticket_without_promise", condition=Q(promise=None)),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"

    @property
    def number(self) -> str:
        return number_of(self.pk)

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None

    @property
    def wants_verdict(self) -> bool:
        """The same as `TicketQuerySet.wanting_verdict`, of one row."""
        since = self.verdict_wanted_since
        if self.closed_at is not None:
            return False
        if self.verified_at is not None:
            return since is not None and since >= self.verified_at
        return self.resolved_at is None or (since is not None and since > self.resolved_at)

    @property
    def is_closed(self) -> bool:
        return self.status == Status.CLOSED

    @property
    def is_about(self) -> About:
        return About(self.product_id, self.version_id, self.environment_id)

    @property
    def portal_url(self) -> str:
        return address("portal:ticket", self.pk)

    @property
    def console_url(self) -> str:
        return address("console:ticket", self.pk)


class Message(TenantModel):
    """What somebody wrote, in Markdown. An internal one does not exist for the customer's role."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="messages")
    author = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    by_staff = models.BooleanField()
    internal = models.BooleanField(default=False)
    body = models.TextField()
    # The body as HTML, made when it is written: a page of two hundred messages would spend most of its time on that.
    html = models.TextField(null=True)  # noqa: DJ001 - none: not made yet
    html_version = models.PositiveSmallIntegerField(db_default=0)
    written_at = models.DateTimeField()
    scanned_at = models.DateTimeField(null=True)  # for identifiers; none: written before they were, and a sweep's work
    submission_key = models.UUIDField(default=uuid.uuid4)
    search = models.GeneratedField(
        expression=searchable("body"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = WithoutSearch["Message"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "submission_key"], name="one_message_per_submission")]
        indexes = [
            models.Index(fields=["ticket", "written_at"], name="message_of_ticket"),
            GinIndex(fields=["search"], name="message_search"),
            models.Index(fields=["id"], name="message_not_scanned", condition=Q(scanned_at=None)),
        ]

    def __str__(self) -> str:
        return f"message {self.pk} on {self.ticket_id}"

    @property
    def shown(self) -> SafeString:
        """The body as sanitised HTML: what is kept, unless an older renderer made it."""
        return shown(self.body, self.html, self.html_version)


def shown(body: str, html: str | None, html_version: int | None) -> SafeString:
    """A message's columns as sanitised HTML; see `Message.shown`."""
    kept = html if html_version == markdown.VERSION else None
    return mark_safe(markdown.to_html(body) if kept is None else kept)  # noqa: S308 - sanitised there


class Event(TenantModel):
    """One line of a ticket's story: facts and ids only. The database refuses to change or remove one (TIC-5)."""

    class Kind(models.TextChoices):
        OPENED = "opened"
        REPLIED = "replied"
        NOTED = "noted"
        DECLARED = "declared"
        VERIFIED = "verified"
        CONTESTED = "contested"
        STATUS_CHANGED = "status_changed"
        ASSIGNED = "assigned"
        TEAM_CHANGED = "team_changed"
        HOLD_PLACED = "hold_placed"
        HOLD_RELEASED = "hold_released"
        WATCHER_ADDED = "watcher_added"
        WATCHER_REMOVED = "watcher_removed"
        FOLLOWED_UP = "followed_up"
        REPLY_HELD = "reply_held"
        CONTRACT_MOVED = "contract_moved"
        PRIVACY_CHANGED = "privacy_changed"
        RATED = "rated"
        # Of the clocks: what was noticed, what off-hours help covers, and that other promises rule.
        ESCALATED = "escalated"
        MISSED = "missed"
        COVERED = "covered"
        UNCOVERED = "uncovered"
        PROMISE_MOVED = "promise_moved"
        # Of known issues, which releases fix.
        ISSUE_LINKED = "issue_linked"
        ISSUE_UNLINKED = "issue_unlinked"
        FIX_RELEASED = "fix_released"
        OBSERVED = "observed"  # what monitoring saw, in a message
        CORRECTED = "corrected"  # product, version or environment, by staff

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="events")
    position = models.PositiveIntegerField()  # 1, 2, 3, … in the ticket
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField()
    actor = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")  # none: the system
    by_staff = models.BooleanField()
    internal = models.BooleanField(default=False)
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="+")
    data: "models.JSONField[Any, Any]" = models.JSONField(default=dict)

    class Meta:
        ordering = ["ticket_id", "position"]
        constraints = [models.UniqueConstraint(fields=["customer", "ticket", "position"], name="one_event_per_position")]
        indexes = [models.Index(fields=["ticket"], name="event_reply_held", condition=Q(kind="reply_held"))]

    def __str__(self) -> str:
        return f"{self.kind} on {self.ticket_id}"

    @property
    def text(self) -> str:
        """What somebody wrote with it, in Markdown."""
        return self.message.body if self.message is not None else ""


class File(TenantModel):
    """An uploaded file. Until a message takes it, only its uploader sees it; a sweep removes what nobody took."""

    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="files")
    internal = models.BooleanField(default=False)
    uploader = models.ForeignKey(Person, models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    media_type = models.CharField(max_length=100)
    stored_as = models.FileField(upload_to="")
    uploaded_at = models.DateTimeField()
    # Scanning for identifiers: done, or given up; tried so often; not to be tried again before.
    scanned_at = models.DateTimeField(null=True)
    scan_attempts = models.SmallIntegerField(default=0, db_default=0)
    scan_due_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["customer", "uploaded_at"], name="file_of_day", include=["size"]),
            models.Index(fields=["uploaded_at"], name="file_not_taken", condition=Q(message=None)),
            models.Index(fields=["id"], name="file_not_scanned", condition=Q(scanned_at=None, message__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name


class Identifier(TenantModel):
    """A call's identifier that stands in a message, or in a text file that came with it; as internal as that message."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="identifiers")
    file = models.ForeignKey(File, models.PROTECT, null=True, related_name="identifiers")
    internal = models.BooleanField(default=False)
    value = models.CharField(max_length=identifiers.LONGEST, db_collation="C")
    folded = models.CharField(max_length=identifiers.LONGEST, db_collation="C")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "message", "file", "value"], name="one_row_per_identifier", nulls_distinct=False)
        ]
        indexes = [models.Index(fields=["folded"], name="identifier_by_value")]

    def __str__(self) -> str:
        return self.value


class Hold(TenantModel):
    """A reason why a ticket waits for approval, put by whoever needs it and taken back by the same."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="holds")
    reason = models.CharField(max_length=200)
    since = models.DateTimeField()
    placed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    released_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["ticket"], name="hold_in_place", condition=Q(released_at=None))]

    def __str__(self) -> str:
        return f"hold on {self.ticket_id} since {self.since:%F}"


class Watcher(TenantModel):
    """Somebody who is told of every public step besides the requester. Staff who watch are internal."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="watchers")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    internal = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "ticket", "person"], name="one_row_per_watcher")]

    def __str__(self) -> str:
        return f"{self.person_id} watches {self.ticket_id}"


class Reading(TenantModel):
    """How far a person has read a ticket's story; the database shows it to nobody else of their company."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="readings")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()  # of the last event they have seen
    read_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "person", "ticket"], name="one_reading_per_person")]

    def __str__(self) -> str:
        return f"{self.person_id} read {self.ticket_id} up to {self.position}"


class Satisfaction(TenantModel):
    """How the customer says that a ticket was solved: the latest answer. Earlier ones and all comments are in the story."""

    class Level(models.TextChoices):
        SATISFIED = "satisfied", _("Solved well")
        NEUTRAL = "neutral", _("Solved so-so")
        DISSATISFIED = "dissatisfied", _("Solved badly")

    ticket = models.OneToOneField(Ticket, models.PROTECT, related_name="satisfaction")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    level = models.CharField(max_length=12, choices=Level)
    rated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.level}"
