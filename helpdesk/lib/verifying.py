"""Commands that hold what is kept against the story that it follows from, and mend what differs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone


@dataclass(frozen=True)
class Verified:
    """Something of which what is kept differed, by its id and the name it goes by, and what differs still: all of it, unless it was mended.

    Nobody's words.
    """

    pk: int
    name: str
    differences: Sequence[str]
    left: Sequence[str]


class VerifyingCommand(BaseCommand):
    """Prints what differs, and with --mend what became of that; ends with 1 if anything does, or stays so."""

    only_help: ClassVar[str]
    only_metavar: ClassVar[str]
    mend_help: ClassVar[str]
    # What differs, of everything or of those of `only` alone; mended where `mend` says so. Asked with `now` too.
    verified: ClassVar[Callable[..., Iterable[Verified]]]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("only", nargs="*", type=int, metavar=self.only_metavar, help=self.only_help)
        parser.add_argument("--mend", action="store_true", help=self.mend_help)

    def handle(self, *_args: Any, only: Sequence[int], mend: bool, **_options: Any) -> None:
        found, left = 0, 0
        for one in self.verified(only=only, mend=mend, now=timezone.now()):
            found += len(one.differences)
            left += len(one.left)
            self.stdout.write("\n".join(one.differences))
            if mend:
                self._tell_mended(one)
        self.stdout.write(f"{found} differences{f', {left} of them left' if mend else ''}.")
        if left:
            raise SystemExit(1)

    def _tell_mended(self, one: Verified) -> None:
        if not one.left:
            self.stdout.write(f"{one.name}: mended")
        for difference in one.left:
            self.stdout.write(f"{difference} (can't be mended)")
