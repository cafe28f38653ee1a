"""Replay every ticket's story and compare its clocks with what is kept."""

from helpdesk.lib.verifying import VerifyingCommand
from tickets.commands import verify_clocks


class Command(VerifyingCommand):
    help = "Replays the story of every ticket and prints where what is kept of its clocks differs; exits 1 if anything does, or stays so."
    only_metavar, only_help = "number", "only these tickets; numbers without their letters"
    mend_help = "rewrite what differs by the story; sends nothing, removes nothing"
    verified = staticmethod(verify_clocks)
