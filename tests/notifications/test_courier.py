"""Pages against a service that answers, refuses, hangs and leads astray. Each is carried by a process of its own, as in production."""

import contextlib
import os
import socket
import sys
import time
from threading import Thread

import pytest

from notifications import courier
from notifications.courier import Fate, Guard, carry, is_public
from tests.service import HANG, serving
from tooling import ports

SECRET = "canary-of-a-token"


@pytest.fixture
def service():
    with serving() as service:
        yield service


def carried(url, private_allowed=True):
    return carry(url=url, title="SP-10001", text="Critical\nhttps://help.example/", private_allowed=private_allowed)


def test_a_page_arrives_with_its_title_and_text(service):
    assert carried(service.url()) == Fate()
    ((path, body),) = service.received
    assert (path, body["title"], body["message"]) == ("/phone", "SP-10001", "Critical\nhttps://help.example/")


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
def test_what_the_service_answers_is_told_by_its_number(service, status):
    service.rules["phone"] = [status]

    assert carried(service.url()) == Fate(f"status {status}")


def test_a_service_that_is_not_there():
    with ports.reserved() as port:
        assert carried(f"json://{ports.LOOPBACK}:{port}/phone") == Fate("unreachable")


def test_a_service_that_hangs_is_given_up_and_may_have_it(service, monkeypatch):
    service.rules["phone"] = [HANG]
    begun = time.monotonic()

    fate = carried(service.url())

    assert (fate, len(service.received)) == (Fate("silent", may_have_arrived=True), 1)
    assert time.monotonic() - begun < courier.LONGEST_SECONDS


def test_a_child_that_does_not_end_is_ended(service, monkeypatch):
    service.rules["phone"] = [HANG]
    monkeypatch.setattr(courier, "LONGEST_SECONDS", 1)

    assert carried(service.url()) == Fate("silent", may_have_arrived=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_an_address_of_our_own_is_never_connected_to(service, host):
    url = service.url().replace("127.0.0.1", host)

    assert (carried(url, private_allowed=False), service.received) == (Fate("private"), [])


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254"])
def test_no_service_whatever_its_kind_connects_to_an_address_of_our_own(host):
    assert carried(f"zulip://bot@{host}/{'a' * 32}", private_allowed=False) == Fate("private")


@pytest.fixture
def proxy(monkeypatch):
    """Takes one request to pass on, and refuses it."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            with contextlib.suppress(OSError), listening.accept()[0] as line:
                asked.append(line.recv(1000).split(b"\r\n")[0])
                line.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

        listening.settimeout(10)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listening.getsockname()[1]}")
        thread = Thread(target=answer)
        thread.start()
        yield asked
    thread.join()


def test_a_proxy_of_our_own_carries_pages_to_services_whose_machines_are_known(proxy):
    fate = carried("pover://" + "u" * 30 + "@" + "t" * 30, private_allowed=False)

    assert (fate.error, proxy) == ("unreachable", [b"CONNECT api.pushover.net:443 HTTP/1.0"])


def test_a_proxy_is_not_asked_to_connect_in_our_place(service, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{service.server.server_port}")

    assert (carried("json://hooks.example/path", private_allowed=False).error, service.received) == ("unreachable", [])


def test_the_child_knows_none_of_our_secrets(service, monkeypatch, tmp_path):
    spy = tmp_path / "python"
    spy.write_text(f'#!/bin/sh\nenv > {tmp_path}/env\necho "$@" > {tmp_path}/argv\nexec {sys.executable} "$@"\n')
    spy.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(spy))
    monkeypatch.setenv("SECRET_KEY", SECRET)

    assert carried(service.url(SECRET)) == Fate()
    assert {name for name in ("SECRET_KEY", "DATABASE_URL", "EMAIL_URL", "REDIS_URL") if os.environ.get(name)} != set()
    told = (tmp_path / "env").read_text() + (tmp_path / "argv").read_text()
    assert SECRET not in told
    assert "DATABASE" not in told


def test_what_is_no_address_any_more_is_told(service):
    assert carried("dbus://") == Fate("invalid")


@pytest.mark.parametrize(
    ("host", "public"),
    [
        *((host, True) for host in ("1.1.1.1", "149.154.167.220", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101")),
        *((host, False) for host in ("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.1.2.3")),
        *((host, False) for host in ("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1")),
        *((host, False) for host in ("64:ff9b::a00:1", "2002:a00:1::", "ff02::1", "localhost", "", "1.1.1.1.example")),
    ],
)
def test_only_addresses_that_anybody_may_reach_are_public(host, public):
    assert is_public(host) is public


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("open", ("/etc/passwd", "r", 0)),
        ("open", ("/usr/lib/x", "w", 0)),
        ("open", ("/usr/../etc/passwd", "r", 0)),
        ("open", ("/usrlocal/x", "r", 0)),
        ("open", ("/proc/self/root/etc/passwd", "r", 0)),
        ("open", (f"{courier.ROOT}/var/secret", "r", 0)),
        ("subprocess.Popen", ("sh",)),
        ("socket.connect", (None, "/run/postgresql/.s.PGSQL.5432")),
        ("socket.connect", (None, ("10.0.0.1", 80))),
        ("socket.sendto", (None, ("127.0.0.1", 514))),
    ],
)
def test_the_guard_refuses_files_processes_and_our_own_network(event, arguments):
    with pytest.raises(OSError, match=event):
        Guard(private_allowed=False)(event, arguments)


def test_the_guard_lets_through_what_a_service_needs():
    guard = Guard(private_allowed=False)

    guard("socket.connect", (None, ("149.154.167.220", 443)))
    guard("open", (os.__file__, "r", 0))
    assert not guard.met_private
