from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class HelpdeskConfig(AppConfig):
    name = "helpdesk"

    def ready(self) -> None:
        from helpdesk import sweeps  # noqa: F401, PLC0415 - listens to the queue's signals, and needs the apps


class HelpdeskAdminConfig(admin_apps.AdminConfig):
    """Django's admin, for administrators only; see `admin.py`."""

    default = False
    default_site = "helpdesk.admin.ConfigurationSite"
