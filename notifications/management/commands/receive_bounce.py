"""`manage.py receive_bounce < message.eml`: for the mail server to pipe into what comes to our sender's address."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils import timezone

from notifications.bounces import LARGEST_BYTES
from notifications.commands import take_bounce

TRY_LATER = 75  # EX_TEMPFAIL: mail servers keep the message and pipe it again


class Command(BaseCommand):
    help = "Read one bounce (RFC 3464) from standard input, note it, and print one JSON object: action, reason, mail."

    def handle(self, *args: Any, **options: Any) -> None:  # the shape that BaseCommand gives it
        raw = sys.stdin.buffer.read(LARGEST_BYTES)
        while sys.stdin.buffer.read(LARGEST_BYTES):
            pass  # whoever pipes it in must not be cut off
        try:
            taken = take_bounce(raw=raw, now=timezone.now())
        except DatabaseError as error:
            self.stderr.write(f"The database did not take it ({type(error).__name__}). Try again later.")
            sys.exit(TRY_LATER)
        self.stdout.write(json.dumps(asdict(taken), ensure_ascii=False))
