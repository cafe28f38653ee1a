from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path


def page(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM note")
        return HttpResponse(f"{cursor.fetchone()[0]} note")


urlpatterns = [path("", page), path("healthz", page)]
