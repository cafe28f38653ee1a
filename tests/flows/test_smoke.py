"""The main job in one go. The code of the next release runs this file of today's, on its own schema: see tests/test_code_before.py.

It asks through pages and looks at what people see, so that it says whether today's code can work there.
"""

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from notifications.tasks import relay_outbox

pytestmark = pytest.mark.django_db
FORM = {"type": "technical", "severity": "high", "subject": "Calls drop", "description": "On every trunk."}


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


def post(client, path, **form):
    answer = client.post(path, form)
    assert answer.status_code == 302, (path, answer.status_code)
    return answer["Location"].partition("?")[0]


def test_a_ticket_is_filed_replied_to_verified_answered_and_mailed(world, settings):
    settings.MAIL_JOIN_SECONDS = 0
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    ada, sara = signed_in(world.ada), signed_in(world.sara.person)

    ticket = post(ada, "/tickets/new/", **FORM, product=world.softswitch.pk, files=SimpleUploadedFile("calls.log", b"503"))
    post(ada, f"{ticket}reply/", body="Still so.")
    post(sara, f"/console{ticket}qualify/", type="technical", severity="medium", reason="There is a way around.")
    post(sara, f"/console{ticket}answer/", kind="internal", state="", body="Not for them.")
    post(sara, f"/console{ticket}answer/", kind="public", state="resolved", body="Use this route.")
    post(ada, f"{ticket}reply/", body="It is back.")
    relay_outbox()

    page = ada.get(ticket).text
    assert [words in page for words in ("Still so.", "There is a way around.", "Use this route.", "It is back.")] == [True] * 4
    assert ("Not for them." in page, "Not for them." in sara.get(f"/console{ticket}").text) == (False, True)
    assert signed_in(world.grace).get(ticket).status_code == 404
    assert {message.to[0] for message in mail.outbox} == {"ada@acme.example", "sara@support.example", "lea@lead.example"}
    connection.check_constraints()
