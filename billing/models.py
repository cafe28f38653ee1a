"""Hours that staff spent, what they were taken from, who agreed to what they cost, and the statements that say so.

Worked minutes are facts (`WorkLog`, `Entry`); what they cost follows from the whole story of a contract and is written beside them
(`Slice`, `Allocation`, `ContractMonth`) whenever it changes, under the contract's lock. Money in cents of the contract's currency,
rates in cents per hour; a month is its first day, in the zone of the contract's calendar.
"""

import uuid
from datetime import timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, StaffMember
from accounts.tenancy import TenantModel
from billing.facts import cost_cents
from contracts.models import Contract
from tickets.models import Hold, Ticket, Type

LONGEST = timedelta(hours=24)  # of a log, so that what touches a month is found by when it began


class WorkLog(TenantModel):
    """Time that one of the staff spent on a ticket, as it stands now; `Entry` says how it came to that.

    `contract`: under which it counts, its ticket's. `note`: what was done; customers read it on statements.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="work_logs")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    agent = models.ForeignKey(StaffMember, models.PROTECT, related_name="+")
    began_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("until"))
    note = models.TextField(_("what was done"), max_length=2000)
    logged_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)
    submission_key = models.UUIDField(default=uuid.uuid4)

    class Meta:
        ordering = ["began_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "submission_key"], name="one_work_log_per_submission"),
            models.CheckConstraint(condition=Q(ended_at__gt=F("began_at")), name="work_ends_after_it_begins"),
            models.CheckConstraint(condition=Q(ended_at__lte=F("began_at") + LONGEST), name="work_of_a_day_at_most"),
            # Nobody works on two things at once. The agent as a range: equality would need another extension of the database.
            ExclusionConstraint(
                name="work_of_an_agent_apart",
                expressions=[
                    (
                        Func("agent_id", "agent_id", arg_joiner=", ", template="int8range(%(expressions)s, '[]')"),
                        RangeOperators.OVERLAPS,
                    ),
                    (Func("began_at", "ended_at", function="tstzrange"), RangeOperators.OVERLAPS),
                ],
                condition=Q(deleted_at=None),
            ),
        ]
        indexes = [
            models.Index(fields=["ticket", "began_at"], name="work_of_ticket"),
            models.Index(fields=["contract", "began_at"], name="work_of_contract"),
            models.Index(fields=["agent", "-began_at"], name="work_of_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} on {self.ticket_id} from {self.began_at:%F %H:%M}"


class Entry(TenantModel):
    """What was entered about a log, in the order in which the contract's hours are a function of it (BIL-8); only ever added to."""

    class Kind(models.TextChoices):
        LOGGED = "logged"
        CORRECTED = "corrected"
        DELETED = "deleted"
        ARRIVED = "arrived"  # with its ticket, from another contract
        LEFT = "left"  # with its ticket, to another contract

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()  # 1, 2, 3, … in the contract, given under its lock
    kind = models.CharField(max_length=10, choices=Kind)
    log = models.ForeignKey(WorkLog, models.PROTECT, related_name="entries")
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="+")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    note = models.TextField(blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")  # none: the system
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["contract_id", "number"]
        constraints = [models.UniqueConstraint(fields=["customer", "contract", "number"], name="one_entry_per_number")]
        indexes = [
            models.Index(fields=["log", "number"], name="entry_of_log"),
            models.Index(fields=["contract", "began_at"], name="entry_of_contract"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number} of {self.contract_id}"


class Timer(TenantModel):
    """Time that one of the staff lets run on a ticket; each has one at most, on whatever page or device (BIL-1)."""

    agent = models.OneToOneField(StaffMember, models.PROTECT, related_name="timer")
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    note = models.TextField(blank=True, max_length=2000)
    warned_at = models.DateTimeField(null=True)  # told that it has run for hours

    def __str__(self) -> str:
        return f"{self.agent_id} on {self.ticket_id} since {self.started_at:%F %H:%M}"


class TakenIn(TenantModel):
    """How far a ticket's story is taken into the hours of its contract: a row for each ticket with work or a charge request.

    Tickets lie below: they know nothing of hours. What their stories say anew is found by comparing `position` with what they count.
    """

    ticket = models.OneToOneField(Ticket, models.PROTECT, related_name="taken_in")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["contract"], name="taken_in_of_contract")]

    def __str__(self) -> str:
        return f"{self.ticket_id} up to {self.position}"


