"""Reckon every contract's hours from its whole story and compare them with what is kept."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from billing.commands.verification import Verified, verify_allocations


class Command(BaseCommand):
    help = "Reckons the hours of every contract from its whole story and prints where what is kept differs; exits 1 if anything does, or stays so."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("contracts", nargs="*", type=int, metavar="id", help="only these contracts, by the ids that it prints")
        parser.add_argument("--mend", action="store_true", help="rewrite what differs by the story; sends nothing, changes no log")

    def handle(self, *_args: Any, contracts: list[int], mend: bool, **_options: Any) -> None:
        found, left = 0, 0
        for verified in verify_allocations(only=contracts, mend=mend, now=timezone.now()):
            found += len(verified.differences)
            left += len(verified.left)
            self.stdout.write("\n".join(verified.differences))
            if mend:
                self._tell_mended(verified)
        self.stdout.write(f"{found} differences{f', {left} of them left' if mend else ''}.")
        if left:
            raise SystemExit(1)

    def _tell_mended(self, verified: Verified) -> None:
        if not verified.left:
            self.stdout.write(f"contract {verified.contract_id}: mended")
        for difference in verified.left:
            self.stdout.write(f"{difference} (can't be mended)")
