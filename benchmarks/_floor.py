"""What a plain Django page costs: session, signed-in user, one query of fifty rows and six columns, one template loop.

It is the measure of everything else, so nothing here is tuned, and nothing of the helpdesk's own helps or slows it: it runs
behind the middleware of a new Django project, on a table of its own that every role may read.
"""

from collections.abc import Callable

from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import render
from django.utils.module_loading import import_string

# What `django-admin startproject` gives every page.
PLAIN = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
TABLE = """
    CREATE TABLE floor_row (
        id bigint PRIMARY KEY, number text NOT NULL, subject text NOT NULL, customer text NOT NULL, state text NOT NULL,
        severity text NOT NULL, changed_at timestamptz NOT NULL
    );
    INSERT INTO floor_row
        SELECT t.id, 'SP-' || t.id, t.subject, c.name, t.status, t.severity, t.changed_at
        FROM tickets_ticket t JOIN accounts_customer c ON c.id = t.customer_id;
    CREATE INDEX ON floor_row (changed_at DESC);
    GRANT SELECT ON floor_row TO desk_app;
    ANALYZE floor_row;
"""


class Row(models.Model):
    number = models.TextField()
    subject = models.TextField()
    customer = models.TextField()
    state = models.TextField()
    severity = models.TextField()
    changed_at = models.DateTimeField()

    objects: "models.Manager[Row]" = models.Manager()

    class Meta:
        app_label = "floor"
        db_table = "floor_row"
        managed = False

    def __str__(self) -> str:
        return self.number


def floor(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return HttpResponseForbidden()
    rows = Row.objects.order_by("-changed_at")[:50]
    return render(request, "floor.html", {"rows": rows}, using="floor")


class FloorMiddleware:
    """Sends /floor/ through a new project's middleware, and everything else through ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.plain: Callable[[HttpRequest], HttpResponse] = floor
        for name in reversed(PLAIN):
            self.plain = import_string(name)(self.plain)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.plain(request) if request.path == "/floor/" else self.get_response(request)
