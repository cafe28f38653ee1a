"""`manage.py receive_bounce`: what a mail server pipes in, and the one line that it gets."""

import io
import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.tenancy import as_provider
from notifications.models import Mail
from notifications.tasks import relay_outbox
from tests import factories as make
from tests.mail_server import sample

pytestmark = pytest.mark.django_db


def piped(monkeypatch, capsys, raw):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    call_command("receive_bounce")
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("form", ["postfix", "exchange", "gmail"])
def test_a_bounce_is_noted_on_its_mail(form, world, server, monkeypatch, capsys):
    make.ticket(world.contract, world.softswitch, world.ada, now=timezone.now() - timedelta(hours=1))
    relay_outbox()
    with as_provider():
        mail = Mail.objects.get(address="ada@acme.example")

    said = piped(monkeypatch, capsys, sample(form, mail.message_id))

    with as_provider():
        mail.refresh_from_db()
    assert said == {"action": "bounced", "reason": mail.last_error, "mail": mail.pk}
    assert mail.state == "bounced"


@pytest.mark.parametrize("raw", [b"", b"\0\xff" * 400_000, b"Subject: Out of office\n\nBack on Monday."])
def test_anything_else_is_ignored(raw, monkeypatch, capsys):
    assert piped(monkeypatch, capsys, raw) == {"action": "ignored", "reason": "This is no delivery report.", "mail": None}
