"""`manage.py demo`: a year of believable tickets in an empty database."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from helpdesk.demo.seed import customers_exist, seed
from helpdesk.demo.showcase import table
from helpdesk.lib.refusals import Refusal


class Command(BaseCommand):
    help = "Makes demo data: customers, contracts and a year of tickets. Everybody gets the same public password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing when there are customers already")
        parser.add_argument("--accounts", action="store_true", help="only print the accounts worth trying")
        parser.add_argument("--force", action="store_true", help="also in an installation that is not the embedded one")

    def handle(self, *args: Any, **options: Any) -> None:  # the shape that BaseCommand gives it
        if options["accounts"]:
            self.stdout.write(table())
            return
        if not settings.EMBEDDED and not options["force"]:
            raise CommandError(
                "This is not the embedded demo: everybody would get a password that is printed in public. "
                "If you are sure that this installation is for trying out, add --force."
            )
        if options["if_empty"] and customers_exist():
            return
        try:
            made = seed(timezone.now())
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"Made {made.customers} customers, {made.people} people, {made.contracts} contracts, {made.tickets} tickets and {made.files} files."
        )
