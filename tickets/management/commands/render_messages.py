"""Makes the HTML of messages whose kept one is of an older renderer."""

from typing import Any

from django.core.management.base import BaseCommand

from tickets.commands import render_messages


class Command(BaseCommand):
    help = "Bring the kept HTML of messages up to date, in small transactions; it may be stopped and run again."

    def handle(self, *args: Any, **options: Any) -> None:
        last: int | None = 0
        while last is not None:
            last = render_messages(after=last)
        self.stdout.write("All messages have the HTML of today's renderer.")
