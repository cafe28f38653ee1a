"""A ticket's story as its reader sees it: messages, and lines about what happened."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import Person
from accounts.queries import display_names
from helpdesk.lib.addresses import address
from helpdesk.lib.prepared import Question
from notifications.fate import Told, nobody_told, told_by, told_question
from tickets.lines import Line, lines_of
from tickets.models import Channel, Event, Status, Ticket
from tickets.queries.whole import FileOf, Whole
from tickets.sentences import OF_TIME, sentence

ICONS: dict[str, str] = {
    Event.Kind.OPENED: "ticket",
    Event.Kind.DECLARED: "flag",
    Event.Kind.CONTESTED: "alert",
    Event.Kind.PRIVACY_CHANGED: "lock",
    Event.Kind.VERIFIED: "check",
    Event.Kind.STATUS_CHANGED: "flag",
    Event.Kind.ASSIGNED: "user",
    Event.Kind.TEAM_CHANGED: "users",
    Event.Kind.HOLD_PLACED: "clock",
    Event.Kind.HOLD_RELEASED: "clock",
    Event.Kind.WATCHER_ADDED: "eye",
    Event.Kind.WATCHER_REMOVED: "eye",
    Event.Kind.FOLLOWED_UP: "swap",
    Event.Kind.REPLY_HELD: "alert",
    Event.Kind.CONTRACT_MOVED: "contract",
    Event.Kind.CORRECTED: "wrench",
    Event.Kind.RATED: "flag",
    Event.Kind.ESCALATED: "clock",
    Event.Kind.MISSED: "alert",
    Event.Kind.COVERED: "moon",
    Event.Kind.UNCOVERED: "moon",
    Event.Kind.PROMISE_MOVED: "swap",
    Event.Kind.ISSUE_LINKED: "tag",
    Event.Kind.ISSUE_UNLINKED: "tag",
    Event.Kind.FIX_RELEASED: "package",
}
FILE_KINDS = {
    "image": {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"},
    "log": {".log", ".txt"},
    "capture": {".pcap", ".pcapng", ".cap"},
    "archive": {".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar"},
}
# The messages of these events are read as messages; those of others (a verdict's reason) belong to the line.
CONVERSATION = {Event.Kind.OPENED, Event.Kind.REPLIED, Event.Kind.NOTED, Event.Kind.REPLY_HELD, Event.Kind.OBSERVED}


@dataclass(frozen=True)
class FileLink:
    """A file that the reader may download. `size` in bytes."""

    url: str
    name: str
    size: int
    kind: str


@dataclass(frozen=True)
class MessageEntry:
    id: int
    author: str
    role_label: str
    by_staff: bool
    internal: bool
    mine: bool
    at: datetime
    html: SafeString
    files: Sequence[FileLink] = ()
    told: Told | None = None
    first_new: bool = False
    kind: str = field(default="message", init=False)


@dataclass(frozen=True)
class EventEntry:
    icon: str
    text: str
    at: datetime
    detail: str = ""
    tone: str = ""
    told: Told | None = None
    first_new: bool = False
    kind: str = field(default="event", init=False)


@dataclass(frozen=True)
class Past:
    """What the parts of a page have in common: the story's lines, and the names of everybody in them as the scope knows them."""

    lines: list[Line]
    names: dict[int, str]


def past_of(ticket: Ticket) -> Past:
    """Reads the story and the names, which is two queries."""
    lines = lines_of(ticket.pk)
    return Past(lines, display_names(people_in(ticket, lines)))


