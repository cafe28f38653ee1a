"""A ticket and its story: events that are only ever added to, with message bodies and files as rows beside them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Func, OuterRef, Q, Subquery, Value
from django.db.models.expressions import CombinedExpression
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, StaffMember, Team
from accounts.tenancy import TenantModel
from contracts.models import Contract, Environment, Product, Version
from helpdesk.lib import identifiers, markdown

NOTHING_ALIKE = identifiers.Alike()


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


def labels(choices: type[models.TextChoices]) -> dict[str, str]:
    """Every choice's word in the reader's language, asked once for a whole list."""
    return {choice.value: str(choice.label) for choice in choices}


def _portuguese(words: Any) -> Func:
    """Without accents and with -ões as -ão, by a function of the database; see the first migration."""
    return Func(words, function="portuguese_words", output_field=models.TextField())


def searchable(column: str) -> CombinedExpression:
    """The words of a column in both languages that people write here."""
    return SearchVector(_portuguese(F(column)), config="portuguese") + SearchVector(column, config="english")


def found_by(words: str) -> Any:
    """The words as people type them, in Portuguese or in English, accents or none; quotes and a minus are understood."""
    portuguese = SearchQuery(_portuguese(Value(words)), config="portuguese", search_type="websearch")
    return portuguese | SearchQuery(words, config="english", search_type="websearch")


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


class TicketQuerySet(models.QuerySet["Ticket"]):
    def active(self) -> "TicketQuerySet":
        """Those that are worked on: the condition of the queues' indexes, word for word."""
        return self.filter(status__in=ACTIVE_STATUSES)

    def wanting_verdict(self) -> "TicketQuerySet":
        """Tickets that wait for a verdict of staff: declared and not verified, contested, or claimed to be worse (TIC-3)."""
        return self.filter(VERDICT_WANTED)

    def matching(self, words: str, *, loosely: bool = False) -> "TicketQuerySet":
        """What `find` finds. It asks the database at once, in the scope it is called in."""
        return self.filter(find(words, loosely=loosely).condition)


HITS = 5_000


@dataclass(frozen=True)
class Finding:
    """`condition` on tickets; `alike`: identifiers of calls by which they are found; `at_least`: how many are known of without counting."""

    condition: Q
    alike: identifiers.Alike = NOTHING_ALIKE
    at_least: int = 0


def find(words: str, *, loosely: bool = False) -> Finding:
    """Tickets with this number, or with these words in the subject or in a message that the scope may read.

    Where the words are the identifier of a call that is known: tickets with it in a message or in a text file instead.
    `loosely`: with the identifiers that are only alike as well.
    """
    alike = Identifier.objects.like(words)
    if alike.values:
        rows = Identifier.objects.among(alike.all if loosely else alike.values)
        return Finding(Q(pk__in=rows.values("message__ticket_id")), alike)
    number = words.strip().upper().removeprefix(f"{settings.TICKET_PREFIX}-").removeprefix("#")
    numbered = {int(number)} if number.isdecimal() and len(number) < 18 else set()
    subjects = Ticket.objects.filter(search=found_by(words)).order_by().values_list("pk")
    texts = Message.objects.filter(search=found_by(words)).order_by().values_list("ticket_id")
    hits = [pk for (pk,) in subjects.union(texts, all=True)[:HITS]]
    if len(hits) < HITS:
        return Finding(Q(pk__in=numbered.union(hits)), at_least=len(set(hits)))
    # So common a word is on every page: looking through the newest tickets ends sooner than sorting all that have it. The subquery is
    # one value, not an EXISTS, which the planner would answer by looking for the word in all messages.
    said = Message.objects.filter(ticket=OuterRef("pk"), search=found_by(words)).order_by().values("ticket_id")[:1]
    return Finding(Q(pk__in=numbered) | Q(search=found_by(words)) | Q(pk=Subquery(said)), at_least=len(set(hits)))


TicketManager = WithoutSearch.from_queryset(TicketQuerySet)


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
    event_count = models.PositiveIntegerField(default=0)
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
            models.Index(fields=["-changed_at", "-id"], name="ticket_by_change"),
            models.Index(fields=["-changed_at", "-id"], name="ticket_verdict_wanted", condition=VERDICT_WANTED),
            # The queues: what is active stays small, however many tickets there are.
            models.Index(fields=["-changed_at", "-id"], name="ticket_active", condition=Q(status__in=ACTIVE_STATUSES)),
            models.Index(
                fields=["assignee", "-changed_at", "-id"], name="ticket_active_of_assignee", condition=Q(status__in=ACTIVE_STATUSES)
            ),
            models.Index(fields=["team", "-changed_at", "-id"], name="ticket_active_of_team", condition=Q(status__in=ACTIVE_STATUSES)),
            models.Index(fields=["status", "-changed_at", "-id"], name="ticket_of_status"),
            models.Index(fields=["resolved_at"], name="ticket_to_close", condition=Q(status="resolved")),
            models.Index(fields=["opened_at"], name="ticket_by_opening", include=["customer", "product", "environment", "team"]),
            models.Index(
                fields=["resolved_at"], name="ticket_by_solving", include=["customer", "team"], condition=Q(resolved_at__isnull=False)
            ),
            GinIndex(fields=["search"], name="ticket_search"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"

    @property
    def number(self) -> str:
        return f"{settings.TICKET_PREFIX}-{self.pk}"

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
    def portal_url(self) -> str:
        return reverse("portal:ticket", args=[self.pk])

    @property
    def console_url(self) -> str:
        return reverse("console:ticket", args=[self.pk])


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
        kept = self.html if self.html_version == markdown.VERSION else None
        return mark_safe(markdown.to_html(self.body) if kept is None else kept)  # noqa: S308 - sanitised there


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


class IdentifierQuerySet(models.QuerySet["Identifier"]):
    def among(self, values: Sequence[str]) -> "IdentifierQuerySet":
        """Rows of exactly these; asked for without capitals too, which is what the index knows."""
        return self.filter(folded__in={identifiers.folded(value) for value in values}, value__in=values)

    def like(self, words: str) -> identifiers.Alike:
        """What is known of the identifier in these words, in one query; nothing when they are none."""
        value = identifiers.sought(words)
        if not value:
            return NOTHING_ALIKE
        known = self.filter(_near(identifiers.folded(value))).values_list("value", flat=True).distinct().order_by("value")
        return identifiers.alike(value, known[:MOST_ALIKE])


MOST_ALIKE = 200


def _near(folded: str) -> Q:
    """Conditions that an index answers below a tenant's policy too: comparisons, no LIKE."""
    local, at, _host = folded.partition("@")
    is_telling = len(local) >= identifiers.SHORTEST_LOCAL_PART
    if at:
        return Q(folded=folded) | Q(folded=local) | _beginning(f"{local}@") if is_telling else Q(folded=folded)
    return _beginning(folded) if is_telling else Q(folded=folded) | _beginning(f"{folded}@")


def _beginning(folded: str) -> Q:
    return Q(folded__gte=folded, folded__lt=f"{folded}\U0010ffff")


class Identifier(TenantModel):
    """A call's identifier that stands in a message, or in a text file that came with it; as internal as that message."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="identifiers")
    file = models.ForeignKey(File, models.PROTECT, null=True, related_name="identifiers")
    internal = models.BooleanField(default=False)
    value = models.CharField(max_length=identifiers.LONGEST, db_collation="C")
    folded = models.CharField(max_length=identifiers.LONGEST, db_collation="C")

    objects = IdentifierQuerySet.as_manager()

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
