"""Everything that can be done to a ticket. The only writers; each is one transaction, and tells whom it concerns."""

from tickets.commands.assignment import assign, move_to_contract, move_to_team, unwatch, watch
from tickets.commands.conversation import ClosedTicket, NoContractInForce, answer, note, reply
from tickets.commands.filing import MissingFile, NotCovered, OnlyTechnicalIsCritical, open_ticket
from tickets.commands.holds import place_hold, release_hold
from tickets.commands.qualification import ReasonMissing, verify
from tickets.commands.states import HoldInPlace, QuestionMissing, change_status, close_resolved, mark_solved
from tickets.commands.uploading import FileTooLarge, discard_upload, sweep_uploads, upload

__all__ = [
    "ClosedTicket",
    "FileTooLarge",
    "HoldInPlace",
    "MissingFile",
    "NoContractInForce",
    "NotCovered",
    "OnlyTechnicalIsCritical",
    "QuestionMissing",
    "ReasonMissing",
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
    "reply",
    "sweep_uploads",
    "unwatch",
    "upload",
    "verify",
    "watch",
]
