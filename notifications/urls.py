"""Addresses of the outbox, of those on call, and of a person's settings."""

from django.urls import path

from notifications.views import console, on_call, profile, reaching, reports

account_urls = [
    path("profile/", profile.profile, name="account_profile"),
    path("on-call/", reaching.ways, name="account_on_call"),
    path("on-call/<int:pk>/remove/", reaching.way_remove, name="account_way_remove"),
    path("on-call/<int:pk>/test/", reaching.way_test, name="account_way_test"),
]
report_urls = [path("<slug:service>/", reports.service_reports, name="service_reports")]
console_urls = [
    path("outbox/", console.outbox, name="outbox"),
    path("outbox/addresses/", console.addresses, name="addresses"),
    path("outbox/addresses/<int:pk>/try-again/", console.try_again, name="address_try_again"),
    path("outbox/<int:pk>/", console.mail, name="mail"),
    path("outbox/<int:pk>/html/", console.mail_html, name="mail_html"),
    path("outbox/<int:pk>/resend/", console.resend, name="mail_resend"),
    path("outbox/<int:pk>/arrived/", console.arrived, name="mail_arrived"),
    path("on-call/", on_call.on_call, name="on_call"),
    path("on-call/overrides/<int:pk>/remove/", on_call.override_remove, name="override_remove"),
    path("on-call/rotas/new/", on_call.rota_new, name="rota_new"),
    path("on-call/rotas/<int:pk>/", on_call.rota_edit, name="rota_edit"),
    path("on-call/pages/<int:pk>/", on_call.page, name="page"),
    path("on-call/pages/<int:pk>/acknowledge/", on_call.page_acknowledge, name="page_acknowledge"),
    path("on-call/people/", on_call.reach, name="reach"),
    path("on-call/people/<int:pk>/test/", on_call.page_test, name="page_test"),
]
