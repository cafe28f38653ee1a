"""A real Chromium against the live server. What a page reports (an error, a refusal by the content policy) fails its test."""

import os
from collections.abc import Iterator

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import sync_playwright

FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
# A page is asked for what is not there by these tests themselves; the browser reports every such answer as an error.
ANSWERED = "Failed to load resource: the server responded with a status of "
REFUSED_FORM = f"{ANSWERED}422"


@pytest.fixture(scope="package")
def chromium():
    """The browser. While it lives, this thread has an event loop, in which Django would refuse its database."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS.split())
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Desk:
    """Opens windows, and remembers what their pages complained about."""

    def __init__(self, chromium, address):
        self.chromium, self.address = chromium, address
        self.contexts = []
        self.complaints = []

    def window(self, person=None, **options):
        """A page of a browser of its own, in which this person is signed in."""
        context = self.chromium.new_context(base_url=self.address, **({"locale": "en"} | options))
        context.set_default_timeout(10_000)
        context.on("console", self._heard)
        context.on("weberror", lambda failure: self.complaints.append(str(failure.error)))
        self.contexts.append(context)
        if person is not None:
            context.add_cookies([{"name": "sessionid", "value": session_of(person), "url": self.address}])
        return context.new_page()

    def _heard(self, message):
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.page.url if message.page else ''}: {message.text}")

    def close(self):
        for context in self.contexts:
            context.close()


def session_of(person) -> str:
    """The key of a session in which this person is signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return str(session.session_key)


@pytest.fixture
def desk(chromium, live_server, settings) -> Iterator[Desk]:
    settings.BASE_URL = live_server.url
    found = Desk(chromium, live_server.url)
    yield found
    found.close()
    assert [line for line in found.complaints if REFUSED_FORM not in line] == []
