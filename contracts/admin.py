"""Configuration of the provider's catalogue."""

from django.contrib import admin

from accounts.admin import AuditedAdmin
from contracts.models import Product, Version


@admin.register(Product)
class ProductAdmin(AuditedAdmin):
    list_display = ["name", "team", "is_offered"]


@admin.register(Version)
class VersionAdmin(AuditedAdmin):
    list_display = ["product", "number", "available_date"]
    list_filter = ["product"]
