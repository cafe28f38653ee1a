"""Configuration of calendars and policies."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin import AuditedAdmin
from sla.commands.calendars import begin_calendar
from sla.commands.policies import add_policy
from sla.models import Calendar, Policy


@admin.register(Calendar)
class CalendarAdmin(AuditedAdmin):
    """Names of calendars, and new ones, which begin as shipped. Hours and days are changed in the console, by versions.

    Zone and holidays stay what they were at the beginning: every version, and what was counted by it, is local to that zone.
    """

    fields = ["name", "time_zone", "follows"]
    list_display = ["name", "time_zone", "follows"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["time_zone", "follows"] if obj is not None else []

    def save_model(self, request: HttpRequest, obj: Calendar, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            begin_calendar(actor=request.user, calendar=obj, now=timezone.now())  # type: ignore[arg-type]  # the site admits only people


@admin.register(Policy)
class PolicyAdmin(AuditedAdmin):
    """Names of policies. What they promise, and which is the standard, is changed on their pages in the console."""

    list_display = ["name", "is_standard"]
    fields = ["name"]

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made = add_policy(
            actor=request.user,  # type: ignore[arg-type]  # the site admits only people
            name=obj.name,
            now=timezone.now(),
        )
        obj.pk = made.pk
