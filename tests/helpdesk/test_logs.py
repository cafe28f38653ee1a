"""What a line of the log holds, and what it never does."""

import json
import logging
import logging.config

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from helpdesk import logs
from tests import factories as make

SECRETIVE = {
    "to ada@acme.example it went": "to [address] it went",
    "GET /search?q=our+outage&page=2 failed": "GET /search?[…] failed",
    'duplicate key "one_person"\nDETAIL:  Key (email)=(ada@acme.example) already exists.': 'duplicate key "one_person" DETAIL: […]',
    "Key (email, name)=(x, (y)) is not present": "Key (email, name)=([…]) is not present",
    "Authorization: Bearer abc.def-ghi": "Authorization: Bearer […]",
    "password=hunter2; next": "password=[…]; next",
    "Cookie: sessionid=abcdef": "Cookie: […]",
    "redis://user:secret@host:6379/0": "redis://[…]@host:6379/0",
    "Gone: /invitations/7/s3cr3t-t0ken/": "Gone: /invitations/7/[…]",
    "Not Found: /account/password/reset/key/1-abc/": "Not Found: /account/password/reset/key/[…]",
    "one line\nroot: a forged one": "one line root: a forged one",
}


@pytest.fixture
def lines():
    """What a record becomes, as JSON."""
    configured = logs.configuration("json", "DEBUG")
    formatter = logging.config.DictConfigurator(configured).configure_formatter(configured["formatters"]["desk"])

    def told(message, *arguments, name="desk", error=None, **extra):
        info = (type(error), error, error.__traceback__) if error else None
        record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, arguments, info)
        record.__dict__.update(extra)
        return json.loads(formatter.format(record))

    return told


@pytest.mark.parametrize("message", SECRETIVE)
def test_a_line_holds_no_value_that_somebody_sent(lines, message):
    assert lines(message)["event"] == SECRETIVE[message]


def test_what_libraries_quote_is_left_out(lines):
    told = [
        lines("Internal Server Error: %s", "/secret/", name="django.request", status_code=500),
        lines("Invalid HTTP_HOST header: %r.", "secret", name="django.security.DisallowedHost"),
        lines("Invalid request from ip=1.2.3.4: secret", name="gunicorn.error"),
        lines("Received unregistered task.\nThe full contents: secret", name="celery.worker.consumer.consumer"),
    ]

    assert [line["event"] for line in told] == [
        "answered 500 Internal Server Error",
        "request refused: DisallowedHost",
        "request refused: it is not HTTP as we speak it",
        "Received unregistered task.",
    ]


def test_an_exception_tells_kinds_and_places_but_no_values(lines):
    try:
        try:
            int("secret one")
        except ValueError as first:
            raise KeyError("secret two") from first
    except KeyError as error:
        told = lines("it failed", error=error)["exception"]

    assert "secret" not in told
    assert [line for line in told.splitlines() if not line.startswith(" ")] == ["builtins.KeyError", "builtins.ValueError"]
    assert "test_logs.py" in told


@pytest.mark.django_db
def test_an_error_of_the_database_tells_its_code_and_constraint(lines, world):
    try:
        with transaction.atomic():
            make.person("Ada Twin", email=world.ada.email)
    except DatabaseError as error:
        told = lines("it failed", error=error)["exception"]

    assert "django.db.utils.IntegrityError 23505 accounts_person one_person_per_mail_address" in told
    assert world.ada.email not in told


def test_a_second_line_of_an_exception_stays_one_line_of_json():
    form = logs.configuration("json", "INFO")["formatters"]["desk"]

    assert form["processors"][-1].__class__.__name__ == "JSONRenderer"


@pytest.mark.django_db
def test_a_request_has_one_line_with_its_number_and_route(world, caplog):
    client = Client()
    client.force_login(world.ada)
    with caplog.at_level(logging.INFO, "helpdesk.observing"):
        answer = client.get("/tickets/?q=secret", headers={"X-Request-ID": "0" * 32})
    record = next(record for record in caplog.records if record.name == "helpdesk.observing")

    assert (record.method, record.route, record.status) == ("GET", "tickets/", 200)
    assert record.bytes_out == len(answer.content)
    assert len(answer["X-Request-ID"]) == 32
    assert answer["X-Request-ID"] != "0" * 32


@pytest.mark.parametrize(("given", "is_taken"), [("0" * 32, True), ("x" * 32, False), ("0" * 33, False), ("a\nb", False)])
def test_a_trusted_proxys_number_is_taken_when_it_is_one(settings, given, is_taken):
    settings.TRUSTED_PROXY = True

    assert (Client().get("/healthz", headers={"X-Request-ID": given})["X-Request-ID"] == given) == is_taken


@pytest.mark.django_db
def test_an_error_page_shows_the_number_to_quote_except_where_there_is_nothing(world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.ada)
    refused, missing = client.post("/tickets/new/"), client.get("/tickets/99999999/")

    assert (refused.status_code, missing.status_code) == (403, 404)
    assert refused["X-Request-ID"] in refused.content.decode()
    assert missing["X-Request-ID"] not in missing.content.decode()


@pytest.mark.django_db
def test_a_failed_request_shows_its_number_and_keeps_its_error_to_the_log(world, monkeypatch):
    monkeypatch.setattr(connection, "is_usable", lambda: True)
    client = Client(raise_request_exception=False)
    client.force_login(world.ada)
    with connection.execute_wrapper(_fail_on_tickets):
        answer = client.get("/tickets/")

    assert answer.status_code == 500
    assert answer["X-Request-ID"] in answer.content.decode()
    assert "secret" not in answer.content.decode()


def _fail_on_tickets(execute, sql, params, many, context):
    if "tickets_ticket" in sql or sql.startswith("EXECUTE"):  # one that this connection knows already
        raise ValueError("secret")
    return execute(sql, params, many, context)
