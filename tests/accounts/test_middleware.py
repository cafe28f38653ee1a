"""What a request may send before it is known who asks, and when it is read."""

from io import BytesIO

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.middleware import STRANGERS_BYTES

pytestmark = pytest.mark.django_db


class Untouchable(BytesIO):
    def read(self, *args):
        raise AssertionError("the body was read")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"CONTENT_LENGTH": str(STRANGERS_BYTES + 1)}, 413),
        ({"CONTENT_LENGTH": "9" * 30}, 413),
        ({"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}, 411),
    ],
)
@pytest.mark.parametrize("name", ["account_login", "portal:upload"])
def test_a_strangers_large_body_is_refused_unread(name, headers, status):
    answer = Client().generic("POST", reverse(name), **headers, **{"wsgi.input": Untouchable()})

    assert answer.status_code == status


@pytest.mark.parametrize(("length", "status"), [("9" * 13, 413), ("9" * 30, 413), ("-1", 413), ("x", 413)])
def test_nobody_may_announce_more_than_a_form_can_hold(world, length, status):
    client = Client()
    client.force_login(world.ada)
    answer = client.generic("POST", reverse("portal:upload"), CONTENT_LENGTH=length, **{"wsgi.input": Untouchable()})

    assert answer.status_code == status


def test_a_strangers_form_is_taken(world):
    answer = Client().post(reverse("account_login"), {"login": world.ada.email, "password": "x" * 1000})

    assert answer.status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_strangers_form_is_received_before_the_transaction():
    open_while_reading = []

    class Watched(BytesIO):
        def read(self, *args):
            open_while_reading.append(connection.in_atomic_block)
            return super().read(*args)

    body = b"login=ada%40acme.example&password=x"
    Client().generic(
        "POST",
        reverse("account_login"),
        **{"wsgi.input": Watched(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/x-www-form-urlencoded"},
    )

    assert set(open_while_reading) == {False}
