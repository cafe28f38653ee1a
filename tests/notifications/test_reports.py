"""What a mail service reports of mails, through the front door, in the form of Postmark."""

import base64
import itertools
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tenancy import as_provider
from notifications import commands
from notifications.models import BouncingAddress, Mail
from tests import factories as make

pytestmark = pytest.mark.django_db
SECRET = "postmark:" + "s" * 32
ADDRESS = "/mail-reports/postmark/"


@pytest.fixture(autouse=True)
def service(settings):
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "x"}
    settings.ANYMAIL_WEBHOOK_SECRET = SECRET


@pytest.fixture
def mail(world):
    """One that the service took under the name pm-1."""
    make.ticket(world.contract, world.softswitch, world.ada)
    with as_provider():
        Mail.objects.exclude(address="ada@acme.example").update(due_at=timezone.now() + timedelta(days=1))
        Mail.objects.filter(address="ada@acme.example").update(due_at=timezone.now())
    taken = commands.claim(timezone.now())
    commands.mark_sent(mail=taken, service_id="pm-1", now=timezone.now())
    return taken


def post(event, secret=SECRET, path=ADDRESS, **headers):
    signed = "Basic " + base64.b64encode(secret.encode()).decode()
    body = event if isinstance(event, bytes | str) else json.dumps(event)
    return Client().post(path, body, content_type="application/json", headers={"authorization": signed} | headers).status_code


DELIVERED = {"RecordType": "Delivery", "MessageID": "pm-1", "Recipient": "ada@acme.example", "Details": "250 OK"}
BOUNCED = {
    "RecordType": "Bounce",
    "Type": "HardBounce",
    "MessageID": "pm-1",
    "Email": "ada@acme.example",
    "Details": "smtp;550 5.1.1 The account does not exist",
}
COMPLAINED = {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "MessageID": "pm-1", "Email": "ada@acme.example"}


def now_is(mail):
    with as_provider():
        mail.refresh_from_db()
        return mail.state, BouncingAddress.objects.standing().count()


def test_a_delivery_is_noted_with_its_instant(mail):
    at = timezone.now().replace(microsecond=0) + timedelta(seconds=1)
    with as_provider():
        Mail.objects.filter(pk=mail.pk).update(created_at=at - timedelta(minutes=5))
    at -= timedelta(minutes=2)

    assert post(DELIVERED | {"DeliveredAt": at.isoformat()}) == 200
    assert now_is(mail) == ("delivered", 0)
    assert (mail.outcome_at, mail.trouble) == (at, "")


@pytest.mark.parametrize("order", list(itertools.permutations([DELIVERED, BOUNCED, COMPLAINED], 3)))
def test_reports_in_any_order_and_twice_end_the_same(order, mail):
    for event in (*order, *order):
        assert post(event) == 200

    assert now_is(mail)[0] == "complained"


def test_a_bounce_marks_the_address_once(mail):
    assert [post(BOUNCED), post(BOUNCED)] == [200, 200]

    assert now_is(mail) == ("bounced", 1)
    with as_provider():
        assert BouncingAddress.objects.get().bounces == 1


def test_a_later_delivery_lifts_the_mark(mail, world):
    post(BOUNCED)
    with as_provider():
        other = Mail.objects.create(
            address="ada@acme.example", language="en", kind="x", key="x", subject="x", headline="x", state="sent", attempts=1,
            service_id="pm-2", created_at=timezone.now(), due_at=timezone.now(),
        )  # fmt: skip
    post(DELIVERED | {"MessageID": "pm-2"})

    assert now_is(other) == ("delivered", 0)


def test_a_refusal_for_our_own_fault_marks_nobody(mail):
    post(BOUNCED | {"Details": "smtp;550 5.7.1 blocked by Spamhaus"})

    assert now_is(mail) == ("bounced", 0)


def test_a_mail_is_also_known_by_what_we_sent_along(mail):
    with as_provider():
        Mail.objects.filter(pk=mail.pk).update(service_id="", state="sending")
    post(DELIVERED | {"MessageID": "pm-other", "Metadata": {"mail": str(mail.message_uuid)}})

    assert now_is(mail) == ("delivered", 0)
    assert commands.claim(timezone.now() + timedelta(hours=1)) is None


@pytest.mark.parametrize(
    "changes", [{"MessageID": "nobody's"}, {"MessageID": "\0"}, {"MessageID": 7}, {"RecordType": "Open"}, {"RecordType": "?"}]
)
def test_what_is_about_no_mail_or_says_nothing_is_taken_and_forgotten(changes, mail):
    assert post(DELIVERED | changes) == 200
    assert now_is(mail) == ("sent", 0)


def test_an_empty_name_is_nobodys(mail):
    with as_provider():
        Mail.objects.filter(pk=mail.pk).update(service_id="")
    post(DELIVERED | {"MessageID": " <> "})

    assert now_is(mail) == ("sent", 0)


@pytest.mark.parametrize(
    ("body", "status"), [("{", 400), ("[]", 400), (b"\xff", 400), ('"x"', 400), ("[" * 100_000, 400), ("x" * 1_100_000, 413)]
)
def test_what_is_no_report_is_refused(body, status, mail):
    assert post(body) == status
    assert now_is(mail) == ("sent", 0)


def test_a_wrong_secret_is_refused_before_anything_is_asked(mail):
    with CaptureQueriesContext(connection) as queries:
        assert post(BOUNCED, secret="postmark:guess") == 400

    assert len(queries) == 0
    assert now_is(mail) == ("sent", 0)


@pytest.mark.parametrize("path", ["/mail-reports/mailgun/", "/mail-reports/inbound/", "/mail-reports/smtp/"])
def test_another_service_does_not_exist(path, mail):
    assert post(BOUNCED, path=path) == 404


def test_without_a_secret_nothing_is_taken(mail, settings):
    settings.ANYMAIL_WEBHOOK_SECRET = ""

    assert post(BOUNCED) == 404


def test_a_service_that_looks_whether_we_are_there_finds_us():
    assert (Client().head(ADDRESS).status_code, Client().get(ADDRESS).status_code) == (200, 405)