class Ledger(TenantModel):
    """How far a contract's own story is taken into its hours: its last entry, and how many terms and standings it had then.

    Contracts lie below: they know nothing of hours. That one was amended or suspended is found by counting.
    """

    contract = models.OneToOneField(Contract, models.PROTECT, related_name="ledger")
    last_number = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(null=True)  # of that entry: none is dated before it
    terms_count = models.PositiveIntegerField(default=0)
    standings_count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.contract_id} up to {self.last_number}"


# --- Charge requests --------------------------------------------------------------------------------------------------
class ChargeRequest(TenantModel):
    """A quote for work outside what the contract includes, and what became of it (BIL-6).

    `minutes`: the most that will be charged as asked; `accepted_minutes`: as accepted, which may be fewer. `work_from`, `work_until`:
    the window of off-hours help; of the other kinds, until when work may be done. `used_minutes`: what the hours took from it.
    """

    class Kind(models.TextChoices):
        FUNCTIONAL_EXCESS = "functional_excess", _("Functional work beyond what is included")
        OFF_HOURS = "off_hours", _("Help outside business hours")
        UPDATE_SERVICE = "update_service", _("Update service")

    class State(models.TextChoices):
        WISHED = "wished", _("Wished")  # by a member; the approvers decide whether to ask for it
        DRAFT = "draft", _("Draft")
        TO_RELEASE = "to_release", _("To be released")  # its price isn't the contract's: the account manager's turn
        WAITING = "waiting", _("Waiting for approval")
        ACCEPTED = "accepted", _("Approved")
        DECLINED = "declined", _("Declined")
        EXPIRED = "expired", _("Expired")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        CANCELLED = "cancelled", _("No longer needed")  # by a verdict (BIL-9)
        ENDED = "ended", _("Ended")  # for what comes; what was done stays approved

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="charge_requests")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    state = models.CharField(_("state"), max_length=12, choices=State)
    reason = models.TextField(_("reason"), max_length=2000)
    minutes = models.PositiveIntegerField(_("minutes at most"))
    rate_cents = models.PositiveIntegerField(_("rate per hour"))
    answer_by = models.DateTimeField(_("answer by"))
    work_from = models.DateTimeField(_("from"), null=True)
    work_until = models.DateTimeField(_("until"), null=True)
    wished_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    drafted_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")  # none: the system, or wished
    drafted_at = models.DateTimeField()
    released_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    hold = models.ForeignKey(Hold, models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    accepted_minutes = models.PositiveIntegerField(null=True)
    used_minutes = models.PositiveIntegerField(default=0)
    over_at = models.DateTimeField(null=True)  # declined, expired, withdrawn, cancelled or ended
    over_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")  # none: time, or a verdict
    remark = models.CharField(max_length=300, blank=True, db_default="")  # why it came back, was withdrawn or was ended
    submission_key = models.UUIDField(default=uuid.uuid4)

    class Meta:
        ordering = ["-drafted_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "submission_key"], name="one_charge_request_per_submission"),
            models.CheckConstraint(condition=Q(minutes__gte=1), name="charge_request_of_a_minute"),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_minutes=None)
                | Q(accepted_at__isnull=False, accepted_minutes__isnull=False, accepted_minutes__lte=F("minutes")),
                name="accepted_at_most_what_was_asked",
            ),
            models.CheckConstraint(
                condition=Q(used_minutes=0) | Q(used_minutes__lte=F("accepted_minutes")), name="used_at_most_what_was_accepted"
            ),
            models.CheckConstraint(
                condition=~Q(kind="off_hours") | Q(work_from__isnull=False, work_until__gt=F("work_from")),
                name="off_hours_help_has_a_window",
            ),
            models.CheckConstraint(condition=Q(rate_cents__gte=1), name="charge_request_costs_something"),
            models.UniqueConstraint(
                fields=["customer", "ticket"],
                condition=Q(kind="functional_excess", state="draft", drafted_by=None, wished_by=None),
                name="one_draft_of_the_system",
            ),
        ]
        indexes = [
            models.Index(fields=["ticket"], name="charge_request_of_ticket"),
            models.Index(fields=["contract"], name="charge_request_of_contract"),
            models.Index(fields=["state", "answer_by"], name="charge_request_open", condition=Q(over_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.ticket_id}"

    @property
    def is_over(self) -> bool:
        return self.over_at is not None

    @property
    def may_be_answered(self) -> bool:
        """Whether it is the approvers' turn."""
        return self.state in {self.State.WAITING, self.State.WISHED}

    @property
    def most_cents(self) -> int:
        """What it can cost at most, as accepted or else as asked."""
        return cost_cents(self.minutes if self.accepted_minutes is None else self.accepted_minutes, self.rate_cents)

    @property
    def cover_key(self) -> str:
        """What the ticket's coverage knows this help by."""
        return f"charge_request:{self.pk}"


class ListedLog(TenantModel):
    """Earlier work that a charge request lists, and so covers once it is accepted (BIL-5)."""

    request = models.ForeignKey(ChargeRequest, models.CASCADE, related_name="listed")
    log = models.ForeignKey(WorkLog, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "request", "log"], name="one_row_per_listed_log")]

    def __str__(self) -> str:
        return f"{self.log_id} in {self.request_id}"


