"""Configuration by administrators: what rarely changes and belongs to no customer."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class ConfigurationSite(AdminSite):
    site_header = _("Configuration")
    site_title = _("Configuration")
    index_title = _("Products, teams, calendars, staff")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    def register(
        self, model_or_iterable: type[Model] | Iterable[type[Model]], admin_class: "type[ModelAdmin[Any]] | None" = None, **options: Any
    ) -> None:
        """Takes only models of our own apps: those of libraries would show secrets of second factors, sessions and links."""
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        super().register([model for model in models if _is_ours(model)], admin_class, **options)


def _is_ours(model: type[Model]) -> bool:
    return Path(apps.get_app_config(model._meta.app_label).path).parent == settings.BASE_DIR
