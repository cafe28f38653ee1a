"""Every address: the portal at /, the console at /console/, configuration at /admin/, one's own account at /account/."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

import accounts.urls
import billing.urls
import contracts.urls
import monitoring.urls
import notifications.urls
import releases.urls
import sla.urls
import tickets.urls
from helpdesk import figures, views

portal_urls: list[URLPattern | URLResolver] = [
    path("", views.portal_home, name="home"),
    *tickets.urls.portal_urls,
    *billing.urls.portal_urls,
    *contracts.urls.portal_urls,
    *monitoring.urls.portal_urls,
    *releases.urls.portal_urls,
    *accounts.urls.portal_urls,
]
console_urls: list[URLPattern | URLResolver] = [
    path("", views.console_home, name="home"),
    path("customers/<int:pk>/", views.customer, name="customer"),
    *tickets.urls.console_urls,
    *billing.urls.console_urls,
    *contracts.urls.console_urls,
    *monitoring.urls.console_urls,
    *sla.urls.console_urls,
    *releases.urls.console_urls,
    *accounts.urls.console_urls,
    *notifications.urls.console_urls,
]
handler429 = "helpdesk.limiting.too_many_attempts"
handler500 = "helpdesk.views.server_error"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", figures.metrics, name="metrics"),
    path("robots.txt", views.robots, name="robots"),
    path("mail-reports/", include(notifications.urls.report_urls)),
    path("monitoring/", include(monitoring.urls.machine_urls)),
    path("account/", include([*accounts.urls.account_urls, *notifications.urls.account_urls])),
    path("invitations/", include(accounts.urls.invitation_urls)),
    path("admin/", admin.site.urls),
    path("console/", include((console_urls, "console"))),
    path("", include((portal_urls, "portal"))),
]
