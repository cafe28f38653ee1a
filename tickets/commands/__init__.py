"""Everything that can be done to a ticket. The only writers; each is one transaction, and tells whom it concerns."""

from tickets.commands.assignment import assign, move_to_contract, move_to_team, unwatch, watch
from tickets.commands.conversation import ClosedTicket, answer, note, reply
from tickets.commands.filing import AlreadyFiled, NotCovered, OnlyTechnicalIsCritical, open_ticket
from tickets.commands.holds import place_hold, release_hold
from tickets.commands.privacy import NotForThem, set_private
from tickets.commands.qualification import (
    AlreadyContested,
    AnswerMissing,
    ChangeMissing,
    ClosedForCustomer,
    ContestReasonMissing,
    DecidedMeanwhile,
    DeclaredAlready,
    DeclaredMeanwhile,
    NothingToContest,
    OwnVerdictContested,
    ReasonMissing,
    VerdictChanged,
    VerdictSettled,
    contest,
    declare,
    verify,
)
from tickets.commands.reading import mark_all_read, mark_read
from tickets.commands.rendering import render_messages
from tickets.commands.satisfaction import NotSolvedByStaff, rate
from tickets.commands.scanning import claim_scan, scan, scan_messages
from tickets.commands.states import HoldInPlace, QuestionMissing, change_status, close_resolved, mark_solved
from tickets.commands.uploading import (
    FileTooLarge,
    MissingFile,
    NoRoom,
    TooManyWaiting,
    discard_upload,
    sweep_orphans,
    sweep_uploads,
    upload,
)
from tickets.story import AlreadySent

__all__ = [
    "AlreadyContested",
    "AlreadyFiled",
    "AlreadySent",
    "AnswerMissing",
    "ChangeMissing",
    "ClosedForCustomer",
    "ClosedTicket",
    "ContestReasonMissing",
    "DecidedMeanwhile",
    "DeclaredAlready",
    "DeclaredMeanwhile",
    "FileTooLarge",
    "HoldInPlace",
    "MissingFile",
    "NoRoom",
    "NotCovered",
    "NotForThem",
    "NotSolvedByStaff",
    "NothingToContest",
    "OnlyTechnicalIsCritical",
    "OwnVerdictContested",
    "QuestionMissing",
    "ReasonMissing",
    "TooManyWaiting",
    "VerdictChanged",
    "VerdictSettled",
    "answer",
    "assign",
    "change_status",
    "claim_scan",
    "close_resolved",
    "contest",
    "declare",
    "discard_upload",
    "mark_all_read",
    "mark_read",
    "mark_solved",
    "move_to_contract",
    "move_to_team",
    "note",
    "open_ticket",
    "place_hold",
    "rate",
    "release_hold",
    "render_messages",
    "reply",
    "scan",
    "scan_messages",
    "set_private",
    "sweep_orphans",
    "sweep_uploads",
    "unwatch",
    "upload",
    "verify",
    "watch",
]
