"""Business calendars: whose days and hours contracts count, version by version."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, default_time_zone, validate_time_zone
from sla.content import Content, from_json
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
