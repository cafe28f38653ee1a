"""What was promised for one thing, and its clocks. The state of a fold, kept; `sla.clocks` says what it means."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel
from sla import words
from sla.clocks import Cause, Outcome
from sla.courses import Pace
from sla.facts import Phase
from sla.models.calendars import Calendar
from sla.models.policies import PolicyVersion

CAUSE_WORDS = {
    Cause.LATE_VERIFICATION: _("Late verification"),
    Cause.REQUALIFICATION: _("Requalification"),
    Cause.LATE_WORK: _("Late work"),
}


class Promise(TenantModel):
    """What is promised now: by which policy version and calendar, for which qualification, and where the story has got to.

    `opened_version`, `opened_calendar`: what it was opened under, which the replay begins with. `entry`: the number of the fact whose
    value counts.
    """

    opened_version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+")
    opened_calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="+")
    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+")
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="+")
    type = models.CharField(max_length=16)
    severity = models.CharField(max_length=10)
    entry = models.PositiveIntegerField()
    entered_at = models.DateTimeField()
    by_verdict = models.BooleanField()
    phase = models.CharField(max_length=20, choices=[(phase, phase) for phase in Phase])
    round = models.PositiveSmallIntegerField(default=1)
    updates = models.BooleanField(default=False)
    ended_by = models.PositiveIntegerField(null=True)
    windows: "models.JSONField[Any, Any]" = models.JSONField(default=list)  # off-hours help: key, from, until
    told_at = models.DateTimeField()  # until when: nothing is told that was earlier, so that a clock which lags rewrites nothing

    def __str__(self) -> str:
        return f"promise {self.pk}"


class ClockQuerySet(models.QuerySet["Clock"]):
    def running(self) -> "ClockQuerySet":
        """Neither met nor cancelled; some are paused."""
        return self.filter(outcome=None)


class Clock(TenantModel):
    """One promise on its way, or what became of it. Instants in UTC; seconds are of coverage."""

    promise = models.ForeignKey(Promise, models.CASCADE, related_name="clocks")
    target = models.CharField(_("promise"), max_length=16, choices=words.TARGETS)
    begun = models.PositiveIntegerField()  # the number of the fact that started it
    round = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    type = models.CharField(max_length=16)  # the qualification it runs under, or ran last
    severity = models.CharField(max_length=10)
    seconds = models.PositiveIntegerField()  # the target by that qualification

    pace = models.CharField(max_length=10, choices=[(pace, pace) for pace in Pace])
    entry = models.PositiveIntegerField()
    always = models.BooleanField()  # the coverage by which it is due: 24x7, or the calendar
    anchor_at = models.DateTimeField()
    left_seconds = models.FloatField()  # at that instant
    used_seconds = models.FloatField()
    due_at = models.DateTimeField(null=True)  # none while it is paused
    overdue_at = models.DateTimeField(null=True)
    missed_at = models.DateTimeField(null=True)  # the due instant of the miss that stands
    warns_at = models.DateTimeField(null=True)  # from when on three quarters are used up
    decided: "models.JSONField[Any, Any]" = models.JSONField(null=True)  # what the last requalification chose from

    outcome = models.CharField(max_length=10, choices=[(outcome, outcome) for outcome in Outcome], null=True)  # noqa: DJ001 - running
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.PositiveIntegerField(null=True)
    reached = models.PositiveSmallIntegerField(default=0)  # percent of the last step
    look_at = models.DateTimeField(null=True)  # after this instant there is something to notice: a step, or its miss

    objects = ClockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "promise", "target", "begun"], name="one_clock_per_beginning"),
            models.CheckConstraint(condition=Q(outcome=None) | Q(stopped_at__isnull=False), name="stopped_has_instant"),
            models.CheckConstraint(condition=~Q(pace="paused") | Q(due_at=None), name="paused_is_never_due"),
        ]
        indexes = [
            models.Index(fields=["promise"], name="clock_running", condition=Q(outcome=None)),
            # Queues: what is soon due, and what was missed and goes on. Both stay small.
            models.Index(fields=["due_at"], name="clock_next_due", include=["promise"], condition=Q(outcome=None, missed_at=None)),
            models.Index(fields=["warns_at"], name="clock_next_warning", include=["promise"], condition=Q(outcome=None, missed_at=None)),
            models.Index(fields=["promise"], name="clock_running_missed", condition=Q(outcome=None, missed_at__isnull=False)),
            models.Index(fields=["look_at"], name="clock_to_look_at", condition=Q(look_at__isnull=False)),
            models.Index(fields=["started_at"], name="clock_by_start", include=["customer", "target", "severity"]),
            # What reports count: promises by when they were met, and by when those fell due that were missed.
            models.Index(
                fields=["stopped_at"],
                name="clock_met",
                condition=Q(outcome="met"),
                include=["customer", "promise", "target", "severity", "used_seconds", "missed_at", "started_at"],
            ),
            models.Index(fields=["missed_at"], name="clock_missed", condition=Q(missed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.target} of {self.promise_id}"


class Breach(TenantModel):
    """A promise that was not kept. Only ever added; an annulment stands beside it (SLA-10)."""

    clock = models.ForeignKey(Clock, models.PROTECT, related_name="breaches")
    number = models.PositiveSmallIntegerField()  # 1, 2, … of the clock; the next one only after an annulment
    due_at = models.DateTimeField()
    noticed_at = models.DateTimeField()
    cause = models.CharField(_("cause"), max_length=20, choices=[(cause, CAUSE_WORDS[cause]) for cause in Cause])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "clock", "number"], name="one_breach_per_number"),
            models.CheckConstraint(condition=Q(noticed_at__gte=F("due_at")), name="missed_once_it_was_due"),
        ]
        indexes = [models.Index(fields=["-due_at", "-id"], name="breach_by_due_instant")]

    def __str__(self) -> str:
        return f"{self.clock_id} missed {self.due_at:%F %H:%M}"


class Annulment(TenantModel):
    """A verdict made a miss disappear; reports show it apart."""

    breach = models.OneToOneField(Breach, models.PROTECT, related_name="annulment")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.breach_id} annulled {self.at:%F %H:%M}"


class Firing(TenantModel):
    """A step of escalation that was reached: once for each time that it was armed (SLA-9)."""

    clock = models.ForeignKey(Clock, models.PROTECT, related_name="firings")
    percent = models.PositiveSmallIntegerField()
    at = models.DateTimeField()  # its own instant
    noticed_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)  # when people were told, or owed it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "clock", "percent", "at"], name="one_firing_per_instant")]
        indexes = [models.Index(fields=["at"], name="firing_to_tell", condition=Q(told_at=None))]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.clock_id}"
