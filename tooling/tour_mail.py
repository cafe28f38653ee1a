"""The mailboxes of everybody on the tour: a folder in which a mail server leaves what it received."""

import email
import re
import time
from email import policy
from email.message import EmailMessage
from pathlib import Path

from tooling.tour_web import Failed

ARRIVAL_SECONDS = 30


class Letter:
    """One received mail. `text`: its text part with white space made one."""

    def __init__(self, content: bytes) -> None:
        message = email.message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.message = message
        self.to = str(message["X-RcptTo"])
        self.subject = str(message["Subject"])
        self.references = str(message["References"] or "")
        self.message_id = str(message["Message-ID"])
        self.text = _part(message, "plain")
        self.html = _part(message, "html")

    @property
    def language(self) -> str:
        found = re.search(r'<html[^>]*\blang="([^"]*)"', self.html)
        return found.group(1) if found else ""

    def __contains__(self, words: str) -> bool:
        return any(words in part for part in (self.subject, self.text, self.html, self.message.as_string()))


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return " ".join(str(part.get_content()).split()) if part else ""


class Mailbox:
    """Reads what arrived, in order of arrival; it changes nothing there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._letters: dict[Path, Letter] = {}

    def letters(self, to: str = "") -> list[Letter]:
        """All so far, or those to one address."""
        for path in sorted(self.folder.glob("new/*.eml")):
            if path not in self._letters:
                self._letters[path] = Letter(path.read_bytes())
        return [letter for _path, letter in sorted(self._letters.items()) if not to or letter.to == to]

    def wait(self, to: str, *words: str) -> tuple[Letter, float]:
        """The first mail to this address with all these words, and the seconds it took. Raises Failed after ARRIVAL_SECONDS."""
        begun = time.monotonic()
        while time.monotonic() - begun < ARRIVAL_SECONDS:
            for letter in self.letters(to):
                if all(one in letter for one in words):
                    return letter, time.monotonic() - begun
            time.sleep(0.1)
        had = "; ".join(letter.subject for letter in self.letters(to)[-3:]) or "nothing"
        raise Failed(f"no mail to {to} with “{'”, “'.join(words)}” came within {ARRIVAL_SECONDS} s; last there: {had}")
