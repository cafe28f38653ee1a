"""Reckon every contract's hours from its whole story and compare them with what is kept."""

from billing.commands.verification import verify_allocations
from helpdesk.lib.verifying import VerifyingCommand


class Command(VerifyingCommand):
    help = "Reckons the hours of every contract from its whole story and prints where what is kept differs; exits 1 if anything does, or stays so."
    only_metavar, only_help = "id", "only these contracts, by the ids that it prints"
    mend_help = "rewrite what differs by the story; sends nothing, changes no log"
    verified = staticmethod(verify_allocations)