class Decision(TenantModel):
    """What an approver answered, to what was shown to them, when and from where; it never changes (BIL-6).

    `shown`: the request as it was shown, all of it; `shown_hash`: SHA-256 of that, in hexadecimal.
    """

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", _("Approved")
        DECLINED = "declined", _("Declined")

    request = models.OneToOneField(ChargeRequest, models.PROTECT, related_name="decision")
    verdict = models.CharField(max_length=10, choices=Verdict)
    minutes = models.PositiveIntegerField()  # accepted; 0 when declined
    reason = models.TextField(blank=True, max_length=2000)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    shown = models.JSONField()
    shown_hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.verdict} of {self.request_id}"


# --- What came of the hours -------------------------------------------------------------------------------------------
class ContractMonth(TenantModel):
    """What a month of a contract grants and what of it is used, in functional minutes; the database refuses more than is granted."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    month = models.DateField()
    allowance_minutes = models.PositiveIntegerField()
    allowance_used_minutes = models.PositiveIntegerField()
    package_minutes = models.PositiveIntegerField()
    package_used_minutes = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "contract", "month"], name="one_row_per_contract_month"),
            models.CheckConstraint(condition=Q(allowance_used_minutes__lte=F("allowance_minutes")), name="allowance_never_exceeded"),
            models.CheckConstraint(condition=Q(package_used_minutes__lte=F("package_minutes")), name="package_never_exceeded"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} of {self.contract_id}"


class Slice(TenantModel):
    """A part of a log in which one price holds, of one local day (BIL-1); written anew when the contract's story changes it."""

    log = models.ForeignKey(WorkLog, models.CASCADE, related_name="slices")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()  # in the log's part of the month, by time
    month = models.DateField()
    day = models.DateField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    type = models.CharField(max_length=20, choices=Type)
    is_in_hours = models.BooleanField()
    worked_minutes = models.PositiveIntegerField()
    chargeable_minutes = models.PositiveIntegerField()

    class Meta:
        ordering = ["log_id", "month", "position"]
        constraints = [models.UniqueConstraint(fields=["customer", "log", "month", "position"], name="one_row_per_slice")]
        indexes = [models.Index(fields=["contract", "month"], name="slice_of_month")]

    def __str__(self) -> str:
        return f"{self.log_id} part {self.position}"


