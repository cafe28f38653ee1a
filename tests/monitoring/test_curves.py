"""Curves come from the provider's own server by fixed questions, and what that server does wrong is an image that says so."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import as_provider
from monitoring import curves
from monitoring.models import Look
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings):
    """Answers with `says`, and keeps what it was asked."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            httpd.asked.append(self.path)
            status, headers, body = httpd.says
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_unused):
            pass

    httpd = HTTPServer(("127.0.0.1", 0), Answering)
    httpd.asked, httpd.says = [], (200, {}, figures((make.NOW.timestamp(), "42")))
    settings.PROMETHEUS_URL = f"http://127.0.0.1:{httpd.server_port}"
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield httpd
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def figures(*values):
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": list(values)}]}}).encode()


def draw(site, person, face="portal", key="processor", span="day"):
    client = Client()
    client.force_login(person)
    answer = client.get(reverse(f"{face}:watch_curve", args=[site.environment.pk, key, span]))
    return answer, b"".join(answer).decode() if answer.streaming else answer.content.decode()


def test_a_curve_is_drawn_for_the_environments_people(site, server, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: make.NOW)
    server.says = 200, {}, figures((make.NOW.timestamp() - 60, "12.5"), (make.NOW.timestamp(), "50"))

    answer, image = draw(site, site.world.alan)

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")
    assert "<polyline" in image
    assert "Processor in use" in image


def test_the_question_is_fixed_and_names_the_environment_alone(site, server):
    draw(site, site.world.alan, key="reachable")

    [asked] = server.asked
    query = parse_qs(urlsplit(asked).query)
    assert (urlsplit(asked).path, query["query"]) == ("/api/v1/query_range", [f'100 * avg(up{{environment_id="{site.environment.pk}"}})'])


@pytest.mark.parametrize(("key", "span"), [("up", "day"), ("reachable", "year"), ("reachable-1", "day")])
def test_another_question_does_not_exist(site, server, key, span):
    answer, _image = draw(site, site.world.alan, key=key, span=span)

    assert (answer.status_code, server.asked) == (404, [])


def test_another_customers_environment_does_not_exist(site, server):
    answer, _image = draw(site, site.world.grace)

    assert (answer.status_code, server.asked) == (404, [])


def test_a_look_of_the_staff_is_written_down(site, server):
    draw(site, site.world.sara.person, face="console")

    with as_provider():
        assert list(Look.objects.values_list("person", "page")) == [(site.world.sara.pk, "curves")]


WRONG = {
    "an error": (500, {}, b"oops"),
    "no JSON": (200, {}, b"<html>"),
    "something else": (200, {}, b'{"data": []}'),
    "too much": (200, {}, b" " * (curves.LARGEST_BYTES + 1)),
    "elsewhere": (302, {"Location": "http://169.254.169.254/"}, b""),
    "no numbers": (200, {}, figures((1, "x"))),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_the_server_does_wrong_is_said_in_the_image(site, server, name):
    server.says = WRONG[name]

    answer, image = draw(site, site.world.alan)

    assert (answer.status_code, "These figures can&#x27;t be had right now." in image) == (200, True)
    assert len(server.asked) == 1


def test_figures_that_are_none_are_left_out(site, server):
    server.says = 200, {}, figures((1, "NaN"), (2, "+Inf"))

    assert "There are no figures of this time." in draw(site, site.world.alan)[1]


def test_without_a_server_there_are_no_curves(site, settings):
    settings.PROMETHEUS_URL = ""
    client = Client()
    client.force_login(site.world.alan)

    assert draw(site, site.world.alan)[0].status_code == 404
    assert "watch-curve" not in client.get(reverse("portal:watch", args=[site.environment.pk])).content.decode()
