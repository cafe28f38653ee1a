"""Addresses of calendars and policies, for the staff."""

from django.urls import path

from sla.views import calendars, policies

console_urls = [
    path("calendars/", calendars.calendars, name="calendars"),
    path("calendars/<int:pk>/<int:year>/", calendars.year, name="calendar_year"),
    path("calendars/<int:pk>/<int:year>/day/", calendars.draft_day, name="calendar_day"),
    path("calendars/<int:pk>/<int:year>/break/", calendars.draft_break, name="calendar_break"),
    path("calendars/<int:pk>/<int:year>/week/", calendars.draft_week, name="calendar_week"),
    path("calendars/<int:pk>/<int:year>/click/", calendars.draft_click, name="calendar_click"),
    path("calendars/<int:pk>/<int:year>/take-back/", calendars.take_back, name="calendar_take_back"),
    path("calendars/<int:pk>/versions/", calendars.versions, name="calendar_versions"),
    path("policies/", policies.policies, name="policies"),
    path("policies/new/", policies.policy_new, name="policy_new"),
    path("policies/<int:pk>/", policies.policy, name="policy"),
    path("policies/<int:pk>/edit/", policies.policy_edit, name="policy_edit"),
    path("policies/<int:pk>/standard/", policies.policy_standard, name="policy_standard"),
]