class Allocation(TenantModel):
    """Chargeable minutes of a slice from one source; of the last three sources nothing is used up (BIL-2, BIL-3, BIL-5)."""

    class Source(models.TextChoices):
        ALLOWANCE = "allowance", _("Allowance")
        PACKAGE = "package", _("Package")
        APPROVAL = "approval", _("Approved")
        INCLUDED = "included", _("Included")
        COURTESY = "courtesy", _("Courtesy")
        UNAUTHORISED = "unauthorised", _("Not approved yet")

    slice = models.ForeignKey(Slice, models.CASCADE, related_name="allocations")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    month = models.DateField()
    position = models.PositiveSmallIntegerField()  # in the slice
    source = models.CharField(max_length=12, choices=Source)
    minutes = models.PositiveIntegerField()
    request = models.ForeignKey(ChargeRequest, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["slice_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "slice", "position"], name="one_row_per_allocation"),
            models.CheckConstraint(
                condition=Q(source="approval", request__isnull=False) | ~Q(source="approval") & Q(request=None),
                name="approved_minutes_name_their_request",
            ),
        ]
        indexes = [
            models.Index(fields=["contract", "month", "source"], name="allocation_of_month", include=["minutes"]),
            models.Index(fields=["contract"], name="allocation_unauthorised", condition=Q(source="unauthorised")),
        ]

    def __str__(self) -> str:
        return f"{self.minutes} from {self.source}"


class Threshold(TenantModel):
    """That a month's allowance passed 50, 80 or 100 %, which was told once (BIL-7)."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    month = models.DateField()
    percent = models.PositiveSmallIntegerField()
    passed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "contract", "month", "percent"], name="one_row_per_threshold")]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.month:%Y-%m}"


# --- Statements -------------------------------------------------------------------------------------------------------
class Review(TenantModel):
    """What the account manager says of a line of an open month: the latest word counts (BIL-10).

    A line is what a log took in a month from one request, or of what nobody approved (`request` is none).
    `most_minutes`: it costs no more than these; as approved, all that it took.
    """

    class Verdict(models.TextChoices):
        APPROVED = "approved", _("Approved")
        REDUCED = "reduced", _("Reduced")
        WRITTEN_OFF = "written_off", _("Written off")
        RETURNED = "returned", _("Returned")

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    month = models.DateField()
    log = models.ForeignKey(WorkLog, models.PROTECT, related_name="reviews")
    request = models.ForeignKey(ChargeRequest, models.PROTECT, null=True, related_name="+")
    verdict = models.CharField(max_length=12, choices=Verdict)
    minutes = models.PositiveIntegerField()  # that the line had when it was looked at
    most_minutes = models.PositiveIntegerField()
    reason = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["contract", "month"], name="review_of_month")]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="approved") | Q(verdict="returned") | ~Q(reason=""), name="less_is_charged_for_a_reason"
            ),
            models.CheckConstraint(condition=Q(most_minutes__lte=F("minutes")), name="review_adds_nothing"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict}: {self.log_id} in {self.month:%Y-%m}"


class Series(models.Model):
    """The last number given to a statement in a year; locked while the next is given, so that none is missing."""

    year = models.PositiveSmallIntegerField(unique=True)
    last = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "series"

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class Statement(TenantModel):
    """A contract's month, closed: it has a number and never changes (BIL-10).

    `agreed`: what it was made by and says of the contract, names included: as they were then.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="statements")
    month = models.DateField()
    number = models.CharField(max_length=20)
    closed_at = models.DateTimeField()
    closed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    total_cents = models.BigIntegerField()
    agreed = models.JSONField()

    class Meta:
        ordering = ["-month", "contract_id"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "contract", "month"], name="one_statement_per_month"),
            models.UniqueConstraint(fields=["number"], name="one_statement_per_number"),
        ]

    def __str__(self) -> str:
        return self.number


class StatementLine(TenantModel):
    """A line of a closed statement, with all that it says; it never changes.

    Work: what a log took from one source. A fee: the package's. A correction: what an earlier month, `of_month`, comes to now
    beyond what was billed for it so far.
    """

    class Kind(models.TextChoices):
        WORK = "work", _("Work")
        PACKAGE_FEE = "package_fee", _("Package fee")
        CORRECTION = "correction", _("Correction")

    statement = models.ForeignKey(Statement, models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind)
    ticket = models.ForeignKey(Ticket, models.PROTECT, null=True, related_name="+")
    log = models.ForeignKey(WorkLog, models.PROTECT, null=True, related_name="+")
    request = models.ForeignKey(ChargeRequest, models.PROTECT, null=True, related_name="+")
    of_month = models.DateField()
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    agent_name = models.CharField(max_length=120, blank=True)
    note = models.TextField(blank=True)
    source = models.CharField(max_length=12, choices=Allocation.Source, blank=True)
    minutes = models.PositiveIntegerField(default=0)
    billed_minutes = models.PositiveIntegerField(default=0)
    rate_cents = models.PositiveIntegerField(default=0)
    amount_cents = models.BigIntegerField()
    reason = models.CharField(max_length=300, blank=True)  # of a reduction

    class Meta:
        ordering = ["statement_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "statement", "position"], name="one_row_per_statement_line"),
            models.CheckConstraint(
                condition=~Q(kind="work") | Q(ticket__isnull=False, log__isnull=False), name="work_on_a_statement_names_its_log"
            ),
        ]

    def __str__(self) -> str:
        return f"line {self.position} of {self.statement_id}"


class Correction(TenantModel):
    """What a closed month, `of_month`, comes to now beyond what was billed for it; there while it isn't nothing (BIL-10).

    `month`: the contract's first open one after it, on whose statement it will be.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="corrections")
    of_month = models.DateField()
    month = models.DateField()
    amount_cents = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "contract", "of_month"], name="one_correction_per_month")]
        indexes = [models.Index(fields=["contract", "month"], name="correction_on_statement")]

    def __str__(self) -> str:
        return f"{self.amount_cents} for {self.of_month:%Y-%m} of {self.contract_id}"
