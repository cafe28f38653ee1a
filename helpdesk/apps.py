from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class HelpdeskConfig(AppConfig):
    name = "helpdesk"


class HelpdeskAdminConfig(admin_apps.AdminConfig):
    """Django's admin, for administrators only; see `admin.py`."""

    default = False
    default_site = "helpdesk.admin.ConfigurationSite"
