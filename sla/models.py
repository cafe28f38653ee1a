"""What contracts promise by: the business calendar whose days they count, and the policy they name."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, default_time_zone, validate_time_zone
from sla import words
from sla.content import Content, from_json
from sla.rules import SEVERITIES, TYPES, Target
from sla.shipped import Follows


class Calendar(models.Model):
    """A business calendar. Its zone says which day it is for every contract that names it.

    Name, zone and whose holidays it has; the hours and days are in its versions. The zone never changes: every version is local to it.
    """

    HOLIDAYS = (
        (Follows.NOTHING.value, _("None: days are entered by hand")),
        (Follows.BRAZIL.value, _("Brazil")),
        (Follows.FLORIANOPOLIS.value, _("Brazil and Florianópolis")),
    )

    name = models.CharField(_("name"), max_length=80, unique=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default=default_time_zone, validators=[validate_time_zone])
    follows = models.CharField(_("holidays"), max_length=20, blank=True, choices=HOLIDAYS, default="", db_default="")

    class Meta:
        ordering = ["name"]
        verbose_name = _("business calendar")
        verbose_name_plural = _("business calendars")

    def __str__(self) -> str:
        return self.name

    def day_of(self, instant: datetime) -> date:
        """The local date of an instant in this calendar's zone."""
        return instant.astimezone(ZoneInfo(self.time_zone)).date()


class Policy(models.Model):
    """A table of promises, by name. One is the standard, which applies unless a contract names another."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    is_standard = models.BooleanField(_("applies unless a contract names another"), default=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("SLA policy")
        verbose_name_plural = _("SLA policies")
        constraints = [models.UniqueConstraint(fields=["is_standard"], condition=models.Q(is_standard=True), name="one_standard_policy")]

    def __str__(self) -> str:
        return self.name


class CalendarVersion(models.Model):
    """What a calendar says from an instant on (SLA-3). Only ever added to: what was counted by it can be counted again (SLA-11).

    The first rules for all time before the second. Columns of content are those of `content.to_json`.
    """

    class Kind(models.TextChoices):
        FIRST = "first", _("As shipped")
        CHANGED = "changed", _("Changed")
        EXTENDED = "extended", _("Holidays of further years")

    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    rules_from = models.DateTimeField(_("rules from"), null=True)
    week: "models.JSONField[Any, Any]" = models.JSONField()
    dates: "models.JSONField[Any, Any]" = models.JSONField()
    holidays: "models.JSONField[Any, Any]" = models.JSONField()
    breaks: "models.JSONField[Any, Any]" = models.JSONField()
    proposals: "models.JSONField[Any, Any]" = models.JSONField()
    holidays_until = models.PositiveSmallIntegerField(null=True)  # the last year whose holidays were entered by what it follows
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    author = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["calendar_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "number"], name="one_row_per_calendar_version"),
            models.UniqueConstraint(fields=["calendar", "rules_from"], name="one_calendar_version_at_a_time"),
            models.CheckConstraint(
                condition=models.Q(number=1, rules_from=None) | models.Q(number__gt=1, rules_from__isnull=False),
                name="first_calendar_version_rules_always",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.calendar_id}"

    def content(self) -> Content:
        """Hours and days as plain values, local to the calendar's zone."""
        return from_json(
            {"week": self.week, "dates": self.dates, "holidays": self.holidays, "breaks": self.breaks, "proposals": self.proposals}
        )


# The longest target: 90 days around the clock, or just under a year of business days. A promise of years is a slip of the pen.
MOST_MINUTES = 90 * 24 * 60


class PolicyVersion(models.Model):
    """What a policy promises to tickets opened from an instant on, until the next version. Whole, and never changed.

    Number 1 has no such instant: it rules everything before number 2.
    """

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("version"))
    rules_from = models.DateTimeField(_("rules tickets opened from"), null=True)
    reason = models.CharField(_("reason"), max_length=200)
    author = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", verbose_name=_("who made it"))
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["policy_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="one_row_per_policy_version"),
            models.CheckConstraint(
                condition=Q(number=1, rules_from__isnull=True) | Q(number__gt=1, rules_from__isnull=False),
                name="first_version_rules_from_ever",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.policy_id}"


def _in_range(target: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{f"{target}_minutes__gte": 1, f"{target}_minutes__lte": MOST_MINUTES}), name=f"{target}_within_range"
    )


class PolicyRow(models.Model):
    """A version's promise for one qualification: coverage, and targets in minutes of it; null where nothing is promised."""

    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="rows")
    type = models.CharField(_("type"), max_length=16, choices=words.TYPES)
    severity = models.CharField(_("severity"), max_length=10, choices=words.SEVERITIES)
    always = models.BooleanField(_("covered 24x7"))
    first_response_minutes = models.PositiveIntegerField(_("first response in minutes"), null=True)
    next_update_minutes = models.PositiveIntegerField(_("next update in minutes"), null=True)
    resolution_minutes = models.PositiveIntegerField(_("resolution in minutes"), null=True)

    class Meta:
        ordering = ["version_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["version", "type", "severity"], name="one_row_per_qualification"),
            models.CheckConstraint(
                condition=Q(type__in=TYPES, severity__in=SEVERITIES) & (~Q(severity="critical") | Q(type="technical")),
                name="row_of_a_qualification_there_is",
            ),
            models.CheckConstraint(
                condition=Q(first_response_minutes__isnull=False)
                | Q(next_update_minutes__isnull=False)
                | Q(resolution_minutes__isnull=False),
                name="row_promises_something",
            ),
            *(_in_range(target) for target in Target),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.severity} in {self.version_id}"


class EscalationStep(models.Model):
    """Who a version tells when so many percent of a target are used up (SLA-9)."""

    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="steps")
    percent = models.PositiveSmallIntegerField(_("percent used up"))
    tells_assignee = models.BooleanField(_("tells the assignee"))
    tells_lead = models.BooleanField(_("tells the lead"))
    tells_account_manager = models.BooleanField(_("tells the account manager"))

    class Meta:
        ordering = ["version_id", "percent"]
        constraints = [
            models.UniqueConstraint(fields=["version", "percent"], name="one_step_per_percent"),
            models.CheckConstraint(condition=Q(percent__gte=1, percent__lte=100), name="step_within_its_target"),
            models.CheckConstraint(
                condition=Q(tells_assignee=True) | Q(tells_lead=True) | Q(tells_account_manager=True), name="step_tells_somebody"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % in {self.version_id}"
