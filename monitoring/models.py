"""What a customer allows to be watched, what came in, and what it means.

A signal is what a tool sent, as it was; an episode is one alert from its start to its end; a situation is what a ticket was opened
for, with one episode or, in a storm, many. Nothing here names a way into a customer's environment: there is none (MON-4).
"""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Person
from accounts.tenancy import TenantModel
from contracts.models import Environment, Product
from tickets.models import Severity, Ticket


class Source(models.TextChoices):
    ALERTMANAGER = "alertmanager", _("Prometheus Alertmanager")
    ZABBIX = "zabbix", _("Zabbix")
    EVENTS = "events", _("JSON events")
    HEARTBEAT = "heartbeat", _("Heartbeats")


class Watch(TenantModel):
    """How an environment is watched. Its row is also what the worker locks: what comes from one environment is worked on in turn."""

    environment = models.OneToOneField(Environment, models.PROTECT, related_name="watch")
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product of its tickets"))
    usual_severity = models.CharField(_("severity where no rule says another"), max_length=10, choices=Severity, default=Severity.MEDIUM)
    storm_count = models.PositiveSmallIntegerField(_("alerts that make a storm"), default=20)
    storm_minutes = models.PositiveSmallIntegerField(_("within so many minutes"), default=5)
    settle_minutes = models.PositiveSmallIntegerField(_("minutes of quiet after which an alert is over"), default=5)
    keep_days = models.PositiveSmallIntegerField(_("days for which signals are kept"), default=90)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(storm_count__gte=2, storm_minutes__gte=1), name="storm_has_measure"),
            models.CheckConstraint(condition=Q(keep_days__gte=1, keep_days__lte=400), name="signals_kept_a_year_at_most"),
            models.CheckConstraint(condition=Q(settle_minutes__lte=120), name="settles_within_two_hours"),
        ]

    def __str__(self) -> str:
        return f"watch of {self.environment_id}"


class SeverityRule(TenantModel):
    """A label's value and the severity that it declares; among those that fit an alert, the first by position counts."""

    watch = models.ForeignKey(Watch, models.CASCADE, related_name="rules")
    position = models.PositiveSmallIntegerField()
    label = models.CharField(_("label"), max_length=128)
    value = models.CharField(_("value"), max_length=256)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity)

    class Meta:
        ordering = ["watch_id", "position"]
        constraints = [models.UniqueConstraint(fields=["customer", "watch", "position"], name="one_severity_rule_per_position")]

    def __str__(self) -> str:
        return f"{self.label}={self.value}: {self.severity}"


class AuthorisationQuerySet(models.QuerySet["Authorisation"]):
    def in_force(self, now: datetime) -> "AuthorisationQuerySet":
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=now), withdrawn_at=None)


