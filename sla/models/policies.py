"""Policies: what is promised for each qualification, version by version."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from sla import words
from sla.rules import SEVERITIES, TYPES, Target


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
