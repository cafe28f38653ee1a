"""Addresses of the outbox and of a person's settings."""

from django.urls import path

from notifications.views import console, profile, reports

account_urls = [path("profile/", profile.profile, name="account_profile")]
report_urls = [path("<slug:service>/", reports.service_reports, name="service_reports")]
console_urls = [
    path("outbox/", console.outbox, name="outbox"),
    path("outbox/addresses/", console.addresses, name="addresses"),
    path("outbox/addresses/<int:pk>/try-again/", console.try_again, name="address_try_again"),
    path("outbox/<int:pk>/", console.mail, name="mail"),
    path("outbox/<int:pk>/html/", console.mail_html, name="mail_html"),
    path("outbox/<int:pk>/resend/", console.resend, name="mail_resend"),
]
