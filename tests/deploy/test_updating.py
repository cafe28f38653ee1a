"""Updating does not close the tracker (AVA-1): gunicorn takes new code over without dropping a request."""

import http.client
import os
import signal
import threading
from collections import Counter

import pytest

from tests import factories as make
from tests.servers.starting import Browser, browser_of, desk
from tooling.processes import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
RELOADS = 2


class Crowd:
    """People who ask for pages all the time: some on a line of their own for each request, as a proxy does, some on one kept open."""

    def __init__(self, port, cookie, ticket):
        self.port, self.cookie, self.ticket = port, cookie, ticket
        self.answers, self.over = Counter(), threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(keeps,)) for keeps in (False, False, False, True)]

    def ask(self, keeps_line):
        with Browser(self.port, self.cookie) as browser:
            while not self.over.is_set():
                try:
                    status, _page = browser.ask(f"/tickets/{self.ticket}/")
                except (OSError, http.client.HTTPException) as error:
                    status = f"{type(error).__name__} ({'kept' if keeps_line else 'new'} line)"
                self.answers[status] += 1
                if not keeps_line:
                    browser.line.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_unused):
        self.over.set()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def ticket(world):
    return make.ticket(world.contract, world.softswitch, world.ada)


def test_a_reload_under_load_drops_no_request(world, ticket, tmp_path, record_property):
    with desk(tmp_path) as running:
        running.start("web")
        with browser_of(world.ada, running.port) as ada, Crowd(running.port, ada.cookie, ticket.pk) as crowd:
            for _reload in range(RELOADS):
                old = set(running.workers_of_web())
                answered = sum(crowd.answers.values())
                os.kill(running.children["web"].process.pid, signal.SIGHUP)
                assert wait_until(lambda old=old: not old & set(running.workers_of_web()), 45, pause=0.1), running.log("web")
                assert wait_until(lambda least=answered + 30: sum(crowd.answers.values()) > least, 30, pause=0.1)

    record_property("counted", f"{RELOADS} reloads, {sum(crowd.answers.values())} requests: {dict(crowd.answers)}")
    assert set(crowd.answers) == {200}
