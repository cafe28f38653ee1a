"""Addresses of calendars, for the staff."""

from django.urls import path

from sla.views import calendars

console_urls = [
    path("calendars/", calendars.calendars, name="calendars"),
    path("calendars/<int:pk>/<int:year>/", calendars.year, name="calendar_year"),
    path("calendars/<int:pk>/<int:year>/day/", calendars.draft_day, name="calendar_day"),
    path("calendars/<int:pk>/<int:year>/break/", calendars.draft_break, name="calendar_break"),
    path("calendars/<int:pk>/<int:year>/week/", calendars.draft_week, name="calendar_week"),
    path("calendars/<int:pk>/<int:year>/click/", calendars.draft_click, name="calendar_click"),
    path("calendars/<int:pk>/<int:year>/take-back/", calendars.take_back, name="calendar_take_back"),
    path("calendars/<int:pk>/review/", calendars.review, name="calendar_review"),
    path("calendars/<int:pk>/versions/", calendars.versions, name="calendar_versions"),
]
