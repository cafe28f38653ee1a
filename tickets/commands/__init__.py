"""Everything that can be done to a ticket. The only writers; each is one transaction, and tells whom it concerns."""

from tickets.commands.assignment import assign, move_to_contract, move_to_team, unwatch, watch
from tickets.commands.conversation import ClosedTicket, answer, note, reply
from tickets.commands.filing import AlreadyFiled, NotCovered, OnlyTechnicalIsCritical, open_ticket
from tickets.commands.holds import place_hold, release_hold
from tickets.commands.qualification import ReasonMissing, verify
from tickets.commands.rendering import render_messages
from tickets.commands.states import HoldInPlace, QuestionMissing, change_status, close_resolved, mark_solved
from tickets.commands.uploading import FileTooLarge, MissingFile, TooManyWaiting, discard_upload, sweep_orphans, sweep_uploads, upload
from tickets.story import AlreadySent

__all__ = [
    "AlreadyFiled",
    "AlreadySent",
    "ClosedTicket",
    "FileTooLarge",
    "HoldInPlace",
    "MissingFile",
    "NotCovered",
    "OnlyTechnicalIsCritical",
    "QuestionMissing",
    "ReasonMissing",
    "TooManyWaiting",
    "answer",
    "assign",
    "change_status",
    "close_resolved",
    "discard_upload",
    "mark_solved",
    "move_to_contract",
    "move_to_team",
    "note",
    "open_ticket",
    "place_hold",
    "release_hold",
    "render_messages",
    "reply",
    "sweep_orphans",
    "sweep_uploads",
    "unwatch",
    "upload",
    "verify",
    "watch",
]
