"""A ticket's story as its reader sees it: messages, and lines about what happened."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePosixPath

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import Person
from accounts.queries import display_names
from helpdesk.lib.prepared import Prepared
from notifications.fate import Told, nobody_told, told_about
from tickets.models import Event, File, Message, Status, Ticket
from tickets.sentences import sentence

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
    Event.Kind.RATED: "flag",
}
FILE_KINDS = {
    "image": {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"},
    "log": {".log", ".txt"},
    "capture": {".pcap", ".pcapng", ".cap"},
    "archive": {".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar"},
}
# The messages of these events are read as messages; those of others (a verdict's reason) belong to the line.
CONVERSATION = {Event.Kind.OPENED, Event.Kind.REPLIED, Event.Kind.NOTED, Event.Kind.REPLY_HELD}


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


events_of = Prepared(
    lambda ticket: Event.objects.filter(ticket=ticket).select_related("message").defer("message__search").order_by("position")
)
_files_of = Prepared(lambda ticket: File.objects.filter(message__ticket=ticket).order_by("pk"))


def story(
    ticket: Ticket, reader: Person, *, for_staff: bool, with_told: bool = False, new_from: int | None = None
) -> list[MessageEntry | EventEntry]:
    """Everything that happened, oldest first, as the present scope shows it: for a customer internal notes are not there.

    `with_told`: also who was told of each step and how that went (NOT-5), which is for staff alone.
    `new_from`: the position of the first event that the reader has not seen; the first entry from there on says so.
    """
    events = events_of(ticket.pk)
    files = _files(ticket, for_staff)
    names = display_names(_people_in(events))
    told = _told(events) if with_told and for_staff else {}
    entries: list[MessageEntry | EventEntry] = []
    first_new = None
    for event in events:
        if new_from is not None and event.position >= new_from and first_new is None:
            first_new = len(entries)
        author = _author(event, names)
        line = sentence(event, names, for_staff=for_staff)
        if line and not _goes_without_saying(event, for_staff):
            is_reason = event.message is not None and event.kind not in CONVERSATION
            entries.append(
                EventEntry(
                    icon=ICONS.get(event.kind, "history"),
                    text=f"{author} {line}",
                    at=event.at,
                    detail=event.message.body if is_reason and event.message else "",
                    tone="internal" if event.internal else "",
                    told=None if event.kind in CONVERSATION else told.get(event.pk),
                )
            )
        if event.message is not None and event.kind in CONVERSATION:
            entry = _message(event, event.message, author, ticket, reader, files)
            entries.append(replace(entry, told=told.get(event.pk)))
    if first_new is not None and first_new < len(entries):
        entries[first_new] = replace(entries[first_new], first_new=True)
    return entries


def _told(events: Sequence[Event]) -> dict[int, Told]:
    """Who was told, by event. An answer of which nobody heard stands out."""
    told = told_about(Event._meta.db_table, [event.pk for event in events])
    answers = [event.pk for event in events if event.kind == Event.Kind.REPLIED and event.by_staff]
    return {pk: nobody_told() for pk in answers} | told


def _message(event: Event, message: Message, author: str, ticket: Ticket, reader: Person, files: dict[int, list[FileLink]]) -> MessageEntry:
    return MessageEntry(
        id=message.pk,
        author=author,
        role_label=settings.PROVIDER_NAME if message.by_staff else ticket.customer.name,
        by_staff=message.by_staff,
        internal=message.internal,
        mine=event.actor_id == reader.pk,
        at=event.at,
        html=message.shown,
        files=files.get(message.pk, ()),
    )


def _people_in(events: Sequence[Event]) -> set[int]:
    """Everybody whom these events name: actors, assignees, watchers."""
    people = {event.actor_id for event in events}
    people |= {event.data.get("person") for event in events}
    people |= {event.data.get("to") for event in events if event.kind == Event.Kind.ASSIGNED}
    return {pk for pk in people if pk is not None}


def _author(event: Event, names: dict[int, str]) -> str:
    if event.actor_id is None:
        return settings.PROVIDER_NAME
    return names.get(event.actor_id) or _("A former colleague")


def _goes_without_saying(event: Event, for_staff: bool) -> bool:
    """The change from new to open that comes with the first answer or verdict tells a customer nothing."""
    return not for_staff and event.kind == Event.Kind.STATUS_CHANGED and event.data.get("from") == Status.NEW


def _files(ticket: Ticket, for_staff: bool) -> dict[int, list[FileLink]]:
    """Links to the ticket's files by message."""
    address = "console:file" if for_staff else "portal:file"
    found: dict[int, list[FileLink]] = {}
    for file in _files_of(ticket.pk):
        assert file.message_id is not None, "the query asked for files of messages"
        link = FileLink(reverse(address, args=[ticket.pk, file.pk]), file.name, file.size, file_kind(file.name))
        found.setdefault(file.message_id, []).append(link)
    return found


def file_kind(name: str) -> str:
    ending = PurePosixPath(name).suffix.lower()
    return next((kind for kind, endings in FILE_KINDS.items() if ending in endings), "")


def files_of(entries: Sequence[MessageEntry | EventEntry]) -> list[FileLink]:
    """All files of a story, newest first, for the side of the page."""
    return [file for entry in reversed(entries) if isinstance(entry, MessageEntry) for file in entry.files]
