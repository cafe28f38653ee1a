"""Addresses of the outbox and of a person's settings."""

from django.urls import path

from notifications.views import console, profile

account_urls = [path("profile/", profile.profile, name="account_profile")]
console_urls = [
    path("outbox/", console.outbox, name="outbox"),
    path("outbox/<int:pk>/", console.mail, name="mail"),
    path("outbox/<int:pk>/html/", console.mail_html, name="mail_html"),
    path("outbox/<int:pk>/resend/", console.resend, name="mail_resend"),
]
