"""Configuration of calendars and policies."""

from django.contrib import admin

from accounts.admin import AuditedAdmin
from sla.models import Calendar, Policy


@admin.register(Calendar)
class CalendarAdmin(AuditedAdmin):
    list_display = ["name", "time_zone"]


@admin.register(Policy)
class PolicyAdmin(AuditedAdmin):
    list_display = ["name", "is_standard"]
