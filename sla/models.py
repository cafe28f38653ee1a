"""What contracts promise by: the business calendar whose days they count, and the policy they name."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import default_time_zone, validate_time_zone


class Calendar(models.Model):
    """A business calendar. Its zone says which day it is for every contract that names it."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default=default_time_zone, validators=[validate_time_zone])

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
