"""Configuration by administrators: what rarely changes and belongs to no customer."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class ConfigurationSite(AdminSite):
    site_header = _("Configuration")
    site_title = _("Configuration")
    index_title = _("Products, teams, calendars, staff")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff)
