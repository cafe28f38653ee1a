"""Replay every ticket's story and compare its clocks with what is kept."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from tickets import commands


class Command(BaseCommand):
    help = "Replays the story of every ticket and prints where what is kept of its clocks differs; exits 1 if anything does, or stays so."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tickets", nargs="*", type=int, metavar="number", help="only these tickets; numbers without their letters")
        parser.add_argument("--mend", action="store_true", help="rewrite what differs by the story; sends nothing, removes nothing")

    def handle(self, *_args: Any, tickets: list[int], mend: bool, **_options: Any) -> None:
        found, left = 0, 0
        for verified in commands.verify_clocks(only=tickets, mend=mend, now=timezone.now()):
            found += len(verified.differences)
            left += len(verified.left)
            self.stdout.write("\n".join(verified.differences))
            if mend:
                self._tell_mended(verified)
        self.stdout.write(f"{found} differences{f', {left} of them left' if mend else ''}.")
        if left:
            raise SystemExit(1)

    def _tell_mended(self, verified: commands.Verified) -> None:
        number = verified.ticket.number
        if not verified.left:
            self.stdout.write(f"{number}: mended")
        for difference in verified.left:
            self.stdout.write(f"{difference} (can't be mended)")
