"""A mail server that refuses whom a test names, with the words that it names."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from tooling import ports

SAMPLES = Path(__file__).parent / "notifications" / "samples"


class Server:
    """`refusals`: the answer to RCPT by address; `contents_refused`: the answer to DATA, if any."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.refusals: dict[str, str] = {}
        self.contents_refused = ""

    @property
    def reached(self) -> list[str]:
        return [message["To"] for message in self.messages]

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        if self.contents_refused:
            return self.contents_refused
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@contextmanager
def serving(settings: Any) -> Iterator[Server]:
    """The server that our mail goes to, for the time of a test."""
    server = Server()
    with ports.reserved() as port:
        controller = Controller(server, hostname=ports.LOOPBACK, port=port)
        controller.start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = ports.LOOPBACK, port
        try:
            yield server
        finally:
            controller.stop()


def sample(name: str, message_id: str) -> bytes:
    """A bounce in the form of one kind of server, about the mail of this Message-ID."""
    text = (SAMPLES / f"{name}.eml").read_text()
    return text.replace("<MESSAGE-ID>", message_id).replace("\n", "\r\n").encode()
