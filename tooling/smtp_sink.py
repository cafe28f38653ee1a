"""Receives all mail and delivers none: each message becomes a file. Runs inside `.venv`: python -m tooling.smtp_sink FOLDER --descriptor N."""

import argparse
import asyncio
import itertools
import os
import socket
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST_BYTES = 200 * 1024 * 1024


class Folder:
    """A maildir: written in tmp/, complete in new/, named in order of arrival. Sender and recipients are the first header lines."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.numbers = itertools.count()
        for name in ("tmp", "new", "cur"):
            (root / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        name = f"{time.time_ns()}.{os.getpid()}.{next(self.numbers):04}.eml"
        head = f"X-MailFrom: {envelope.mail_from}\r\nX-RcptTo: {', '.join(envelope.rcpt_tos)}\r\n"
        content = envelope.content or b""
        (self.root / "tmp" / name).write_bytes(head.encode() + (content if isinstance(content, bytes) else content.encode()))
        (self.root / "tmp" / name).rename(self.root / "new" / name)
        return "250 Kept"


async def receive(root: Path, listening: socket.socket) -> None:
    """Serves until it is killed."""
    folder = Folder(root)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(folder, data_size_limit=LARGEST_BYTES, enable_SMTPUTF8=True), sock=listening)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--descriptor", type=int, required=True, help="number of an inherited listening socket")
    wish = parser.parse_args()
    asyncio.run(receive(wish.folder, socket.socket(fileno=wish.descriptor)))


if __name__ == "__main__":
    main()