def story(
    found: Whole,
    reader: Person,
    past: Past,
    *,
    for_staff: bool,
    told: Mapping[int, Told] | None = None,
    new_from: int | None = None,
) -> list[MessageEntry | EventEntry]:
    """Everything that happened, oldest first, as the present scope shows it: for a customer internal notes are not there.

    `told`: who was told of each step and how that went (NOT-5), which is for staff alone; see `told_of`.
    `new_from`: the position of the first event that the reader has not seen; the first entry from there on says so.
    """
    links = _links(found.ticket, found.files, for_staff)
    told = told or {}
    entries: list[MessageEntry | EventEntry] = []
    first_new = None
    for line in past.lines:
        if new_from is not None and line.position >= new_from and first_new is None:
            first_new = len(entries)
        author = _("Monitoring") if _of_monitoring(line) else _author(line, past.names)
        text = sentence(line, past.names, for_staff=for_staff)
        is_said = line.kind in CONVERSATION
        if text and not _goes_without_saying(line, for_staff):
            entries.append(
                EventEntry(
                    icon=ICONS.get(line.kind, "history"),
                    text=text if line.kind in OF_TIME else f"{author} {text}",
                    at=line.at,
                    detail="" if is_said else line.text,
                    tone="internal" if line.internal else "",
                    told=None if is_said else told.get(line.pk),
                )
            )
        if line.body is not None and is_said:
            entries.append(_message(line, author, found.customer, reader, links, told))
    if first_new is not None and first_new < len(entries):
        entries[first_new] = replace(entries[first_new], first_new=True)
    return entries


def told_question_of(lines: Sequence[Line]) -> Question:
    """What `told_of` is made of, to be asked together with others."""
    return told_question(Event._meta.db_table, [line.pk for line in lines])


def told_of(lines: Sequence[Line], rows: Iterable[Sequence[Any]]) -> dict[int, Told]:
    """Who was told, by event. An answer of which nobody heard stands out."""
    told = told_by(rows)
    answers = [line.pk for line in lines if line.kind == Event.Kind.REPLIED and line.by_staff]
    return dict.fromkeys(answers, nobody_told()) | told if answers else told


def _message(
    line: Line, author: str, side: str, reader: Person, files: Mapping[int, list[FileLink]], told: Mapping[int, Told]
) -> MessageEntry:
    assert line.message_id is not None, "only a line with a message is read as one"
    return MessageEntry(
        id=line.message_id,
        author=author,
        role_label=_("automatic") if _of_monitoring(line) else settings.PROVIDER_NAME if line.by_staff else side,
        by_staff=line.by_staff,
        internal=line.internal,
        mine=line.actor_id == reader.pk,
        at=line.at,
        html=line.shown,
        files=files.get(line.message_id, ()),
        told=told.get(line.pk),
    )


def people_in(ticket: Ticket, lines: Sequence[Line]) -> list[int]:
    """Everybody whom the page of a ticket names, with these lines: actors, assignees, watchers."""
    people = {ticket.verified_by_id, ticket.opened_by_id} | {line.actor_id for line in lines}
    people |= {line.data.get("person") for line in lines if line.data}
    people |= {line.data.get("to") for line in lines if line.kind == Event.Kind.ASSIGNED}
    return sorted(pk for pk in people if pk is not None)


def _of_monitoring(line: Line) -> bool:
    return line.kind == Event.Kind.OBSERVED or (line.kind == Event.Kind.OPENED and line.data.get("channel") == Channel.MONITORING)


def _author(line: Line, names: Mapping[int, str]) -> str:
    if line.actor_id is None:
        return settings.PROVIDER_NAME
    return names.get(line.actor_id) or _("A former colleague")


def _goes_without_saying(line: Line, for_staff: bool) -> bool:
    """The change from new to open that comes with the first answer or verdict tells a customer nothing."""
    return not for_staff and line.kind == Event.Kind.STATUS_CHANGED and line.data.get("from") == Status.NEW


def _links(ticket: Ticket, files: Iterable[FileOf], for_staff: bool) -> dict[int, list[FileLink]]:
    """Links to the ticket's files by message."""
    page = "console:file" if for_staff else "portal:file"
    found: dict[int, list[FileLink]] = {}
    for file in files:
        link = FileLink(address(page, ticket.pk, file.pk), file.name, file.size, file_kind(file.name))
        found.setdefault(file.message_id, []).append(link)
    return found


def file_kind(name: str) -> str:
    ending = PurePosixPath(name).suffix.lower()
    return next((kind for kind, endings in FILE_KINDS.items() if ending in endings), "")


def files_of(entries: Sequence[MessageEntry | EventEntry]) -> list[FileLink]:
    """All files of a story, newest first, for the side of the page."""
    return [file for entry in reversed(entries) if isinstance(entry, MessageEntry) for file in entry.files]
