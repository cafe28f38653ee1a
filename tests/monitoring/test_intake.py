"""Over HTTP: the token, the gate and the body are looked at, one row is stored, and the sender gets a status and a sentence."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tenancy import as_provider
from monitoring import commands, tokens
from monitoring.commands import intake
from monitoring.models import Credential, Rejection, Signal
from tests import factories as make
from tests.monitoring.conftest import alert, delivery

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: make.NOW)


def post(path, body, token="", **headers):
    content = body if isinstance(body, bytes | str) else json.dumps(body)
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    return Client().post(path, content, content_type="application/json", headers=bearer | headers)


def said(answer):
    return answer.status_code, answer.content.decode().strip()


BY_ADDRESS = "/monitoring/in/{}/alertmanager"
WHOLE = delivery(alert())


def test_a_delivery_is_stored_as_it_came_and_nothing_else_is_done(site):
    text = json.dumps(WHOLE, indent=3)

    answer = post("/monitoring/in/alertmanager", text, site.tokens["alertmanager"])

    [signal] = site.signals()
    assert said(answer) == (202, f"Taken as {signal.pk}.")
    assert (signal.source, signal.body, signal.received_at, signal.worked_at) == ("alertmanager", text, make.NOW, None)
    assert site.episodes() == []


def test_the_token_may_stand_in_the_address(site):
    assert post(BY_ADDRESS.format(site.tokens["alertmanager"]), WHOLE).status_code == 202


def test_a_customers_signal_is_that_customers(site):
    site.send(WHOLE)

    with as_provider():
        assert Signal.objects.get().customer == site.world.acme


def test_storing_costs_two_statements(site):
    site.send(WHOLE)

    with CaptureQueriesContext(connection) as queries:
        site.send(WHOLE)

    asked = [query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE", "SELECT set_config"))]
    assert len(asked) == 2


UNKNOWN = (401, "This token is not known. Copy it again from the environment's page, or make a new one.")


@pytest.mark.parametrize("token", ["", "x", "7", "7-", "-x", "99999999999999999999-x", "7-" + "x" * 100, "7-é", "٧-abc"])
def test_a_wrong_token_is_refused_and_nothing_is_written(site, token):
    answer = post(
        "/monitoring/in/alertmanager", WHOLE, headers={"Authorization": f"Bearer {token}".encode("latin-1", "replace").decode("latin-1")}
    )

    assert said(answer) == UNKNOWN
    assert (site.signals(), site.rejections()) == ([], {})


def test_another_customers_number_in_front_opens_nothing(site):
    secret = site.tokens["alertmanager"].partition("-")[2]

    assert said(post(BY_ADDRESS.format(f"{site.world.globex.pk}-{secret}"), WHOLE)) == UNKNOWN
    assert site.rejections() == {}


def test_a_revoked_token_is_refused_and_the_page_tells(site):
    credential, token = make.credential(site.world.ada, site.environment)
    commands.revoke_credential(actor=site.world.ada, credential=credential, now=make.NOW)

    answer = post(BY_ADDRESS.format(token), WHOLE)

    assert said(answer) == (401, "This token was revoked or replaced. Take the present one.")
    assert (site.signals(), site.rejections()) == ([], {"revoked": 1})


def test_a_replaced_token_goes_on_for_a_day(site):
    credential, token = make.credential(site.world.ada, site.environment)
    _made, other = commands.rotate_credential(actor=site.world.ada, credential=credential, now=make.NOW)

    assert site.send(WHOLE, 60 * 24 - 1, token=token)
    with pytest.raises(intake.Revoked):
        site.send(WHOLE, 60 * 24, token=token)
    assert site.send(WHOLE, 60 * 24, token=other)


def test_only_hashes_of_tokens_are_kept(site):
    with as_provider():
        rows = list(Credential.objects.values_list("token_hash", "shown"))

    assert set(rows) == {(tokens.hashed(token), token[-4:]) for token in site.tokens.values()}


def test_a_token_for_one_kind_takes_no_other(site):
    assert said(post(BY_ADDRESS.format(site.tokens["zabbix"]), WHOLE)) == (403, "This token is for signals of another kind.")
    assert site.rejections() == {"other_kind": 1}


def test_the_next_signal_after_a_withdrawal_is_refused(site):
    assert post(BY_ADDRESS.format(site.tokens["alertmanager"]), WHOLE).status_code == 202
    commands.withdraw(actor=site.world.ada, environment=site.environment, erase=False, now=make.NOW)

    answer = post(BY_ADDRESS.format(site.tokens["alertmanager"]), WHOLE)

    assert said(answer) == (403, "An admin of the customer has not authorised monitoring of this environment, or has withdrawn it.")
    assert (len(site.signals()), site.rejections()) == (1, {"unauthorised": 1})


BAD = {
    "no JSON": (b"{", 422, "This is not JSON in UTF-8."),
    "no UTF-8": ("ação".encode("latin-1"), 422, "This is not JSON in UTF-8."),
    "UTF-16": (json.dumps(WHOLE).encode("utf-16"), 422, "This is not JSON in UTF-8."),
    "nothing": (b"", 422, "This is not JSON in UTF-8."),
    "a NUL": (b'{"version": "4\x00"}', 422, "This is not JSON in UTF-8."),
    "10 MB of labels": (
        b'{"version": "4", "x": "' + b"x" * 10_000_000,
        413,
        "More than 1 MB can't be sent at once; set max_alerts, or send a shorter log.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_body_gets_a_status_and_a_sentence_and_the_page_tells(site, name):
    body, status, sentence = BAD[name]

    answer = post(BY_ADDRESS.format(site.tokens["alertmanager"]), body)

    assert said(answer) == (status, sentence)
    assert (site.signals(), site.rejections()) == ([], {"too_large" if status == 413 else "not_understood": 1})


def test_refusals_are_counted_by_reason_and_the_last_is_kept(site):
    for body in (b"{", b"[]", b'{"version": "9", "alerts": [{}]}'):
        post(BY_ADDRESS.format(site.tokens["alertmanager"]), body)

    with as_provider():
        [kept] = Rejection.objects.filter(environment=site.environment)
    assert (kept.reason, kept.count, kept.detail) == ("not_understood", 3, "Only version 4 of Alertmanager's webhook is known here.")


def test_whoever_goes_on_sending_what_is_refused_writes_no_more_about_it(site):
    for _each in range(110):
        with pytest.raises(intake.NotUnderstood):
            commands.accept(source="alertmanager", token=site.tokens["alertmanager"], body=b"{", now=make.NOW, tick=0.0)

    assert site.rejections() == {"not_understood": 100}


def test_a_compressed_or_chunked_body_is_refused(site):
    path = BY_ADDRESS.format(site.tokens["alertmanager"])

    assert post(path, WHOLE, **{"Content-Encoding": "gzip"}).status_code == 415
    assert post(path, WHOLE, **{"Transfer-Encoding": "chunked"}).status_code == 411


def test_a_token_that_is_used_too_often_is_told_to_wait(site, monkeypatch):
    monkeypatch.setattr(intake, "pace", intake.Pace(2))
    monkeypatch.setattr("time.monotonic", lambda: 0.0)

    answers = [post(BY_ADDRESS.format(site.tokens["alertmanager"]), WHOLE) for _each in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2]["Retry-After"] == "5"


def test_another_token_has_a_pace_of_its_own(site, monkeypatch):
    monkeypatch.setattr(intake, "pace", intake.Pace(1))
    monkeypatch.setattr("time.monotonic", lambda: 0.0)
    other = make.credential(site.world.ada, site.environment)[1]

    assert [post(BY_ADDRESS.format(token), WHOLE).status_code for token in (site.tokens["alertmanager"], other)] == [202, 202]


def test_only_posts_are_taken(site):
    assert Client().get(BY_ADDRESS.format(site.tokens["alertmanager"])).status_code == 405


@pytest.mark.parametrize("ending", ["", "/"])
@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_a_sign_of_life_comes_by_any_usual_method(site, method, ending):
    beat = make.heartbeat(site.world.ada, site.environment)

    answer = getattr(Client(), method)(f"/monitoring/beat/{site.tokens['heartbeat']}/{beat.slug}{ending}")

    assert answer.status_code == 200
    assert [(one.ping, one.heartbeat_id) for one in site.signals()] == [("success", beat.pk)]


@pytest.mark.parametrize(
    ("ending", "ping", "code"),
    [
        ("/start", "start", None),
        ("/start/", "start", None),
        ("/fail", "fail", None),
        ("/log", "log", None),
        ("/0", "success", 0),
        ("/1", "fail", 1),
        ("/255", "fail", 255),
    ],
)
def test_a_sign_of_life_says_how_it_went(site, ending, ping, code):
    beat = make.heartbeat(site.world.ada, site.environment)

    answer = Client().post(
        f"/monitoring/beat/{site.tokens['heartbeat']}/{beat.slug}{ending}", b"x" * 20_000 + b"the end", content_type="text/plain"
    )

    [signal] = site.signals()
    assert (answer.status_code, signal.ping, signal.exit_code, len(signal.body), signal.body[-7:]) == (200, ping, code, 10_000, "the end")


@pytest.mark.parametrize("ending", ["/256", "/-1", "/done", "/99999", "/0000999999", "/" + "0" * 300 + "1", "/²", "/٣"])
def test_another_ending_is_not_found(site, ending):
    beat = make.heartbeat(site.world.ada, site.environment)

    assert Client().post(f"/monitoring/beat/{site.tokens['heartbeat']}/{beat.slug}{ending}").status_code == 404


def test_a_heartbeat_that_nobody_added_is_not_found(site):
    answer = Client().get(f"/monitoring/beat/{site.tokens['heartbeat']}/nightly")

    assert said(answer) == (404, "There is no heartbeat of this name. Add it on the environment's page first.")
    assert site.rejections() == {"no_heartbeat": 1}
