"""A mail server whose every step a test can watch, hold or spoil."""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.smtp import SMTP

from tooling import ports

HOLD, DROP, KEEP_AND_DROP = "hold", "drop", "keep and drop"  # else a rule says "" (go on) or the server's reply
Rule = Callable[[int], str]


class MailServer:
    """Listens from `start` to `stop`, always at the same port. `accepted` is what it answered for with 250, in order.

    A rule for CONNECT, EHLO, MAIL, RCPT or DATA (the mail is there as a whole) is asked with the number of times that step came.
    """

    def __init__(self) -> None:
        self.holding = contextlib.ExitStack()
        self.port = self.holding.enter_context(ports.reserved())
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server: asyncio.Server | None = None
        self.held = 0
        self.conversations: set[SMTP] = set()
        self.changed = threading.Condition()
        self.forget()

    def forget(self) -> None:
        """Everything seen, accepted, ruled and held so far."""
        with self.changed:
            self.accepted: list[Any] = []
            self.came: Counter[str] = Counter()
            self.rules: dict[str, Rule] = {}
            self.letting_go = asyncio.Event()

    # --- Its life ----------------------------------------------------------------------------------------------------
    def start(self) -> None:
        async def listen() -> None:
            self.server = await self.loop.create_server(lambda: _Conversation(self), ports.LOOPBACK, self.port)

        if self.server is None:
            self._run(listen())

    def stop(self) -> None:
        """Connections are refused from now on."""

        async def close() -> None:
            assert self.server is not None
            self.server.close()
            self.server = None
            for conversation in list(self.conversations):
                conversation.transport.abort()

        if self.server is not None:
            self._run(close())

    def end(self) -> None:
        self.stop()
        self.let_go()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()
        self.holding.close()

    def rule(self, step: str, *acts: str, then: str = "") -> None:
        """What happens the first times that the step comes, and every time after that."""
        self.came[step] = 0
        self.rules[step] = lambda number: acts[number - 1] if number <= len(acts) else then

    def let_go(self) -> None:
        """Whoever is held goes on."""
        held_by, self.letting_go = self.letting_go, asyncio.Event()
        self.loop.call_soon_threadsafe(held_by.set)

    def wait_for_held(self, number: int, seconds: float = 30) -> None:
        """Returns when so many conversations are held."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.held == number, seconds), f"{self.held} are held, not {number}"

    def wait_for(self, step: str, times: int = 1, seconds: float = 30) -> None:
        """Returns when the step has come so often."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.came[step] >= times, seconds), f"{step} came {self.came[step]} times, not {times}"

    def wait_for_mails(self, number: int, seconds: float = 60) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.accepted) >= number, seconds), f"{len(self.accepted)} mails came, not {number}"

    def counts(self) -> Counter[str]:
        """How often each mail was accepted, by Message-ID."""
        return Counter(str(message["Message-ID"]) for message in self.accepted)

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def _hold(self, by: asyncio.Event) -> None:
        try:
            self._count_held(1)
            await by.wait()
        finally:
            self._count_held(-1)

    def _count_held(self, change: int) -> None:
        with self.changed:
            self.held += change
            self.changed.notify_all()

    async def at(self, step: str, conversation: SMTP, keep: Callable[[], None] = lambda: None) -> str:
        """Follow the rule; the reply to give instead of going on."""
        with self.changed:
            self.came[step] += 1
            act = self.rules.get(step, lambda _number: "")(self.came[step])
            if act in {"", HOLD, KEEP_AND_DROP}:
                keep()
            self.changed.notify_all()
        if act == HOLD:
            await self._hold(self.letting_go)
        elif act in {DROP, KEEP_AND_DROP}:
            conversation.transport.abort()
            return "421 gone"
        return "" if act == HOLD else act


class _Conversation(SMTP):
    def __init__(self, owner: MailServer) -> None:
        super().__init__(_Steps(owner), hostname="mail.example", loop=owner.loop)
        self.owner = owner

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.owner.conversations.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.owner.conversations.discard(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        if await self.owner.at("CONNECT", self):
            return
        with contextlib.suppress(ConnectionError):
            await super()._handle_client()


class _Steps:
    def __init__(self, owner: MailServer) -> None:
        self.owner = owner

    async def handle_EHLO(self, server: SMTP, session: Any, envelope: Any, hostname: str, responses: list[str]) -> list[str]:
        session.host_name = hostname
        reply = await self.owner.at("EHLO", server)
        return [reply] if reply else responses

    async def handle_MAIL(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        reply = await self.owner.at("MAIL", server)
        if not reply:
            envelope.mail_from = address
        return reply or "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        reply = await self.owner.at("RCPT", server)
        if not reply:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        return await self.owner.at("DATA", server, keep=lambda: self.owner.accepted.append(message)) or "250 Kept"
