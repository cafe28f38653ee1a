"""Reading refusals and bounces: what a mail server's answer means, and what a bounce that comes as mail says (RFC 3464).

Pure, and made for whatever arrives: nothing in here raises, reads without bound, or believes more than it must.
"""

import base64
import email
import quopri
import re
from dataclasses import dataclass
from email.message import Message
from email.policy import compat32
from typing import Any

LARGEST_BYTES = 256 * 1024  # a report names the mail in its first part; what it returns of it may be cut
LONGEST_LINE = 1000
LONGEST_REASON = 500
MOST_IDS = 20
MOST_PARTS = 50

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ \-])")
_MESSAGE_ID = re.compile(r"<([^<>\s]{3,200})>")
# Of a permanent refusal, what speaks of the address itself: no such mailbox or domain; disabled or full; no route (Exchange: unknown).
_OF_THE_ADDRESS = re.compile(r"5\.(1\.(0|1|2|3|6|10)|2\.(0|1|2)|4\.(1|4))")
# Of the others, what speaks of us, our server or this one mail: it is worth a person's look, and may go away by itself.
_OF_OURS = re.compile(r"5\.(3|5|6|7)\.")
_OF_OURS_IN_WORDS = re.compile(r"relay|sender|spam|block|black ?list|reputation|policy", re.IGNORECASE)
_REPLIES_ABOUT_ADDRESSES = {"550", "551", "553"}
_STATUS_PARTS = {"message/delivery-status", "message/global-delivery-status"}


@dataclass(frozen=True)
class Verdict:
    """`is_bounce`: it is of no use to try again by itself. `of_address`: the address is at fault, so other mail to it will come back too."""

    is_bounce: bool
    of_address: bool = False


NO_REFUSAL = Verdict(is_bounce=False)


def verdict(text: str, *, code: str = "") -> Verdict:
    """What an answer such as `550 5.1.1 User unknown` means. `code`: the reply's number where the text does not begin with it."""
    status = enhanced_status(text)
    code = code or next(iter(_REPLY_CODE.findall(text)), "")
    if not (code or status).startswith("5") or status.startswith("4"):
        return NO_REFUSAL
    if not status:
        if _OF_OURS_IN_WORDS.search(text):
            return NO_REFUSAL
        return Verdict(is_bounce=True, of_address=code in _REPLIES_ABOUT_ADDRESSES)
    if _OF_OURS.match(status):
        return NO_REFUSAL
    return Verdict(is_bounce=True, of_address=bool(_OF_THE_ADDRESS.fullmatch(status)))


def enhanced_status(text: str) -> str:
    """The first status such as `5.1.1` in a text; empty when there is none."""
    found = _STATUS.search(text)
    return ".".join(found.groups()) if found else ""


@dataclass(frozen=True)
class Report:
    """What one bounce says. `action`: `failed`, `delayed`, `delivered`, `relayed` or `expanded`; `message_ids`: of what it may be about."""

    action: str
    status: str
    reason: str
    recipients: tuple[str, ...]
    message_ids: tuple[str, ...]

    def concerns(self, address: str) -> bool:
        """Whether it speaks of this address or of its domain: servers report aliases, but somebody's forwarding is not our reader's fault."""
        domains = {recipient.rpartition("@")[2] for recipient in self.recipients}
        return not self.recipients or address.lower().rpartition("@")[2] in domains


def read(raw: bytes) -> Report | None:
    """The report in a mail; None when it is none, or nothing that can be read. Only the first LARGEST_BYTES are looked at."""
    try:
        # Longer lines than mail may have are cut: the parser takes minutes over some.
        lines = (line[:LONGEST_LINE] for line in raw[:LARGEST_BYTES].split(b"\n"))
        mail = email.message_from_bytes(b"\n".join(lines), policy=compat32)
        return _report(mail)
    except Exception:  # the standard parser raises many things on hostile mail, too deep nesting included
        return None


def _report(mail: Message) -> Report | None:
    if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
        return None
    parts = _inside(mail)
    fields = next((_fields(part) for part in parts if part.get_content_type() in _STATUS_PARTS), [])
    of_recipients = [group for group in fields if "action" in group]
    if not of_recipients:
        return None
    worst = next((group for group in of_recipients if group["action"] == "failed"), of_recipients[0])
    return Report(
        action=worst["action"],
        status=enhanced_status(worst.get("status", "")),
        reason=plain(worst.get("diagnostic-code", "").partition(";")[2] or worst.get("status", ""))[:LONGEST_REASON],
        recipients=_recipients(worst),
        message_ids=_message_ids(mail, parts),
    )


def _inside(part: Message) -> list[Message]:
    payload: Any = part.get_payload()
    return payload[:MOST_PARTS] if isinstance(payload, list) else []


def _fields(part: Message) -> list[dict[str, str]]:
    """The groups of a delivery status by field name in small letters: the standard parser makes a message of each.

    Not of the international form, of which it makes one message with the other groups as its text; and some servers encode it.
    """
    groups = _inside(part)
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding in {"base64", "quoted-printable"}:
        decode = base64.b64decode if encoding == "base64" else quopri.decodestring
        text = "\n".join(str(group.get_payload()) for group in groups) or str(part.get_payload())
        groups = _groups(decode(text.encode()).decode("utf-8", "replace"))
    elif part.get_content_type() == "message/global-delivery-status":
        groups = [*groups, *_groups("\n\n".join(str(group.get_payload()) for group in groups))]
    return [{name.lower(): _value(name, str(value)) for name, value in group.items()} for group in groups]


def _groups(text: str) -> list[Message]:
    return [email.message_from_string(group, policy=compat32) for group in text.replace("\r\n", "\n").split("\n\n")[:MOST_PARTS]]


def _value(name: str, value: str) -> str:
    text = plain(value)
    return text.lower().partition(" ")[0] if name.lower() == "action" else text


def _recipients(group: dict[str, str]) -> tuple[str, ...]:
    """Addresses in small letters, without their `rfc822;`."""
    named = (group.get(name, "").rpartition(";")[2].strip(" <>").lower() for name in ("original-recipient", "final-recipient"))
    return tuple(dict.fromkeys(address for address in named if "@" in address))


def _message_ids(mail: Message, parts: list[Message]) -> tuple[str, ...]:
    """Names of the mail that came back, most trustworthy first: what was returned of it, then what the report answers to."""
    texts = [mail.get(name, "") for name in ("In-Reply-To", "References", "X-Original-Message-ID")]
    for part in parts:
        if part.get_content_type() in {"message/rfc822", "message/global"}:
            texts = [returned.get("Message-ID", "") for returned in _inside(part)] + texts
        elif part.get_content_type() in {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}:
            content: Any = part.get_payload(decode=True) or b"".join(inner.as_bytes() for inner in _inside(part))
            texts.insert(0, email.message_from_bytes(content, policy=compat32).get("Message-ID", ""))
    found = [name for text in texts for name in _MESSAGE_ID.findall(str(text)[:5000])]
    return tuple(dict.fromkeys(found))[:MOST_IDS]


def plain(text: str) -> str:
    """One line, without what a page or a terminal would take for more than text."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
