"""Carries one page to one service, in a process of its own that may be ended at any time and knows nothing but this page.

What a service answers, how long it takes and which machine it names is not ours: the child has a few seconds, opens no file, and
connects to public addresses only, looked at when the connection is made, after names were resolved and redirects followed. The one
address of ours that it may reach is that of the configured proxy, and only for services whose machines are known. The address holds
secrets: it goes in by standard input, and only a code comes out.
"""

import contextlib
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Set
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 8.0
CHILD_SECONDS = 20  # a service that trickles is given up then
LONGEST_SECONDS = CHILD_SECONDS + 5
ROOT = Path(__file__).resolve().parent.parent
# What the child may know of its surroundings: how to reach the network, no secret of ours.
KEPT = ("PATH", "LANG", "LC_ALL", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE")
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
READABLE_FOLDERS = (sys.prefix, sys.base_prefix, "/usr", "/etc/ssl", "/etc/pki", "/proc/self", str(ROOT / "notifications"))
READABLE = tuple({os.path.realpath(place) + os.sep for place in READABLE_FOLDERS})
READABLE_FILES = {os.path.realpath(place) for place in ("/etc/mime.types", "/dev/null")}
NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Fate:
    """`error`: a code, empty when the service took it: private, unreachable, silent, refused, invalid, or `status 500`.

    `may_have_arrived`: the service had all of it and fell silent.
    """

    error: str = ""
    may_have_arrived: bool = False


def carry(*, url: str, title: str, text: str, private_allowed: bool) -> Fate:
    """Hand a page to the service that the address names; takes LONGEST_SECONDS at most. What goes wrong is told, nothing is raised."""
    order = json.dumps({"url": url, "title": title, "text": text, "private_allowed": private_allowed})
    surroundings = {name: os.environ[name] for name in KEPT if name in os.environ} | {"PYTHONPATH": str(ROOT), "HOME": os.devnull}
    command = [sys.executable, "-m", "notifications.courier"]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, input=order, capture_output=True, text=True, timeout=LONGEST_SECONDS, env=surroundings, cwd="/", check=False
        )
    except subprocess.TimeoutExpired:
        return Fate("silent", may_have_arrived=True)
    if done.returncode == -signal.SIGALRM:
        return Fate("silent", may_have_arrived=True)
    try:
        said = json.loads(done.stdout)
        return Fate(str(said["error"]), bool(said["may_have_arrived"]))
    except (ValueError, KeyError, TypeError):
        return Fate("refused", may_have_arrived=True)


# --- In the child ---------------------------------------------------------------------------------------------------
class Watched(logging.Handler):
    """Reads what Apprise logs, which nobody else sees: it may quote secrets."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())

    def fate(self) -> Fate:
        text = "\n".join(self.said)
        if status := re.search(r"error=(\d{3})\b", text):
            return Fate(f"status {status[1]}")
        if re.search(r"Read timed out|RemoteDisconnected|Connection aborted|Connection unexpectedly closed", text):
            return Fate("silent", may_have_arrived=True)
        if re.search(r"(?i)connection error|Socket Exception|NewConnectionError|timed out", text):
            return Fate("unreachable")
        return Fate("refused")


class Guard:
    """What the interpreter asks before a file is opened, a process started or a connection made; it can't be taken away again."""

    def __init__(self, private_allowed: bool, proxies: Set[tuple[str, int]] = frozenset()) -> None:
        self.private_allowed = private_allowed
        self.proxies = proxies
        self.met_private = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork"}:
            raise PermissionError(event)
        if event == "open" and not self._may_open(arguments):
            raise PermissionError(event)
        if event in {"socket.connect", "socket.sendto"} and not self._may_reach(arguments[1]):
            self.met_private = True
            raise ConnectionRefusedError(event)

    def _may_open(self, arguments: tuple[Any, ...]) -> bool:
        path, mode = arguments[0], str(arguments[1] or "r")
        if isinstance(path, int):
            return True
        place = os.path.realpath(os.fsdecode(path))  # where it leads, past links and `..`
        return not set(mode) & set("wxa+") and (place in READABLE_FILES or place.startswith(READABLE))

    def _may_reach(self, address: Any) -> bool:
        if self.private_allowed:
            return True
        if not isinstance(address, tuple):
            return False  # a socket of this machine
        return is_public(str(address[0])) or address[:2] in self.proxies


def is_public(host: str) -> bool:
    """Whether an IP address is one that anybody may reach; False for anything else, a name too."""
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in NAT64:
            inner = ip_address(found.packed[-4:])  # type: ignore[assignment]  # four bytes are an IPv4 address
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


def proxy_addresses() -> set[tuple[str, int]]:
    """Where the proxies of the surroundings listen, as a connection names it; one whose name is unknown is left out."""
    found: set[tuple[str, int]] = set()
    for name in PROXIES:
        said = os.environ.get(name, "")
        with contextlib.suppress(ValueError, OSError):
            parts = urlsplit(said if "://" in said else f"http://{said}")
            if parts.hostname:
                port = parts.port or {"https": 443}.get(parts.scheme, 80)
                found |= {(str(at[0]), port) for *_kind, at in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)}
    return found


def run(order: Mapping[str, Any]) -> Fate:
    from notifications.services import NotAllowed, plugin_for, service_of  # noqa: PLC0415 - the parent needs none of it

    watched = Watched()
    library = logging.getLogger("apprise")
    library.handlers, library.propagate = [watched], False
    library.setLevel(logging.DEBUG)
    service = service_of(order["url"])
    if service is None or service.anywhere:
        for name in PROXIES:
            os.environ.pop(name, None)  # a proxy would connect in our place, to wherever it is told
    try:
        plugin = plugin_for(order["url"])
    except (NotAllowed, ValueError):
        return Fate("invalid")
    guard = Guard(bool(order["private_allowed"]), proxy_addresses())
    plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_SECONDS, ANSWER_SECONDS
    sys.addaudithook(guard)
    sent = plugin.notify(body=order["text"], title=order["title"], body_format="text")
    if guard.met_private:
        return Fate("private")
    return Fate() if sent else watched.fate()


def main() -> None:
    """One order from standard input, one answer to standard output."""
    signal.alarm(CHILD_SECONDS)
    fate = run(json.load(sys.stdin))
    print(json.dumps({"error": fate.error, "may_have_arrived": fate.may_have_arrived}))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
