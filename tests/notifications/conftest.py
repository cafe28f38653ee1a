"""A mail server for the tests here."""

import pytest

from tests.mail_server import serving


@pytest.fixture
def server(settings):
    with serving(settings) as server:
        yield server