class Authorisation(TenantModel):
    """A customer's standing permission to watch one environment, by one of its admins, in the words of one version of the text (MON-1)."""

    environment = models.ForeignKey(Environment, models.PROTECT, related_name="authorisations")
    text_version = models.PositiveSmallIntegerField()
    given_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)  # none: until it is withdrawn
    withdrawn_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    objects = AuthorisationQuerySet.as_manager()

    class Meta:
        ordering = ["-given_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "environment"], condition=Q(withdrawn_at=None), name="one_standing_authorisation"),
            models.CheckConstraint(condition=Q(ends_at=None) | Q(ends_at__gt=F("given_at")), name="authorisation_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"authorisation for {self.environment_id}"

    def is_in_force(self, now: datetime) -> bool:
        return self.withdrawn_at is None and (self.ends_at is None or now < self.ends_at)


class Credential(TenantModel):
    """What a tool of one environment signs in with to send one kind of signal. Only the token's hash is kept."""

    environment = models.ForeignKey(Environment, models.PROTECT, related_name="credentials")
    source = models.CharField(_("kind"), max_length=12, choices=Source)
    name = models.CharField(_("name"), max_length=80)
    token_hash = models.CharField(max_length=64)
    shown = models.CharField(max_length=12)  # the token's last characters, to tell credentials apart
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaced_by")
    expires_at = models.DateTimeField(null=True)  # a replaced one goes on for a while
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["source", "created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["customer", "token_hash"], name="one_credential_per_token")]

    def __str__(self) -> str:
        return f"{self.name} for {self.environment_id}"

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Heartbeat(TenantModel):
    """A sign of life that is expected every so often. `due_at`: when it is late, grace included; none while nothing is expected."""

    class State(models.TextChoices):
        NEW = "new", pgettext_lazy("heartbeat", "Not seen yet")
        UP = "up", pgettext_lazy("heartbeat", "On time")
        DOWN = "down", pgettext_lazy("heartbeat", "Down")
        PAUSED = "paused", pgettext_lazy("heartbeat", "Paused")

    environment = models.ForeignKey(Environment, models.PROTECT, related_name="heartbeats")
    slug = models.SlugField(_("name in the address"), max_length=60)
    name = models.CharField(_("name"), max_length=80)
    period_seconds = models.PositiveIntegerField()
    grace_seconds = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.NEW)
    last_at = models.DateTimeField(null=True)  # the last sign of life, of whatever kind
    started_at = models.DateTimeField(null=True)  # a run that began and has not ended
    due_at = models.DateTimeField(null=True)
    down_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "environment", "slug"], condition=Q(removed_at=None), name="one_heartbeat_per_slug"
            ),
            models.CheckConstraint(condition=Q(period_seconds__gte=30, grace_seconds__gte=30), name="heartbeat_has_measure"),
        ]
        # What is in time stays out of the way of the sweep, however much there is of it.
        indexes = [models.Index(fields=["due_at"], name="heartbeat_by_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return self.name


class Signal(TenantModel):
    """What was sent, as it was sent, stored before anything else is done. `body`: none once it was erased."""

    class Ping(models.TextChoices):
        SUCCESS = "success", pgettext_lazy("heartbeat", "Success")
        START = "start", pgettext_lazy("heartbeat", "Start")
        FAIL = "fail", pgettext_lazy("heartbeat", "Failure")
        LOG = "log", pgettext_lazy("heartbeat", "Log")

    environment = models.ForeignKey(Environment, models.PROTECT, db_index=False, related_name="+")
    credential = models.ForeignKey(Credential, models.PROTECT, db_index=False, related_name="+")
    authorisation = models.ForeignKey(Authorisation, models.PROTECT, db_index=False, related_name="+")
    heartbeat = models.ForeignKey(Heartbeat, models.PROTECT, null=True, db_index=False, related_name="signals")
    source = models.CharField(max_length=12, choices=Source)
    ping = models.CharField(max_length=8, choices=Ping, blank=True, default="")
    exit_code = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(null=True)  # noqa: DJ001 - none is not the same as empty
    size = models.PositiveIntegerField()
    received_at = models.DateTimeField()
    worked_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    parked_at = models.DateTimeField(null=True)  # it could not be worked on; staff look at it

    class Meta:
        indexes = [
            models.Index(fields=["environment", "id"], name="signal_waiting", condition=Q(worked_at=None, parked_at=None)),
            models.Index(fields=["environment", "-id"], name="signal_of_environment"),
            models.Index(fields=["heartbeat", "-id"], name="signal_of_heartbeat", condition=Q(heartbeat__isnull=False)),
            models.Index(fields=["received_at"], name="signal_by_arrival", condition=Q(body__isnull=False)),
            models.Index(fields=["id"], name="signal_parked", condition=Q(parked_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.source} signal {self.pk}"


class Rejection(TenantModel):
    """Signals of an environment that were refused for one reason: how many, and the last of them. As many rows as there are reasons."""

    environment = models.ForeignKey(Environment, models.PROTECT, related_name="rejections")
    reason = models.CharField(max_length=24)
    status = models.PositiveSmallIntegerField()
    detail = models.CharField(max_length=200, blank=True, default="")
    credential = models.ForeignKey(Credential, models.PROTECT, null=True, related_name="+")
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_at"]
        constraints = [models.UniqueConstraint(fields=["customer", "environment", "reason"], name="one_rejection_per_reason")]

    def __str__(self) -> str:
        return f"{self.reason} at {self.environment_id}"


class Situation(TenantModel):
    """What one ticket was opened for: an alert, or in a storm all of an environment's together.

    `settles_at`: when it is over unless it comes again; none while it lasts. `restarts`: how often it came again meanwhile.
    """

    class Cause(models.TextChoices):
        ENDED = "ended", pgettext_lazy("alert", "Ended")
        WATCH_ENDED = "watch_ended", pgettext_lazy("alert", "Watch ended")

    environment = models.ForeignKey(Environment, models.PROTECT, related_name="situations")
    ticket = models.OneToOneField(Ticket, models.PROTECT, related_name="situation")
    is_storm = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()  # when an alert last joined it
    restarts = models.PositiveIntegerField(default=0)
    settles_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)
    over_because = models.CharField(max_length=12, choices=Cause, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["settles_at"], name="situation_settling", condition=Q(settles_at__isnull=False)),
            models.Index(fields=["environment"], name="situation_lasting", condition=Q(over_at=None)),
        ]

    def __str__(self) -> str:
        return f"situation of ticket {self.ticket_id}"


class Episode(TenantModel):
    """One alert from its start to its end, however often it was repeated. `mark`: what its sender tells starts apart by.

    `count`: how often it was reported. `situation`: none when it needed no ticket: maintenance, or seen only at its end.
    """

    class End(models.TextChoices):
        RESOLVED = "resolved", pgettext_lazy("alert", "Ended")
        FOLLOWED = "followed", pgettext_lazy("alert", "Began anew")
        WATCH_ENDED = "watch_ended", pgettext_lazy("alert", "Watch ended")

    environment = models.ForeignKey(Environment, models.PROTECT, db_index=False, related_name="episodes")
    source = models.CharField(max_length=12, choices=Source)
    fingerprint = models.CharField(max_length=64)
    mark = models.CharField(max_length=64)
    heartbeat = models.ForeignKey(Heartbeat, models.PROTECT, null=True, related_name="episodes")
    title = models.CharField(max_length=200)
    severity = models.CharField(max_length=10, choices=Severity)
    evidence: "models.JSONField[Any, Any]" = models.JSONField(default=dict)  # labels, texts, values, url, log; erased with the signals
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=12, choices=End, blank=True, default="")
    in_maintenance = models.BooleanField(default=False)
    situation = models.ForeignKey(Situation, models.PROTECT, null=True, related_name="episodes")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "environment", "source", "fingerprint", "mark"], name="one_episode_per_start"),
            models.CheckConstraint(condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="episode_ends_after_it_begins"),
        ]
        indexes = [
            models.Index(fields=["environment", "source", "fingerprint", "-started_at"], name="episode_of_fingerprint"),
            models.Index(fields=["environment", "-started_at", "-id"], name="episode_of_environment"),
            models.Index(fields=["environment"], name="episode_lasting", condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.title} since {self.started_at:%F %R}"

    @property
    def lasts(self) -> bool:
        return self.ended_at is None


class Maintenance(TenantModel):
    """Time for which an environment's alerts open no ticket, since somebody works there."""

    environment = models.ForeignKey(Environment, models.PROTECT, related_name="maintenances")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    reason = models.CharField(_("reason"), max_length=200)
    planned_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    by_staff = models.BooleanField()
    planned_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)
    looked_after_at = models.DateTimeField(null=True)  # its end came, and what still lasted got its ticket

    class Meta:
        ordering = ["from_at", "id"]
        constraints = [models.CheckConstraint(condition=Q(until_at__gt=F("from_at")), name="maintenance_ends_after_it_begins")]
        indexes = [
            models.Index(fields=["environment", "until_at"], name="maintenance_planned", condition=Q(cancelled_at=None)),
            models.Index(fields=["until_at"], name="maintenance_ending", condition=Q(cancelled_at=None, looked_after_at=None)),
        ]

    def __str__(self) -> str:
        return f"maintenance of {self.environment_id} from {self.from_at:%F %R}"


class Target(TenantModel):
    """An address whose figures the customer offers; the provider's Prometheus finds it by service discovery while the gate is open."""

    environment = models.ForeignKey(Environment, models.PROTECT, related_name="targets")
    address = models.CharField(_("address"), max_length=260)
    job = models.CharField(_("job"), max_length=60)
    added_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["address"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "environment", "address"], condition=Q(removed_at=None), name="one_row_per_target")
        ]

    def __str__(self) -> str:
        return self.address


class Look(TenantModel):
    """That one of the staff looked at what a customer lets us watch. Only ever added to."""

    class Page(models.TextChoices):
        LIST = "list", _("list of environments")
        ENVIRONMENT = "environment", _("page of the environment")
        CURVES = "curves", _("curves")

    environment = models.ForeignKey(Environment, models.PROTECT, db_index=False, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    page = models.CharField(max_length=12, choices=Page)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["environment", "-at", "-id"], name="look_at_environment")]

    def __str__(self) -> str:
        return f"{self.person_id} looked at {self.environment_id}"
